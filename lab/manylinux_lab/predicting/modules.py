"""Which of a wheel's extension modules an interpreter would load, and what they ask of its C API. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..interpreter import Interpreter
from ..wheels.contents import extension_name, init_functions
from ..wheels.elf import ElfFacts
from ..wheels.stable_abi import late_symbols, stable_symbols, surely_lacks
from ..wheels.wheel import STABLE_ABI, is_looked_for

Version = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """An extension module: ``name`` is dotted, ``machine`` empty where the file cannot be read.

    ``late`` are symbols of Python's C API with the first Python known to have them, where that is newer than 3.6.
    ``odd`` are symbols that no limited API has, in a module that says to keep to it (``.abi3.so``).
    """

    name: str
    path: str
    suffix: str
    machine: str
    late: tuple[tuple[str, Version], ...] = ()
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """A sentence that says why a module is not loaded; ``is_sure`` where an import must fail for it."""

    what: str
    is_sure: bool


def modules_of(facts: Iterable[ElfFacts], extensions: Iterable[str]) -> tuple[Module, ...]:
    """Return the modules at these paths. One without the function that makes it is a library, for ctypes perhaps."""
    known = late_symbols()
    by_path = {fact.path: fact for fact in facts}
    named = ((path, extension_name(path)) for path in sorted(extensions))
    return tuple(
        Module(
            name=name[0],
            path=path,
            suffix=name[1],
            machine=by_path[path].machine,
            late=tuple((symbol, known[symbol]) for symbol in by_path[path].python if symbol in known),
            odd=_odd(by_path[path]) if name[1] in STABLE_ABI else (),
        )
        for path, name in named
        if name is not None and path in by_path and _is_module(by_path[path], name[0])
    )


def _is_module(fact: ElfFacts, name: str) -> bool:
    return not fact.is_sound or not set(init_functions(name)).isdisjoint(fact.inits)


def _odd(fact: ElfFacts) -> tuple[str, ...]:
    limited, _ = stable_symbols()
    return tuple(symbol for symbol in fact.python if symbol not in limited)


def troubles(modules: Sequence[Module], arch: str, interpreter: Interpreter | None) -> Iterator[Trouble]:
    """Yield why modules are not loaded on an arch by an interpreter, as far as that is known."""
    yield from _of_machine(modules, arch)
    if interpreter is None:
        return
    looked_for = [one for one in modules if is_looked_for(one.suffix, interpreter.abi)]
    there = {one.name for one in looked_for}
    for name, paths in _by_name(modules).items():
        if name not in there:
            what = f"'{paths[0]}' is for another Python than {interpreter.id}, and the wheel has no other '{name}'."
            yield Trouble(what=what, is_sure="." not in name)
    for one in looked_for:
        for symbol, since in one.late:
            if surely_lacks(interpreter.version, since):
                lacking = f"which Python {_dotted(interpreter.version)} does not have"
                yield Trouble(what=f"'{one.path}' uses '{symbol}' of Python's C API, {lacking}.", is_sure=True)
        for symbol in one.odd:
            yield Trouble(what=f"'{one.path}' uses '{symbol}', which the limited API of no Python has.", is_sure=False)


def _of_machine(modules: Sequence[Module], arch: str) -> Iterator[Trouble]:
    """A wheel may bring modules for several machines. A name with the machine in it is only looked for there."""
    if any(one.machine in (arch, "") for one in modules):
        return
    for one in modules:
        what = f"'{one.path}' is for {one.machine}, and the wheel has no extension module for {arch}."
        yield Trouble(what=what, is_sure=one.machine not in one.suffix)


def _by_name(modules: Iterable[Module]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in modules:
        found.setdefault(one.name, []).append(one.path)
    return found


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
