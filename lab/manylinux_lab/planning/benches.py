"""From distros and options to benches: which places there are, which images can be had, what they hold."""

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from ..catalogue.distro import Release, is_ending, lifecycle
from ..catalogue.reading import load_catalogue, select
from ..cells import Bench, LeftOut
from ..engines.arch import ARCHES, emulated, known_arch
from ..engines.contract import Engine
from ..errors import EngineError, UsageError
from ..images.lock import read_lock
from ..images.portable import Portable, portable
from ..images.prepared import NotAvailable, PreparedImage, Sources, Variant, Wanted, check_named, known, named_files
from ..images.provide import prepare
from ..interpreter import Interpreter
from ..options import Options
from .plan import is_wanted

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A release on an arch: where benches could stand."""

    release: Release
    arch: str

    @property
    def id(self) -> str:
        """``debian-12:x86_64``."""
        return f"{self.release.id}:{self.arch}"

    @property
    def has_image(self) -> bool:
        """Whether the distro is made for the arch."""
        return self.arch in self.release.arches


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Benches, and what there will be none of; ``missing`` are the places that no source has an image for."""

    benches: tuple[Bench, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[Place, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """What an image of a place holds, or why there is none."""

    place: Place
    interpreters: tuple[Interpreter, ...] = ()
    prepared: PreparedImage | None = None
    trouble: str = ""


def places(options: Options, today: date) -> tuple[Place, ...]:
    """Return the releases and archs that the options select.

    Raises:
        UsageError: an unknown distro or arch (the nearest names are offered), or a damaged distro file.
    """
    releases = load_catalogue(extra=[Path(name) for name in options.catalogue])
    check_named(options.image, [release.id for release in releases])
    selected = select(releases, _distros(options), today)
    arches = _arches(options)
    found = tuple(Place(release=release, arch=arch) for release in selected for arch in arches)
    if selected and not any(place.has_image for place in found):
        names = ", ".join(release.id for release in selected[:3])
        raise UsageError(f"None of the distros ({names} ...) has an image for {', '.join(arches)}.")
    return found


def _distros(options: Options) -> tuple[str, ...]:
    """Return the distro patterns; a cell that the user names brings its own."""
    if options.distro:
        return options.distro
    named = {cell.partition(":")[0] for cell in options.cell if ":" in cell and not cell.startswith("host")}
    return tuple(sorted(named)) or ("supported",)


def _arches(options: Options) -> tuple[str, ...]:
    wanted = options.arch or tuple({cell.split(":")[1] for cell in options.cell if cell.count(":") > 1})
    if not wanted:
        return (platform.machine(),)
    names = list(ARCHES)
    return tuple(
        dict.fromkeys(
            arch
            for glob in wanted
            for arch in ([name for name in names if fnmatchcase(name, glob)] or [known_arch(glob).machine])
        )
    )


def planned(found: Iterable[Place], options: Options, today: date, engine_names: Sequence[str]) -> Found:
    """Return the benches as far as files tell: facts of images made before, else the catalogue. Touches no engine."""
    sources = sources_of(options)
    holdings = []
    for place in found:
        variant = Variant(options.variant)
        facts = (known(place.release, place.arch, variant, name, sources) for name in engine_names)
        prepared = next((fact for fact in facts if fact), None)
        interpreters = prepared.interpreters if prepared else place.release.interpreters
        holdings.append(Holding(place=place, interpreters=interpreters, prepared=prepared))
    return _benches(holdings, options, today)


def provided(found: Iterable[Place], options: Options, today: date, engine: Engine, say: Say) -> Found:
    """Return the benches whose images the engine has or could get. A source that fails is the lab's trouble.

    A place that no source has is left out; one whose source failed keeps the catalogue's interpreters, so that each of
    its cells says what went wrong.
    """
    sources = sources_of(options)
    holdings: list[Holding] = []
    left_out: list[LeftOut] = []
    missing: list[Place] = []
    for place in found:
        if not place.has_image:
            holdings.append(Holding(place=place))
            continue
        wanted = Wanted(release=place.release, arch=place.arch, variant=Variant(options.variant))
        try:
            prepared = prepare(wanted, engine, sources, say)
        except NotAvailable as reason:
            left_out.append(LeftOut(bench=place.id, subject="", reason=str(reason)))
            missing.append(place)
        except EngineError as error:
            say(f"{place.id}: {error}")
            holdings.append(Holding(place=place, interpreters=place.release.interpreters, trouble=str(error)))
        else:
            holdings.append(Holding(place=place, interpreters=prepared.interpreters, prepared=prepared))
    seen = _benches(holdings, options, today)
    return replace(seen, left_out=(*left_out, *seen.left_out), missing=tuple(missing))


def _benches(holdings: Iterable[Holding], options: Options, today: date) -> Found:
    extra = portable(Path(options.python_root)) if options.python_root else None
    benches: list[Bench] = []
    left_out: list[LeftOut] = []
    notes: list[str] = []
    for holding in holdings:
        if not holding.place.has_image:
            reason = f"{holding.place.release.id} has no image for {holding.place.arch}"
            left_out.append(LeftOut(bench=holding.place.id, subject="", reason=reason))
            continue
        interpreters = (*holding.interpreters, *_portable_for(holding.place, extra))
        wanted = _wanted(options)
        new = [_bench(holding, interpreter, today) for interpreter in interpreters if is_wanted(interpreter, wanted)]
        benches += new
        if not new:
            left_out.append(LeftOut(bench=holding.place.id, subject="", reason=_no_interpreter(interpreters, wanted)))
        notes += [*_surprises(holding), *_image_notes(holding)]
    return Found(benches=tuple(benches), left_out=tuple(left_out), notes=tuple(notes))


def _wanted(options: Options) -> tuple[str, ...]:
    named = {cell.partition("/")[0].split(":")[2] for cell in options.cell if cell.partition("/")[0].count(":") == 2}
    return options.python or tuple(sorted(named))


def _bench(holding: Holding, interpreter: Interpreter, today: date) -> Bench:
    release = holding.place.release
    return Bench(
        distro=release.id,
        arch=holding.place.arch,
        interpreter=interpreter,
        libc=release.libc.value,
        libc_version=release.libc_version,
        emulated=emulated(holding.place.arch),
        ending=lifecycle(release, today) if is_ending(release, today) else "",
        image=holding.prepared.image if holding.prepared else None,
        trouble=holding.trouble,
        family=release.family,
    )


def _portable_for(place: Place, extra: Portable | None) -> Iterator[Interpreter]:
    release = place.release
    if extra and extra.arch == place.arch and extra.libc is release.libc and extra.libc_version <= release.libc_version:
        yield extra.interpreter


def _no_interpreter(interpreters: Sequence[Interpreter], wanted: Sequence[str]) -> str:
    if not interpreters:
        return "its interpreters are not known before its image was made; 'manylinux-lab images build' makes it"
    has = ", ".join(interpreter.id for interpreter in interpreters)
    return f"it has {has}, not {', '.join(wanted)}" if wanted else f"it has only {has}; name one with --python"


def _image_notes(holding: Holding) -> Iterator[str]:
    """Yield what is to be known of how the image was made."""
    if holding.prepared:
        yield from (f"{holding.place.id}: {note}" for note in holding.prepared.notes)


def _surprises(holding: Holding) -> Iterator[str]:
    """Yield where an image holds another default Python than the catalogue says; the image's word wins."""
    says = {interpreter.abi for interpreter in holding.place.release.interpreters}
    if holding.prepared and says and not says & {interpreter.abi for interpreter in holding.prepared.interpreters}:
        has = ", ".join(interpreter.abi for interpreter in holding.prepared.interpreters)
        yield f"{holding.place.id}: the catalogue says {', '.join(sorted(says))}, the image has {has}"


def sources_of(options: Options) -> Sources:
    """Return where images may come from.

    Raises:
        UsageError: ``--image`` is not ``ID[:ARCH]=PATH``, or the lock file cannot be read.
    """
    return Sources(
        registry_mirror=options.registry_mirror or None,
        named=named_files(options.image),
        lock=read_lock(Path(options.lock)),
    )
