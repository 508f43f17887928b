"""``predict``: what wheels would do on distros, from measured profiles. Starts nothing, and needs no network."""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from textwrap import wrap
from typing import Any

import msgspec
from tabulate import tabulate

from ..catalogue.distro import Release
from ..catalogue.reading import load_catalogue, select
from ..engines.arch import ARCHES, known_arch
from ..errors import UsageError
from ..judge import Verdict
from ..predicting.forecast import WORDS, Forecast, forecast, needs_by_arch, word
from ..predicting.inspection import by_arch
from ..predicting.spans import Span, spans
from ..printable import logged, plain
from ..results import ExitCode
from ..wheels.reading import read_wheel
from ..wheels.remembered import elf_facts
from ..wheels.wheel import UnreadableWheelError, Wheel
from .inspect import wheel_files

SCHEMA = 1
WIDTH = 120
NAMED = 6
NO_ARCH = "-"
LEGEND = (
    "predicted, nothing was run. resolves: every library and symbol version is there; refused: the tag does not reach "
    "here; FAIL: the tag promises more than the files can keep; unknown: the profile does not tell; -: no such distro"
)


OF_REQUIREMENTS = (
    "python", "pip", "only_wheels", "up_to", "no_download", "write", "index_url", "find_links", "pre"
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the wheels, the selection of places, the format, and what requirements need."""
    parser.add_argument("wheels", metavar="WHEEL", nargs="*", help="wheel files, or folders of wheels")
    parser.add_argument(
        "--distro", metavar="GLOB", action="append", default=[],
        help="distros: globs over ids, or supported (the default), lts, all",
    )  # fmt: skip
    parser.add_argument(
        "--arch",
        metavar="ARCH",
        action="append",
        default=[],
        help="arches: names or globs (default: those of the tags)",
    )
    parser.add_argument(
        "--variant", choices=("desktop", "minimal"), default="desktop",
        help="with the desktop packages that policies let a wheel expect (the default), or without",
    )  # fmt: skip
    parser.add_argument("--catalogue", metavar="DIR", action="append", default=[], help="a folder with further distros")
    parser.add_argument("--json", action="store_true", help="print every prediction with its reasons, as JSON")
    _add_requirement_arguments(parser)


def _add_requirement_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("requirements", "which wheels an installer takes on each distro")
    group.add_argument(
        "-r", "--requirement", metavar="WHAT", action="append", default=[],
        help="a requirement, a requirement file, or a lock file (pylock.toml)",
    )  # fmt: skip
    group.add_argument(
        "--python", metavar="X.Y", action="append", default=[], help="3.9 or cp39 (default: the distro's own)"
    )
    group.add_argument("--pip", metavar="VERSION", default="", help="a version, or newest (default: the distro's own)")
    group.add_argument("--only-wheels", action="store_true", help="pass over releases that would have to be built")
    group.add_argument(
        "--up-to", metavar="POLICY", default="", help="only wheels, and none beyond it, such as manylinux2010"
    )
    group.add_argument("--no-download", action="store_true", help="only say which wheels are taken")
    group.add_argument(
        "--write", metavar="FILE", type=Path, action="append", default=[],
        help="write them with URLs and hashes: pylock.toml, or a requirement file",
    )  # fmt: skip
    group.add_argument(
        "--index-url", metavar="URL", default="", help="the package index (default: as pip is configured)"
    )
    group.add_argument("--find-links", metavar="PATH", action="append", default=[], help="a folder or page with wheels")
    group.add_argument("--pre", action="store_true", help="let requirements choose pre-releases")


def execute(arguments: argparse.Namespace) -> int:
    """Print what is predicted; the exit code is 1 when some promise would be broken or some requirement not be met.

    Raises:
        UsageError: what is named does not exist or cannot be used.
        EngineError: a file cannot be read any more, or an index not at all.
    """
    if not arguments.wheels and not arguments.requirement:
        raise UsageError("Name wheel files or folders of wheels, or requirements with --requirement.")
    useless = [option for option in OF_REQUIREMENTS if getattr(arguments, option)]
    if useless and not arguments.requirement:
        raise UsageError(f"--{useless[0].replace('_', '-')} is about requirements; name some with --requirement.")
    catalogue = _catalogue(arguments)
    releases = select(catalogue, arguments.distro or ["supported"], date.today())
    entries, fails = _of_wheels(arguments, catalogue, releases)
    document: dict[str, Any] = {"schema": SCHEMA, "how": "predicted", "wheels": entries}
    code = ExitCode.WHEEL_FAILED if fails else ExitCode.KEPT
    if arguments.requirement:
        return _of_requirements(arguments, releases, document, code)
    if arguments.json:
        print(json.dumps(document, indent=1, sort_keys=True))
    return code


def _of_requirements(
    arguments: argparse.Namespace, releases: Sequence[Release], document: dict[str, Any], code: int
) -> int:
    """Print which wheels are taken, or the whole document, then write the files; return the exit code of all."""
    from . import predict_requirements as part  # indexes and the search take a while to import

    found = part.choices(arguments, releases, _arches(arguments.arch))
    if arguments.json:
        document["choices"] = [msgspec.to_builtins(one, order="deterministic") for one in found]
        print(json.dumps(document, indent=1, sort_keys=True))
    else:
        print(logged("\n".join(map(part.as_text, found))))
    part.write(arguments.write, found)
    if any(map(part.fails, found)):
        return ExitCode.WHEEL_FAILED
    return ExitCode.LAB_FAILED if code == ExitCode.KEPT and any(map(part.is_troubled, found)) else code


def _of_wheels(
    arguments: argparse.Namespace, catalogue: Sequence[Release], releases: Sequence[Release]
) -> tuple[list[dict[str, Any]], bool]:
    """Print what is predicted of each wheel file; return the records, and whether a promise would be broken."""
    history = _whole_lines(catalogue, releases)
    entries: list[dict[str, Any]] = []
    fails = False
    for path in wheel_files(arguments.wheels):
        try:
            wheel = read_wheel(path)
            arches = _arches(arguments.arch) or _named_arches(wheel)
            everything = forecasts(wheel, history, arches, is_minimal=arguments.variant == "minimal")
        except UnreadableWheelError as error:
            fails = True
            entries.append({"wheel": path.name, "unreadable": str(error)})
            text = f"{plain(path.name)}\n{plain(str(error))}"
        else:
            found, changes = _of(everything, releases), spans(everything, history)
            fails = fails or any(one.verdict is Verdict.FAIL for one in found)
            records = {"forecasts": _records(found), "spans": _records(changes)}
            entries.append({"wheel": wheel.id, "sha256": wheel.sha256, **records})
            text = as_text(wheel, found, changes, releases, arches)
        if not arguments.json:
            print(logged(text))
    return entries, fails


def forecasts(
    wheel: Wheel, releases: Iterable[Release], arches: Sequence[str], *, is_minimal: bool = False
) -> tuple[Forecast, ...]:
    """Return what is predicted of a wheel on every release and arch that there is, in their order."""
    needs = needs_by_arch(wheel, elf_facts(wheel), arches)
    found = (forecast(wheel, needs, release, arch, is_minimal=is_minimal) for release in releases for arch in arches)
    return tuple(one for one in found if one is not None)


def _catalogue(arguments: argparse.Namespace) -> tuple[Release, ...]:
    return load_catalogue(extra=[Path(name) for name in arguments.catalogue])


def _arches(wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the arches asked for, in the lab's order."""
    found = [name for glob in wanted for name in ARCHES if fnmatchcase(name, glob)]
    named = [known_arch(glob).machine for glob in wanted if not any(fnmatchcase(name, glob) for name in ARCHES)]
    return tuple(arch for arch in ARCHES if arch in {*found, *named})


def _named_arches(wheel: Wheel) -> tuple[str, ...]:
    """Return the arches that the tags name, or all where they name none: never this machine's."""
    return tuple(arch for arch in ARCHES if arch in by_arch(wheel.tags)) or tuple(ARCHES)


def _whole_lines(catalogue: Sequence[Release], releases: Iterable[Release]) -> tuple[Release, ...]:
    """Return all releases of the distros that were asked for: where a promise ends is seen beside those."""
    names = {release.name for release in releases}
    return tuple(release for release in catalogue if release.name in names)


def _of(found: Iterable[Forecast], releases: Iterable[Release]) -> tuple[Forecast, ...]:
    wanted = {release.id for release in releases}
    return tuple(one for one in found if one.distro in wanted)


def _records(found: Iterable[Forecast | Span]) -> list[Any]:
    return [msgspec.to_builtins(one, order="deterministic") for one in found]


def as_text(
    wheel: Wheel,
    found: Sequence[Forecast],
    changes: Sequence[Span],
    releases: Sequence[Release],
    arches: Sequence[str],
) -> str:
    """Return the matrix of one wheel, why cells fail or are unknown, where its promise begins or ends, and counts."""
    places = {(one.distro, one.arch): one for one in found}
    rows = [
        [release.id, *(_cell(places.get((release.id, arch))) for arch in arches)]
        for release in releases
        if any((release.id, arch) in places for arch in arches)
    ]
    table = tabulate(rows, headers=["", *arches], tablefmt="simple", disable_numparse=True)
    counts = Counter(word(one) for one in found)
    numbers = ", ".join(f"{counts[name]} {name}" for name in (*WORDS.values(), "refused") if counts[name])
    return "\n".join(
        [
            plain(wheel.id),
            table,
            "",
            *wrap(LEGEND, WIDTH),
            *_reasons(found),
            *_changes(changes),
            "",
            f"{numbers} (predicted)",
        ]
    )


def _cell(one: Forecast | None) -> str:
    return NO_ARCH if one is None else word(one)


def _changes(changes: Sequence[Span]) -> Iterator[str]:
    """Yield a line for each distro of which some releases keep the promise, looking at all of its releases."""
    if changes:
        yield ""
    arches = {span.arch for span in changes}
    for span in changes:
        place = span.distro if len(arches) == 1 else f"{span.distro} on {span.arch}"
        yield from wrap(plain(f"{place}: {span.words}. {' '.join(span.reasons)}"), WIDTH, subsequent_indent="  ")


def _reasons(found: Sequence[Forecast]) -> Iterator[str]:
    """Yield each reason once with the places it holds for, the failures first."""
    for verdict in (Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN):
        places: dict[str, list[str]] = {}
        for one in found:
            if one.verdict is verdict:
                reason = one.outcome.reason or "; ".join(one.outcome.side_effects)
                places.setdefault(reason, []).append(f"{one.distro}:{one.arch}")
        for reason, where in places.items():
            more = f" and {len(where) - NAMED} more" if len(where) > NAMED else ""
            yield ""
            yield from wrap(f"{WORDS[verdict]}  {', '.join(where[:NAMED])}{more}", WIDTH, break_on_hyphens=False)
            yield from wrap(plain(reason), WIDTH, initial_indent="  ", subsequent_indent="  ")
    notes = Counter(note for one in found for note in one.notes)
    if notes:
        yield ""
    for note, count in notes.most_common(NAMED):
        yield from wrap(f"note: {count} of {len(found)} places: {plain(note)}", WIDTH, subsequent_indent="  ")
