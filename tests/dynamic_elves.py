"""Makes tiny shared objects of both sizes and byte orders whose headers say what a dynamic loader asks for."""

import struct
from collections.abc import Sequence

NEEDED, HASH, STRTAB, SYMTAB, STRSZ, SONAME, RPATH, RUNPATH, FLAGS = 1, 4, 5, 6, 10, 14, 15, 29, 30
GNU_HASH, VERSYM, VERNEED, VERNEEDNUM = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFF
RELA, RELASZ, INIT_ARRAY, INIT_ARRAYSZ = 7, 8, 25, 27
LOAD, DYNAMIC, NOTE, TLS, STACK = 1, 2, 4, 7, 0x6474E551
UNIQUE_OBJECT, GLOBAL_FUNCTION = 0xA1, 0x12


def dynamic_elf(
    *,
    wide: bool = True,
    order: str = "<",
    machine: int = 62,
    texts: Sequence[tuple[int, str]] = (),
    flags: int = 0,
    tls: tuple[int, int] | None = None,
    stack: int | None = 6,
    unique: Sequence[str] = (),
    ordinary: Sequence[str] = (),
    undefined: Sequence[str] = (),
    hash_tag: int = GNU_HASH,
    versions: Sequence[tuple[str, Sequence[str]]] = (),
    weak_versions: bool = False,
    numbers: Sequence[int] = (),
    notes: bytes = b"",
    align: int = 8,
    constructors: Sequence[bytes] = (),
    relocated: bool = False,
) -> bytes:
    """Return a shared object. ``texts`` are entries of its dynamic section, ``tls`` size and alignment.

    ``versions`` are the symbol versions it needs of libraries, numbered from 2 on; ``numbers`` are those that the
    undefined symbols ask for. ``notes`` is the content of its note segment.
    ``constructors`` are the code of functions in its DT_INIT_ARRAY, whose pointers are ``relocated`` or simply there.
    """
    strings = _Strings()
    symbols = [(name, GLOBAL_FUNCTION, 0) for name in undefined]
    first = len(symbols) + 1
    symbols += [(name, GLOBAL_FUNCTION, 1) for name in ordinary] + [(name, UNIQUE_OBJECT, 1) for name in unique]
    table = _symbol(0, 0, 0, wide, order)
    table += b"".join(_symbol(strings.add(name), kind, section, wide, order) for name, kind, section in symbols)
    entries = [(tag, strings.add(text)) for tag, text in texts] + ([(FLAGS, flags)] if flags else [])
    hashes = _gnu_hash(first, len(symbols) + 1, wide, order) if hash_tag == GNU_HASH else _hash(len(symbols) + 1, order)
    needs = _version_needs(strings, versions, order, flags=2 if weak_versions else 0)
    kinds = [
        LOAD,
        DYNAMIC,
        *([TLS] if tls else []),
        *([STACK] if stack is not None else []),
        *([NOTE] if notes else []),
    ]
    start = (64 if wide else 52) + len(kinds) * (56 if wide else 32)
    places, body = {}, b""
    parts = [(STRTAB, bytes(strings.content)), (SYMTAB, table), (hash_tag, hashes)]
    parts += [(VERSYM, struct.pack(f"{order}{len(numbers) + 1}H", 0, *numbers))] if numbers else []
    for tag, part in [*parts, *([(VERNEED, needs)] if needs else []), *([(-NOTE, notes)] if notes else [])]:
        body += b"\0" * (-(start + len(body)) % 8)
        places[tag] = start + len(body)
        body += part
    if constructors:
        body, more = _with_constructors(body, start, constructors, 8 if machine == 62 else 1027, relocated=relocated)
        places |= more
    body += b"\0" * (-(start + len(body)) % 8)
    word = "Q" if wide else "I"
    notes_at = places.pop(-NOTE, 0)
    entries += [(VERNEEDNUM, len(versions))] if versions else []
    pairs = [*entries, *places.items(), (STRSZ, len(strings.content)), (0, 0)]
    dynamic = b"".join(struct.pack(f"{order}2{word}", tag, value) for tag, value in pairs)
    at = start + len(body)
    sizes = {
        LOAD: (0, at + len(dynamic), 5, align),
        NOTE: (notes_at, len(notes), 4, 8),
        DYNAMIC: (at, len(dynamic), 6, 8),
        TLS: (at, (tls or (0, 0))[0], 4, (tls or (0, 0))[1]),
        STACK: (0, 0, stack or 0, 16),
    }
    headers = b"".join(_segment(kind, *sizes[kind], wide=wide, order=order) for kind in kinds)
    return _header(machine, len(kinds), wide, order) + headers + body + dynamic


