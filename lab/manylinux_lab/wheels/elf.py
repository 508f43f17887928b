"""What the dynamic loader would read of a wheel's ELF files, as facts: names, needs, TLS, stack, unique symbols.

``elf_reading`` makes the records; whoever only wants to know them need not import what it takes to read a file.
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What the dynamic loader would do with an ELF file."""

    OBJECT = "object"
    EXECUTABLE = "executable"
    OTHER = "other"  # relocatable objects, core dumps, code of GPUs and other devices


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfFacts:
    """An ELF object or program of a wheel; ``path`` is below the site folder, ``machine`` PyPA's name of its arch.

    ``sha256`` is that of the file itself. ``static_tls`` is the flag DF_STATIC_TLS: the loader must find ``tls_size``
    bytes aligned to ``tls_align`` in the block that every thread was given at its start. ``unique`` are the symbols
    that the file defines with the binding STB_GNU_UNIQUE. ``note`` says in words what could not be read.

    ``versions`` are (library, symbol versions of it) that the loader insists on, ``first_symbols``
    (library, version, the first symbol by name that asks for it). ``exported`` counts the symbols that
    others may bind to; of the undefined ones, ``watched`` are those that some policy forbids and ``python`` those of
    Python's C API. ``align`` is the smallest alignment of a loaded segment in bytes, ``x86_level`` the x86-64 level
    that the file insists on (1 is the baseline, 0 says nothing). ``relr`` tells of DT_RELR relocations, ``textrel`` of
    relocations in code, ``only_gnu_hash`` of a file without the older hash table. ``flushes_to_zero`` tells of a
    constructor that sets this mode of the CPU. ``undefined`` counts the symbols that the file expects of others.

    ``loose`` are undefined symbols that ask for no version, where all libraries that the file needs give versions to
    theirs (some of them, and none where a needed library does not): another file must have brought them before.

    ``inits`` are the functions it exports that make a Python module (``PyInit_x``), ``of_glibc`` is an undefined symbol
    that only glibc has. ``is_sound`` is False where nobody can say what the loader makes of the file: it ends before
    its segments do, or what it says of itself cannot be read.
    """

    path: str
    sha256: str
    machine: str = ""
    kind: Kind = Kind.OBJECT
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: str = ""
    runpath: str = ""
    static_tls: bool = False
    tls_size: int = 0
    tls_align: int = 0
    executable_stack: bool = False
    unique: frozenset[str] = frozenset()
    bits: int = 0
    little_endian: bool = True
    versions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    first_symbols: tuple[tuple[str, str, str], ...] = ()
    exported: int = 0
    watched: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    align: int = 0
    build_id: str = ""
    x86_level: int = 0
    textrel: bool = False
    relr: bool = False
    only_gnu_hash: bool = False
    flushes_to_zero: bool = False
    undefined: int = 0
    inits: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    of_glibc: str = ""
    note: str = ""
    is_sound: bool = True

    @property
    def libc(self) -> str:
        """``glibc`` or ``musl``, as versions and needed libraries tell, then a symbol of glibc alone; else nothing."""
        if any(version.startswith("GLIBC_") for _, versions in self.versions for version in versions):
            return "glibc"
        if any(is_musl(library) for library in self.needed):
            return "musl"
        return "glibc" if "libc.so.6" in self.needed or self.of_glibc else ""


def is_musl(library: str) -> bool:
    """Whether a library of this name is musl: by the name of its authors, or by Alpine's."""
    return library == "libc.so" or library.startswith("libc.musl-")


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfFiles:
    """The facts of all ELF files of a wheel, by path."""

    files: tuple[ElfFacts, ...]
