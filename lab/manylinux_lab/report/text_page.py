"""What the pages in Markdown and reStructuredText are made of: the values of their templates."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..judge import Verdict
from ..results import Result
from ..runs import Run
from . import agreement, companies, told
from .matrix import COMPANY, LEGEND, counts_sentence, matrix
from .predicted import observed, predictions
from .terminal import DETAILED

COMPANY_DETAILS = 300  # orders of wheels that are explained, for each verdict


def values(run: Run, results: Sequence[Result]) -> Mapping[str, Any]:
    """Return the values by the names that docs/reports.md gives them; the results are in the plan's order."""
    seen = observed(results)
    return {
        "run": run,
        "matrix": matrix(run, results),
        "legend": LEGEND,
        "together": companies.company_matrices(run, results),
        "legend_together": companies.LEGEND,
        "counts": counts_sentence(run, results),
        "counts_words": companies.counts_words,
        "details": [(verdict, *_with(seen, verdict)) for verdict in DETAILED if any(_with(seen, verdict))],
        "told": told,
        "predictions": predictions(results),
        "agreement": _agreement(results),
        "differences": agreement.differences(results),
    }


def _agreement(results: Sequence[Result]) -> tuple[agreement.Line, ...]:
    """Return what was seen against what was predicted; nothing where only tags foretold something."""
    found = agreement.lines(results)
    return found if any(line.check == "import" for line in found) else ()


def _with(results: Sequence[Result], verdict: Verdict) -> tuple[list[Result], int]:
    """Return the results of a verdict that are explained, and how many orders of wheels are not."""
    found = [result for result in results if result.verdict is verdict]
    silent = {result.cell for result in [one for one in found if one.check == COMPANY][COMPANY_DETAILS:]}
    return [result for result in found if result.cell not in silent], len(silent)
