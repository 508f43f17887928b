"""``report.md``: the run as a Markdown page, from the template in ``reports/``; everything it shows is escaped."""

from collections.abc import Sequence

from tabulate import tabulate

from ..judge import Verdict
from ..results import Result
from ..runs import Run
from . import agreement, companies, escape, told
from .matrix import COMPANY, LEGEND, Matrix, counts_sentence, matrix
from .predicted import observed, predictions
from .templates import Safe, environment, fill
from .terminal import DETAILED

COMPANY_DETAILS = 300  # orders of wheels that are explained, for each verdict


def render(run: Run, results: Sequence[Result]) -> str:
    """Return the page. Same results, same text."""
    made = environment(run.options.templates, escape.markdown)
    made.globals["told"] = told
    made.globals["counts_words"] = companies.counts_words
    made.filters["as_table"] = lambda content: Safe(table(content))
    made.filters["code"] = lambda text: Safe(escape.code(str(text)))
    content = matrix(run, results)
    seen = observed(results)
    values = {
        "run": run,
        "matrix": content,
        "legend": LEGEND,
        "together": companies.company_matrices(run, results),
        "legend_together": companies.LEGEND,
        "counts": counts_sentence(run, results),
        "details": [(verdict, *_with(seen, verdict)) for verdict in DETAILED if any(_with(seen, verdict))],
        "predictions": predictions(results),
        "agreement": _agreement(results),
        "differences": agreement.differences(results),
    }
    return fill(made, "report.md.j2", values)


def _agreement(results: Sequence[Result]) -> tuple[agreement.Line, ...]:
    """Return what was seen against what was predicted; nothing where only tags foretold something."""
    found = agreement.lines(results)
    return found if any(line.check == "import" for line in found) else ()


def _with(results: Sequence[Result], verdict: Verdict) -> tuple[list[Result], int]:
    """Return the results of a verdict that are explained, and how many orders of wheels are not."""
    found = [result for result in results if result.verdict is verdict]
    silent = {result.cell for result in [one for one in found if one.check == COMPANY][COMPANY_DETAILS:]}
    return [result for result in found if result.cell not in silent], len(silent)


def table(content: Matrix) -> str:
    """Return the matrix as a Markdown table."""
    body = [
        [escape.markdown(row), *(escape.markdown(word) for word in line)]
        for row, line in zip(content.rows, content.words, strict=True)
    ]
    headers = ["", *(escape.markdown(column) for column in content.columns)]
    return tabulate(body, headers=headers, tablefmt="github", disable_numparse=True)
