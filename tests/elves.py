"""Makes tiny ELF files with a dynamic section, as a linker would lay them out but with nothing in them to run."""

import struct

MACHINES = {"x86_64": 62, "aarch64": 183, "i686": 3, "ppc64le": 21, "cuda": 190}
DYN, EXEC, REL = 3, 2, 1
HEADER, PROGRAM_HEADER = 64, 56
INTERPRETER = b"/lib64/ld-linux-x86-64.so.2\0"


def elf(
    *symbols: str,
    kind: int = DYN,
    machine: int = MACHINES["x86_64"],
    is_interpreted: bool = False,
    is_pie: bool = False,
    has_gnu_hash: bool = True,
    is_defined: bool = True,
) -> bytes:
    """Return a 64-bit little-endian ELF file that defines (or only mentions) the symbols."""
    strings, symbol_table = _symbols(symbols, is_defined=is_defined)
    table = _gnu_hash(symbols) if has_gnu_hash else _hash(symbols)
    count = 3 if is_interpreted else 2
    start = HEADER + count * PROGRAM_HEADER
    places = {}
    body = b""
    for name, part in (("strings", strings), ("symbols", symbol_table), ("hash", table), ("interpreter", INTERPRETER)):
        body += b"\0" * (-len(body) % 8)
        places[name] = start + len(body)
        body += part
    body += b"\0" * (-len(body) % 8)
    dynamic = struct.pack(
        "<12Q",
        *(5, places["strings"], 6, places["symbols"], 0x6FFFFEF5 if has_gnu_hash else 4, places["hash"]),
        *(10, len(strings), 0x6FFFFFFB, 0x08000000 if is_pie else 0, 0, 0),
    )
    at = start + len(body)
    size = at + len(dynamic)
    headers = [_program_header(1, 0, size), _program_header(2, at, len(dynamic))]
    if is_interpreted:
        headers.append(_program_header(3, places["interpreter"], len(INTERPRETER)))
    identity = b"\x7fELF" + bytes([2, 1, 1]) + b"\0" * 9
    header = identity + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0, HEADER, 0, 0, HEADER, 56, count, 64, 0, 0)
    return header + b"".join(headers) + body + dynamic


def _program_header(kind: int, offset: int, size: int) -> bytes:
    return struct.pack("<IIQQQQQQ", kind, 5, offset, offset, offset, size, size, 8)


def _symbols(names: tuple[str, ...], *, is_defined: bool) -> tuple[bytes, bytes]:
    strings = b"\0"
    table = b"\0" * 24
    for name in names:
        table += struct.pack("<IBBHQQ", len(strings), 0x12, 0, 1 if is_defined else 0, 0x1000, 0)
        strings += name.encode() + b"\0"
    return strings, table


def _gnu_hash(names: tuple[str, ...]) -> bytes:
    """One bucket; the symbols of a file must be defined to be in it."""
    chain = [_djb(name) & ~1 for name in names]
    if chain:
        chain[-1] |= 1
    bucket = 1 if chain else 0
    return struct.pack(f"<IIIIQI{len(chain)}I", 1, 1, 1, 0, 2**64 - 1, bucket, *chain)


def _djb(name: str) -> int:
    value = 5381
    for byte in name.encode():
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


def _hash(names: tuple[str, ...]) -> bytes:
    """One bucket whose chain is all symbols in order."""
    count = len(names) + 1
    following = [0, *(index + 1 if index + 1 < count else 0 for index in range(1, count))]
    return struct.pack(f"<III{count}I", 1, count, 1 if names else 0, *following)
