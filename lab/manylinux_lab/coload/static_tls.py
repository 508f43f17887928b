"""Whether the wheels of a run need more static TLS together than glibc keeps free, and an order that shows it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from ..tables import reference
from ..wheels.elf import ElfFacts


def order_that_exhausts(
    facts_by_wheel: Mapping[str, Sequence[ElfFacts]], libc_version: tuple[int, int]
) -> tuple[str, ...]:
    """Return the fewest wheels that together need more static TLS than there is, or nothing.

    Loaded in this order the last one should fail; so should any other order of the same wheels. A wheel that needs too
    much by itself is left out: it fails alone.

    Args:
        facts_by_wheel: by the name of a wheel the facts of those of its files that are loaded.
        libc_version: the version of glibc on the bench.
    """
    free = surplus(libc_version)
    needing = {name: _blocks(facts) for name, facts in facts_by_wheel.items()}
    fitting = {name: blocks for name, blocks in needing.items() if blocks and left(free, blocks) is not None}
    order: list[str] = []
    room = free
    for name in sorted(fitting, key=lambda name: (left(free, fitting[name]) or 0, name)):
        order.append(name)
        rest = left(room, fitting[name])
        if rest is None:
            return tuple(order)
        room = rest
    return ()


def _blocks(facts: Iterable[ElfFacts]) -> tuple[tuple[int, int], ...]:
    """Return size and alignment of what the files want in the static block."""
    return tuple((file.tls_size, file.tls_align) for file in facts if file.static_tls and file.tls_size)


def left(free: int, blocks: Iterable[tuple[int, int]]) -> int | None:
    """Return how many bytes stay free once blocks (size, alignment) are placed, or None where one does not fit.

    This is the arithmetic of ``_dl_try_allocate_static_tls`` in glibc's elf/dl-reloc.c for machines whose blocks lie
    below the thread pointer (x86, s390); on the others the rounding differs by less than an alignment.
    """
    for size, align in blocks:
        if size > free:
            return None
        free = (free - size) // max(align, 1) * max(align, 1)
    return free


@cache
def surplus(libc_version: tuple[int, int]) -> int:
    """Return the bytes that glibc of that version keeps free for libraries loaded after the start."""
    return max((since, number) for since, number in _surpluses() if since <= libc_version)[1]


def _surpluses() -> list[tuple[tuple[int, int], int]]:
    return reference(
        "runtimes.toml", lambda table: [(tuple(row["since"]), row["surplus"]) for row in table["static_tls"]]
    )
