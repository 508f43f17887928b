"""Where a wheel's files go when it is installed into a site folder, and which names can then be imported."""

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from ..tables import reference

# The suffixes of CPython and PyPy on Linux (PEP 3149), the stable ABI's and the bare one.
EXTENSION = re.compile(r"^(?P<name>[^.]+)(?P<suffix>(\.(cpython|pypy|graalpy)\w*-[^/]*|\.abi3|\.abi3t)?\.so)$")
FOREIGN = ("darwin", "ios", "android", "emscripten", "cygwin", "win32", "win_")
NOT_IMPORTED = (".libs", ".data", ".dist-info", ".egg-info")
SCHEMES = {"purelib": "", "platlib": "", "data": "", "scripts": "bin/"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """An entry of the archive and its place below the site folder; ``is_code`` where imports are looked for."""

    entry: str
    path: str
    is_code: bool


def installed_paths(entries: Iterable[str]) -> tuple[Installed, ...]:
    """Return where an installer with ``--target`` puts each file; headers go elsewhere and are left out."""
    return tuple(placed for entry in entries if (placed := _installed(entry)) is not None)


def _installed(entry: str) -> Installed | None:
    top, _, rest = entry.partition("/")
    if not top.endswith(".data") or not rest:
        return Installed(entry=entry, path=entry, is_code=True)
    scheme, _, inner = rest.partition("/")
    if scheme not in SCHEMES or not inner:
        return None
    return Installed(entry=entry, path=SCHEMES[scheme] + inner, is_code=scheme in ("purelib", "platlib"))


def extension_name(path: str) -> tuple[str, str] | None:
    """Return the dotted name and the suffix of a path that could be an extension module, else None.

    Parts need not be identifiers: mypyc's shared modules begin with a digit, and only ``importlib`` can name them.
    """
    *folders, file = path.split("/")
    match = EXTENSION.match(file)
    if match is None or any(word in match["suffix"] for word in FOREIGN):
        return None
    parts = folders if match["name"] == "__init__" and folders else [*folders, match["name"]]
    if any("." in part for part in parts):
        return None
    return ".".join(parts), match["suffix"]


def init_functions(name: str) -> tuple[str, str]:
    """Return the functions by either of which a file makes the module of a dotted name (PEP 489, PEP 793)."""
    last = name.rpartition(".")[2]
    form = f"_{last}" if last.isascii() else f"U_{last.encode('punycode').decode('ascii').replace('-', '_')}"
    return f"PyInit{form}", f"PyModExport{form}"


def import_names(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the dotted names that a wheel brings, from the paths of its modules below the site folder.

    A folder without ``__init__`` is a namespace (PEP 420) and stands for the packages and modules in it.
    """
    modules = {module for path in paths if (module := _module(path)) is not None}
    packages = {module[:-1] for module in modules if module[-1] == "__init__"}
    names = {_outermost(module, packages) for module in modules if module[-1] != "__main__"} - {""}
    owned = {name for name in names if name.partition(".")[0] not in unowned_names()}
    return tuple(sorted(owned or names))


def top_level_names(paths: Iterable[str]) -> dict[str, str]:
    """Return the names that can be imported from a site folder, each with the first path that makes it so."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        module = _module(path)
        if module is not None and module[0] != "__init__":
            found.setdefault(module[0], path)
    return found


@cache
def unowned_names() -> frozenset[str]:
    """Return top-level names that no library should own; importing one says nothing about the wheel that has it."""
    return reference("names.toml", lambda table: frozenset(table["unowned"]))


def _outermost(module: tuple[str, ...], packages: set[tuple[str, ...]]) -> str:
    """Return the name of the outermost package that holds a module, or the module's own."""
    for depth in range(1, len(module)):
        if module[:depth] in packages:
            return ".".join(module[:depth])
    return "" if module == ("__init__",) else ".".join(module)


def _module(path: str) -> tuple[str, ...] | None:
    """Return the parts of the dotted name that a path stands for (``__init__`` kept), or None where it is no module."""
    *folders, file = path.split("/")
    name, _, suffix = file.partition(".")
    if suffix != "py" and extension_name(path) is None:
        return None
    if folders and (folders[0] == "bin" or folders[0].endswith(NOT_IMPORTED)):
        return None
    parts = (*folders, name)
    return parts if all(_is_name(part) for part in parts) else None


def _is_name(part: str) -> bool:
    return part.isidentifier() and not keyword.iskeyword(part)
