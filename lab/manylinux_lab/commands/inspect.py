"""``inspect``: what is in wheels and whether their tags can be true. Starts nothing, and needs no network."""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from ..catalogue.distro import Release
from ..catalogue.reading import load_catalogue, select
from ..errors import UsageError
from ..predicting.inspection import Inspection, inspect, newest_glibc
from ..predicting.preference import choices, never_taken
from ..predicting.truth import Holds
from ..printable import logged, plain
from ..results import ExitCode
from ..wheels.reading import parse_name, read_wheel
from ..wheels.symbol_table import symbol_tables
from ..wheels.tags import is_for_other_systems
from ..wheels.wheel import UnreadableWheelError, Wheel
from .inspect_text import Preference, closing_lines, inspection_lines, row, symbol_lines

SCHEMA = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the wheels and the format."""
    parser.add_argument("wheels", metavar="WHEEL", nargs="+", help="wheel files, or folders of wheels")
    parser.add_argument(
        "--distro", metavar="GLOB", action="append", default=[],
        help="of several wheels of one release, say which one an installer takes on these distros: globs over ids, or "
        "supported, lts, all",
    )  # fmt: skip
    parser.add_argument(
        "--symbols", action="store_true",
        help="list the symbols that each file expects of others, with version and library where it tells, and those "
        "that it exports; every wheel is read again for that",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print every fact, as JSON")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What came out for one file; ``wheel`` is None where it is no usable wheel."""

    record: dict[str, Any]
    lines: tuple[str, ...]
    holds: Holds = Holds.FALSE
    wheel: Wheel | None = None


def execute(arguments: argparse.Namespace) -> int:
    """Print what is in each wheel; the exit code is 1 when some tag is not true, 5 when no wheel is for Linux.

    Raises:
        UsageError: a file does not exist.
        EngineError: a file cannot be read any more.
    """
    releases = select(load_catalogue(), arguments.distro, date.today()) if arguments.distro else ()
    found = wheel_files(arguments.wheels)
    left_out = tuple(path.name for path in found if _is_for_other_systems(path))
    told = []
    for path in found:
        if path.name not in left_out:
            told.append(_inspected(path, with_symbols=arguments.symbols))
            if not arguments.json:
                print(logged("\n".join(told[-1].lines)))
    preferences = tuple(_preferences([one.wheel for one in told if one.wheel], releases))
    if arguments.json:
        print(_document([one.record for one in told], preferences, left_out))
    else:
        print(logged("".join(closing_lines(preferences, left_out))), end="")
    if not told:
        return ExitCode.NOTHING_TO_RUN
    return ExitCode.WHEEL_FAILED if any(one.holds is Holds.FALSE for one in told) else ExitCode.KEPT


def _is_for_other_systems(path: Path) -> bool:
    """Whether a wheel's name says that it is for other systems than Linux; a bad name says nothing."""
    try:
        _, _, _, tags = parse_name(path.name)
    except UnreadableWheelError:
        return False
    return is_for_other_systems(tag.platform for tag in tags)


def _inspected(path: Path, *, with_symbols: bool) -> _Told:
    try:
        inspection = inspect(read_wheel(path))
        tables = tuple(symbol_tables(path)) if with_symbols else ()
    except UnreadableWheelError as error:
        lines = (plain(path.name), *row("unreadable", str(error)))
        return _Told(record={"wheel": path.name, "unreadable": str(error)}, lines=lines)
    return _Told(
        record=as_record(inspection) | ({"symbols": msgspec.to_builtins(tables)} if with_symbols else {}),
        lines=(*inspection_lines(inspection), *symbol_lines(tables)),
        holds=inspection.holds,
        wheel=inspection.wheel,
    )


def _document(entries: Sequence[dict[str, Any]], preferences: Sequence[Preference], left_out: Sequence[str]) -> str:
    releases = msgspec.to_builtins(preferences)
    record = {"schema": SCHEMA, "wheels": entries, "releases": releases, "left_out": left_out}
    return json.dumps(record, indent=1, sort_keys=True)


def _preferences(wheels: Iterable[Wheel], releases: Sequence[Release]) -> Iterator[Preference]:
    groups: dict[str, dict[str, Wheel]] = {}
    for wheel in wheels:
        groups.setdefault(f"{wheel.project} {wheel.version}", {})[wheel.id] = wheel
    for name, by_id in sorted(groups.items()):
        if len(by_id) > 1:
            group = list(by_id.values())
            never = never_taken(group, newest_glibc())
            yield Preference(release=name, never=never, choices=choices(group, releases))


def wheel_files(names: Sequence[str]) -> list[Path]:
    """Return the wheel files that are named, and those of folders that are named.

    Raises:
        UsageError: there is no such file, or a folder has no wheel.
    """
    found = []
    for name in names:
        path = Path(name)
        files = sorted(path.glob("*.whl")) if path.is_dir() else [path]
        if not files or not all(file.is_file() for file in files):
            raise UsageError(f"There is no wheel '{name}'; name wheel files or folders that hold some.")
        found += files
    return found


def as_record(inspection: Inspection) -> dict[str, Any]:
    """Return an inspection as JSON values, without the path, which is the machine's and not the wheel's."""
    wheel = inspection.wheel
    record: dict[str, Any] = {
        "wheel": wheel.id,
        "sha256": wheel.sha256,
        "holds": inspection.holds,
        "tags": sorted(str(tag) for tag in wheel.tags),
        "surface": inspection.surface,
        "files": inspection.files,
        "truths": inspection.truths,
        "stable_abi": inspection.stable_abi,
        "violations": inspection.violations,
        "carried": [pair for needs in inspection.needs for pair in needs.carried],
        "outside": inspection.outside,
        "notes": inspection.notes,
    }
    values: dict[str, Any] = msgspec.to_builtins(record, order="deterministic")
    return values
