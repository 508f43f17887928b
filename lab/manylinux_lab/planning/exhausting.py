"""Which wheels of a site exhaust glibc's static TLS together: predicted from their files, to be confirmed by a cell."""

from collections.abc import Callable, Iterator, Sequence

from ..cells import Bench
from ..coload.static_tls import order_that_exhausts, surplus
from ..wheels.elf import ElfFacts
from ..wheels.remembered import elf_facts
from ..wheels.wheel import Wheel, loadable
from .sites import Member


def exhausting(
    bench: Bench, given: Sequence[Member], wheel_of: Callable[[str], Wheel]
) -> tuple[tuple[Member, ...], str]:
    """Return members of one site in an order whose last one should not load, and why; nobody where there is room.

    ``wheel_of`` returns a wheel by sha256. What several members need is counted once.
    """
    if bench.libc != "glibc" or len(given) < 2:
        return (), ""
    counted: set[str] = set()
    facts: dict[str, list[ElfFacts]] = {}
    for member in given:
        new = [sha256 for sha256 in member.closure.values() if sha256 not in counted]
        counted.update(new)
        facts[member.name] = [file for sha256 in new for file in _loaded(wheel_of(sha256), bench)]
    names = order_that_exhausts(facts, bench.libc_version)
    if not names:
        return (), ""
    wanted = sum(file.tls_size for name in names for file in facts[name] if file.static_tls)
    glibc = f"{bench.libc_version[0]}.{bench.libc_version[1]}"
    reason = f"together they want {wanted} bytes of static TLS, glibc {glibc} keeps {surplus(bench.libc_version)} free"
    by_name = {member.name: member for member in given}
    return tuple(by_name[name] for name in names), reason


def _loaded(wheel: Wheel, bench: Bench) -> Iterator[ElfFacts]:
    """Yield the facts of what an import of the wheel may load on the bench."""
    fitting = loadable(wheel, bench.interpreter.abi, bench.arch)
    paths = {extension.path for extension in fitting.extensions} | set(fitting.objects)
    if paths:
        yield from (file for file in elf_facts(wheel) if file.path in paths)
