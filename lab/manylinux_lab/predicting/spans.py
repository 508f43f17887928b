"""From or until which release of a distro a tag is true: predictions of all its releases in one line. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from ..catalogue.distro import Dataset, Release
from ..judge import Promise, Verdict
from .forecast import Forecast

HOLDS = (Verdict.PASS, Verdict.WARN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Where the promise of a tag begins or ends to be kept on one distro and arch.

    ``holds``, ``fails`` and ``unknown`` are releases of it, from old to new, where the tag reaches. ``words`` say it in
    a clause; ``reasons`` are sentences: what goes wrong on a failing release next to one where the promise holds.
    """

    distro: str
    arch: str
    words: str
    reasons: tuple[str, ...]
    holds: tuple[str, ...]
    fails: tuple[str, ...]
    unknown: tuple[str, ...]


def spans(found: Iterable[Forecast], releases: Sequence[Release]) -> tuple[Span, ...]:
    """Return one span for each distro and arch whose releases do not all keep the promise or all break it."""
    by_place = {(one.distro, one.arch): one for one in found if one.promise is Promise.SUPPORTED}
    arches = dict.fromkeys(arch for _, arch in by_place)
    made = (
        _span(
            name,
            arch,
            [(release.version, by_place[release.id, arch]) for release in line if (release.id, arch) in by_place],
        )
        for name, line in _lines(releases).items()
        for arch in arches
    )
    return tuple(span for span in made if span is not None)


def _lines(releases: Sequence[Release]) -> Mapping[str, list[Release]]:
    """Return the releases of each distro from old to new, as their C libraries tell; the catalogue orders the rest."""
    lines: dict[str, list[Release]] = {}
    for release in sorted(releases, key=lambda one: one.libc_version):
        if release.dataset is not Dataset.BUILD:
            lines.setdefault(release.name, []).append(release)
    return dict(sorted(lines.items()))


def _span(name: str, arch: str, line: Sequence[tuple[str, Forecast]]) -> Span | None:
    known = [(version, one) for version, one in line if one.verdict is not Verdict.UNKNOWN]
    holds = tuple(version for version, one in known if one.verdict in HOLDS)
    fails = tuple(version for version, one in known if one.verdict not in HOLDS)
    if not holds or not fails:
        return None
    unknown = tuple(version for version, one in line if one.verdict is Verdict.UNKNOWN)
    return Span(
        distro=name,
        arch=arch,
        words="; ".join(_words([(version, one.verdict in HOLDS) for version, one in known], unknown)),
        reasons=tuple(dict.fromkeys(_reasons(known))),
        holds=holds,
        fails=fails,
        unknown=unknown,
    )


def _words(known: Sequence[tuple[str, bool]], unknown: Sequence[str]) -> Iterator[str]:
    """Yield clauses such as ``true until 29``: one change is told by the release before it, several by all of them."""
    changes = [place for place in range(1, len(known)) if known[place][1] is not known[place - 1][1]]
    if len(changes) > 1:
        yield f"true on {_ranges(known, is_kept=True)}"
        yield f"false on {_ranges(known, is_kept=False)}"
    elif known[0][1]:
        yield f"true until {known[changes[0] - 1][0]}"
        yield f"false from {known[changes[0]][0]} on"
    else:
        yield f"true from {known[changes[0]][0]} on"
        yield f"false until {known[changes[0] - 1][0]}"
    if unknown:
        yield f"unknown on {', '.join(unknown)}"


def _ranges(known: Sequence[tuple[str, bool]], *, is_kept: bool) -> str:
    """Return ``13.04, 25.04 to 26.04``: neighbours together."""
    runs = [[version for version, _ in run] for kept, run in groupby(known, key=lambda one: one[1]) if kept is is_kept]
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _reasons(known: Sequence[tuple[str, Forecast]]) -> Iterator[str]:
    for (_, before), (_, after) in pairwise(known):
        if (before.verdict in HOLDS) is not (after.verdict in HOLDS):
            yield (after if before.verdict in HOLDS else before).outcome.reason
