"""``profile``: measure the ABI of distros on benches, or say where the profiles that are kept have aged."""

import argparse
import fnmatch
import platform
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from .. import engines
from ..catalogue.reading import load_catalogue, select
from ..engines.arch import ARCHES, emulated, known_arch
from ..errors import EngineError, UsageError
from ..folders import cache_folder
from ..images.prepared import NotAvailable, Sources, Variant, Wanted, check_named, named_files
from ..images.provide import prepare
from ..predicting.profile import MEASURED, Profile, load_profiles, measured_file, read_profiles, write_profiles
from ..predicting.surveying import LAYERS, measure
from ..results import ExitCode

NAMED = 6
PRIVATE = {"GLIBC_PRIVATE"}  # glibc's libraries among themselves; converted profiles leave it out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the distros, the layers, and where profiles are kept."""
    parser.add_argument("distros", metavar="DISTRO", nargs="+", help="globs over ids, or supported, lts, all")
    parser.add_argument("--arch", metavar="ARCH", action="append", default=[], help="globs (default: this machine's)")
    parser.add_argument(
        "--variant", choices=[variant.value for variant in Variant], action="append", default=[],
        help="minimal is the layer base, desktop the layer desktop (default: both)",
    )  # fmt: skip
    parser.add_argument("--engine", metavar="NAME", default="auto", help="auto (default), docker or bwrap")
    parser.add_argument(
        "--image", metavar="ID[:ARCH]=PATH", action="append", default=[],
        help="a tarball or folder to use as that distro's image",
    )  # fmt: skip
    parser.add_argument("--check", action="store_true", help="keep nothing; say where the kept profile has aged")
    parser.add_argument("--out", metavar="DIR", type=Path, help="where profiles are kept (default: your cache)")


def execute(arguments: argparse.Namespace) -> int:
    """Measure each distro, and keep or compare; the exit code is 1 when a kept profile has aged.

    Raises:
        UsageError: a distro or an arch does not exist, or not together.
        EngineError: no engine can be used.
    """
    everything = _wanted(arguments)
    engine = engines.choose(arguments.engine)
    sources = Sources(named=named_files(arguments.image))
    measured, failed, aged = [], 0, 0
    for wanted in everything:
        try:
            prepared = prepare(wanted, engine, sources, lambda sentence: print(sentence, file=sys.stderr))
            profile = measure(wanted, prepared, engine, date.today(), is_emulated=emulated(wanted.arch))
        except NotAvailable as reason:
            print(f"left out  {wanted.id}: {reason}")
        except EngineError as error:
            failed += 1
            print(f"failed    {wanted.id}: {' '.join(str(error).split())}")
        else:
            measured.append(profile)
            aged += told(wanted, profile)
    if not arguments.check:
        _keep(measured, arguments.out or cache_folder(MEASURED))
    if failed:
        return ExitCode.LAB_FAILED
    return ExitCode.WHEEL_FAILED if aged and arguments.check else ExitCode.KEPT


def _wanted(arguments: argparse.Namespace) -> tuple[Wanted, ...]:
    catalogue = load_catalogue()
    check_named(arguments.image, [release.id for release in catalogue])
    arches = _arches(arguments.arch or [platform.machine()])
    variants = [Variant(name) for name in arguments.variant] or list(LAYERS)
    found = tuple(
        Wanted(release=release, arch=arch, variant=variant)
        for release in select(catalogue, arguments.distros, date.today())
        for arch in arches
        if arch in release.arches
        for variant in variants
    )
    if not found:
        raise UsageError(f"None of these distros is made for {', '.join(arches)}.")
    return found


def _arches(globs: Sequence[str]) -> tuple[str, ...]:
    """Return the arches that are named, in the lab's order."""
    named = {name for glob in globs for name in fnmatch.filter(ARCHES, glob) or [known_arch(glob).machine]}
    return tuple(name for name in ARCHES if name in named)


def told(wanted: Wanted, profile: Profile) -> bool:
    """Say what was measured and how it differs from what is kept; tell whether it differs."""
    versions = sum(len(found or ()) for found in profile.sonames.values())
    names = f"{len(profile.sonames)} names of libraries, {versions} symbol versions"
    print(f"measured  {wanted.id}: {_libc(profile)}, {names}")
    known = load_profiles(wanted.arch, profile.layer).get(profile.distro)
    if known is None:
        print("  nothing was kept of it before")
        return False
    differences = list(compared(known, profile))
    for sentence in differences:
        print(f"  aged since {known.measured}: {sentence}")
    if not differences:
        print(f"  as it was on {known.measured}")
    return bool(differences)


def compared(known: Profile, seen: Profile) -> Iterator[str]:
    """Yield in which ways a kept profile is no longer true; what it never told is no difference."""
    if _libc(known) != _libc(seen):
        yield f"{_libc(known).replace(' ', ' was ')}"
    if known.folders and known.folders != seen.folders:
        yield f"the loader searched {_some(list(known.folders))}"
    gone = sorted(known.sonames.keys() - seen.sonames.keys())
    if gone:
        yield f"no longer there: {_some(gone)}"
    come = sorted(
        seen.sonames.keys() - known.sonames.keys() if known.is_complete else known.absent & seen.sonames.keys()
    )
    if come:
        yield f"there now: {_some(come)}"
    for soname in sorted(known.sonames.keys() & seen.sonames.keys()):
        before, now = known.sonames[soname], seen.sonames[soname]
        if before is not None and now is not None and before - now:
            yield f"{soname} has lost {_some(sorted(before - now))}"
        if before is not None and now is not None and now - before - PRIVATE:
            yield f"{soname} has gained {_some(sorted(now - before - PRIVATE))}"


def _libc(profile: Profile) -> str:
    return f"{profile.libc.value} {profile.libc_version[0]}.{profile.libc_version[1]}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _keep(measured: list[Profile], folder: Path) -> None:
    """Add the profiles to those that the folder has."""
    for arch, layer in sorted({(one.arch, one.layer) for one in measured}, key=lambda pair: (pair[0], pair[1].value)):
        file = measured_file(folder, arch, layer)
        kept = dict(read_profiles(file)) if file.is_file() else {}
        kept |= {one.distro: one for one in measured if (one.arch, one.layer) == (arch, layer)}
        write_profiles(file, kept)
        print(f"kept      {file}: {', '.join(sorted(kept))}")
    load_profiles.cache_clear()
