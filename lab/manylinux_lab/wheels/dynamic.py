"""The dynamic section of an ELF file read once: pyelftools reads it, and all sections, anew for each question."""

from collections.abc import Iterator, Sequence
from typing import Any

from elftools.elf.dynamic import DynamicSegment


class Dynamic:
    """Answers as pyelftools' ``DynamicSegment`` does, from what it read at the start."""

    def __init__(self, segment: DynamicSegment, loaded: Sequence[Any]) -> None:
        self._tags = [(str(tag.entry.d_tag), tag) for tag in segment.iter_tags()]
        self._loads = [(int(one["p_vaddr"]), int(one["p_filesz"]), int(one["p_offset"])) for one in loaded]

    def iter_tags(self, type: str | None = None) -> Iterator[Any]:  # noqa: A002 - the name that pyelftools has
        """Yield the entries, of one type or all."""
        return (tag for name, tag in self._tags if type in (None, name))

    def value(self, name: str) -> int:
        """Return the number of the first entry of a type, 0 where there is none."""
        return next((int(tag.entry.d_val) for tag in self.iter_tags(name)), 0)

    def offset_of(self, address: int) -> int | None:
        """Return the offset in the file of what is loaded at an address, or None for nothing of the file."""
        offsets = (address - first + begin for first, size, begin in self._loads if first <= address < first + size)
        return next(offsets, None)

    def get_table_offset(self, name: str) -> tuple[int | None, int | None]:
        """Return address and offset in the file of the table that the first entry of a type points to."""
        pointer = next((int(tag.entry.d_ptr) for tag in self.iter_tags(name)), None)
        return pointer, None if pointer is None else self.offset_of(pointer)
