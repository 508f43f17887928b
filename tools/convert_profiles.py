"""Write ``distros/profiles/*.json`` from measured ABI facts: ``python tools/convert_profiles.py ABI_FOLDER``.

ABI_FOLDER holds ``packed.json`` and ``index.json``. The format of what is written is described in docs/prediction.md.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SCHEMA = 1
LAYER = "desktop"  # the facts were measured with the catalogue's desktop packages installed
SOURCE = "pep600_compliance (MIT), measured per image with the desktop packages installed"
COMMAND = "python tools/convert_profiles.py ABI_FOLDER"
TARGET = Path(__file__).resolve().parent.parent / "distros" / "profiles"
NOT_MEASURED = -1

Facts = Mapping[str, Any]


def main(abi_folder: Path) -> None:
    """Convert everything; the order of keys and files is fixed, so that a second run changes nothing."""
    packed = json.loads((abi_folder / "packed.json").read_text(encoding="utf-8"))
    index = json.loads((abi_folder / "index.json").read_text(encoding="utf-8"))
    TARGET.mkdir(exist_ok=True)
    for arch, distros in sorted(index.items()):
        text = render(convert(arch, distros, packed))
        (TARGET / f"{LAYER}-{arch}.json").write_text(text, encoding="utf-8")


def convert(arch: str, distros: Facts, packed: Facts) -> dict[str, Any]:
    """Return the document of one arch; profiles and version lists that several distros share stand in it once."""
    keys = sorted({entry["profile"] for entry in distros.values()})
    contents = [packed["profiles"][key] for key in keys]
    used = sorted({number for content in contents for number in content["l"].values() if packed["lists"][number]})
    places = {number: place for place, number in enumerate(used)}
    return {
        "schema": SCHEMA,
        "made_by": COMMAND,
        "source": SOURCE,
        "layer": LAYER,
        "arch": arch,
        "versions": [packed["lists"][number] for number in used],
        "contents": [
            {
                "glibc": release(content["g"]),
                "sonames": {
                    soname: places.get(number, NOT_MEASURED) for soname, number in sorted(content["l"].items())
                },
                "absent": sorted(content["a"]),
            }
            for content in contents
        ],
        "distros": {
            distro: {"content": keys.index(entry["profile"]), "measured": entry["measured"], "image": ""}
            for distro, entry in sorted(distros.items())
        },
    }


def release(version: str) -> str:
    """Return major and minor: a snapshot of Fedora calls its glibc 2.32.9000."""
    return ".".join(version.split(".")[:2])


def render(document: Facts) -> str:
    """Return the document as JSON with one line for each list, profile and distro, so that changes can be reviewed."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list):
            parts.append(f'"{key}": [\n{_lines(map(_dense, value))}\n]')
        elif isinstance(value, dict):
            rows = (f"{json.dumps(name)}: {_dense(item)}" for name, item in value.items())
            parts.append(f'"{key}": {{\n{_lines(rows)}\n}}')
        else:
            parts.append(f'"{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(rows: Iterable[str]) -> str:
    return ",\n".join(rows)


def _dense(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {COMMAND}")
    main(Path(sys.argv[1]))
