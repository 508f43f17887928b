"""Write ``reference/policies.toml`` from the policy files of auditwheel: ``python tools/convert_policies.py FOLDER``.

FOLDER holds ``manylinux-policy.json`` and ``musllinux-policy.json``. Only facts are taken: names, libraries, versions.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HEADER = """\
# Made by "python tools/convert_policies.py FOLDER".
# Do not edit: take the newer files of auditwheel, and make it again.
# Policies of PEP 513, 571, 599, 600 and 656 as auditwheel publishes them: its repository, folder src/auditwheel/policy,
# commit 86154d1 of 2026-08-17. Each policy adds to those of the same libc before it: libraries that the system has,
# symbol versions that they define on an arch. A symbol that is forbidden stays so until it is lifted.
schema = 1
"""
TARGET = Path(__file__).resolve().parent.parent / "reference" / "policies.toml"
WIDTH = 118

Facts = Mapping[str, Any]


def main(folder: Path) -> None:
    """Convert both files; the order is fixed, so that a second run changes nothing."""
    parts = [HEADER]
    for libc, name in (("glibc", "manylinux-policy.json"), ("musl", "musllinux-policy.json")):
        policies = json.loads((folder / name).read_text(encoding="utf-8"))
        before: Facts = {"lib_whitelist": [], "blacklist": {}, "symbol_versions": {}}
        for policy in sorted(policies, key=lambda policy: -policy["priority"]):
            if policy["symbol_versions"]:
                parts.append(render(libc, policy, before))
                before = {**policy, "symbol_versions": {**before["symbol_versions"], **policy["symbol_versions"]}}
    TARGET.write_text("\n".join(parts), encoding="utf-8")


def render(libc: str, policy: Facts, before: Facts) -> str:
    """Return the TOML of one policy: what it adds to the one before."""
    libraries = _new(policy["lib_whitelist"], before["lib_whitelist"])
    lines = [
        "[[policy]]",
        f'name = "{policy["name"]}"',
        f'libc = "{libc}"',
        f"aliases = {json.dumps(policy['aliases'])}",
    ]
    lines += _array("libraries", libraries)
    versions = {
        arch: _versions(table, before["symbol_versions"].get(arch, {}))
        for arch, table in policy["symbol_versions"].items()
    }
    forbidden = {
        soname: _new(names, before["blacklist"].get(soname, [])) for soname, names in policy["blacklist"].items()
    }
    lifted = {soname: _new(names, policy["blacklist"].get(soname, [])) for soname, names in before["blacklist"].items()}
    for title, table in (("versions", versions), ("forbidden", forbidden), ("lifted", lifted)):
        keep_empty = title == "versions"  # an arch without a new version has the policy all the same
        rows = [row for key in sorted(table) if table[key] or keep_empty for row in _array(f'"{key}"', table[key])]
        lines += [f"[policy.{title}]", *rows] if rows else []
    return "\n".join(lines) + "\n"


def _versions(table: Facts, before: Facts) -> list[str]:
    return [
        f"{family}_{version}" for family in sorted(table) for version in _new(table[family], before.get(family, []))
    ]


def _new(values: Iterable[str], before: Iterable[str]) -> list[str]:
    known = set(before)
    return [value for value in sorted(set(values), key=_order) if value not in known]


def _order(text: str) -> list[tuple[int, str]]:
    """Sort ``2.9`` before ``2.10``."""
    return [(int(part), "") if part.isdecimal() else (1 << 30, part) for part in text.split(".")]


def _array(key: str, values: list[str]) -> list[str]:
    """Return an array on one line, or on several where it is long."""
    line = f"{key} = {json.dumps(values)}"
    if len(line) <= WIDTH:
        return [line]
    lines = [f"{key} = ["]
    current = "   "
    for value in values:
        if len(current) + len(value) + 4 > WIDTH:
            lines.append(current)
            current = "   "
        current += f' "{value}",'
    return [*lines, current, "]"]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/convert_policies.py FOLDER")
    main(Path(sys.argv[1]))
