"""The platform policies as data: ``reference/policies.toml`` and ``musl.toml`` as records. ``truth`` applies them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..catalogue.distro import Libc
from ..errors import UsageError
from ..tables import reference
from .tags import claim_of

MUSL = "libc.so"  # the name of musl as its authors build it; that of Alpine is libc.musl-x86_64.so.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a wheel of one policy may expect from every system, on one arch.

    ``libraries`` are sonames, ``versions`` the symbol versions they define, ``forbidden`` symbols of a library that
    its newer or older releases lack. ``name`` is without the arch (``manylinux_2_28``).
    """

    name: str
    aliases: tuple[str, ...]
    libc: Libc
    libc_version: tuple[int, int]
    arch: str
    libraries: frozenset[str]
    versions: frozenset[str]
    forbidden: Mapping[str, frozenset[str]]


@cache
def policies(libc: Libc, arch: str) -> tuple[Policy, ...]:
    """Return the policies of a libc on an arch, the oldest first; empty where there are none.

    Raises:
        UsageError: the file of this installation is damaged.
    """
    try:
        return tuple(_policies(libc, arch))
    except (LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"The file 'policies.toml' is damaged ({error!r}); install manylinux-lab again.") from error


def _policies(libc: Libc, arch: str) -> Iterator[Policy]:
    """Add up what each policy adds to those before it."""
    libraries: frozenset[str] = frozenset()
    versions: frozenset[str] = frozenset()
    forbidden: dict[str, frozenset[str]] = {}
    for table in _tables():
        if table["libc"] != libc.value:
            continue
        libraries |= set(table["libraries"])
        forbidden = _changed(forbidden, table.get("forbidden", {}), table.get("lifted", {}))
        if arch not in table["versions"]:
            continue
        versions |= set(table["versions"][arch])
        claim = claim_of(f"{table['name']}_{arch}")
        if claim is not None:
            yield Policy(
                name=table["name"],
                aliases=tuple(table["aliases"]),
                libc=libc,
                libc_version=claim.version,
                arch=arch,
                libraries=libraries,
                versions=versions,
                forbidden=forbidden if libc is Libc.GLIBC else {**forbidden, MUSL: _newer(claim.version)},
            )


def _newer(version: tuple[int, int]) -> frozenset[str]:
    """Return the symbols of every musl that is newer than a tag's."""
    return frozenset(name for name, since in musl_symbols().items() if since[:2] > version)


def _changed(
    before: Mapping[str, frozenset[str]], added: Mapping[str, list[str]], lifted: Mapping[str, list[str]]
) -> dict[str, frozenset[str]]:
    return {
        soname: (before.get(soname, frozenset()) | set(added.get(soname, ()))) - set(lifted.get(soname, ()))
        for soname in {*before, *added}
    }


@cache
def watched_symbols() -> frozenset[str]:
    """Return every symbol that some policy forbids."""
    tables = _tables()
    named = (name for table in tables for names in table.get("forbidden", {}).values() for name in names)
    return frozenset(named) | musl_symbols().keys()


@cache
def musl_symbols() -> Mapping[str, tuple[int, ...]]:
    """Return the first version of musl that has a symbol, for those that not every musl has.

    Raises:
        UsageError: the file of this installation is damaged.
    """
    return reference("musl.toml", _since)


def _since(table: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(map(int, version.split("."))) for version, names in table["since"].items() for name in names}


@cache
def system_libraries() -> frozenset[str]:
    """Return the sonames that some manylinux policy lets a wheel expect from the system."""
    return frozenset(
        soname for table in _tables() if table["libc"] == Libc.GLIBC.value for soname in table["libraries"]
    )


def is_system_library(soname: str) -> bool:
    """Tell whether a manylinux wheel may expect a library from the system (PEP 513, 571, 599 and 600's practice)."""
    return soname in system_libraries()


@cache
def index_arches() -> Mapping[str, frozenset[str]]:
    """Return the arches that the package index takes, by kind of platform tag (``manylinux``, ``manylinux2014``)."""
    return reference("index.toml", lambda table: {kind: frozenset(names) for kind, names in table["arches"].items()})


@cache
def _tables() -> list[dict[str, Any]]:
    return reference("policies.toml", lambda table: list(table["policy"]))
