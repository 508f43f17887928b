"""The Sphinx directive ``wheel-matrix``: the matrix of a run in a page of documentation, made anew when the run is.

It comes with the extra ``manylinux-lab[sphinx]`` and is switched on by ``extensions = ["manylinux_lab.sphinx"]``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from . import __version__
from .errors import UsageError
from .report import json_file
from .report.columns import PAGE, blocks, in_browser
from .report.escape import plain
from .report.filtering import filtered
from .report.matrix import LEGEND, Matrix
from .report.model import Report, in_plan_order, report_of
from .runs import RunFolder


class WheelMatrix(SphinxDirective):
    """``.. wheel-matrix:: PATH``, of a run's folder or a ``report.json``; / in front stands for the source folder.

    Options ``distro``, ``arch`` and ``project`` take globs with spaces between; ``only-failures`` keeps rows and
    columns with something broken; ``no-legend`` leaves the legend away.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {
        "distro": directives.unchanged_required,
        "arch": directives.unchanged_required,
        "project": directives.unchanged_required,
        "only-failures": directives.flag,
        "no-legend": directives.flag,
        "class": directives.class_option,
    }

    def run(self) -> list[nodes.Node]:
        """Return the table, with a legend below; what cannot be read is an error of the directive."""
        _, path = self.env.relfn2path(self.arguments[0])
        try:
            report = self._report(Path(path))
        except UsageError as error:
            raise self.error(str(error)) from error
        content = filtered(
            report,
            distro=self._globs("distro"),
            arch=self._globs("arch"),
            project=self._globs("project"),
            only_failures="only-failures" in self.options,
        )
        if not content.rows or not content.columns:
            return [nodes.paragraph("", "Nothing of this run is left to show.")]
        legend = (
            [] if "no-legend" in self.options else [nodes.paragraph("", f"{LEGEND}.", classes=["wheel-matrix-legend"])]
        )
        classes = ["wheel-matrix", *self.options.get("class", [])]
        shown = blocks(content, PAGE, in_browser, may_turn=True)
        return [*(table_of(block, classes) for block in shown), *legend]

    def _report(self, path: Path) -> Report:
        """Return the report, and let Sphinx read the page again when one of its files changes."""
        folder = RunFolder(path=path)
        for file in (folder.plan_file, folder.results_file) if path.is_dir() else (path,):
            self.env.note_dependency(str(file))
        if path.is_dir():
            run, results = folder.seen(folder.read())
            return report_of(run, in_plan_order(run, results))
        if not path.is_file():
            raise UsageError(f"There is neither a run nor a report at '{self.arguments[0]}'.")
        return json_file.parse(path.read_bytes(), self.arguments[0])

    def _globs(self, name: str) -> tuple[str, ...]:
        return tuple(self.options.get(name, "").split())


def table_of(content: Matrix, classes: list[str]) -> nodes.table:
    """Return the matrix as a table; words have classes such as ``wheel-fail``, so that a style can colour them."""
    group = nodes.tgroup(cols=len(content.columns) + 1)
    lines = (["", *content.columns], *([row, *words] for row, words in zip(content.rows, content.words, strict=True)))
    widths = [max(map(len, column)) or 1 for column in zip(*lines, strict=True)]  # which pages of plain text go by
    group += [nodes.colspec(colwidth=widths[0], stub=1), *(nodes.colspec(colwidth=width) for width in widths[1:])]
    head = nodes.thead("", _row(["", *content.columns], is_head=True))
    rows = zip(content.rows, content.words, strict=True)
    body = nodes.tbody("", *(_row([title, *words], is_head=False) for title, words in rows))
    group += [head, body]
    return nodes.table("", group, classes=classes)


def _row(texts: list[str], *, is_head: bool) -> nodes.row:
    return nodes.row("", *(_entry(text, is_word=position > 0 and not is_head) for position, text in enumerate(texts)))


def _entry(text: str, *, is_word: bool) -> nodes.entry:
    classes = [f"wheel-{nodes.make_id(text)}"] if is_word and nodes.make_id(text) else []
    return nodes.entry("", nodes.paragraph("", plain(text)), classes=classes)


def setup(app: Sphinx) -> Mapping[str, Any]:
    """Register the directive; it keeps nothing between pages, so pages can be read in parallel."""
    app.add_directive("wheel-matrix", WheelMatrix)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
