"""``manylinux-lab doctor``: what this machine can do for the lab, one line each, and what to do about the rest."""

import argparse
import json
import os
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..engines import AUTOMATIC, ENGINES
from ..engines.arch import ARCHES, is_native
from ..engines.contract import Boundary, Engine, Image
from ..errors import EngineError, UsageError
from ..folders import cache_folder
from ..images.registry import DOCKER_HUB, unreachable
from ..resolving.sources import Sources, find_sources, redacted
from ..results import ExitCode

SCHEMA = 1
GIBIBYTE = 1 << 30
ENOUGH_DISK = 5 * GIBIBYTE
SECONDS = 5.0
# Program: the system package that has it, and what the lab does with it.
TOOLS = {
    "mmdebstrap": ("mmdebstrap", "makes Debian and Ubuntu images without a registry"),
    "arch-test": ("arch-test", "mmdebstrap needs it for other architectures"),
    "dnf": ("dnf", "makes Fedora-like images without a registry"),
    "zypper": ("zypper", "makes openSUSE images without a registry"),
    "apk": ("apk-tools", "makes Alpine images without a registry"),
    "skopeo": ("skopeo", "lets 'bwrap' pull from registries"),
    "umoci": ("umoci", "lets 'bwrap' unpack what it pulled"),
}


class State(Enum):
    """How a finding reads: good, worth knowing, or in the way."""

    OK = "ok"
    ABSENT = "--"
    TROUBLE = "!!"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and what to do about it (empty when there is nothing to do)."""

    topic: str
    name: str
    state: State
    found: str
    advice: str = ""

    @property
    def id(self) -> str:
        """``engine docker``."""
        return f"{self.topic} {self.name}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Print the findings; the code says whether any engine can be used, as nothing is observed without one."""
    findings: list[Finding] = []
    for finding in examine():
        findings.append(finding)
        if not arguments.json:
            print(line(finding), flush=True)
    if arguments.json:
        print(as_json(findings))
    usable = any(finding.topic == "engine" and finding.state is State.OK for finding in findings)
    return ExitCode.KEPT if usable else ExitCode.LAB_FAILED


def examine() -> Iterator[Finding]:
    """Look at everything in turn."""
    engines = {name: ENGINES[name]() for name in AUTOMATIC}
    troubles = {name: engine.trouble() for name, engine in engines.items()}
    yield from engine_findings(troubles)
    usable = [engines[name] for name, trouble in troubles.items() if trouble is None]
    for engine in usable:
        yield from _limits(engine)
    yield from _arches(usable)
    yield from tool_findings({name: shutil.which(name) for name in TOOLS})
    yield disk_finding(shutil.disk_usage(cache_folder()).free, cache_folder())
    yield from _indexes()
    yield registry_finding(unreachable(DOCKER_HUB))


def line(finding: Finding) -> str:
    """Return a finding as one line of text."""
    advice = f" -> {finding.advice}" if finding.advice else ""
    return " ".join(
        f"{finding.state.value}  {finding.topic:<8} {finding.name:<24} {finding.found}{advice}".splitlines()
    )


def as_json(findings: Iterable[Finding]) -> str:
    """Return the findings as the JSON that docs/doctor.md describes."""
    rows = [asdict(finding) | {"state": finding.state.name.lower()} for finding in findings]
    return json.dumps({"schema": SCHEMA, "findings": rows}, indent=2)


def engine_findings(troubles: Mapping[str, str | None]) -> Iterator[Finding]:
    """Yield a line for each engine; the first usable one is what ``auto`` takes. One usable engine is enough."""
    chosen = next((name for name, trouble in troubles.items() if trouble is None), "")
    for name, trouble in troubles.items():
        if trouble is None:
            found = "usable, and what 'auto' takes" if name == chosen else "usable"
            yield Finding(topic="engine", name=name, state=State.OK, found=found)
        else:
            state = State.ABSENT if chosen else State.TROUBLE
            yield Finding(topic="engine", name=name, state=state, found="not usable", advice=trouble)


def _limits(engine: Engine) -> Iterator[Finding]:
    name = engine.name
    try:
        image = _smallest(engine.images())
        if image is None:
            advice = "run 'manylinux-lab images build debian-12', then ask again"
            yield Finding(topic="limits", name=name, state=State.ABSENT, found="no image to try them on", advice=advice)
            return
        yield from limit_findings(name, engine.boundaries(image))
    except EngineError as error:
        yield Finding(topic="limits", name=name, state=State.TROUBLE, found="cannot be tried", advice=str(error))


