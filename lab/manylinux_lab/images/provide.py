"""Provides the image of a bench: tries the sources in order, prepares what it found, and remembers it.

The order: kept from before, a tarball or folder that the user named, a registry, the distro's own package mirror.
"""

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ..catalogue.reading import Dataset, Release
from ..engines.contract import Engine, Image
from ..errors import EngineError
from ..folders import cache_folder
from ..interpreter import Interpreter
from .bootstrap import Say, bootstrap
from .discovery import discover, has_python_and_pip
from .lock import digest_of_tag
from .prepared import NotAvailable, PreparedImage, Sources, Variant, Wanted, key, recall, remember, use
from .registry import Reference, parse, through_mirror, unreachable
from .repositories import repository_notes, repository_steps

PULL_PROGRAMS = {"bwrap": ("skopeo", "umoci")}  # an engine without its own way to a registry
TURN_SECONDS = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """An image before preparation.

    ``digest`` is the registry's where one is pinned, else the engine's word; ``is_complete`` when the packages of the
    variant are in it already.
    """

    key: str
    image: Image
    digest: str
    notes: tuple[str, ...] = ()
    is_complete: bool = False


Provider = Callable[[Wanted, Engine, Sources, Say], Base]


def _silent(text: str) -> None:
    """Say nothing."""


def prepare(wanted: Wanted, engine: Engine, sources: Sources, say: Say = _silent) -> PreparedImage:
    """Return an image with the distro's Python and pip that ``engine`` can start; quick when it was made before.

    Args:
        say: told in one sentence what takes long.

    Raises:
        NotAvailable: no source has it; the text gives each one's reason.
        EngineError: a source that should have it failed, or its preparation did.
    """
    trouble = engine.arch_trouble(wanted.arch)
    if trouble:
        raise NotAvailable(trouble)
    image_key = key(wanted, sources)
    with _turn(f"{engine.name}-{image_key}"):
        kept = None if sources.rebuild else _kept(image_key, engine)
        if kept and not _has_moved(kept, wanted, sources, say):
            return kept
        sources = replace(sources, rebuild=sources.rebuild or kept is not None)
        prepared = _finish(wanted, engine, sources, _base(wanted, engine, sources, say), say)
        remember(image_key, prepared, engine.name)
        return prepared


def _kept(image_key: str, engine: Engine) -> PreparedImage | None:
    """Return what was prepared before, if the engine still has the very image."""
    prepared = recall(image_key, engine.name)
    image = engine.find(prepared.key) if prepared else None
    if prepared is None or image is None or image.digest != prepared.image.digest:
        return None
    use(image_key, engine.name)
    return replace(prepared, image=image)


def _has_moved(kept: PreparedImage, wanted: Wanted, sources: Sources, say: Say) -> bool:
    """Tell whether an image was pulled by a tag that means something else in the registry now."""
    reference = _reference(wanted, sources)
    was_pulled = not sources.file(wanted) and kept.base_key == _base_key(wanted, sources)
    if not sources.follow_tags or sources.offline or not was_pulled or reference is None or reference.digest:
        return False
    silence = unreachable(reference.registry)
    try:
        digest = "" if silence else digest_of_tag(reference)
    except EngineError as error:
        silence = str(error)
    if silence:
        say(f"What '{reference.id}' is now cannot be asked ({silence}); the image kept from before is used.")
        return False
    if digest != kept.base_digest:
        say(f"The tag '{reference.id}' has moved to {digest}; {wanted.id} is made again.")
    return digest != kept.base_digest


def _reference(wanted: Wanted, sources: Sources) -> Reference | None:
    """Return where a registry, or the mirror of it, has the image, at the digest that the lock names."""
    known = next((image for image in wanted.release.images if image.arch == wanted.arch), None)
    if known is None:
        return None
    plain = parse(known.reference)
    locked = sources.lock.get(known.reference, {}).get(wanted.arch, "")
    return through_mirror(replace(plain, digest=locked or plain.digest), sources.registry_mirror)


def _base(wanted: Wanted, engine: Engine, sources: Sources, say: Say) -> Base:
    reasons = []
    providers: tuple[Provider, ...] = (_named,) if sources.file(wanted) else (_pulled, _bootstrapped)
    for provider in providers:
        try:
            return provider(wanted, engine, sources, say)
        except NotAvailable as reason:
            reasons.append(str(reason))
    raise NotAvailable(f"no image of {wanted.release.id} for {wanted.arch}: {'; '.join(reasons)}")


def _base_key(wanted: Wanted, sources: Sources) -> str:
    """Return the key of a base that both variants share."""
    return f"{key(replace(wanted, variant=Variant.MINIMAL), sources)}-base"


def _named(wanted: Wanted, engine: Engine, sources: Sources, say: Say) -> Base:
    """Load the tarball or folder that the user named."""
    file, base_key = sources.file(wanted), _base_key(wanted, sources)
    if file is None:
        raise NotAvailable("no file is named for it")
    image = None if sources.rebuild else engine.find(base_key)
    if image is None:
        say(f"Loading {wanted.release.id} for {wanted.arch} from '{file}'.")
        image = engine.load(file, wanted.arch, base_key, f"the file '{file}'")
    return Base(key=base_key, image=image, digest=image.digest)


