"""``inspect``: what is in wheels and whether their tags can be true. Starts nothing, and needs no network."""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import Any

import msgspec

from ..catalogue.distro import Release
from ..catalogue.reading import load_catalogue, select
from ..errors import UsageError
from ..predicting.inspection import Inspection, inspect, newest_glibc
from ..predicting.preference import Choice, Never, choices, never_taken
from ..predicting.truth import Holds, Truth
from ..printable import plain
from ..results import ExitCode
from ..wheels.reading import read_wheel
from ..wheels.wheel import UnreadableWheelError, Wheel

SCHEMA = 1
WIDTH = 120
SHOWN = 6
UNIT = 1 << 20
TITLES = 14


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the wheels and the format."""
    parser.add_argument("wheels", metavar="WHEEL", nargs="+", help="wheel files, or folders of wheels")
    parser.add_argument(
        "--distro", metavar="GLOB", action="append", default=[],
        help="of several wheels of one release, say which one an installer takes on these distros: globs over ids, or "
        "supported, lts, all",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print every fact, as JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Print what is in each wheel; the exit code is 1 when some tag is not true.

    Raises:
        UsageError: a file does not exist.
        EngineError: a file cannot be read any more.
    """
    releases = select(load_catalogue(), arguments.distro, date.today()) if arguments.distro else ()
    is_true = True
    entries = []
    wheels = []
    for path in wheel_files(arguments.wheels):
        try:
            wheel = read_wheel(path)
            inspection = inspect(wheel)
        except UnreadableWheelError as error:
            is_true = False
            entries.append({"wheel": path.name, "unreadable": str(error)})
            text = "\n".join([plain(path.name), *_row("unreadable", str(error))])
        else:
            wheels.append(wheel)
            is_true = is_true and inspection.holds is not Holds.FALSE
            entries.append(as_record(inspection))
            text = "\n".join(_lines(inspection))
        if not arguments.json:
            print(text)
    preferences = tuple(_preferences(wheels, releases))
    if arguments.json:
        record = {"schema": SCHEMA, "wheels": entries, "releases": msgspec.to_builtins(preferences)}
        print(json.dumps(record, indent=1, sort_keys=True))
    else:
        for preference in preferences:
            print("\n".join(_preference_lines(preference)))
    return ExitCode.KEPT if is_true else ExitCode.WHEEL_FAILED


@dataclass(frozen=True, kw_only=True, slots=True)
class Preference:
    """Several wheels of one release: which of them are never taken, and which one is where."""

    release: str
    never: tuple[Never, ...]
    choices: tuple[Choice, ...]


def _preferences(wheels: Iterable[Wheel], releases: Sequence[Release]) -> Iterator[Preference]:
    groups: dict[str, dict[str, Wheel]] = {}
    for wheel in wheels:
        groups.setdefault(f"{wheel.project} {wheel.version}", {})[wheel.id] = wheel
    for name, by_id in sorted(groups.items()):
        if len(by_id) > 1:
            group = list(by_id.values())
            never = never_taken(group, newest_glibc())
            yield Preference(release=name, never=never, choices=choices(group, releases))


def _preference_lines(preference: Preference) -> Iterator[str]:
    yield plain(preference.release)
    for one in preference.never:
        first = " or ".join(map(repr, one.because[:SHOWN]))
        yield from _row("never taken", f"'{one.wheel}': wherever it fits, an installer prefers {first}")
    places: dict[str, list[str]] = {}
    for choice in preference.choices:
        places.setdefault(choice.wheel, []).append(choice.place)
    for wheel, where in sorted(places.items(), reverse=True):
        yield from _row("taken", f"'{wheel}' on {', '.join(where)}") if wheel else _row("none fits", ", ".join(where))
    if not preference.never and not places:
        yield from _row("taken", "each of them somewhere; '--distro GLOB' says where")


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


