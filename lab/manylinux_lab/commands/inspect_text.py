"""What ``inspect`` prints of wheels, as lines with a title before the first; text from a wheel steers no terminal."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from ..predicting.inspection import Inspection
from ..predicting.preference import Choice, Never
from ..predicting.truth import Truth
from ..printable import plain
from ..wheels.symbol_table import SymbolTable

WIDTH = 120
SHOWN = 6
UNIT = 1 << 20
TITLES = 14


@dataclass(frozen=True, kw_only=True, slots=True)
class Preference:
    """Several wheels of one release: which of them are never taken, and which one is where."""

    release: str
    never: tuple[Never, ...]
    choices: tuple[Choice, ...]


def symbol_lines(tables: Iterable[SymbolTable]) -> Iterator[str]:
    """Yield the symbols of each file, one on a line: what it expects of others, then what it exports."""
    for table in tables:
        count = f"{len(table.undefined)} undefined, {len(table.exported)} exported"
        yield from row("symbols", f"'{table.path}': {table.note or count}")
        for one in table.undefined:
            version = f"@{one.version}" if one.version else ""
            known = [*([one.library] if one.library else []), *(["weak"] if one.is_weak else [])]
            of = f" ({', '.join(known)})" if known else ""
            yield f"    undefined  {plain(one.name + version + of)}"
        for name in table.exported:
            yield f"    exported   {plain(name)}"


def closing_lines(preferences: Iterable[Preference], left_out: Sequence[str]) -> Iterator[str]:
    """Yield which wheels of a release are taken and where, and which were not looked at; each line with its end."""
    for preference in preferences:
        yield from (f"{line}\n" for line in _preference_lines(preference))
    if left_out:
        names = ", ".join(map(repr, left_out))
        text = f"{number(len(left_out), 'wheel')} left out, for other systems than Linux: {names}."
        yield from (f"{line}\n" for line in wrap(plain(text), WIDTH, break_on_hyphens=False))


def _preference_lines(preference: Preference) -> Iterator[str]:
    yield plain(preference.release)
    for one in preference.never:
        first = " or ".join(map(repr, one.because[:SHOWN]))
        yield from row("never taken", f"'{one.wheel}': wherever it fits, an installer prefers {first}")
    places: dict[str, list[str]] = {}
    for choice in preference.choices:
        places.setdefault(choice.wheel, []).append(choice.place)
    for wheel, where in sorted(places.items(), reverse=True):
        yield from row("taken", f"'{wheel}' on {', '.join(where)}") if wheel else row("none fits", ", ".join(where))
    if not preference.never and not places:
        yield from row("taken", "each of them somewhere; '--distro GLOB' says where")


def inspection_lines(inspection: Inspection) -> Iterator[str]:
    """Yield everything that is said of one wheel."""
    yield plain(inspection.wheel.id)
    for truth in inspection.truths:
        yield from _truth_lines(truth)
    if inspection.stable_abi:
        yield from _stable_abi_lines(inspection)
    yield from row("content", _content(inspection))
    for needs in inspection.needs:
        names = sorted({need.library for need in (*needs.libraries, *needs.libpython)})
        yield from row("needs", ", ".join(names) or "nothing of the system")
    for note in inspection.notes[:SHOWN]:
        yield from row("note", note)
    if len(inspection.notes) > SHOWN:
        yield from row("note", f"{len(inspection.notes) - SHOWN} further notes; --json has them all")


def _truth_lines(truth: Truth) -> Iterator[str]:
    for tag in truth.tags:
        yield from row("tag", f"{tag.tag}: {tag.holds.value}")
        for reason in tag.reasons[:SHOWN]:
            yield from row("", f"  {reason}")
        if len(tag.reasons) > SHOWN:
            yield from row("", f"  {len(tag.reasons) - SHOWN} further reasons; --json has them all")
    yield from row("lowest", _lowest(truth))
    broken = next((answer for answer in reversed(truth.policies) if answer.obstacles), None)
    if broken is not None and not truth.flaws:
        first = broken.obstacles[0]
        yield from row("below", f"not {broken.policy}: '{first.file}' {first.what}")
    for sentence in truth.refused:
        yield from row("index", sentence)
    for sentence in truth.advice:
        yield from row("advice", sentence)


def _lowest(truth: Truth) -> str:
    if truth.lowest.startswith("musllinux"):
        return f"nothing speaks against {truth.lowest}; musl has no symbol versions that would tell more"
    return truth.lowest or "no policy"


def _stable_abi_lines(inspection: Inspection) -> Iterator[str]:
    major, minor = inspection.stable_abi or (0, 0)
    wrong = [one for one in inspection.violations if not one.is_there]
    yield from row("abi3", f"from Python {major}.{minor} on: {'false' if wrong else 'true'}")
    for one in wrong[:SHOWN]:
        since = f"came with Python {one.since[0]}.{one.since[1]}" if one.since else "is not in the limited API"
        yield from row("", f"  '{one.file}': '{one.symbol}' {since}")
    early = len(inspection.violations) - len(wrong)
    if early:
        later = (
            f"{number(early, 'symbol')} came into the limited API later; Python {major}.{minor} has them all the same"
        )
        yield from row("", f"  {later}")


def _content(inspection: Inspection) -> str:
    surface = inspection.surface
    machines = sorted({fact.machine or "an unknown arch" for fact in inspection.files})
    libcs = sorted({fact.libc for fact in inspection.files if fact.libc})
    elf = f"{number(len(inspection.files), 'ELF file')} for {', '.join(machines)}" if machines else "no ELF files"
    of_libc = f" ({', '.join(libcs)})" if libcs else ""
    packed, expanded = (f"{size / UNIT:.1f} MiB" for size in (surface.packed, surface.expanded))
    bills = ", a bill of materials" if surface.bills else ""
    licences = number(len(surface.licences), "licence file")
    return f"{elf}{of_libc}; {number(surface.entries, 'file')}, {packed}, expanded {expanded}; {licences}{bills}"


def number(count: int, noun: str) -> str:
    """Return ``1 file`` or ``2 files``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def row(title: str, text: str) -> Iterator[str]:
    """Yield lines with the title before the first; text from the wheel cannot steer a terminal."""
    indent = " " * (TITLES + len(text) - len(text.lstrip(" ")))
    lines = wrap(plain(text), WIDTH - len(indent), break_on_hyphens=False) or [""]
    yield f"  {title:<{TITLES - 2}}{indent[TITLES:]}{lines[0]}"
    yield from (f"{indent}{line}" for line in lines[1:])
