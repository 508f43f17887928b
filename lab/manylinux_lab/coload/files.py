"""What wheels' files do to each other: paths that two install, names that none should own, a RECORD that is not true.

Everything is read from the archives; nothing is installed.
"""

from collections.abc import Iterator, Sequence

from packaging.utils import canonicalize_name

from ..printable import short
from ..wheels.contents import top_level_names, unowned_names
from ..wheels.listing import PREFIX, SITE
from ..wheels.remembered import listing_of
from ..wheels.wheel import Wheel
from .evidence import Evidence, Kind

NAMED = 3  # names in a sentence
KEPT = 40  # names kept as facts
SHOWN = 160  # characters of a name in a sentence
SAME_FILES = (
    "Only one wheel may install a path. Rename the module, or move what both need into a project of its own that both "
    "require."
)


def record_evidence(wheel: Wheel) -> tuple[Evidence, ...]:
    """Return what the wheel's RECORD says that its archive does not bear out, as one piece of evidence or none."""
    faults = listing_of(wheel).faults
    if not faults.count:
        return ()
    said = (
        ("with a hash or size that does not fit", faults.altered),
        ("listed but not there", faults.missing),
        ("there but not listed", faults.unlisted),
        ("listed more than once", faults.repeated),
    )
    parts = [f"{what}: {_named(names)}" for what, names in said if names]
    files = "1 file" if faults.count == 1 else f"{faults.count} files"
    return (
        Evidence(
            kind=Kind.RECORD,
            words=f"The RECORD of {_label(wheel)} is not true for {files}; {'; '.join(parts)}",
            facts={
                "files": faults.count,
                "altered": list(faults.altered),
                "missing": list(faults.missing),
                "unlisted": list(faults.unlisted),
                "repeated": list(faults.repeated),
            },
            advice=(
                "Write RECORD after the last change to the wheel's files, as 'wheel pack' does: an installer removes "
                "what RECORD lists, and may check the hashes."
            ),
        ),
    )


def top_level_evidence(wheel: Wheel) -> tuple[Evidence, ...]:
    """Return the importable top-level names that no library should own and this one installs; its own name is its."""
    paths = (place.removeprefix(SITE) for place in listing_of(wheel).files if place.startswith(SITE))
    taken = top_level_names(paths)
    names = [name for name in sorted(taken) if name in unowned_names() and canonicalize_name(name) != wheel.project]
    if not names:
        return ()
    what = "the top-level name" if len(names) == 1 else "the top-level names"
    return (
        Evidence(
            kind=Kind.TOP_LEVEL,
            words=f"{_label(wheel)} installs {what} {_named(names)} for everyone, such as '{_short(taken[names[0]])}'",
            facts={"names": names, "paths": [taken[name] for name in names]},
            advice=(
                "Leave these folders and modules out of the wheel (with setuptools: 'packages.find' with 'include'), "
                "or move them into the package."
            ),
        ),
    )


def overlap_evidence(first: Wheel, then: Wheel) -> tuple[Evidence, ...]:
    """Return the paths that two wheels both install: one piece for different contents, one for equal ones.

    Two releases of one project replace each other; they have nothing to share.
    """
    if first.project == then.project:
        return ()
    ours, theirs = listing_of(first).files, listing_of(then).files
    both = sorted(ours.keys() & theirs.keys())
    differing = [place for place in both if ours[place] != theirs[place]]
    equal = [place for place in both if ours[place] == theirs[place]]
    return tuple(_overlaps(first, then, differing, equal))


def _overlaps(first: Wheel, then: Wheel, differing: Sequence[str], equal: Sequence[str]) -> Iterator[Evidence]:
    one, other = _label(first), _label(then)
    deleted = f"uninstalling either deletes {_files(len(differing) + len(equal))} of the other"
    if differing:
        yield Evidence(
            kind=Kind.OVERLAP,
            words=(
                f"{one} and {other} both install '{_short(differing[0])}'{_further(differing)} with different content: "
                f"the one installed last wins (here {other}), and {deleted}"
            ),
            facts=_facts(first, then, differing),
            advice=SAME_FILES,
        )
    if equal:
        yield Evidence(
            kind=Kind.OVERLAP_EQUAL,
            words=(
                f"{one} and {other} both install '{_short(equal[0])}'{_further(equal)} with the same content: {deleted}"
            ),
            facts=_facts(first, then, equal),
            advice=SAME_FILES,
        )


def _facts(first: Wheel, then: Wheel, places: Sequence[str]) -> dict[str, object]:
    return {
        "paths": [_path(place) for place in places[:KEPT]],
        "count": len(places),
        "wheels": [first.id, then.id],
        "wins": then.id,
    }


def _label(wheel: Wheel) -> str:
    return f"'{wheel.project}' {wheel.version}"


def _path(place: str) -> str:
    """Return a place as a user knows it: below the site folder, or below the environment's folder."""
    return place.removeprefix(SITE).removeprefix(PREFIX)


def _short(place: str) -> str:
    return short(_path(place), SHOWN)


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _further(places: Sequence[str]) -> str:
    return f" (and {_files(len(places) - 1)} more)" if len(places) > 1 else ""


def _named(names: Sequence[str]) -> str:
    """Return the first few names, quoted, as an enumeration."""
    shown = [f"'{_short(name)}'" for name in names[:NAMED]]
    if len(names) > NAMED:
        return f"{', '.join(shown)} and others"
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]
