"""Runs a bootstrap recipe on this machine and keeps the root file system as a tarball in the cache."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import EngineError
from ..folders import cache_folder
from .prepared import NotAvailable, Variant, Wanted
from .recipes import RECIPES, Concession, Recipe

Say = Callable[[str], None]
SECONDS = 3600
WORDS_OF_TROUBLE = ("error", "e:", "failed", "cannot", "could not", "unable", "expired", "not found", "problem")
UNREACHED = ("could not resolve", "could not connect", "connection refused", "couldn't resolve")
NOISE = ("mmdebstrap failed to run", "main() received signal", "removing tempdir", "failed to run")


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """A root file system as a tarball, and where it came from in words."""

    tarball: Path
    origin: str
    notes: tuple[str, ...] = ()


def bootstrap(wanted: Wanted, say: Say, *, rebuild: bool = False, offline: bool = False) -> Root:
    """Return the root file system of a distro with Python and pip, made from its package mirror or kept from before.

    Raises:
        NotAvailable: the catalogue has no recipe, its tool is not installed, or the tool failed; with the tool's words.
        EngineError: the cache folder cannot be written.
    """
    recipe = recipe_of(wanted)
    tool = recipe.tool
    kept = cache_folder("roots") / f"{wanted.id}-{recipe.id}.tar"
    notes = kept.with_suffix(".notes")
    origin = f"bootstrapped with {tool}"
    if kept.exists() and notes.exists() and not rebuild:
        return Root(tarball=kept, origin=origin, notes=tuple(notes.read_text().splitlines()))
    if offline:
        raise NotAvailable(f"no root file system of {wanted.id} is kept, and making one needs the network")
    if shutil.which(tool) is None:
        raise NotAvailable(
            f"'{tool}', which makes a root file system from the package mirror, is not installed; install it"
        )
    say(f"Making {wanted.release.id} for {wanted.arch} with '{tool}' from its package mirror.")
    made = _make(recipe, kept)
    notes.write_text("".join(f"{note}\n" for note in made))
    return Root(tarball=kept, origin=origin, notes=made)


def recipe_of(wanted: Wanted) -> Recipe:
    """Return the recipe that the catalogue gives for an image.

    Raises:
        NotAvailable: the catalogue gives none.
    """
    release = wanted.release
    if release.bootstrap is None or release.package_manager is None:
        raise NotAvailable("the catalogue has no bootstrap recipe for it")
    if release.bootstrap.tool not in RECIPES:
        raise NotAvailable(f"the catalogue names an unknown bootstrap tool, '{release.bootstrap.tool}'")
    manager = release.package_manager
    desktop = manager.desktop_packages if wanted.variant is Variant.DESKTOP else ()
    packages = dict.fromkeys((*manager.python_packages, *desktop))
    return RECIPES[release.bootstrap.tool](release.bootstrap, wanted.arch, tuple(packages))


def _make(recipe: Recipe, kept: Path) -> tuple[str, ...]:
    notes = list(recipe.notes)
    conceded: list[Concession] = []
    while True:
        failure = _attempt(recipe, conceded, kept)
        if failure is None:
            return tuple(notes)
        concession = _answer(recipe, conceded, failure)
        if concession is None:
            raise NotAvailable(f"'{recipe.tool}' failed: {meaningful(failure)}")
        conceded.append(concession)
        notes.append(concession.note)


def _answer(recipe: Recipe, conceded: Sequence[Concession], failure: str) -> Concession | None:
    """Return what may be given up next, going by the lines that tell of an error."""
    lines = [line for line in failure.splitlines() if line.startswith("E:") or "Failed to fetch" in line]
    for concession in recipe.concessions:
        if concession not in conceded and any(word in line for word in concession.words for line in lines):
            return concession
    return None


def _attempt(recipe: Recipe, conceded: Sequence[Concession], kept: Path) -> str | None:
    """Run the commands once; return None, with the tarball in place, or all that the failing one said."""
    extra = tuple(argument for concession in conceded for argument in concession.arguments)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="half-") as scratch:
        root, tarball = Path(scratch, "root"), Path(scratch, "root.tar")
        root.mkdir()
        for command in recipe.commands:
            argv = [word.replace("{root}", str(root)).replace("{tarball}", str(tarball)) for word in command]
            failure = _run([argv[0], *extra, *argv[1:]])
            if failure is not None:
                return failure
        if not tarball.exists():
            failure = _run(["tar", "--numeric-owner", "--exclude=./dev/*", "-C", str(root), "-cf", str(tarball), "."])
        if failure is None:
            tarball.replace(kept)
        return failure


def _run(argv: Sequence[str]) -> str | None:
    """Return None when the program succeeded, else its output.

    A program that outlives its time, or an interrupted lab, ends with its children.
    """
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env=environment,
    )
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise EngineError(f"'{argv[0]}' did not end within {SECONDS // 60} minutes.") from error
        raise
    return output.decode(errors="replace") if process.returncode else None


def meaningful(output: str) -> str:
    """Return the last line of a tool's output that tells what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    lines = [line for line in lines if not any(noise in line for noise in NOISE)]
    telling = [line for line in lines if any(word in line.lower() for word in WORDS_OF_TROUBLE)]
    unreached = next((line for line in telling if any(word in line.lower() for word in UNREACHED)), None)
    first = next((line for line in telling if line.startswith("E: ")), None)
    chosen = unreached or first or (telling or lines or ["it said nothing"])[-1]
    return chosen.removeprefix("E: ").removeprefix("W: ")
