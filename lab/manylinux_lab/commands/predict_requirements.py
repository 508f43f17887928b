"""The part of ``predict`` that chooses: which wheels an installer takes for requirements in named environments."""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from textwrap import wrap

from tabulate import tabulate

from ..catalogue.distro import Release
from ..errors import UsageError
from ..judge import Verdict
from ..options import Options
from ..planning.resolver import Resolver
from ..predicting.choosing import Choice, Scene, Taken, choice_of, choose, fetched
from ..predicting.forecast import WORDS, word
from ..predicting.scenes import Wish, scenes_of
from ..predicting.writing import write_choice
from ..report.escape import plain
from ..resolving.index import Index, WheelsOnly
from ..resolving.lock_file import is_lock_file, locked, read_lock_file
from ..resolving.sources import find_sources
from ..resolving.subjects import Subjects, parse_subjects
from ..wheels.wheel import UnreadableWheelError

USUAL_ARCHES = ("x86_64",)
WIDTH = 120
TOLD = (Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN)


def choices(arguments: argparse.Namespace, releases: Sequence[Release], arches: Sequence[str]) -> tuple[Choice, ...]:
    """Return the choice for every scene.

    Raises:
        UsageError: something that the user named cannot be used.
        EngineError: the index cannot be read.
    """
    locks = [Path(word) for word in arguments.requirement if is_lock_file(Path(word).name)]
    subjects = parse_subjects([word for word in arguments.requirement if Path(word) not in locks])
    if subjects.wheels or subjects.unreadable:
        raise UsageError("--requirement takes no wheel files; name them without it.")
    if not (locks or subjects.requirements):
        raise UsageError(f"Nothing is required by {' and '.join(map(repr, arguments.requirement))}.")
    scenes = scenes_of(releases, arches or USUAL_ARCHES, _wish(arguments, subjects))
    if not scenes:
        raise UsageError("Nobody knows which Pythons these distros have; name one with --python.")
    asked = len(scenes) * (len(locks) + bool(subjects.requirements))
    if arguments.write and asked > 1:
        raise UsageError(f"--write is for one environment; these are {asked}. Name one distro, arch and Python.")
    with closing(_index(arguments, subjects)) as index:
        found = [_of_lock(lock, scene, index, arguments) for lock in locks for scene in scenes]
        if subjects.requirements:
            found += _of_requirements(arguments, subjects, scenes, index)
    return tuple(found)


def write(files: Sequence[Path], found: Sequence[Choice]) -> None:
    """Write the one choice there is.

    Raises:
        UsageError: something is missing, or a file cannot be written.
    """
    for file in files:
        write_choice(file, found[0])


def _wish(arguments: argparse.Namespace, subjects: Subjects) -> Wish:
    return Wish(
        pythons=tuple(arguments.python),
        pip=arguments.pip,
        up_to=arguments.up_to,
        pre=arguments.pre or subjects.pre,
        is_minimal=arguments.variant == "minimal",
    )


def _index(arguments: argparse.Namespace, subjects: Subjects) -> Index:
    return Index(
        find_sources(
            os.environ,
            Path.home(),
            index_url=arguments.index_url or subjects.index_url,
            extra_index_urls=subjects.extra_index_urls,
            find_links=(*arguments.find_links, *subjects.find_links),
            trusted_hosts=subjects.trusted_hosts,
        )
    )


def _of_requirements(
    arguments: argparse.Namespace, subjects: Subjects, scenes: Sequence[Scene], index: Index
) -> list[Choice]:
    wheels_only = arguments.only_wheels or arguments.up_to
    resolver = Resolver(subjects, Options(), WheelsOnly(index) if wheels_only else index)
    ask = partial(resolver.resolve, fetch=not arguments.no_download)
    return [choose(subjects.requirements, scene, index, ask, subjects.hashes) for scene in scenes]


def _of_lock(path: Path, scene: Scene, index: Index, arguments: argparse.Namespace) -> Choice:
    try:
        found = locked(read_lock_file(path), path, scene.environment.target)
    except UnreadableWheelError as error:
        raise UsageError(f"The lock file '{path}' cannot be used: {error}") from error
    return choice_of(found, scene) if arguments.no_download else fetched(found, scene, index)


def fails(choice: Choice) -> bool:
    """Tell whether something is missing or breaks its promise."""
    told = (taken.forecast for taken in choice.taken)
    is_missing = any(not one.is_trouble for one in choice.missing)
    return is_missing or any(one is not None and one.verdict is Verdict.FAIL for one in told)


def is_troubled(choice: Choice) -> bool:
    """Tell whether the lab could not find out what is taken."""
    return any(one.is_trouble for one in choice.missing)


def as_text(choice: Choice) -> str:
    """Return the wheels that are taken in one environment, what is predicted of them, and what is missing."""
    pip = f"pip {choice.pip}" if choice.pip else "the newest pip"
    wheels = sorted(choice.taken, key=lambda one: not one.is_root)
    rows = [[plain(one.name), word(one.forecast) if one.forecast else "-"] for one in wheels]
    headers = ["wheel", "predicted"]
    if not all(one.is_root for one in wheels):
        rows = [[*row, "" if one.is_root else "needed by others"] for row, one in zip(rows, wheels, strict=True)]
        headers.append("")
    table = [tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)] if rows else []
    return "\n".join([f"{choice.id} with {pip}", *table, *_missing(choice), *_reasons(choice.taken), ""])


def _missing(choice: Choice) -> Iterator[str]:
    for one in choice.missing:
        yield ""
        whose = f"nothing for '{one.requirement}'" if one.requirement else "nothing for all together"
        yield from wrap(plain(f"{whose}: {one.reason}"), WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        for sentence in one.nearest:
            yield from wrap(
                plain(f"nearest: {sentence}"),
                WIDTH,
                initial_indent="  ",
                subsequent_indent="    ",
                break_on_hyphens=False,
            )


def _reasons(taken: Sequence[Taken]) -> Iterator[str]:
    for one in taken:
        if one.forecast is not None and one.forecast.verdict in TOLD:
            reason = one.forecast.outcome.reason or "; ".join(one.forecast.outcome.side_effects)
            yield ""
            yield plain(f"{WORDS[one.forecast.verdict]}  {one.name}")
            yield from wrap(plain(reason), WIDTH, initial_indent="  ", subsequent_indent="  ")
