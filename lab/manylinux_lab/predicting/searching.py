"""Whether the loader finds the libraries that a wheel brings, by the rules of ld.so(8). Pure."""

from collections.abc import Iterator, Sequence

from ..wheels.elf import ElfFacts, Kind

ORIGIN = "$ORIGIN"
BUNDLED = ".libs/"


def own_names(files: Sequence[ElfFacts]) -> frozenset[str]:
    """Return the names by which the loader would know the wheel's own files."""
    return frozenset(name for fact in files for name in (fact.soname, fact.path.rpartition("/")[2]) if name)


def place_of(fact: ElfFacts, library: str) -> str:
    """Return the path below the site folder that a needed library with a slash stands for; empty for all others."""
    written = library.replace("${ORIGIN}", ORIGIN)
    is_inside = written.startswith(f"{ORIGIN}/")
    return _joined(fact.path.rpartition("/")[0], written.removeprefix(ORIGIN)).rstrip("/") if is_inside else ""


def leads_elsewhere(files: Sequence[ElfFacts]) -> Iterator[str]:
    """Yield the files that search a folder of the site folder where the wheel has nothing: another wheel may.

    Folders such as ``demo.libs``, where auditwheel puts what it bundles, belong to the wheel itself.
    """
    own = {"".join(fact.path.rpartition("/")[:2]) for fact in files}
    for fact in files:
        if any(folder not in own and not folder.endswith(BUNDLED) for folder in _folders(fact)):
            yield fact.path


def carried(files: Sequence[ElfFacts]) -> Iterator[tuple[str, str]]:
    """Yield (file, library) where the wheel has the library and no search path leads there: its code must load it.

    The loader looks for the name of a file; a SONAME counts for what is loaded already. RPATH is inherited from those
    who need a file, RUNPATH is not. Which files are loaded before others is not known: what one library finds is taken
    to be there for all. A program begins with nothing but its own.
    """
    by_path = {fact.path: fact for fact in files}
    own = own_names(files)
    found: set[str] = set()
    lost: list[tuple[ElfFacts, str]] = []
    for fact in files:
        folders = _folders(fact)
        for library in (name for name in fact.needed if name in own):
            place = next((f"{folder}{library}" for folder in folders if f"{folder}{library}" in by_path), "")
            found |= {library, by_path[place].soname} if place else set()
            lost += [] if place else [(fact, library)]
    for fact, library in lost:
        is_there = library in found or library in _inherited(fact, files)
        if fact.kind is not Kind.OBJECT or not is_there:
            yield fact.path, library


def _inherited(fact: ElfFacts, files: Sequence[ElfFacts]) -> frozenset[str]:
    """Return the names of files in the folders that the RPATH of those leads to who need a file, directly or not."""
    if fact.runpath:
        return frozenset()
    above, waiting = {fact.path: fact}, [fact]
    while waiting:
        names = {waiting[-1].soname, waiting.pop().path.rpartition("/")[2]} - {""}
        more = [one for one in files if one.path not in above and names & set(one.needed)]
        above |= {one.path: one for one in more}
        waiting += more
    folders = {folder for one in above.values() if not one.runpath for folder in _folders(one)}
    split = (one.path.rpartition("/") for one in files)
    return frozenset(name for folder, slash, name in split if folder + slash in folders)


def _folders(fact: ElfFacts) -> list[str]:
    """Return the folders below the site folder that the loader searches for a file: RUNPATH hides RPATH."""
    origin = fact.path.rpartition("/")[0]
    entries = [entry.replace("${ORIGIN}", ORIGIN) for entry in (fact.runpath or fact.rpath).split(":")]
    return [_joined(origin, entry.removeprefix(ORIGIN)) for entry in entries if entry.startswith(ORIGIN)]


def _joined(folder: str, rest: str) -> str:
    parts = folder.split("/") if folder else []
    for part in rest.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "".join(f"{part}/" for part in parts)