def _pulled(wanted: Wanted, engine: Engine, sources: Sources, say: Say) -> Base:
    """Pull the image."""
    reference = _reference(wanted, sources)
    if reference is None:
        raise NotAvailable(f"the catalogue names no image for {wanted.arch}")
    base_key = _base_key(wanted, sources)
    image = None if sources.rebuild else engine.find(base_key)
    if image is None:
        _check_reach(engine, reference, sources)
        say(f"Pulling '{reference.id}' for {wanted.arch}.")
        image = engine.pull(reference.id, wanted.arch, base_key)
    return Base(key=base_key, image=image, digest=reference.digest or image.digest)


def _check_reach(engine: Engine, reference: Reference, sources: Sources) -> None:
    """Raise ``NotAvailable`` where a pull cannot even begin."""
    if sources.offline:
        raise NotAvailable("the registry is not asked when offline")
    missing = [program for program in PULL_PROGRAMS.get(engine.name, ()) if shutil.which(program) is None]
    if missing:
        raise NotAvailable(
            f"the engine '{engine.name}' needs '{missing[0]}' to pull it; install {' and '.join(missing)}"
        )
    silence = unreachable(reference.registry)
    if silence:
        raise NotAvailable(f"the registry '{reference.registry}' cannot be reached ({silence})")


def _bootstrapped(wanted: Wanted, engine: Engine, sources: Sources, say: Say) -> Base:
    """Make the root file system from the distro's own package mirror."""
    base_key = f"{key(wanted, sources)}-root"
    root = bootstrap(wanted, say, rebuild=sources.rebuild, offline=sources.offline)
    image = None if sources.rebuild else engine.find(base_key)
    if image is None:
        say(f"Loading {wanted.release.id} for {wanted.arch} into '{engine.name}'.")
        image = engine.load(root.tarball, wanted.arch, base_key, root.origin)
    return Base(key=base_key, image=image, digest=image.digest, notes=root.notes, is_complete=True)


def _finish(wanted: Wanted, engine: Engine, sources: Sources, base: Base, say: Say) -> PreparedImage:
    """Add what the base lacks and find out what is in the result."""
    all_own = wanted.release.dataset is Dataset.BUILD
    interpreters = discover(engine, base.image, all_own=all_own)
    packages = _missing(wanted, interpreters, base)
    image_key, image, notes = base.key, base.image, base.notes
    if packages:
        image_key = key(wanted, sources)
        image = _install(wanted, engine, sources, base, packages, say)
        notes = (*notes, *_given_up(wanted.release))
        interpreters = discover(engine, image, all_own=all_own)
    if not has_python_and_pip(interpreters):
        raise EngineError(
            f"The image of {wanted.release.id} for {wanted.arch} has no Python with pip after preparation."
        )
    return PreparedImage(
        key=image_key,
        image=image,
        base_key=base.key,
        base_digest=base.digest,
        origin=base.image.origin,
        interpreters=interpreters,
        notes=notes,
    )


def _missing(wanted: Wanted, interpreters: tuple[Interpreter, ...], base: Base) -> tuple[str, ...]:
    manager = wanted.release.package_manager
    desktop = wanted.variant is Variant.DESKTOP and not base.is_complete
    lacks_python = not has_python_and_pip(interpreters)
    if manager is None:
        if lacks_python:
            raise NotAvailable(
                f"the image of {wanted.release.id} has no Python with pip and the catalogue no package manager for it"
            )
        return ()
    python = manager.python_packages if lacks_python else ()
    return (*python, *(manager.desktop_packages if desktop else ()))


def _install(
    wanted: Wanted, engine: Engine, sources: Sources, base: Base, packages: tuple[str, ...], say: Say
) -> Image:
    manager = wanted.release.package_manager
    if manager is None or sources.offline:
        raise NotAvailable(f"installing packages into {wanted.release.id} needs the network")
    lists = repository_steps(manager.tool, wanted.release.repositories)
    if lists is None:
        raise NotAvailable(f"the lab cannot edit the package lists of '{manager.tool}' in {wanted.release.id}")
    say(f"Installing {', '.join(packages)} into {wanted.release.id} for {wanted.arch}.")
    steps = (*lists, *((manager.update,) if manager.update else ()), (*manager.install, *packages))
    return engine.build(base.image, steps, manager.environment, key(wanted, sources))


def _given_up(release: Release) -> tuple[str, ...]:
    manager = release.package_manager
    return repository_notes(manager.tool, release.repositories) if manager else ()


@contextmanager
def _turn(name: str) -> Iterator[None]:
    """Let one process at a time prepare an image; the others find it made."""
    with (cache_folder("prepared") / f"{name}.lock").open("w") as file:
        deadline = time.monotonic() + TURN_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EngineError(f"Another lab has been preparing '{name}' for an hour; end it.") from None
                time.sleep(0.2)
        yield
