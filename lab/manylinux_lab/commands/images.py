"""``images``: what is kept, make some ahead of a run, pin references to digests, and delete."""

import argparse
import platform
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from tabulate import tabulate

from .. import engines
from ..atomic import appearing
from ..catalogue.reading import ImageReference, Release, load_catalogue, select
from ..engines.contract import Engine
from ..errors import EngineError
from ..images.inventory import Entry, inventory, remove, to_clean
from ..images.lock import NAME, lock_text, merged, pin, read_lock
from ..images.prepared import NotAvailable, Sources, Variant, Wanted, named_files
from ..images.provide import prepare
from ..results import ExitCode

MEBIBYTE = 1 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the four actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="show what is kept: image, engine, size, digest, age, origin")
    build = actions.add_parser("build", help="make images ahead of a run")
    _add_selection(build)
    build.add_argument("--variant", choices=[one.value for one in Variant], default=Variant.MINIMAL.value)
    build.add_argument("--engine", metavar="NAME", default="auto", help="auto (default), docker or bwrap")
    build.add_argument(
        "--image", metavar="ID[:ARCH]=PATH", action="append", default=[], help="a tarball or folder to use"
    )
    build.add_argument("--offline", action="store_true", help="use only what is on this machine")
    build.add_argument("--rebuild", action="store_true", help="make them again, from what the source has today")
    lock = actions.add_parser("lock", help=f"pin image references to the digests that registries have now, in {NAME}")
    _add_selection(lock)
    clean = actions.add_parser("clean", help="delete what is kept")
    which = clean.add_mutually_exclusive_group(required=True)
    which.add_argument("--older-than", metavar="DAYS", type=_days, help="what was not used for so many days")
    which.add_argument("--all", action="store_true", help="everything")


def _days(text: str) -> int:
    days = int(text)
    if days < 0:
        raise argparse.ArgumentTypeError(f"takes days from 0 up, not {days}")
    return days


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "patterns", metavar="PATTERN", nargs="+", help="distros: a glob over ids, or supported, lts, all"
    )
    parser.add_argument("--arch", metavar="ARCH", action="append", default=[], help="a glob over machine names")
    parser.add_argument("--registry-mirror", metavar="HOST", help="ask this registry in place of Docker Hub")
    parser.add_argument("--lock", metavar="FILE", type=Path, default=Path(NAME), help=f"default: {NAME}")
    parser.add_argument(
        "--catalogue", metavar="DIR", type=Path, action="append", default=[], help="further distro files"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Do what the action says and return the exit code."""
    return ACTIONS[arguments.action](arguments)


def _list(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - one signature for all
    entries = inventory(_usable_engines())
    print(table(entries, datetime.now(UTC)))
    return ExitCode.KEPT


def table(entries: Sequence[Entry], now: datetime) -> str:
    """Return the kept things as a table, with their sum below."""
    rows = [
        (
            entry.name,
            entry.engine or "file",
            f"{entry.size / MEBIBYTE:.0f} MiB",
            entry.digest.removeprefix("sha256:")[:12],
            f"{(now - entry.time).days} d" if entry.time else "unfinished",
            entry.origin,
        )
        for entry in entries
    ]
    total = sum(entry.size for entry in entries) / MEBIBYTE
    heads = ("name", "kept by", "size", "digest", "age", "origin")
    return f"{tabulate(rows, heads, disable_numparse=True)}\n\n{len(rows)} kept, {total:.0f} MiB"


def _build(arguments: argparse.Namespace) -> int:
    engine = engines.choose(arguments.engine)
    sources = Sources(
        registry_mirror=arguments.registry_mirror,
        named=named_files(arguments.image),
        lock=read_lock(arguments.lock),
        offline=arguments.offline,
        rebuild=arguments.rebuild,
        follow_tags=True,
    )
    built, failed = 0, 0
    for release, image in _selected(arguments):
        wanted = Wanted(release=release, arch=image.arch, variant=Variant(arguments.variant))
        try:
            prepared = prepare(wanted, engine, sources, print)
        except NotAvailable as reason:
            print(f"left out  {wanted.id}: {reason}")
        except EngineError as error:
            failed += 1
            print(f"failed    {wanted.id}: {' '.join(str(error).split())}")
        else:
            built += 1
            has = ", ".join(f"{one.id} (pip {one.pip or 'missing'})" for one in prepared.interpreters)
            print(f"ready     {wanted.id}: {has}; {'; '.join((prepared.origin, *prepared.notes))}")
    if failed:
        return ExitCode.LAB_FAILED
    return ExitCode.KEPT if built else ExitCode.NOTHING_TO_RUN


def _lock(arguments: argparse.Namespace) -> int:
    lock, pinned, failed = read_lock(arguments.lock), 0, 0
    for _, image in _selected(arguments):
        try:
            lock = merged(lock, pin(image, arguments.registry_mirror))
            pinned += 1
        except EngineError as error:
            failed += 1
            print(f"failed    {error}")
    if pinned:
        with appearing(arguments.lock) as file:
            file.write(lock_text(lock).encode())
    print(f"{pinned} images pinned in '{arguments.lock}', {failed} failed")
    if failed:
        return ExitCode.LAB_FAILED
    return ExitCode.KEPT if pinned else ExitCode.NOTHING_TO_RUN


def _clean(arguments: argparse.Namespace) -> int:
    usable = _usable_engines()
    older_than = None if arguments.all else timedelta(days=arguments.older_than)
    deleted, failed = [], 0
    for entry in to_clean(inventory(usable), older_than, datetime.now(UTC)):
        try:
            remove(entry, usable)
        except EngineError as error:
            failed += 1
            print(f"failed   {entry.name}: {' '.join(str(error).split())}")
        else:
            deleted.append(entry)
            print(f"deleted  {entry.name}")
    print(f"{len(deleted)} deleted, {sum(entry.size for entry in deleted) / MEBIBYTE:.0f} MiB")
    return ExitCode.LAB_FAILED if failed else ExitCode.KEPT


def _usable_engines() -> list[Engine]:
    return [engine for engine in (make() for make in engines.ENGINES.values()) if engine.trouble() is None]


def _selected(arguments: argparse.Namespace) -> Iterator[tuple[Release, ImageReference]]:
    """Yield the images that the patterns ask for; without ``--arch``, this machine's."""
    globs = arguments.arch or [platform.machine()]
    releases = select(load_catalogue(extra=arguments.catalogue), arguments.patterns, date.today())
    for release in releases:
        for image in release.images:
            if any(fnmatchcase(image.arch, glob) for glob in globs):
                yield release, image


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "build": _build,
    "lock": _lock,
    "clean": _clean,
}
