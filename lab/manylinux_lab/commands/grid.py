"""``grid``: the newest releases of two projects against each other, loaded together in both orders."""

import argparse
import os
import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .. import options as options_module
from ..errors import UsageError, nearest
from ..options import Options
from ..resolving.index import Index
from ..resolving.releases import newest_releases
from ..resolving.sources import find_sources
from .run import carry_out_options

LAST = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a run, and how many releases."""
    parser.add_argument("--last", type=int, default=LAST, metavar="N", help=f"how many releases (default: {LAST})")
    options_module.add_arguments(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Run the grid and return the exit code."""
    options = options_module.make(arguments, options_module.read_settings(Path.cwd()))
    if arguments.last < 1:
        raise UsageError(f"The option --last takes a number of releases from 1 up, not {arguments.last}.")
    return carry_out_options(across(options, arguments.last), arguments.pytest_arguments)


def across(options: Options, last: int) -> Options:
    """Return the options of a run that has every release of the one project beside every release of the other.

    Raises:
        UsageError: the subjects are not two projects, or one of them has no wheel for Linux.
        EngineError: the index cannot be read.
    """
    first, then = _projects(options)
    sources = find_sources(
        os.environ,
        Path.home(),
        index_url=options.index_url,
        extra_index_urls=options.extra_index_url,
        find_links=options.find_links,
    )
    index = Index(sources)
    try:
        pinned = [*_pinned(first, index, options, last), *_pinned(then, index, options, last)]
    finally:
        index.close()
    names = canonicalize_name(first.name), canonicalize_name(then.name)
    cells = tuple(f"*/coload/{one}-*,{other}-*" for one, other in (names, names[::-1]))
    return replace(options, subjects=tuple(pinned), coload="pairs", cell=cells)


def _projects(options: Options) -> tuple[Requirement, Requirement]:
    try:
        found = [Requirement(subject) for subject in options.subjects]
    except InvalidRequirement as error:
        raise UsageError(f"A grid is made of two projects, such as 'lxml' and 'xmlsec>=1.3': {error}.") from error
    if len({canonicalize_name(requirement.name) for requirement in found}) != 2 or len(found) != 2:
        raise UsageError("Name two projects, such as 'manylinux-lab grid lxml xmlsec --last 6'.")
    if any(requirement.url for requirement in found):
        raise UsageError("A grid takes releases from the index; a URL names one file.")
    return found[0], found[1]


def _pinned(requirement: Requirement, index: Index, options: Options, last: int) -> Iterator[str]:
    files = index.files(requirement.name)
    arches = options.arch or (platform.machine(),)
    versions = newest_releases(files, requirement, last=last, arches=arches, pre=options.pre)
    if not versions:
        known = {file.project for file in files}
        raise UsageError(
            f"No release of '{requirement}' has a wheel for Linux on {', '.join(arches)}"
            f"{nearest(requirement.name, known)}."
        )
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return (f"{requirement.name}{extras}=={version}" for version in versions)
