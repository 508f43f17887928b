"""Make the corpus of damaged ELF files and archives that ``tests/test_fuzz.py`` reads: ``python tools/fuzz_corpus.py``.

``tests/fuzz/real.so`` is a real shared object, made by ``gcc`` with the command below and kept, so that the others can
be made again on any machine. Each of the others is ``real.so``, or a small wheel with it, wrong in one way.
"""

import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "fuzz"
SOURCE = 'extern int puts(const char *); __thread int t; int PyInit_real(void) { return puts("x") + t; }\n'
COMMAND = (
    "gcc -x c - -shared -fPIC -Os -s -nostartfiles -Wl,--hash-style=both -Wl,-z,max-page-size=16 "
    "-Wl,-z,noseparate-code -Wl,-rpath,/build/lib -Wl,-soname,libreal.so.1 -o real.so"
)
PROGRAM_HEADERS, PROGRAM_HEADER = 64, 56
NAME = "demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"


def main() -> None:
    """Write the corpus; ``--compile`` makes ``real.so`` anew as well."""
    FOLDER.mkdir(exist_ok=True)
    if "--compile" in sys.argv:
        subprocess.run(COMMAND.split(), input=SOURCE, text=True, cwd=FOLDER, check=True)
    real = (FOLDER / "real.so").read_bytes()
    for name, data in elves(real):
        (FOLDER / f"{name}.so").write_bytes(data)
    for name, data in archives(real):
        (FOLDER / f"{name}.zip").write_bytes(data)


def elves(real: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield damaged ELF files by name."""
    yield "empty", b""
    yield "linker-script", b"/* GNU ld script */\nINPUT ( libreal.so.1 )\n"
    for end in (4, 20, 63, 64, 100, 300, len(real) // 2, len(real) - 40):
        yield f"cut-{end}", real[:end]
    yield "other-byte-order", changed(real, 5, "<B", 2)
    yield "other-size", changed(real, 4, "<B", 1)
    yield "no-sections", changed(real, 40, "<Q", 0)[:60] + struct.pack("<2H", 0, 0) + real[64:]
    yield "many-sections", changed(changed(real, 40, "<Q", 64), 60, "<H", 0xFFFF)
    yield "many-segments", changed(real, 56, "<H", 0xFFFF)
    yield "segment-of-no-size", changed(real, 54, "<H", 0)
    yield "segments-overlap", overlapping(real)
    yield "segments-far-away", with_segments(real, offset=2**63)
    yield "dynamic-far-away", with_segments(real, offset=2**62, kinds=(2,))
    yield "dynamic-is-the-header", with_segments(real, offset=0, kinds=(2,))
    for tag, name in ((5, "strings"), (6, "symbols"), (10, "string-size"), (0x6FFFFEF5, "hash"), (0x6FFFFFFE, "needs")):
        for value in (0, 1, 2**40, 2**64 - 1):
            yield f"{name}-{value:x}", with_entry(real, tag, value)
    yield "program-without-strings", with_entry(changed(real, 16, "<H", 2), 5, 2**40)
    yield "many-versions", with_entry(real, 0x6FFFFFFF, 2**32)
    yield "steering-name", real.replace(b"/build/lib\0", b"/bu\x1b[2J\x9b1m\0")
    yield "endless-name", real.replace(b"\0libreal.so.1\0", b"\xfflibreal.so.1\xff")


def changed(data: bytes, place: int, form: str, value: int) -> bytes:
    """Return the data with one number replaced."""
    copy = bytearray(data)
    struct.pack_into(form, copy, place, value)
    return bytes(copy)


def with_segments(real: bytes, *, offset: int, kinds: tuple[int, ...] = (1, 2)) -> bytes:
    """Return the file with the segments of some kinds at another offset."""
    (count,) = struct.unpack_from("<H", real, 56)
    for number in range(count):
        place = PROGRAM_HEADERS + number * PROGRAM_HEADER
        if struct.unpack_from("<I", real, place)[0] in kinds:
            real = changed(real, place + 8, "<Q", offset)
    return real


def overlapping(real: bytes) -> bytes:
    """Return the file with every segment as large as the file, from its start."""
    (count,) = struct.unpack_from("<H", real, 56)
    copy = bytearray(real)
    for number in range(count):
        place = PROGRAM_HEADERS + number * PROGRAM_HEADER
        struct.pack_into("<5Q", copy, place + 8, 0, 0, 0, len(real), len(real))
    return bytes(copy)


def with_entry(real: bytes, tag: int, value: int) -> bytes:
    """Return the file with another value of one entry of its dynamic section."""
    place = next(place for place in range(0, len(real) - 16, 8) if real[place : place + 8] == struct.pack("<Q", tag))
    return changed(real, place + 8, "<Q", value)


def archives(real: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield damaged wheels by name, each with what an honest one has."""
    honest = archive(real)
    yield "honest", honest
    yield "cut", honest[: len(honest) // 2]
    central = honest.rfind(b"PK\x01\x02", 0, honest.rfind(b"PK\x01\x02"))
    yield "size-too-small", changed(honest, honest.find(b"PK\x01\x02") + 24, "<I", 1)
    yield "size-too-large", changed(honest, honest.find(b"PK\x01\x02") + 24, "<I", 2**31)
    yield "packed-size-too-large", changed(honest, honest.find(b"PK\x01\x02") + 20, "<I", 2**31)
    yield "checksum", changed(honest, honest.find(b"PK\x01\x02") + 16, "<I", 0)
    yield "entry-elsewhere", changed(honest, central + 42, "<I", 0)
    yield "steering-entry", honest.replace(b"demo/real.so", b"demo/\x1b[2J.so")
    yield "many-entries", changed(honest, honest.rfind(b"PK\x05\x06") + 10, "<H", 0xFFFE)


def archive(real: bytes) -> bytes:
    """Return a wheel with the file in it."""
    path = FOLDER / "made.part"
    texts = {
        "demo/real.so": real,
        "demo-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        "demo-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_17_x86_64\n",
        "demo-1.0.dist-info/RECORD": b"demo/real.so,,\n",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in texts.items():
            file.writestr(zipfile.ZipInfo(name), data, compress_type=zipfile.ZIP_DEFLATED)
    made = path.read_bytes()
    path.unlink()
    return made


if __name__ == "__main__":
    main()
