"""Write distros and pips from measured facts: ``python tools/convert_distros.py FACTS_FOLDER``.

They go to ``distros/*.toml`` and ``reference/pip.toml``.

FACTS_FOLDER holds ``distros/<release>.toml`` and ``interpreters.toml``. What was measured elsewhere or is general
knowledge comes from ``additions.toml`` beside this script. Files written by hand (Alpine, the build images) stay.
"""

import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

HEADER = """\
# Made by "python tools/convert_distros.py FACTS_FOLDER".
# Do not edit: change the facts or tools/additions.toml, and make it again.
"""
SOURCE = "# Measured per image by pep600_compliance, August 2026 and its history; end-of-life dates with it.\n"
PIP_NOTE = "# The pip that first understood a kind of platform tag (pypa/manylinux, pip's news).\n"
ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "distros"
LONG_AGO = "past its EOL date when the dataset was taken"  # the dates say so already
ELSEWHERE = "glibc differs by architecture"  # such arches are left out, with a note of our own
KNOWN_PATHS = {
    "python3.4": ("3.4", "python3.4"),
    "python3.5": ("3.5", "python3.5"),
    "/opt/rh/rh-python36/root/usr/bin/python3": ("3.6", "/opt/rh/rh-python36/root/usr/bin/python3"),
}

Facts = Mapping[str, Any]
Entry = dict[str, Any]


def main(facts_folder: Path) -> None:
    """Convert everything; the order of keys and files is fixed, so that a second run changes nothing."""
    interpreters = _read(facts_folder / "interpreters.toml")
    additions = _read(Path(__file__).with_name("additions.toml"))
    groups: dict[str, list[Entry]] = defaultdict(list)
    for file in sorted((facts_folder / "distros").glob("*.toml")):
        facts = _read(file)
        if facts["family"] != "build-image":
            groups[facts["id"].removesuffix(f"-{facts['version']}")].append(convert(facts, interpreters, additions))
    for distro, releases in sorted(groups.items()):
        (TARGET / f"{distro}.toml").write_text(HEADER + SOURCE + render(releases), encoding="utf-8")
    pip = "".join(f'{kind} = "{version}"\n' for kind, version in interpreters["pip_understands"].items())
    (ROOT / "reference" / "pip.toml").write_text(
        f"{HEADER}{PIP_NOTE}schema = 1\n\n[understands]\n{pip}", encoding="utf-8"
    )


def _read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def convert(facts: Facts, interpreters: Facts, additions: Facts) -> Entry:
    """Return one release in the catalogue's own words, with every key it has."""
    correction = additions["corrections"].get(facts["id"], {})
    images, notes = _images(facts)
    entry: Entry = {
        "version": facts["version"],
        "name": facts["name"],
        "family": facts["family"],
        "libc": "glibc",
        "libc_version": correction.get("libc_version", facts["glibc"]),
        "dataset": facts["dataset"],
        "rolling": facts["lifecycle"] == "rolling",
        **{key: facts[key] for key in ("eol", "lts_end", "elts_end") if key in facts},
        **images,
        "interpreters": _interpreters(facts, interpreters["default"].get(facts["id"], correction)),
        "bootstrap": _bootstrap(facts, additions["bootstrap"]),
        "repositories": {**facts.get("repositories", {}), **additions["repositories"].get(facts["id"], {})},
        "notes": [*_notes(facts), *notes],
        "package_manager": _package_manager(facts["package_manager"]),
        "soname_packages": facts["soname_packages"],
    }
    return {key: value for key, value in entry.items() if value not in (False, {}, [])}


def _images(facts: Facts) -> tuple[Entry, list[str]]:
    """Return the image keys, and a note for each arch whose last measured glibc or state is another one."""
    arches, references, notes = [], {}, []
    for arch, image in facts["images"].items():
        glibc = image.get("glibc", facts["glibc"])
        if glibc != facts["glibc"] or image.get("dataset", facts["dataset"]) != facts["dataset"]:
            notes.append(f"left out: {arch}, whose last measured image has glibc {glibc}")
        else:
            references[arch] = qualified(image["ref"])
            arches.append(arch)
    common, _ = Counter(references.values()).most_common(1)[0]
    entry: Entry = {
        "image": _templated(common, facts["version"]),
        "arches": [arch for arch in arches if references[arch] == common],
        "images": {arch: reference for arch, reference in references.items() if reference != common},
    }
    return entry, notes


def _templated(reference: str, version: str) -> str:
    """Replace the version where it is the whole tag or its beginning up to a hyphen (``debian:8-slim``)."""
    name, colon, tag = reference.rpartition(":")
    first, hyphen, rest = tag.partition("-")
    return f"{name}{colon}{{version}}{hyphen}{rest}" if first == version else reference