def _with_constructors(
    body: bytes, start: int, codes: Sequence[bytes], kind: int, *, relocated: bool
) -> tuple[bytes, dict[int, int]]:
    """Append code, the array of pointers to it and relocations; return the body and entries of the dynamic section."""
    addresses = []
    for code in codes:
        body += b"\0" * (-(start + len(body)) % 16)
        addresses.append(start + len(body))
        body += code
    body += b"\0" * (-(start + len(body)) % 8)
    array = start + len(body)
    body += struct.pack(f"<{len(codes)}Q", *([0] * len(codes) if relocated else addresses))
    entries = {INIT_ARRAY: array, INIT_ARRAYSZ: 8 * len(codes)}
    if relocated:
        entries |= {RELA: start + len(body), RELASZ: 24 * len(codes)}
        body += b"".join(struct.pack("<3Q", array + 8 * n, kind, address) for n, address in enumerate(addresses))
    return body, entries


class _Strings:
    def __init__(self) -> None:
        self.content = bytearray(b"\0")

    def add(self, text: str) -> int:
        place = len(self.content)
        self.content += text.encode() + b"\0"
        return place


def note(kind: int, content: bytes) -> bytes:
    """Return one GNU note, aligned to eight bytes."""
    return struct.pack("<3I", 4, len(content), kind) + b"GNU\0" + content + b"\0" * (-len(content) % 8)


def _version_needs(
    strings: _Strings, versions: Sequence[tuple[str, Sequence[str]]], order: str, *, flags: int
) -> bytes:
    table = b""
    index = 1
    for number, (library, names) in enumerate(versions, 1):
        size = 16 * (1 + len(names))
        following = size if number < len(versions) else 0
        table += struct.pack(f"{order}2H3I", 1, len(names), strings.add(library), 16, following)
        for place, name in enumerate(names, 1):
            step = 16 if place < len(names) else 0
            index += 1
            table += struct.pack(f"{order}I2H2I", 0, flags, index, strings.add(name), step)
    return table


def _header(machine: int, segments: int, wide: bool, order: str) -> bytes:
    identity = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + b"\0" * 9
    word, size, entry = ("Q", 64, 56) if wide else ("I", 52, 32)
    return identity + struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH", 3, machine, 1, 0, size, 0, 0, size, entry, segments, 0, 0, 0
    )


def _segment(kind: int, at: int, size: int, flags: int, alignment: int, *, wide: bool, order: str) -> bytes:
    if wide:
        return struct.pack(f"{order}IIQQQQQQ", kind, flags, at, at, at, size, size, alignment)
    return struct.pack(f"{order}8I", kind, at, at, at, size, size, flags, alignment)


def _symbol(name: int, kind: int, section: int, wide: bool, order: str) -> bytes:
    if wide:
        return struct.pack(f"{order}IBBHQQ", name, kind, 0, section, 0x1000, 0)
    return struct.pack(f"{order}IIIBBH", name, 0x1000, 0, kind, 0, section)


def _gnu_hash(first: int, count: int, wide: bool, order: str) -> bytes:
    """One bucket, whose chain ends with the last symbol; what the symbols are called does not matter to readers."""
    chain = [2] * (count - first)
    if chain:
        chain[-1] |= 1
    bloom = "Q" if wide else "I"
    return struct.pack(f"{order}4I{bloom}I{len(chain)}I", 1, first, 1, 0, 0, first if chain else 0, *chain)


def _hash(count: int, order: str) -> bytes:
    return struct.pack(f"{order}3I{count}I", 1, count, 0, *([0] * count))
