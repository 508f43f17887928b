"""What comes nearest where no wheel of a project fits: for a sentence that tells a user what to change. Pure."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet

from ..interpreter import Interpreter
from ..wheels.tags import Platform, ReachKind, claim_of, reach, stock_pip_sees
from .candidates import Target, may_be
from .index import IndexFile, hashes


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """Where wheels are chosen for: the platform with the interpreter and its pip, and how sentences call it.

    ``pip`` is empty for the newest. ``target`` is the same as a resolver sees it.
    """

    platform: Platform
    interpreter: Interpreter
    pip: str
    target: Target
    where: str


def nearest(
    files: Iterable[IndexFile], specifier: SpecifierSet, environment: Environment, allowed: Collection[str] = ()
) -> Iterator[str]:
    """Yield the newest wheel that fits and is another release, then why the newest wheels of the releases asked for
    do not fit: first those that only miss the platform, then those for other Pythons.

    ``allowed`` are the hashes (``sha256:...``) that a file must have one of; empty admits all.
    """
    offered = (file for file in files if file.is_wheel and not file.is_yanked)
    wheels = sorted(offered, key=lambda file: (file.version, _closeness(file, environment), file.name), reverse=True)
    admitted = set(specifier.filter({file.version for file in wheels}, prereleases=environment.target.pre or None))
    others = (file for file in wheels if file.version not in admitted)
    fitting = next((file for file in others if _why_not(file, environment, allowed) is None), None)
    if fitting is not None:
        yield f"'{fitting.name}' fits, and is another release"
    seen = set()
    for kind in (ReachKind.SUPPORTED, ReachKind.PLATFORM, ReachKind.INTERPRETER):
        for file in wheels:
            miss = _why_not(file, environment, allowed) if file.version in admitted else None
            if miss is not None and miss[0] is kind and kind not in seen:
                seen.add(kind)
                yield f"'{file.name}': {miss[1]}"
        if seen & {ReachKind.SUPPORTED, ReachKind.PLATFORM}:
            return


def _closeness(file: IndexFile, environment: Environment) -> int:
    """Return 2 for a wheel that names the arch and the C library, 1 for one that names the arch, 0 for others."""
    claims = [claim for tag in file.tags if (claim := claim_of(tag.platform)) is not None]
    near = [claim for claim in claims if claim.arch == environment.platform.arch]
    return bool(near) + any(claim.libc is environment.platform.libc for claim in near)


def _why_not(file: IndexFile, environment: Environment, allowed: Collection[str]) -> tuple[ReachKind, str] | None:
    """Return how far the tags of a wheel reach and why the environment does not take it, or None where it does."""
    reached = reach(file.tags, environment.platform, environment.interpreter, environment.where)
    if reached.kind is not ReachKind.SUPPORTED:
        return reached.kind, reached.reason
    if late := stock_pip_sees(sorted({tag.platform for tag in file.tags}), environment.pip):
        return ReachKind.SUPPORTED, late
    if not environment.target.admits(file.requires_python):
        return ReachKind.INTERPRETER, f"its release is for Python {file.requires_python}"
    if not may_be(hashes(file.link), allowed):
        return ReachKind.SUPPORTED, f"it fits, and its sha256 is {file.sha256}, which is not allowed"
    return None
