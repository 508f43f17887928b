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

    def get_table_offset(self, name: str) -> tuple[int | None, int | None]:
        """Return address and offset in the file of the table that the first entry of a type points to."""
        pointer = next((int(tag.entry.d_ptr) for tag in self.iter_tags(name)), None)
        if pointer is None:
            return None, None
        offsets = (pointer - first + begin for first, size, begin in self._loads if first <= pointer < first + size)
        return pointer, next(offsets, None)
