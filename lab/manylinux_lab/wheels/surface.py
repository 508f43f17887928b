"""What a wheel shows on its surface: the tags inside its WHEEL file, sizes, licences, software bills of materials."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.tags import parse_tag

from .record import Faults

TAGS_LIMIT = 200
LICENCES = ("licen", "copying", "notice", "copyright")
CODE = (".py", ".pyi", ".so", ".h", ".js")  # "license.py" is a module


@dataclass(frozen=True, kw_only=True, slots=True)
class Surface:
    """``tags`` are those of the WHEEL file as text, ``odd_tags`` what stands there in place of some.

    Sizes are in bytes; licences and bills are paths in the archive. ``record`` is what is wrong with its RECORD.
    ``is_purelib`` tells that its WHEEL file sends its files to the folder for pure Python.
    """

    tags: tuple[str, ...]
    odd_tags: tuple[str, ...]
    entries: int
    packed: int
    expanded: int
    licences: tuple[str, ...]
    bills: tuple[str, ...]
    record: Faults
    is_purelib: bool = False


def surface(sizes: Mapping[str, int], packed: int, wheel_file: bytes, record: Faults) -> Surface:
    """Return what a wheel shows, from the size of each entry, the size of the archive, and its WHEEL file."""
    names = sorted(sizes)
    tags, odd = _tags(fields(wheel_file, "tag"))
    return Surface(
        tags=tags,
        odd_tags=odd,
        entries=len(names),
        packed=packed,
        expanded=sum(sizes.values()),
        licences=tuple(name for name in names if _is_licence(name)),
        bills=tuple(name for name in names if ".dist-info/sboms/" in name),
        record=record,
        is_purelib=next(fields(wheel_file, "root-is-purelib"), "").lower() == "true",
    )


def fields(wheel_file: bytes, name: str) -> Iterator[str]:
    """Yield what a WHEEL file says under a name, which is in small letters here."""
    for line in wheel_file.decode("utf-8", "replace").splitlines():
        key, colon, value = line.partition(":")
        if colon and key.lower() == name:
            yield value.strip()


def _tags(lines: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    tags: set[str] = set()
    odd = []
    for line in [*lines][:TAGS_LIMIT]:
        try:
            tags |= {str(tag) for tag in parse_tag(line)}
        except ValueError:
            odd.append(line)
    return tuple(sorted(tags)), tuple(sorted(odd))


def _is_licence(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return (file.lower().startswith(LICENCES) and not file.endswith(CODE)) or folder.endswith(".dist-info/licenses")
