"""The corpus: files with real wheels, what was seen of them on distros, and how such a file becomes questions.

Two forms are read. A list of cases: ``id``, ``phenomenon``, ``wheels`` (file names), ``helper_wheels`` (the releases of
what they require), ``distros`` (by distro, what was seen there) and ``expectation``. Or healthy wheels: ``wheels`` (by
project and distro the file name) and ``smoke`` (by project its code). A case may have ``smoke`` too, and ``expect``: by
distro a list of ``{"verdict": ..., "check": ..., "subject": ..., "words": ...}`` that takes the place of its text.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.tags import Tag
from packaging.utils import NormalizedName, parse_wheel_filename

HEALTHY = "healthy"
Pins = tuple[tuple[str, str], ...]  # project and version of what is installed beside


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A case as the file has it; ``wheels`` are the file names by distro, not yet narrowed to what fits there."""

    id: str
    phenomenon: str
    wheels: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, str]
    helpers: tuple[str, ...] = ()
    expectation: str = ""
    smoke: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A case on one distro, with the wheels that fit its interpreter and the releases of what they need beside."""

    case: Case
    distro: str
    wheels: tuple[str, ...]
    pins: Pins = ()
    others: tuple[Pins, ...] = ()

    @property
    def projects(self) -> tuple[str, ...]:
        """The normalised names of the wheels' projects."""
        return tuple(dict.fromkeys(project_of(name) for name in self.wheels))

    @property
    def special_pins(self) -> Pins:
        """What tells the question from those of the same case and distro with other releases beside."""
        return tuple(pin for pin in self.pins if any(pin not in other for other in self.others))

    @property
    def ignores_python(self) -> bool:
        """Whether the case is about wheels on Pythons that their Requires-Python excludes."""
        return "--ignore-requires-python" in self.case.expectation

    @property
    def text(self) -> str:
        """What was seen on the distro."""
        return self.case.texts[self.distro]


def read_corpus(path: Path) -> tuple[Case, ...]:
    """Return the cases of a file in either form."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(document, Mapping):
        return (_healthy(path.stem, document),)
    return tuple(_case(entry) for entry in document)


def _case(entry: Mapping[str, Any]) -> Case:
    return Case(
        id=entry["id"],
        phenomenon=entry["phenomenon"],
        wheels={distro: tuple(entry["wheels"]) for distro in entry["distros"]},
        texts=dict(entry["distros"]),
        helpers=tuple(entry.get("helper_wheels", ())),
        expectation=" ".join(filter(None, (entry.get("expectation", ""), entry.get("note", "")))),
        smoke=entry.get("smoke", {}),
        expect={distro: tuple(told) for distro, told in entry.get("expect", {}).items()},
    )


def _healthy(name: str, document: Mapping[str, Any]) -> Case:
    wheels: dict[str, list[str]] = {}
    for by_distro in document["wheels"].values():
        for distro, file in by_distro.items():
            wheels.setdefault(distro, []).append(file)
    return Case(
        id=name,
        phenomenon=HEALTHY,
        wheels={distro: tuple(files) for distro, files in wheels.items()},
        texts=dict.fromkeys(wheels, "all ok"),
        expectation=document.get("note", ""),
        smoke=document.get("smoke", {}),
    )


def questions(case: Case, pythons: Mapping[str, tuple[int, int]]) -> Iterator[Question]:
    """Yield a case's questions; helpers that come in several releases for one Python give a question each.

    ``pythons`` is the interpreter of each distro; one that is not in it keeps every file.
    """
    for distro, files in case.wheels.items():
        python = pythons.get(distro)
        wheels = tuple(name for name in files if python is None or fits(name, python))
        about = {project_of(name) for name in wheels}
        helpers = [name for name in case.helpers if python is None or fits(name, python)]
        choices = list(_choices([name for name in helpers if project_of(name) not in about]))
        for pins in choices:
            others = tuple(choice for choice in choices if choice != pins)
            yield Question(case=case, distro=distro, wheels=wheels, pins=pins, others=others)


def _choices(helpers: Sequence[str]) -> Iterator[Pins]:
    """Yield the ways to take one release of each helper."""
    releases: dict[NormalizedName, list[str]] = {}
    for file in helpers:
        project, version, _, _ = parse_wheel_filename(file)
        if str(version) not in releases.setdefault(project, []):
            releases[project].append(str(version))
    ways: list[Pins] = [()]
    for name, versions in releases.items():
        ways = [(*way, (name, version)) for way in ways for version in versions]
    yield from ways


def fits(name: str, python: tuple[int, int]) -> bool:
    """Tell whether a CPython would load a wheel by its interpreter and abi tags."""
    return any(_tag_fits(tag, python) for tag in parse_wheel_filename(name)[3])


def _tag_fits(tag: Tag, python: tuple[int, int]) -> bool:
    major, minor = python
    word, digits = tag.interpreter[:2], tag.interpreter[2:]
    if not digits.isdigit() or int(digits[0]) != major:
        return False
    told = int(digits[1:] or 0)
    if word == "py":
        return told <= minor
    if tag.abi == "abi3":
        return word == "cp" and told <= minor
    return word == "cp" and told == minor


def project_of(name: str) -> NormalizedName:
    """Return the normalised name of a wheel's project."""
    return parse_wheel_filename(name)[0]
