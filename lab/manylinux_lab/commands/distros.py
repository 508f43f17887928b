"""``manylinux-lab distros``: the catalogue as a table or as JSON. Starts nothing and needs no network."""

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from tabulate import tabulate

from ..catalogue.reading import Release, is_ending, lifecycle, load_catalogue, select
from ..interpreter import Origin

SCHEMA = 1
HEADERS = ("distro", "libc", "lifecycle", "arches", "interpreters", "image")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the patterns and options of the command."""
    parser.add_argument(
        "patterns",
        metavar="GLOB",
        nargs="*",
        help="distros to list: globs over ids, or supported (the default), lts, all",
    )
    parser.add_argument("--json", action="store_true", help="print everything that is known, as JSON")
    parser.add_argument(
        "--catalogue", metavar="DIR", action="append", default=[], help="a folder with further distro files"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Print the chosen releases to standard output and how many were left out to standard error.

    Raises:
        UsageError: a pattern matches nothing, or a distro file cannot be used.
    """
    today = date.today()
    releases = load_catalogue(extra=[Path(name) for name in arguments.catalogue])
    chosen = select(releases, arguments.patterns or ["supported"], today)
    if arguments.json:
        listing = {"schema": SCHEMA, "date": str(today), "distros": [_entry(release, today) for release in chosen]}
        print(json.dumps(listing, indent=2))
        return 0
    print(tabulate([_row(release, today) for release in chosen], headers=HEADERS, disable_numparse=True))
    print(f"{len(chosen)} of {len(releases)} releases; 'distros all' lists every one.", file=sys.stderr)
    return 0


def _row(release: Release, today: date) -> tuple[str, ...]:
    return (
        release.id,
        f"{release.libc.value} {_dotted(release.libc_version)}",
        ("! " if is_ending(release, today) else "") + lifecycle(release, today),
        " ".join(release.arches),
        _interpreters(release),
        _image_source(release),
    )


def _interpreters(release: Release) -> str:
    """Return the distro's own interpreters, and in brackets those that are there only once somebody installs them."""
    own = [interpreter.id for interpreter in release.interpreters if interpreter.origin is Origin.DISTRO]
    further = [interpreter.id for interpreter in release.interpreters if interpreter.origin is not Origin.DISTRO]
    return " ".join([*own, *(f"({name})" for name in further)]) or "not known"


def _image_source(release: Release) -> str:
    source = release.images[0].reference
    return f"{source} or {release.bootstrap.tool}" if release.bootstrap else source


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _entry(release: Release, today: date) -> dict[str, Any]:
    """Return a release as JSON values; dates are ISO strings or null."""
    bootstrap = release.bootstrap
    return {
        "id": release.id,
        "name": release.name,
        "version": release.version,
        "family": release.family,
        "libc": release.libc.value,
        "libc_version": _dotted(release.libc_version),
        "dataset": release.dataset.value,
        "lifecycle": lifecycle(release, today),
        "ending": is_ending(release, today),
        "rolling": release.rolling,
        **{key: value and str(value) for key, value in _dates(release).items()},
        "images": [
            {"arch": image.arch, "reference": image.reference, "platform": image.platform} for image in release.images
        ],
        "bootstrap": bootstrap and {"tool": bootstrap.tool, "suite": bootstrap.suite, "mirror": bootstrap.mirror},
        "interpreters": [
            {
                "id": interpreter.id,
                "version": _dotted(interpreter.version),
                "origin": interpreter.origin.value,
                "path": interpreter.path,
                "pip": interpreter.pip,
            }
            for interpreter in release.interpreters
        ],
        "notes": list(release.notes),
    }


def _dates(release: Release) -> dict[str, date | None]:
    return {"eol": release.eol, "lts_end": release.lts_end, "elts_end": release.elts_end}