def qualified(reference: str) -> str:
    """Return the reference with its registry: Docker Hub's images are known by short names."""
    first, slash, _ = reference.partition("/")
    if not slash:
        return f"docker.io/library/{reference}"
    return reference if "." in first else f"docker.io/{reference}"


def _interpreters(facts: Facts, default: Facts) -> list[Entry]:
    if not default and facts["python"] in KNOWN_PATHS:
        version, path = KNOWN_PATHS[facts["python"]]
        return [{"version": version, "path": path}]
    if not default:
        return []
    first = {"version": default["python"]} | ({"pip": default["pip"]} if default["pip"] else {})
    return [first, *({"version": version, "origin": "found"} for version in default.get("also", []))]


def _bootstrap(facts: Facts, bootstraps: Iterable[Facts]) -> Entry:
    for bootstrap in bootstraps:
        suite = bootstrap["suites"].get(facts["version"])
        if facts["id"] == f"{bootstrap['distro']}-{facts['version']}" and suite:
            mirror = bootstrap.get("mirror", "").replace("{suite}", suite)
            return {"tool": bootstrap["tool"], "suite": suite} | ({"mirror": mirror} if mirror else {})
    return {}


def _notes(facts: Facts) -> list[str]:
    notes = [note for note in facts.get("notes", []) if not note.startswith((LONG_AGO, ELSEWHERE))]
    missing = facts.get("missing_libs", [])
    return [*notes, f"has no package for {', '.join(missing)}"] if missing else notes


def _package_manager(facts: Facts) -> Entry:
    update = facts.get("update") or facts.get("setup", [[]])[0]  # a rolling Mageia needs an upgrade instead
    return {
        "tool": facts["tool"],
        "update": update,
        "install": facts["install"],
        "python_packages": facts["python_packages"],
        "desktop_packages": facts["library_packages"],
        "environment": facts.get("env", {}),
    }


def render(releases: list[Entry]) -> str:
    """Return the TOML of one distro; what most releases have alike is written once, at the top."""
    releases = sorted(releases, key=_order)
    shared: Entry = {}
    for key in ("name", "family", "libc", "image", "arches"):
        shared[key] = _commonest([entry[key] for entry in releases])
    for key, absent in (("package_manager", None), ("soname_packages", "")):
        shared[key] = _common_table([entry[key] for entry in releases], absent)
    lines = ["schema = 1", *(f"{key} = {_value(shared[key])}" for key in ("name", "family", "libc", "image", "arches"))]
    for key in ("package_manager", "soname_packages"):
        lines += ["", f"[{key}]", *(f"{_key(name)} = {_value(value)}" for name, value in shared[key].items())]
    for entry in releases:
        lines += ["", "[[release]]", *(f"{key} = {_value(value)}" for key, value in _difference(entry, shared).items())]
    return "\n".join(lines) + "\n"


def _order(entry: Entry) -> list[tuple[bool, str]]:
    return [(not part.isdecimal(), part.zfill(9)) for part in entry["version"].split(".")]


def _commonest(values: list[Any]) -> Any:
    counts = Counter(map(repr, values))
    return next(value for value in values if counts[repr(value)] == max(counts.values()))


def _common_table(tables: list[Entry], absent: object) -> Entry:
    """Return the commonest value of each key that more than half of the tables have."""
    keys = list(dict.fromkeys(key for table in tables for key in table))
    common = {key: _commonest([table.get(key, absent) for table in tables]) for key in keys}
    return {key: value for key, value in common.items() if value not in (absent, [], {})}


def _difference(entry: Entry, shared: Entry) -> Entry:
    different: Entry = {}
    for key, value in entry.items():
        if key in ("package_manager", "soname_packages"):
            rest = {name: item for name, item in value.items() if (shared[key].get(name) or None) != (item or None)}
            rest |= {name: "" for name in shared[key] if name not in value}
            if rest:
                different[key] = rest
        elif shared.get(key) != value:
            different[key] = value
    return different


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else f'"{name}"'


def _value(value: Any) -> str:
    """Return a value as TOML on one line; the facts hold no text that needs escapes beyond quotes."""
    writers: Mapping[type, Callable[[Any], str]] = {
        bool: lambda item: str(item).lower(),
        str: lambda item: '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"',
        list: lambda items: "[" + ", ".join(map(_value, items)) + "]",
        dict: lambda table: (
            "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in table.items()) + " }" if table else "{}"
        ),
    }
    return writers.get(type(value), str)(value)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/convert_distros.py FACTS_FOLDER")
    main(Path(sys.argv[1]))
