"""Hostile wheels: whatever is in them, ``inspect`` answers in its own words, with bounded memory and harmless text.

The files in ``tests/fuzz`` are made by ``tools/fuzz_corpus.py``. What hypothesis adds is the same in every run, so that
a failure on one machine is a failure on all; an input that fails becomes a file of the corpus.
"""

import io
import shutil
import tracemalloc
from pathlib import Path

import fuzz_corpus
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wheels import build_wheel

from manylinux_lab.__main__ import main
from manylinux_lab.wheels import archive
from manylinux_lab.wheels.binary import examine
from manylinux_lab.wheels.elf import ElfFacts
from manylinux_lab.wheels.elf_reading import facts_of
from manylinux_lab.wheels.symbol_table import table_of

FOLDER = fuzz_corpus.FOLDER
ELVES = sorted(FOLDER.glob("*.so"))
ARCHIVES = sorted(FOLDER.glob("*.zip"))
READABLE = ("honest", "steering-entry", "many-entries")  # Python's zipfile does not count on the number of entries
MEMORY = 96 << 20  # bytes, of which a table may take 64 MiB
CORPUS = [path.read_bytes() for path in ELVES]
REPEATABLE = settings(
    derandomize=True, database=None, max_examples=400, deadline=None, suppress_health_check=list(HealthCheck)
)


def inspected(capsys: pytest.CaptureFixture[str], path: Path) -> tuple[int, str]:
    """Return exit code and output; neither a traceback nor much memory nor a control character is in order."""
    tracemalloc.start()
    try:
        code = main(["inspect", "--symbols", str(path)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    told = capsys.readouterr()
    assert peak < MEMORY
    assert told.err == ""
    assert all(character.isprintable() for character in told.out.replace("\n", ""))
    return code, told.out


@pytest.mark.parametrize("in_memory", [True, False], ids=["in-memory", "in-a-file"])
@pytest.mark.parametrize("path", ELVES, ids=lambda path: path.stem)
def test_a_damaged_elf_file_is_told_and_breaks_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path, in_memory: bool
) -> None:
    monkeypatch.setattr(archive, "IN_MEMORY", 64 << 20 if in_memory else 0)
    data = path.read_bytes()
    wheel = build_wheel(tmp_path, files={"demo/x.so": data}, tag="cp311-cp311-manylinux_2_17_x86_64")
    code, text = inspected(capsys, wheel)

    assert code in (0, 1)
    assert ("no ELF files" in text) is not data.startswith(b"\x7fELF")


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: path.stem)
def test_a_damaged_archive_is_told_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, path: Path
) -> None:
    wheel = Path(shutil.copy(path, tmp_path / fuzz_corpus.NAME))
    code, text = inspected(capsys, wheel)

    assert (code, "unreadable" in text) == ((0, False) if path.stem in READABLE else (1, True))


def test_entries_that_share_their_bytes_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A zip bomb of entries over one another: its ratio looks harmless, since each entry counts the bytes anew."""
    honest = (FOLDER / "honest.zip").read_bytes()
    first, end = honest.find(b"PK\x01\x02"), honest.rfind(b"PK\x05\x06")
    second = honest.find(b"PK\x01\x02", first + 4)
    entry = honest[first:second]
    copies = b"".join(entry.replace(b"demo/real.so", b"demo/%04d.so" % number) for number in range(200))
    tail = bytearray(honest[end:])
    tail[8:16] = (204).to_bytes(2, "little") * 2 + (end - first + len(copies)).to_bytes(4, "little")
    wheel = tmp_path / fuzz_corpus.NAME
    wheel.write_bytes(honest[:end] + copies + bytes(tail))
    code, text = inspected(capsys, wheel)

    assert (code, "they overlap, as in a zip bomb" in " ".join(text.split())) == (1, True), text


def test_the_corpus_is_what_its_tool_makes() -> None:
    real = (FOLDER / "real.so").read_bytes()
    made = {f"{name}.so": data for name, data in fuzz_corpus.elves(real)}

    assert {path.name: path.read_bytes() for path in ELVES} == {**made, "real.so": real}


def test_the_real_one_is_read_whole() -> None:
    stream = io.BytesIO((FOLDER / "real.so").read_bytes())
    found = facts_of("real.so", "", examine(stream, "real.so"), stream)

    assert found is not None
    assert (found.note, found.soname, found.runpath, found.tls_size) == ("", "libreal.so.1", "/build/lib", 4)
    assert found.versions == (("ld-linux-x86-64.so.2", ("GLIBC_2.3",)), ("libc.so.6", ("GLIBC_2.2.5",)))


@given(
    st.sampled_from(CORPUS),
    st.lists(st.tuples(st.integers(0, 4000), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF])), max_size=16),
    st.integers(0, 4000),
)
@REPEATABLE
def test_no_bytes_raise(data: bytes, changes: list[tuple[int, int]], end: int) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        if damaged:
            damaged[place % len(damaged)] = value
    stream = io.BytesIO(bytes(damaged[: end or None]))
    found = facts_of("x.so", "", examine(stream, "x.so"), stream)

    assert found is None or isinstance(found, ElfFacts)
    assert len(list(table_of("x.so", stream))) == (found is not None)
