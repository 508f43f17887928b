"""``report.html``: one page that holds everything, style and program too, and fetches nothing.

What comes from wheels goes into it escaped or packed, and a content security policy lets only our own program run.
"""

import base64
import hashlib
from collections.abc import Sequence

import jinja2
from markupsafe import Markup

from ..errors import UsageError
from ..history.changes import Changed
from ..results import Result
from ..runs import Run
from . import escape
from .page_data import overview
from .page_details import PIECE, packed, pieces
from .page_summary import left_out, summary_of
from .templates import environment, fill

TEMPLATE = "page/page.html.j2"
STYLE = "page/page.css"
# One program in one scope: each file may use what stands in those before it.
PROGRAM = tuple(
    f"page/{name}.js"
    for name in ("elements", "data", "state", "grid", "filters", "matrix", "together", "evidence", "print", "main")
)

LEGEND = (
    ("smoke-tested", "the promise is kept: its smoke code ran"),
    ("imported", "the promise is kept: everything in it was imported and loaded"),
    ("loaded", "the promise is kept: everything in it was loaded"),
    ("installed", "the promise is kept as far as was seen: it was installed"),
    ("resolved", "nothing is missing for it, as far as its files tell"),
    ("refused", "turned away, as it must be: its tag does not reach there"),
    ("FAIL", "it broke its promise, or was accepted where it must be refused"),
    ("warn", "it works, but others may suffer from it"),
    ("flaky", "it works together with others only sometimes"),
    ("unknown", "the lab could not find out, and says why"),
    ("ERROR", "the lab failed; no wheel is blamed"),
    ("skipped", "it did not apply, or an earlier check of the same wheel failed"),
    ("not run", "planned, and the run ended before"),
    ("left out", "not run, for the reason that the cell tells"),
)


def slug(word: str) -> str:
    """Return the class that gives a word its colours."""
    return word.lower().replace(" ", "-")


def render(run: Run, results: Sequence[Result], *, changes: Sequence[Changed] = ()) -> str:
    """Return the page. Same results, same text. ``changes`` are those since an earlier run, if there was one."""
    made = environment(run.options.templates, None)
    made.filters |= {"plain": lambda text: escape.plain(str(text)), "slug": slug}
    style, program = _source(made, STYLE), "".join(_source(made, name) for name in PROGRAM)
    summary = summary_of(run, results)
    values = {
        "run": run,
        "summary": summary,
        "left_out": left_out(run),
        "legend": LEGEND,
        "style": Markup(style),  # noqa: S704 - a file of ours, or of the user's folder of templates
        "program": Markup(program),  # noqa: S704 - the same
        "policy": policy(style, program),
        "data": packed(overview(run, results, changes=changes, summary=summary.text)),
        "piece": PIECE,
        "pieces": pieces(results),
    }
    return fill(made, TEMPLATE, values)


def _source(made: jinja2.Environment, name: str) -> str:
    """Return a file that goes into the page as it is; a user's folder of templates may have its own."""
    if made.loader is None:
        raise ValueError("There is no folder of templates.")
    try:
        return made.loader.get_source(made, name)[0]
    except UnicodeDecodeError as error:
        raise UsageError(f"The template '{name}' is not text in UTF-8; save it as that.") from error


def policy(style: str, program: str) -> str:
    """Return the content security policy: nothing is fetched, and no text becomes program or markup."""
    rules = (
        "default-src 'none'",
        f"script-src {_hash(program)}",
        f"style-src {_hash(style)}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(rules)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
