"""A question of the corpus put to the public command line: which words ask it, and the results that come back."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_cases import Pins, Question, project_of
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from manylinux_lab.errors import EngineError
from manylinux_lab.resolving.index import Index

TIMEOUT = "60"  # seconds for one step: a hang is an outcome


def modes_of(question: Question) -> tuple[str, ...]:
    """Return the modes of ``--coload`` that a question needs.

    Two projects are paired, three also meet all at once. More of them share one process, in orders that cover every
    pair where the case is about orders.
    """
    count = len(question.projects)
    words = f"{question.case.phenomenon} {question.case.expectation} {question.text}"
    if question.case.smoke or count < 3:
        return ("pairs",)
    if count == 3:
        return ("pairs", "triples")
    return ("orders",) if "order" in words or "together" in words else ("all",)


def wheel_file(index: Index, name: str) -> Path:
    """Return a wheel by its file name, from the index or the cache."""
    for file in index.files(project_of(name)):
        if file.name == name:
            return index.download(file)
    raise EngineError(f"The package index does not offer '{name}'.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """A question in one mode: its wheels as files, an engine, and a folder for what the command line writes."""

    question: Question
    mode: str
    wheels: tuple[Path, ...]
    engine: str
    out: Path

    def results(self) -> list[Mapping[str, Any]]:
        """Run the command line; return the lines of its results."""
        self.out.mkdir(parents=True)
        pins = self._fitting_pins()
        done = self._command("run", [*self._words(pins, self._strangers(pins)), "--out", "runs"])
        (self.out / "said.txt").write_text(done.stdout + done.stderr)
        files = sorted(self.out.glob("runs/*/results.jsonl"))
        if not files:
            raise EngineError((done.stderr or done.stdout).strip()[-300:])
        return [json.loads(line) for line in files[-1].read_text().splitlines()]

    def _words(self, pins: Pins, strangers: Pins = ()) -> list[str]:
        """Return the arguments; ``pins`` are releases of what the wheels require, ``strangers`` are installed too."""
        words = [*map(str, self.wheels), *(f"{project}=={version}" for project, version in strangers)]
        if pins:
            (self.out / "pins.txt").write_text("".join(f"{project}=={version}\n" for project, version in pins))
            (self.out / "beside.txt").write_text("-c pins.txt\n")
            words.append("beside.txt")
        words += ["--distro", self.question.distro, "--engine", self.engine, "--coload", self.mode]
        words += ["--timeout", TIMEOUT, *(["--ignore-requires-python"] if self.question.ignores_python else [])]
        for project, code in self.question.case.smoke.items():
            words += ["--smoke", f"{project}={code}"] if project in self.question.projects else []
        return words

    def _command(self, name: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "manylinux_lab", name, *words]
        return subprocess.run(argv, cwd=self.out, capture_output=True, text=True, check=False)

    def _plan(self, pins: Pins) -> Mapping[str, Any]:
        done = self._command("plan", [*self._words(pins), "--json"])
        try:
            plan: Mapping[str, Any] = json.loads(done.stdout)
        except ValueError as error:
            raise EngineError((done.stderr or done.stdout).strip()[-300:]) from error
        return plan

    def _fitting_pins(self) -> Pins:
        """Return the helper releases that the wheels' metadata admit: a corpus may have unpacked them side by side."""
        pins = self.question.pins
        while objections := " ".join(_objections(self._plan(pins))) if pins else "":
            loose = [pin for pin in pins if pin not in self.question.special_pins]
            named = [pin for pin in loose if re.search(rf"'{re.escape(pin[0])}\b", objections)]
            if not loose:
                break
            pins = tuple(pin for pin in pins if pin not in (named or loose))
        return pins

    def _strangers(self, pins: Pins) -> Pins:
        """Return the helpers that no wheel requires by its metadata: they were beside it all the same."""
        if not pins:
            return ()
        known = set(_projects(self._plan(pins)))
        return tuple(pin for pin in pins if pin[0] not in known)


def _objections(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield why a plan cannot resolve a wheel, or wheels together."""
    for cell in plan["cells"]:
        if cell["check"] == "resolve" and cell["finding"]:
            yield cell["finding"]["reason"]
    for entry in plan["left_out"]:
        if "," in entry["subject"]:
            yield entry["reason"]


def _projects(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the projects whose wheels a plan installs."""
    for path in plan["files"].values():
        try:
            yield parse_wheel_filename(Path(path).name)[0]
        except InvalidWheelFilename:
            continue
