"""Captured libraries: a file asked for a library by name and was given another copy than it gets alone. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from ..wheels.wheel import Wheel
from .evidence import Evidence, Kind
from .ground import INTERPRETER_MODULES, Ground
from .observation import Binding, Library

MORE = 5  # askers kept as facts

Label = Callable[[Wheel | None], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A file that is mapped asks for a library by its name, and alone it was given the file ``wanted``."""

    asker: str
    soname: str
    wanted: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Capture:
    """The library ``soname`` that ``askers`` got: ``given`` instead of ``wanted``, paths on the bench.

    ``is_twin`` tells that both files have the same content.
    """

    soname: str
    wanted: str
    given: str
    askers: tuple[str, ...]
    is_twin: bool


def needs(mapped: Iterable[str], bindings: Iterable[Binding], libraries: Mapping[str, Library]) -> tuple[Need, ...]:
    """Return what the mapped files of a process ask for and what they were given.

    Where two files have the name, the one that the asker was bound to counts.
    """
    known = [libraries[path] for path in mapped if path in libraries]
    by_name = _by_name(known)
    bound = {(binding.source, binding.target) for binding in bindings}
    found = []
    for library in known:
        for soname in library.needed:
            candidates = by_name.get(soname, [])
            used = [path for path in candidates if (library.path, path) in bound]
            found += [Need(asker=library.path, soname=soname, wanted=path) for path in (used or candidates)[:1]]
    return tuple(found)


def _by_name(libraries: Iterable[Library]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for library in libraries:
        for name in _names(library):
            found.setdefault(name, []).append(library.path)
    return found


@cache
def _names(library: Library) -> frozenset[str]:
    """Return the names under which the loader takes a file for one that another asks for."""
    return frozenset({library.soname, _base(library.path)} - {""})


def captures(
    alone: Iterable[Sequence[Need]],
    mapped: frozenset[str],
    bindings: Sequence[Binding],
    libraries: Mapping[str, Library],
    ground: Ground,
) -> tuple[Capture, ...]:
    """Return the libraries that were captured in company: what members needed alone against what is mapped now.

    A file whose load failed need not be mapped for this. Where both copies are mapped, the bindings tell.
    """
    missing = [need for one in alone for need in one if need.wanted not in mapped]
    missing += _outbid([need for one in alone for need in one], mapped, bindings, libraries, ground)
    if not missing:
        return ()
    by_name = _by_name(libraries[path] for path in sorted(mapped) if path in libraries)
    found: dict[tuple[str, str, str], list[str]] = {}
    for need in missing:
        given = next((path for path in by_name.get(need.soname, ()) if path != need.wanted), None)
        if given is None or _is_same_file(need.wanted, given, libraries):
            continue
        if ground.owner(given) is not None or ground.owner(need.wanted) is not None:
            found.setdefault((need.soname, need.wanted, given), []).append(need.asker)
    return tuple(
        Capture(
            soname=soname,
            wanted=wanted,
            given=given,
            askers=tuple(dict.fromkeys(askers)),
            is_twin=_has_same_content(wanted, given, ground),
        )
        for (soname, wanted, given), askers in found.items()
    )


def _outbid(
    all_needs: Iterable[Need],
    mapped: frozenset[str],
    bindings: Sequence[Binding],
    libraries: Mapping[str, Library],
    ground: Ground,
) -> Iterator[Need]:
    """Yield the needs whose own copy is mapped too, but whose asker was bound to another one of that name."""
    bound: dict[str, set[str]] = {}
    for binding in bindings:
        if binding.target in libraries and ground.owner(binding.source) is not ground.owner(binding.target):
            bound.setdefault(binding.source, set()).add(binding.target)
    if not bound:
        return
    for need in all_needs:
        targets = bound.get(need.asker, set()) - {need.wanted} if need.wanted in mapped else set()
        if any(need.soname in _names(libraries[path]) for path in targets):
            yield need


def _is_same_file(one: str, other: str, libraries: Mapping[str, Library]) -> bool:
    known = [libraries[path].device_inode for path in (one, other) if path in libraries]
    return len(known) == 2 and known[0] == known[1] != ""


def _has_same_content(one: str, other: str, ground: Ground) -> bool:
    files = ground.file(one), ground.file(other)
    return files[0] is not None and files[1] is not None and files[0].sha256 == files[1].sha256


def capture_evidence(capture: Capture, ground: Ground, label: Label) -> Evidence:
    """Return a captured library as evidence; a wheel that gets the system's copy of what it brings is only doubtful."""
    wanted, given = ground.owner(capture.wanted), ground.owner(capture.given)
    asker = ground.owner(capture.askers[0])
    got = f"'{capture.soname}' of {label(given)}"
    own = "its own" if wanted is asker is not None else f"the one of {label(wanted)}"
    same = "; both files have the same content" if capture.is_twin else ""
    kind = Kind.CAPTURED_TWIN if capture.is_twin else Kind.CAPTURED if given is not None else Kind.CAPTURED_BY_SYSTEM
    who = label(asker) if asker is not None else _system_file(capture.askers[0])
    return Evidence(
        kind=kind,
        words=f"{who} was given {got} instead of {own}{same}",
        facts={
            "soname": capture.soname,
            "wanted": capture.wanted,
            "given": capture.given,
            "askers": list(capture.askers[:MORE]),
        },
        advice=_advice(capture, wanted, given, label),
    )


def _system_file(path: str) -> str:
    return f"'{_base(path)}' of the {'standard library' if INTERPRETER_MODULES in path else 'system'}"


def _advice(capture: Capture, wanted: Wheel | None, given: Wheel | None, label: Label) -> str:
    bringers = [label(wheel) for wheel in (given, wanted) if wheel is not None]
    verb = "bring" if len(bringers) > 1 else "brings"
    return (
        f"{' and '.join(dict.fromkeys(bringers))} {verb} a library under the plain SONAME '{capture.soname}'. The "
        "loader looks a library up by that name once for the whole process, so a wheel must give what it brings a name "
        "of its own, as 'auditwheel repair' does, or link it statically (PEP 600: a wheel must not break another)."
    )


def _base(path: str) -> str:
    return path.rpartition("/")[2]
