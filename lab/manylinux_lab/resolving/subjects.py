"""From the words of a user to subjects: wheel files, folders of wheels, requirements and requirement files.

What a user got wrong ends here with a ``UsageError``; a wheel file that cannot be read is the wheel's own fault and is
reported beside the others, which go on.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ..errors import UsageError
from ..wheels.digests import file_digest
from ..wheels.reading import parse_name, read_wheel
from ..wheels.wheel import UnreadableWheelError, Wheel
from .requirement_file import Lines, read_requirement_file

SDIST_SUFFIXES = (".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar", ".zip")
FILE_SUFFIXES = (".txt", ".in")
VERSION_CONTROL = re.compile(r"^(git|hg|svn|bzr)\+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A file that calls itself a wheel and is none, with the reason in one sentence."""

    path: Path
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Subjects:
    """What a run is about, and what requirement files say about where to look.

    ``hashes`` maps a normalised project name to the only hashes (``sha256:...``) its files may have. ``index_url`` is
    empty where no requirement file names an index.
    """

    wheels: tuple[Wheel, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    pre: bool = False


def parse_subjects(arguments: Sequence[str]) -> Subjects:
    """Return the subjects that the arguments name, in their order and without repetition.

    Raises:
        UsageError: an argument is none of the kinds, names nothing, names a source distribution, or two wheel files of
            one name differ.
    """
    lines = Lines()
    files: list[Path] = []
    requirements: list[Requirement] = []
    hashes: dict[str, frozenset[str]] = {}
    for argument in _arguments(arguments, lines):
        if isinstance(argument, list):
            files += argument
        else:
            requirements.append(argument)
    for entry in lines.entries:
        named = _parse(entry.text, f" ({entry.where})")
        if isinstance(named, list):
            files += named
            continue
        requirements.append(named)
        if entry.hashes:
            hashes[canonicalize_name(named.name)] = entry.hashes
    wheels, unreadable = _read(_distinct(files))
    return Subjects(
        wheels=wheels,
        requirements=tuple(dict.fromkeys(requirements)),
        constraints=tuple(lines.constraints),
        unreadable=unreadable,
        hashes=hashes,
        index_url=lines.index_url,
        extra_index_urls=tuple(lines.extra_index_urls),
        find_links=tuple(lines.find_links),
        trusted_hosts=tuple(lines.trusted_hosts),
        pre=lines.pre,
    )


def _arguments(arguments: Sequence[str], lines: Lines) -> Iterator[list[Path] | Requirement]:
    """Yield wheel files and requirements; requirement files are read into ``lines``."""
    for argument in arguments:
        word = argument.strip()
        option = re.match(r"^(-r|--requirement)[=\s]*(?P<file>.+)$", word)
        if option or (word.endswith(FILE_SUFFIXES) and "://" not in word):
            read_requirement_file(Path(option["file"] if option else word), lines)
        else:
            yield _parse(word, "")


def _parse(word: str, where: str) -> list[Path] | Requirement:
    path = Path(word)
    if not word:
        raise UsageError(f"A subject{where} is empty.")
    if _exists(path) and path.is_dir():
        return _folder(path, where)
    if _exists(path) or ("://" not in word and "@" not in word and _looks_like_a_path(word)):
        return [_wheel_file(path, where)]
    if "://" in word and "@" not in word.partition("://")[0]:
        word = _named(word, where)
    try:
        requirement = Requirement(word)
    except InvalidRequirement as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise UsageError(
            f"The subject '{word}'{where} is no file, no folder and no requirement: {reason}. Name a wheel file, a "
            "folder of wheels, a requirement such as 'numpy==2.1.*', or a requirements file."
        ) from error
    if requirement.url:
        _check_url(requirement.url, where)
    return requirement


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # longer than a file name can be: a requirement with many markers
        return False


def _looks_like_a_path(word: str) -> bool:
    return "/" in word.partition(";")[0] or word.endswith((".whl", *SDIST_SUFFIXES))


def _folder(path: Path, where: str) -> list[Path]:
    files = sorted(path.glob("*.whl"))
    if not files:
        raise UsageError(
            f"The folder '{path}'{where} has no wheel files. "
            f"If a project of that name is meant, write '{path.resolve().name}>=0'."
        )
    return files


def _wheel_file(path: Path, where: str) -> Path:
    if not path.exists():
        raise UsageError(f"The file '{path}'{where} does not exist.")
    if path.name.endswith(SDIST_SUFFIXES):
        raise UsageError(f"'{path}'{where} is a source distribution; the lab tests wheels. Build one and name that.")
    if path.suffix != ".whl":
        raise UsageError(f"The file '{path}'{where} is neither a wheel (.whl) nor a requirements file (.txt, .in).")
    return path


def _named(url: str, where: str) -> str:
    """Return the requirement ``project @ URL`` for a bare URL of a wheel."""
    _check_url(url, where)
    try:
        project, *_ = parse_name(_file_name(url))
    except UnreadableWheelError as error:
        raise UsageError(f"The URL '{_shown(url)}'{where} does not name a wheel: {error}") from error
    return f"{project} @ {url}"


def _check_url(url: str, where: str) -> None:
    if VERSION_CONTROL.match(url) or not _file_name(url).endswith(".whl"):
        raise UsageError(
            f"The URL '{_shown(url)}'{where} is not that of a wheel (.whl); the lab tests wheels and builds none."
        )


def _file_name(url: str) -> str:
    return unquote(urlsplit(url).path).rpartition("/")[2]


def _shown(url: str) -> str:
    """Return a URL without user name and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _distinct(files: Sequence[Path]) -> tuple[Path, ...]:
    """Return the files once each, by name.

    Raises:
        UsageError: two files of the same name have different content.
    """
    chosen: dict[str, Path] = {}
    for file in files:
        other = chosen.setdefault(file.name, file)
        if other.resolve() != file.resolve() and file_digest(other) != file_digest(file):
            raise UsageError(
                f"'{other}' and '{file}' have the same name and different content; name only the one that is meant."
            )
    return tuple(chosen.values())


def _read(files: Sequence[Path]) -> tuple[tuple[Wheel, ...], tuple[Unreadable, ...]]:
    wheels: list[Wheel] = []
    unreadable: list[Unreadable] = []
    for file in files:
        try:
            wheels.append(read_wheel(file))
        except UnreadableWheelError as error:
            unreadable.append(Unreadable(path=file, reason=str(error)))
    return tuple(wheels), tuple(unreadable)