def _smallest(images: Sequence[tuple[str, Image, int]]) -> Image | None:
    """Return the smallest image that runs natively and is a whole system: roots of a few kB are not."""
    whole = [(size, key, image) for key, image, size in images if is_native(image.arch) and size > (1 << 20)]
    return min(whole, key=lambda row: row[:2])[2] if whole else None


def limit_findings(engine: str, boundaries: Iterable[Boundary]) -> Iterator[Finding]:
    """Yield a line for each boundary."""
    for boundary in boundaries:
        state = State.OK if boundary.in_force else State.TROUBLE
        found = boundary.detail if boundary.in_force else f"NOT in force: {boundary.detail}"
        advice = "" if boundary.in_force else f"do not run wheels that you do not trust with '{engine}' here"
        yield Finding(
            topic="limits", name=f"{engine} {boundary.name}", state=state, found=" ".join(found.split()), advice=advice
        )


def _arches(engines: Sequence[Engine]) -> Iterator[Finding]:
    for arch in ARCHES:
        troubles = [engine.arch_trouble(arch) for engine in engines]
        if not engines:
            found, advice, state = "unknown without an engine", "", State.ABSENT
        elif None in troubles:
            found, advice, state = "native" if is_native(arch) else "emulated by QEMU", "", State.OK
        else:
            found, advice, state = "cannot run here", str(troubles[0]), State.ABSENT
        yield Finding(topic="arch", name=arch, state=state, found=found, advice=advice)


def tool_findings(paths: Mapping[str, str | None]) -> Iterator[Finding]:
    """Yield a line for each tool that makes or fetches images; ``paths`` says where each one is."""
    for name, (package, purpose) in TOOLS.items():
        if paths.get(name):
            yield Finding(topic="tool", name=name, state=State.OK, found=purpose)
        else:
            advice = f"install the system package '{package}' if you need it"
            yield Finding(topic="tool", name=name, state=State.ABSENT, found=f"absent; it {purpose}", advice=advice)


def disk_finding(free: int, folder: Path) -> Finding:
    """Return the line for the cache's disk."""
    found = f"{free / GIBIBYTE:.1f} GiB free at '{folder}'"
    if free >= ENOUGH_DISK:
        return Finding(topic="disk", name="cache", state=State.OK, found=found)
    advice = "run 'manylinux-lab images clean', or name another place with MANYLINUX_LAB_CACHE"
    return Finding(topic="disk", name="cache", state=State.TROUBLE, found=found, advice=advice)


def _indexes() -> Iterator[Finding]:
    try:
        sources = find_sources(os.environ, Path.home())
    except UsageError as error:
        yield Finding(topic="index", name="pip", state=State.TROUBLE, found="cannot be used", advice=str(error))
        return
    for number, url in enumerate(sources.index_urls):
        name = "packages" if number == 0 else f"packages {number + 1}"
        yield index_finding(name, redacted(url), _refusal(url, sources))


def index_finding(name: str, url: str, refusal: str) -> Finding:
    """Return the line for a package index; ``refusal`` is why it cannot be asked, or empty."""
    if not refusal:
        return Finding(topic="index", name=name, state=State.OK, found=f"'{url}' answers")
    advice = "check the connection and proxies, or name another one with --index-url or --find-links"
    return Finding(topic="index", name=name, state=State.TROUBLE, found=f"'{url}': {refusal}", advice=advice)


def _refusal(url: str, sources: Sources) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return "" if Path(unquote(parts.path)).exists() else "the folder does not exist"
    authorities = Path(sources.certificate) if sources.certificate else None
    try:
        folder = str(authorities) if authorities and authorities.is_dir() else None
        file = str(authorities) if authorities and authorities.is_file() else None
        context = ssl.create_default_context(cafile=file, capath=folder)
        request = urllib.request.Request(f"{url.rstrip('/')}/pip/")  # noqa: S310 - http or https
        with urllib.request.urlopen(request, timeout=SECONDS, context=context):  # noqa: S310 - http or https
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered with {error.code} {error.reason}"
    except OSError as error:
        return str(getattr(error, "reason", None) or error)


def registry_finding(refusal: str) -> Finding:
    """Return the line for the image registry; ``refusal`` is why it cannot be asked, or empty."""
    if not refusal:
        return Finding(topic="registry", name=DOCKER_HUB, state=State.OK, found="answers")
    advice = (
        "images can still be made with the tools above or named with --image; --registry-mirror names another registry"
    )
    return Finding(topic="registry", name=DOCKER_HUB, state=State.ABSENT, found=refusal, advice=advice)
