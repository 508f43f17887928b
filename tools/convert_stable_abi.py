"""Write ``reference/stable_abi.json``: ``python tools/convert_stable_abi.py LIBPYTHON...``, with abi3info installed.

abi3info repeats CPython's own list, ``Misc/stable_abi.toml``. Many symbols were there before they were promised: the
files named (``.../lib/libpython3.6m.so.1.0``, read with ``nm``) show since when.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from textwrap import wrap

from abi3info import DATAS, FUNCTIONS

TARGET = Path(__file__).resolve().parent.parent / "reference" / "stable_abi.json"
COMMAND = "python tools/convert_stable_abi.py LIBPYTHON..."

Version = tuple[int, int]


def main(pythons: Iterable[Path]) -> None:
    """Write the symbols by the Python that promised them, and those that an older one had without a promise."""
    added = {symbol.name: (entry.added.major, entry.added.minor) for symbol, entry in {**FUNCTIONS, **DATAS}.items()}
    seen: dict[str, Version] = {}
    for python in sorted(pythons, key=_version):
        for name in _exported(python):
            seen.setdefault(name, _version(python))
    earlier = {name: seen[name] for name, since in added.items() if seen.get(name, since) < since}
    source = f"CPython's Misc/stable_abi.toml, as abi3info {version('abi3info')} has it; CPython's own exports"
    parts = ['"schema": 1', f'"made_by": {json.dumps(COMMAND)}', f'"source": {json.dumps(source)}']
    parts += [f'"{key}": {_table(table)}' for key, table in (("added", added), ("exported", earlier))]
    TARGET.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _version(python: Path) -> Version:
    match = re.search(r"python(\d)\.(\d+)", python.name)
    if match is None:
        sys.exit(f"'{python}' does not name its version")
    return int(match[1]), int(match[2])


def _exported(python: Path) -> set[str]:
    command = ["nm", "-D", "--defined-only", str(python)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split()[-1] for line in lines if line.split()}


def _table(versions: Mapping[str, Version]) -> str:
    groups = defaultdict(list)
    for name, since in versions.items():
        groups[since].append(name)
    rows = (f'"{major}.{minor}": [\n{_names(names)}\n]' for (major, minor), names in sorted(groups.items()))
    return "{\n" + ",\n".join(rows) + "\n}"


def _names(names: list[str]) -> str:
    return "\n".join(wrap(", ".join(json.dumps(name) for name in sorted(names)), 118, break_on_hyphens=False))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(f"usage: {COMMAND}")
    main(Path(argument) for argument in sys.argv[1:])
