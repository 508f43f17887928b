"""What in a wheel's needs stands in the way of a policy, or of every policy. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from ..catalogue.distro import Libc
from ..loader import C_LIBRARY, glibc_release
from ..wheels.elf import is_musl
from ..wheels.policies import MUSL, Policy, musl_symbols, policies
from .needs import Flaw, Need, Needs

# Of every C library: what no other system has, and nobody can bundle. All policies of the library itself allow these.
C_LIBRARIES = frozenset(
    {"libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libutil.so.1", "libc.so"}
)
RELR = "GLIBC_ABI_DT_RELR"
LOADERS = ("ld-linux", "ld64.so", "ld-musl")


@dataclass(frozen=True, kw_only=True, slots=True)
class Obstacle:
    """What stands in the way of a policy: a library it does not allow, a version or a symbol that it does not have.

    With a version, ``symbol`` is one that asks for it, where the file tells.
    """

    file: str
    library: str
    version: str = ""
    symbol: str = ""

    @property
    def is_other_libc(self) -> bool:
        """Whether it is a part of another C library than the tag's."""
        is_whole = not (self.version or self.symbol)
        return is_whole and (self.library in C_LIBRARIES or C_LIBRARY.match(self.library) is not None)

    @property
    def what(self) -> str:
        """Return a clause that follows the file's name."""
        if self.version:
            of_symbol = f" for '{self.symbol}'" if self.symbol else ""
            return f"needs symbol version '{self.version}' of '{self.library}'{of_symbol}"
        if self.symbol:
            if self.symbol in musl_symbols() and is_musl(self.library):
                version = ".".join(map(str, musl_symbols()[self.symbol]))
                return f"uses '{self.symbol}', which came with musl {version}"
            return f"uses '{self.symbol}', which is no public symbol of '{self.library}' everywhere"
        if self.is_other_libc:
            return f"needs '{self.library}', another C library than the tag's"
        return f"needs '{self.library}', which not every system has"


def flaws_of(needs: Needs) -> Iterator[Flaw]:
    """Yield what breaks the promise of every tag."""
    for need in needs.libpython:
        yield Flaw(file=need.file, what=f"is linked with '{need.library}', which PEP 513 forbids")
    for file in needs.stacks:
        yield Flaw(file=file, what="asks for an executable stack, which glibc 2.41 and newer refuse")
    for file, level in needs.levels:
        yield Flaw(file=file, what=f"insists on a CPU of level x86-64-v{level}, which no policy promises")


def unsound(file: str, note: str) -> str:
    """Return a sentence that says why nobody knows what the loader makes of a damaged file."""
    return f"Nobody can vouch for '{file}': it is {note}."


def obstacle_of(need: Need) -> Obstacle:
    """Return a need of a symbol version as what stands in the way."""
    return Obstacle(file=need.file, library=need.library, version=need.version, symbol=need.symbol)


def versions_of(needs: Needs) -> Iterator[Need]:
    """Yield the symbol versions needed. A linker that packs relocations (DT_RELR) need not ask for glibc's of them."""
    yield from needs.versions
    asking = {need.file for need in needs.versions if need.version == RELR}
    for file in needs.relr:
        if file not in asking:
            yield Need(file=file, library="libc.so.6", version=RELR)


def obstacles_of(needs: Needs, one: Policy) -> Iterator[Obstacle]:
    """Yield what a policy does not allow, in the order of the files."""
    for need in needs.libraries:
        if not _allows(one, need.library):
            yield Obstacle(file=need.file, library=need.library)
    for need in versions_of(needs):
        is_judged = _allows(one, need.library) and one.libc is Libc.GLIBC  # musl's loader compares no versions
        if is_judged and family_of(need.version) in families() and need.version not in one.versions:
            yield obstacle_of(need)
    for file, library, symbol in needs.symbols:
        if symbol in one.forbidden.get(MUSL if is_musl(library) else library, ()):
            yield Obstacle(file=file, library=library, symbol=symbol)


def _allows(one: Policy, library: str) -> bool:
    is_own_libc = one.libc is Libc.MUSL and is_musl(library) and MUSL in one.libraries
    return library in one.libraries or library.startswith(LOADERS) or is_own_libc


def family_of(version: str) -> str:
    """Return ``GLIBCXX`` for ``GLIBCXX_3.4.29``."""
    return version.partition("_")[0]


@cache
def families() -> frozenset[str]:
    """Return the families of symbol versions that policies speak of, such as ``GLIBCXX``."""
    return frozenset(family_of(version) for one in policies(Libc.GLIBC, "x86_64") for version in one.versions)


def glibc_minor(version: str) -> int:
    """Return 34 for ``GLIBC_2.34`` and the like (``GLIBC_ABI_DT_RELR`` is 36), 0 for a version of another library."""
    return int(glibc_release(version).removeprefix("2.") or 0)
