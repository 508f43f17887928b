"""Reports of a run, made from its folder alone; a literal dict lists the formats.

========================== ============================================================================================
what is shown              ``model`` is the record of a whole report; ``matrix``, ``companies``, ``predicted``,
                           ``agreement`` and ``told`` make its parts, ``filtering`` takes a part of the run,
                           ``columns`` breaks up what is too wide
formats                    ``terminal``, ``markdown``, ``rst`` (with ``text_page``), ``csv_file``, ``json_file``,
                           ``junit``, ``sarif``, ``github``, ``badge``
the page                   ``page``, with ``page_summary``, ``page_data``, ``page_together``, ``page_details`` and
                           ``vocabulary``
in documentation           ``block`` is what goes between markers, ``inject`` replaces it, ``renewing`` writes the file
beside a run               ``comparison`` of two runs, ``trend_text`` of a history, ``repro``: a script that shows one
                           failure
for all of them            ``escape`` and ``templates``
========================== ============================================================================================
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import UsageError, nearest
from ..results import Result
from ..runs import Run, RunFolder, write_whole
from . import badge, csv_file, github, json_file, junit, markdown, page, rst, sarif, terminal
from .model import in_plan_order

__all__ = ["DEFAULTS", "FORMATS", "Format", "in_plan_order", "render", "with_templates", "write_reports"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """A format: the name of its file in the run's folder, what makes the text of it, and a few words for ``--help``.

    ``make`` is pure and gives the same text for the same results, which come in the plan's order. One that ``is_whole``
    shows what was seen of kept promises too; the others are the same with results ``in_short``.
    """

    file: str
    make: Callable[[Run, Sequence[Result]], str]
    words: str
    is_whole: bool = False


# docs/reports.md says how to add one.
FORMATS: Mapping[str, Format] = {
    "markdown": Format(file="report.md", make=markdown.render, words="a page with matrices, failures and benches"),
    "html": Format(
        file="report.html",
        make=page.render,
        words="a page with filters and the evidence of every cell",
        is_whole=True,
    ),
    "rst": Format(file="report.rst", make=rst.render, words="the same page in reStructuredText"),
    "csv": Format(
        file="report.csv", make=csv_file.render, words="one line for each cell, for spreadsheets", is_whole=True
    ),
    "json": Format(
        file="report.json", make=json_file.render, words="everything, by a published JSON Schema", is_whole=True
    ),
    "junit": Format(file="junit.xml", make=junit.render, words="one case for each cell, for CI systems"),
    "sarif": Format(file="report.sarif", make=sarif.render, words="what needs attention, for code scanning"),
    "github": Format(file="step-summary.md", make=github.summary, words="the summary of a step in GitHub Actions"),
    "annotations": Format(file="annotations.txt", make=github.annotations, words="annotations for its log"),
    "badge": Format(file="badge.svg", make=badge.render, words="a picture such as '31/31 distros, musl refused'"),
    "terminal": Format(file="report.txt", make=terminal.render, words="the summary that a run ends with"),
}
DEFAULTS = ("markdown", "junit")  # what every run leaves in its folder


def render(name: str, run: Run, results: Iterable[Result]) -> str:
    """Return the report of a format.

    Raises:
        UsageError: there is no such format, or one of the user's templates has a mistake.
    """
    if name not in FORMATS:
        raise UsageError(f"There is no report format '{name}'{nearest(name, FORMATS)}; there are {', '.join(FORMATS)}.")
    return FORMATS[name].make(run, in_plan_order(run, results))


def with_templates(run: Run, folder: str) -> Run:
    """Return the run with the templates of ``folder`` before the lab's own; an empty one keeps what the run had."""
    return replace(run, options=replace(run.options, templates=folder)) if folder else run


def write_reports(
    folder: RunFolder, run: Run, results: Iterable[Result], formats: Sequence[str] = DEFAULTS
) -> tuple[Path, ...]:
    """Write reports into the run's folder, each whole or not at all, and return their paths.

    All are made before the first is written, so that a mistake in a template leaves the earlier files alone.

    Raises:
        UsageError: there is no such format, or one of the user's templates has a mistake.
        OSError: a file cannot be written, as on a full disk.
    """
    kept = tuple(results)
    texts = {folder.path / FORMATS[name].file: text for name, text in _texts(run, kept, formats)}
    for path, text in texts.items():
        write_whole(path, text.encode())
    return tuple(texts)


def _texts(run: Run, results: Sequence[Result], formats: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, render(name, run, results)) for name in dict.fromkeys(formats)]
