"""Whether a wheel's platform tags can be true, judged from its content and the policies alone (PEP 513 to 600, 656).

Nothing here looks at the machine it runs on. What a distro then does with the wheel is ``predict``'s subject.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from ..catalogue.distro import Libc
from ..wheels.policies import index_arches, policies
from ..wheels.tags import Claim, claim_of, is_for_other_systems
from .needs import Flaw, Needs
from .obstacles import Obstacle, flaws_of, glibc_minor, obstacle_of, obstacles_of, unsound, versions_of


class Holds(Enum):
    """Whether a tag's promise can be true."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"  # between two policies, nobody has said what every system has


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyAnswer:
    """What stands in the way of one policy, without arch in its name (``manylinux_2_28``); nothing where it is kept."""

    policy: str
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TagTruth:
    """One platform tag: ``reasons`` are sentences that say why it is not true, or not known to be."""

    tag: str
    holds: Holds
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """All platform tags of a wheel against its content.

    ``lowest`` is the oldest platform tag that the symbol versions and libraries support, empty where none does.
    ``breaks`` is the newest policy that the content does not keep, ``flaws`` what breaks every policy.
    ``refused`` says what the package index would not take, ``advice`` what the author can do.
    """

    tags: tuple[TagTruth, ...]
    lowest: str
    breaks: str
    policies: tuple[PolicyAnswer, ...]
    flaws: tuple[Flaw, ...]
    refused: tuple[str, ...]
    advice: tuple[str, ...]

    @property
    def holds(self) -> Holds:
        """Return the worst answer of all tags."""
        answers = {tag.holds for tag in self.tags}
        return next((one for one in (Holds.FALSE, Holds.UNKNOWN) if one in answers), Holds.TRUE)


def truth_of(platforms: Iterable[str], needs: Needs, newest_glibc: int) -> Truth:
    """Return whether platform tags such as ``manylinux_2_17_x86_64`` can be true of files with these needs.

    ``needs`` are those of the tags' arch; ``newest_glibc`` is the minor version that no distro has exceeded yet.
    With a damaged file, no tag is known to be true.
    """
    names = sorted(set(platforms))
    flaws = tuple(flaws_of(needs))
    claims = {name: claim_of(name) for name in names}
    libc = next((claim.libc for claim in claims.values() if claim and claim.libc), Libc.GLIBC)
    answers = tuple(
        PolicyAnswer(policy=one.name, obstacles=tuple(obstacles_of(needs, one))) for one in policies(libc, needs.arch)
    )
    lowest = _lowest(needs, libc, answers)
    judged = (_tag(name, claims[name], needs, flaws, newest_glibc) for name in names)
    tags = tuple(_doubted(tag, needs) for tag in judged)
    return Truth(
        tags=tags,
        lowest=lowest if needs.files else "any",
        breaks=next((answer.policy for answer in reversed(answers) if answer.obstacles or flaws), ""),
        policies=answers,
        flaws=flaws,
        refused=tuple(_refused(names, claims, newest_glibc)),
        advice=tuple(_advice(tags, lowest, claims, answers, flaws)) if needs.files else (),
    )


def _tag(name: str, claim: Claim | None, needs: Needs, flaws: Sequence[Flaw], newest_glibc: int) -> TagTruth:
    if name == "any":
        return _pure(needs)
    if claim is None and is_for_other_systems([name]):
        return TagTruth(tag=name, holds=Holds.UNKNOWN, reasons=(f"'{name}' is for another system than Linux.",))
    if claim is None:
        return TagTruth(tag=name, holds=Holds.FALSE, reasons=(f"Installers on Linux know no platform '{name}'.",))
    wrong = [*_wrong_claim(name, claim, newest_glibc), *_wrong_machine(name, claim, needs)]
    if claim.libc is None or wrong:  # plain linux promises nothing but the machine
        return TagTruth(tag=name, holds=Holds.FALSE if wrong else Holds.TRUE, reasons=tuple(wrong))
    reasons = [f"'{flaw.file}' {flaw.what}." for flaw in flaws]
    surely, perhaps = _in_the_way(needs, claim)
    reasons += [f"'{obstacle.file}' {obstacle.what}." for obstacle in surely]
    if reasons:
        return TagTruth(tag=name, holds=Holds.FALSE, reasons=tuple(reasons))
    unsure = tuple(f"No policy says whether every system has it: '{one.file}' {one.what}." for one in perhaps)
    return TagTruth(tag=name, holds=Holds.UNKNOWN if unsure else Holds.TRUE, reasons=unsure)


def _doubted(tag: TagTruth, needs: Needs) -> TagTruth:
    if tag.holds is Holds.FALSE or not needs.unsound:
        return tag
    reasons = tuple(unsound(file, note) for file, note in needs.unsound)
    return TagTruth(tag=tag.tag, holds=Holds.UNKNOWN, reasons=(*tag.reasons, *reasons))


def _pure(needs: Needs) -> TagTruth:
    """Judge the tag ``any``: machine code makes a promise for all machines doubtful, data for several does not."""
    if not needs.machines:
        return TagTruth(tag="any", holds=Holds.TRUE)
    machines = ", ".join(sorted(needs.machines))
    return TagTruth(tag="any", holds=Holds.UNKNOWN, reasons=(f"It has ELF files for {machines} alone.",))


def _wrong_claim(name: str, claim: Claim, newest_glibc: int) -> Iterator[str]:
    if claim.libc is Libc.GLIBC and (claim.version[0] != 2 or claim.version[1] > newest_glibc):
        yield f"'{name}' promises for no distro: the newest glibc in use is 2.{newest_glibc}."


