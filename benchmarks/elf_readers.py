"""The facts of wheels' ELF files, as the lab reads them with pyelftools, beside LIEF asked for the same.

``pip install lief``, then ``python benchmarks/elf_readers.py FOLDER...``. All files are in memory before the clock
starts, and each reader runs in a process of its own. LIEF is asked for what the lab needs of it and no more:
relocations, sections and debugging symbols are left out. Times are CPU seconds, the best of three.
"""

import io
import multiprocessing
import resource
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tabulate import tabulate

from manylinux_lab.wheels.binary import MAGIC, examine
from manylinux_lab.wheels.elf_reading import facts_of

ROUNDS = 3
File = tuple[str, bytes]


def main(folders: list[Path]) -> None:
    """Print seconds and memory of both readers."""
    files = [file for folder in folders for path in sorted(folder.glob("*.whl")) for file in elf_files(path)]
    wheels = sum(len(list(folder.glob("*.whl"))) for folder in folders)
    size = sum(len(data) for _, data in files) >> 20
    print(f"{len(files)} ELF files of {wheels} wheels, {size} MiB")
    rows = [(name, *apart(read, files)) for name, read in READERS.items()]
    print(tabulate(rows, headers=("reader", "CPU s", "MiB more than the files"), floatfmt=(".0f", ".2f", ".0f")))


def elf_files(path: Path) -> Iterator[File]:
    """Yield name and content of a wheel's ELF files."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as stream:
                first = stream.read(len(MAGIC))
                if first == MAGIC:
                    yield name, first + stream.read()


def apart(read: Callable[[File], object], files: list[File]) -> tuple[float, float]:
    """Return CPU seconds and the growth of memory of reading all files, in a process of its own."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=measured, args=(read, files, sender))
    process.start()
    told: tuple[float, float] = receiver.recv()
    process.join()
    return told


def measured(read: Callable[[File], object], files: list[File], sender: Any) -> None:
    """Send the best time of some rounds, and how much memory grew."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for file in files:
            read(file)
        best = min(best, time.process_time() - started)
    sender.send((best, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))


def with_pyelftools(file: File) -> object:
    """Read all facts as the lab does."""
    name, data = file
    stream = io.BytesIO(data)
    return facts_of(name, "", examine(stream, name.rpartition("/")[2]), stream)


def with_lief(file: File) -> object:
    """Ask LIEF for what the facts are made of; the constructors' code is not looked at."""
    import lief

    settings = lief.ELF.ParserConfig()
    settings.parse_relocations = settings.parse_symtab_symbols = settings.parse_overlay = False
    binary = lief.ELF.parse(io.BytesIO(file[1]), settings)
    if binary is None:
        return None
    symbols = [(one.name, one.binding, one.shndx, one.visibility) for one in binary.dynamic_symbols]
    return (
        [(one.type, one.flags, one.alignment, one.virtual_size) for one in binary.segments],
        [(one.tag, one.value) for one in binary.dynamic_entries],
        list(binary.libraries),
        [
            (one.name, [(aux.name, aux.hash) for aux in one.get_auxiliary_symbols()])
            for one in binary.symbols_version_requirement
        ],
        [(one.type, bytes(one.description)) for one in binary.notes],
        sum(1 for *_, section, _ in symbols if section),
        [name for name, _, section, _ in symbols if not section and name.startswith(("Py", "_Py"))],
    )


READERS: dict[str, Callable[[File], object]] = {"pyelftools, as the lab": with_pyelftools, "LIEF": with_lief}

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python benchmarks/elf_readers.py FOLDER...")
    main([Path(name) for name in sys.argv[1:]])