def _lines(inspection: Inspection) -> Iterator[str]:
    yield plain(inspection.wheel.id)
    for truth in inspection.truths:
        yield from _truth_lines(truth)
    if inspection.stable_abi:
        yield from _stable_abi_lines(inspection)
    yield from _row("content", _content(inspection))
    for needs in inspection.needs:
        names = sorted({need.library for need in (*needs.libraries, *needs.libpython)})
        yield from _row("needs", ", ".join(names) or "nothing of the system")
    for note in inspection.notes[:SHOWN]:
        yield from _row("note", note)
    if len(inspection.notes) > SHOWN:
        yield from _row("note", f"{len(inspection.notes) - SHOWN} further notes; --json has them all")


def _truth_lines(truth: Truth) -> Iterator[str]:
    for tag in truth.tags:
        yield from _row("tag", f"{tag.tag}: {tag.holds.value}")
        for reason in tag.reasons[:SHOWN]:
            yield from _row("", f"  {reason}")
        if len(tag.reasons) > SHOWN:
            yield from _row("", f"  {len(tag.reasons) - SHOWN} further reasons; --json has them all")
    yield from _row("lowest", _lowest(truth))
    broken = next((answer for answer in reversed(truth.policies) if answer.obstacles), None)
    if broken is not None and not truth.flaws:
        first = broken.obstacles[0]
        yield from _row("below", f"not {broken.policy}: '{first.file}' {first.what}")
    for sentence in truth.refused:
        yield from _row("index", sentence)
    for sentence in truth.advice:
        yield from _row("advice", sentence)


def _lowest(truth: Truth) -> str:
    if truth.lowest.startswith("musllinux"):
        return f"nothing speaks against {truth.lowest}; musl has no symbol versions that would tell more"
    return truth.lowest or "no policy"


def _stable_abi_lines(inspection: Inspection) -> Iterator[str]:
    major, minor = inspection.stable_abi or (0, 0)
    wrong = [one for one in inspection.violations if not one.is_there]
    yield from _row("abi3", f"from Python {major}.{minor} on: {'false' if wrong else 'true'}")
    for one in wrong[:SHOWN]:
        since = f"came with Python {one.since[0]}.{one.since[1]}" if one.since else "is not in the limited API"
        yield from _row("", f"  '{one.file}': '{one.symbol}' {since}")
    early = len(inspection.violations) - len(wrong)
    if early:
        later = (
            f"{number(early, 'symbol')} came into the limited API later; Python {major}.{minor} has them all the same"
        )
        yield from _row("", f"  {later}")


def _content(inspection: Inspection) -> str:
    surface = inspection.surface
    machines = sorted({fact.machine or "an unknown arch" for fact in inspection.files})
    libcs = sorted({fact.libc for fact in inspection.files if fact.libc})
    elf = f"{number(len(inspection.files), 'ELF file')} for {', '.join(machines)}" if machines else "no ELF files"
    of_libc = f" ({', '.join(libcs)})" if libcs else ""
    packed, expanded = (f"{size / UNIT:.1f} MiB" for size in (surface.packed, surface.expanded))
    bills = ", a bill of materials" if surface.bills else ""
    licences = number(len(surface.licences), "licence file")
    return f"{elf}{of_libc}; {number(surface.entries, 'file')}, {packed}, expanded {expanded}; {licences}{bills}"


def number(count: int, noun: str) -> str:
    """Return ``1 file`` or ``2 files``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _row(title: str, text: str) -> Iterator[str]:
    """Yield lines with the title before the first; text from the wheel cannot steer a terminal."""
    indent = " " * (TITLES + len(text) - len(text.lstrip(" ")))
    lines = wrap(plain(text), WIDTH - len(indent), break_on_hyphens=False) or [""]
    yield f"  {title:<{TITLES - 2}}{indent[TITLES:]}{lines[0]}"
    yield from (f"{indent}{line}" for line in lines[1:])