def _wrong_machine(name: str, claim: Claim, needs: Needs) -> Iterator[str]:
    if needs.machines and claim.arch not in needs.machines:
        yield f"'{name}' is for {claim.arch}, the files are for {', '.join(sorted(needs.machines))}."


def _in_the_way(needs: Needs, claim: Claim) -> tuple[list[Obstacle], list[Obstacle]]:
    """Return what surely and what perhaps stands in the way of a promise.

    PEP 600 allows a tag for every glibc, and there are policies for some. In between, versions of glibc are compared by
    their number; of other libraries, what the next policy lacks is surely missing, what the one before has is there.
    """
    known = policies(claim.libc or Libc.GLIBC, claim.arch)
    below = [one for one in known if one.libc_version <= claim.version] or list(known[:1])
    above = [one for one in known if one.libc_version >= claim.version]
    if not known:
        return [], []
    upper = list(_not_numbered(obstacles_of(needs, above[0]), claim)) if above else []
    lower = list(_not_numbered(obstacles_of(needs, below[-1]), claim))
    surely = [*_too_new(needs, claim), *upper]
    return surely, [one for one in lower if one not in surely]


def _not_numbered(obstacles: Iterable[Obstacle], claim: Claim) -> Iterator[Obstacle]:
    """Leave out versions of glibc that have a number, which ``_too_new`` compares."""
    return (one for one in obstacles if claim.libc is Libc.MUSL or not glibc_minor(one.version))


def _too_new(needs: Needs, claim: Claim) -> Iterator[Obstacle]:
    """Yield versions of glibc beyond the promise. No system of an arch is older than the first glibc that knew it."""
    if claim.libc is not Libc.GLIBC:
        return
    promised = max(claim.version[1], _first_glibc(claim.arch))
    for need in versions_of(needs):
        if glibc_minor(need.version) > promised:
            yield obstacle_of(need)


def _first_glibc(arch: str) -> int:
    known = policies(Libc.GLIBC, arch)
    minors = {glibc_minor(version) for version in known[0].versions} - {0} if known else set()
    return min(minors, default=0)


def _lowest(needs: Needs, libc: Libc, answers: Sequence[PolicyAnswer]) -> str:
    """Return the oldest platform tag that the content supports; beyond the newest policy, glibc's number says it."""
    for answer in answers:
        if not answer.obstacles:
            return f"{answer.policy}_{needs.arch}"
    last = answers[-1].obstacles if answers else ()
    newer = [glibc_minor(obstacle.version) for obstacle in last]
    if newer and all(newer) and libc is Libc.GLIBC and max(newer) > _newest_policy(needs.arch):
        return f"manylinux_2_{max(newer)}_{needs.arch}"
    return ""


def _newest_policy(arch: str) -> int:
    known = policies(Libc.GLIBC, arch)
    return known[-1].libc_version[1] if known else 0


def _refused(names: Sequence[str], claims: dict[str, Claim | None], newest_glibc: int) -> Iterator[str]:
    """Yield what the package index would not take."""
    for name in names:
        claim = claims[name]
        if name == "any" or claim is None:
            if claim is None and name != "any" and not is_for_other_systems([name]):
                yield f"'{name}' is no platform tag that the package index takes."
            continue
        kind = name.partition("_")[0]
        if claim.arch not in index_arches().get(kind, ()):
            yield f"'{name}' is not taken by the package index: no {kind} wheels for {claim.arch}."
        elif any(_wrong_claim(name, claim, newest_glibc)):
            yield f"'{name}' names a glibc that does not exist."


def _advice(
    tags: Sequence[TagTruth],
    lowest: str,
    claims: dict[str, Claim | None],
    answers: Sequence[PolicyAnswer],
    flaws: Sequence[Flaw],
) -> Iterator[str]:
    if not answers:
        return
    foreign = sorted({one.library for one in answers[-1].obstacles if one.is_other_libc})
    if foreign:
        linked = ", ".join(repr(name) for name in foreign)
        yield f"Build it on a system with the C library of its tag: it is linked with {linked}."
    whole = {one.library for one in answers[-1].obstacles if not (one.version or one.symbol)}
    bundle = sorted(whole - set(foreign))
    if bundle:
        yield f"Bundle {', '.join(repr(name) for name in bundle)} with 'auditwheel repair': no policy has it."
    honest = claim_of(lowest)
    numbered = [claim for claim in claims.values() if claim and claim.libc is not None]
    if honest is None or not numbered or any(claim.libc is not honest.libc for claim in numbered):
        return
    claimed = min(claim.version for claim in numbered)
    if honest.version > claimed:
        because = _because(answers, lowest)
        yield f"The content needs {lowest}{because}."
    elif honest.libc is Libc.MUSL:
        return  # without symbol versions, nothing tells that an older musl has all that is used
    elif honest.version < claimed and all(tag.holds is Holds.TRUE for tag in tags) and not flaws:
        yield f"It could honestly be {lowest}."


def _because(answers: Sequence[PolicyAnswer], lowest: str) -> str:
    """Name what stands in the way of the policy just below."""
    broken = [answer for answer in answers if answer.obstacles and not lowest.startswith(f"{answer.policy}_")]
    if not broken:
        return ""
    first = max(broken[-1].obstacles, key=lambda one: (glibc_minor(one.version), one.version, one.file))
    return f", because '{first.file}' {first.what}"
