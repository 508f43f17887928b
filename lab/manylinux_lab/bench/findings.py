"""What one event of the probe says of a wheel: a broken promise, an unknown, a side effect or a mere fact. Pure."""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..judge import OutcomeKind
from ..loader import Explanation, LoaderTrouble, explain
from ..printable import short
from ..signals import signal_words
from ..wheels.policies import is_system_library
from ..wheels.wheel import Wheel
from .session import Event

TEST_FOLDERS = frozenset({"test", "tests", "testing", "conftest", "docs", "doc", "examples", "benchmarks", "scripts"})
REMOVED_MODULES = {
    "asynchat": (3, 12),
    "asyncore": (3, 12),
    "distutils": (3, 12),
    "imp": (3, 12),
    "smtpd": (3, 12),
    "aifc": (3, 13),
    "audioop": (3, 13),
    "cgi": (3, 13),
    "cgitb": (3, 13),
    "chunk": (3, 13),
    "crypt": (3, 13),
    "imghdr": (3, 13),
    "lib2to3": (3, 13),
    "mailcap": (3, 13),
    "nis": (3, 13),
    "nntplib": (3, 13),
    "ossaudiodev": (3, 13),
    "pipes": (3, 13),
    "sndhdr": (3, 13),
    "spwd": (3, 13),
    "sunau": (3, 13),
    "telnetlib": (3, 13),
    "uu": (3, 13),
    "xdrlib": (3, 13),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What an event is read against: the wheel, its bench, and whether everything that has a name could be imported."""

    wheel: Wheel
    soname_packages: Mapping[str, str]
    variant: str
    emulated: str
    python: tuple[int, int] | None
    markers: Mapping[str, str]
    works: bool
    imported: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one event says: ``kind`` None is a mere fact, OK with a reason is a side effect."""

    kind: OutcomeKind | None
    reason: str
    advice: str = ""


def finding_of(event: Event, setting: Setting) -> Finding:
    """Return what one deviating event says of the wheel."""
    status = event["status"]
    if status == "exception":
        return _exception(event, setting)
    if status == "not-tried":
        return Finding(kind=None, reason="")  # its cause is another event
    if status in ("skipped", "absent"):
        return Finding(kind=None, reason=short(f"'{event['name']}': {event.get('message', status)}"))
    reason = f"'{event['name']}' {death_words(event)}."
    if setting.emulated and status != "early-exit":
        reason = f"{reason[:-1]} under emulation of {setting.emulated}; a native run must confirm it."
        return Finding(kind=OutcomeKind.UNKNOWN, reason=reason)
    if event["event"] == "object" and setting.works:
        return Finding(kind=OutcomeKind.OK, reason=reason)
    return Finding(kind=OutcomeKind.BROKEN, reason=reason)


def death_words(event: Event) -> str:
    """Return how a step ended that was not an exception, as the end of a sentence."""
    doing = {"import": "imported", "extension": "imported", "smoke": "run"}.get(event["event"], "loaded")
    status, last = event["status"], event.get("last_library") or ""
    where = f" (last library of the loader: '{last.rsplit('/', 1)[-1]}')" if last else ""
    if status == "crash":
        return f"{signal_words(event.get('signal'))} while being {doing}{where}"
    if status == "exit-crash":
        how = (
            signal_words(event.get("signal"))
            if event.get("signal")
            else f"ended with exit code {event.get('exit_code')}"
        )
        return f"can be {doing}, but the interpreter then {how} while ending{where}"
    if status == "hang":
        return f"did not finish being {doing} before the deadline"
    if status == "exit-hang":
        return f"can be {doing}, but the interpreter does not end afterwards"
    return f"ended the process with exit code {event.get('exit_code')} while being {doing}"


def _exception(event: Event, setting: Setting) -> Finding:
    """Return what an exception says: a loader's message first, then a module that is missing, then anything else."""
    text = f"{event.get('message', '')}\n{event.get('trace', '')}"
    explanation = explain(text, setting.soname_packages)
    if explanation is not None:
        return _loader_finding(event, explanation, setting)
    said = f"{event.get('exception', 'Exception')}: {event.get('message', '')}"
    if re.search(r"No space left on device|Cannot allocate memory", text) or event.get("exception") == "MemoryError":
        return Finding(kind=OutcomeKind.TROUBLE, reason=f"The bench ran out of space or memory: {said}")
    if event.get("missing"):
        return _missing_module(event, str(event["missing"]), setting)
    reason = f"'{event['name']}' cannot be {'imported' if event['event'] != 'object' else 'loaded'}: {said}"
    if event["event"] == "extension" and setting.works and event.get("exception") != "SystemError":
        # Extensions that need a switch, a display or another import first are common (numpy 1.26 has one).
        return Finding(kind=None, reason=reason)
    if event["event"] == "import" and event["name"] in TEST_FOLDERS and setting.imported:
        return Finding(kind=None, reason=reason)
    if re.search(r"\bDISPLAY\b|cannot connect to X server", text):
        return Finding(kind=OutcomeKind.UNKNOWN, reason=f"'{event['name']}' needs a display; no bench has one: {said}")
    if re.search(r"Network is unreachable|Temporary failure in name resolution|Name or service not known", text):
        return Finding(kind=OutcomeKind.UNKNOWN, reason=f"'{event['name']}' needs a network; no bench has one: {said}")
    return Finding(kind=OutcomeKind.BROKEN, reason=reason)


def _loader_finding(event: Event, explanation: Explanation, setting: Setting) -> Finding:
    """Return what a refusal of the loader says of the wheel's promise."""
    doing = "imported" if event["event"] in ("import", "extension") else "loaded"
    reason = f"'{event['name']}' cannot be {doing}: {explanation.what}."
    kind: OutcomeKind | None = OutcomeKind.BROKEN
    library = explanation.library
    is_loose = event["event"] in ("object", "executable") and setting.works
    if explanation.kind is LoaderTrouble.NOT_MAPPED:
        kind = OutcomeKind.TROUBLE
    elif explanation.kind is LoaderTrouble.NO_MODULE and event["event"] == "extension" and setting.works:
        kind = None  # it loads: a library for ctypes, built as extensions are (pycryptodome, memray and ddtrace do it)
    elif explanation.kind is LoaderTrouble.NO_MODULE and _is_beside(event, setting):
        # The same at the top level, where its name looks like an import name (rebound, gpytoolbox).
        kind = None if f"(PyInit_{event['name']})" in str(event.get("message")) else OutcomeKind.BROKEN
    elif explanation.kind is LoaderTrouble.LIBRARY and is_loose and _brings(setting.wheel, library):
        kind = None
    elif explanation.kind is LoaderTrouble.LIBRARY and is_system_library(library) and setting.variant == "minimal":
        reason = f"{reason[:-1]}; this is allowed on a minimal image, so repeat with '--variant desktop'."
        kind = None if is_loose else OutcomeKind.UNKNOWN
    elif explanation.kind in (LoaderTrouble.LIBRARY, LoaderTrouble.SYMBOL, LoaderTrouble.MACHINE) and is_loose:
        kind = OutcomeKind.OK
    return Finding(kind=kind, reason=reason, advice=explanation.advice)


def _brings(wheel: Wheel, library: str) -> bool:
    """Tell whether the wheel itself has a library, which its own code loads before the file that asked for it."""
    files = [*wheel.objects, *(extension.path for extension in wheel.extensions)]
    return any(path.rsplit("/", 1)[-1].startswith(library) for path in files)


def _missing_module(event: Event, module: str, setting: Setting) -> Finding:
    """Return what a missing module says: an optional dependency, a broken promise, or a gap in the distro's Python."""
    top = module.partition(".")[0]
    reason = f"'{event['name']}' imports '{module}', "
    if event["event"] != "import" or (event["name"] in TEST_FOLDERS and setting.imported):
        return Finding(kind=None, reason=f"{reason}which is not installed (optional dependency)")
    if top in {name.partition(".")[0] for name in setting.wheel.import_names}:
        return Finding(kind=OutcomeKind.BROKEN, reason=f"{reason}which the wheel itself should bring and does not.")
    removed = REMOVED_MODULES.get(top)
    if removed and (setting.python is None or setting.python >= removed):
        release = ".".join(map(str, removed))
        return Finding(kind=OutcomeKind.BROKEN, reason=f"{reason}which Python {release} and newer do not have.")
    if removed or top in sys.stdlib_module_names:
        return Finding(
            kind=OutcomeKind.UNKNOWN,
            reason=f"{reason}a part of the standard library that this distro packages separately.",
        )
    return _undeclared(reason, top, event, setting)


def _undeclared(reason: str, top: str, event: Event, setting: Setting) -> Finding:
    declared = [requirement for requirement in setting.wheel.requires if _names(requirement.name, top)]
    if not declared:
        kind = OutcomeKind.OK if _is_beside(event, setting) else OutcomeKind.BROKEN
        return Finding(kind=kind, reason=f"{reason}which it does not declare as a requirement.")
    if any(_applies(requirement, setting) for requirement in declared):
        said = f"{reason}which it expects of its requirement '{declared[0].name}', and the installed one does not have."
        return Finding(kind=OutcomeKind.BROKEN, reason=said)
    optional = any("extra" in str(requirement.marker) for requirement in declared)
    if optional and setting.imported:
        return Finding(kind=None, reason=f"{reason}which belongs to an extra")
    condition = short(declared[0].marker, 80)
    return Finding(kind=OutcomeKind.BROKEN, reason=f"{reason}which it declares only where {condition}.")


def _is_beside(event: Event, setting: Setting) -> bool:
    """Tell whether an import name stands beside another one that works and that the project is called by."""
    others = setting.imported - {event["name"]}
    return event["event"] == "import" and any(_names(setting.wheel.project, name.partition(".")[0]) for name in others)


def _applies(requirement: Requirement, setting: Setting) -> bool:
    """Tell whether a requirement holds without extras on the bench, whatever machine the lab runs on."""
    if requirement.marker is None:
        return True
    return requirement.marker.evaluate({**setting.markers, "extra": ""})


def _names(project: str, module: str) -> bool:
    """Tell whether a project plausibly brings a module: their names differ by dashes and the usual 'py' at most."""

    def bare(name: str) -> str:
        return re.sub(r"^(?:python|py)-?|-?(?:python|py)$|-", "", canonicalize_name(name))

    return bare(project) == bare(module)


def left_behind(event: Event) -> Iterable[Finding]:
    """Return a finding when a step left processes running that the probe had to kill."""
    count = event.get("left_behind") or 0
    if count:
        processes = "a process" if count == 1 else f"{count} processes"
        yield Finding(kind=OutcomeKind.OK, reason=f"'{event['name']}' leaves {processes} running when it is imported.")
