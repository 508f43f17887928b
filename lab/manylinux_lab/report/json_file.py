"""``report.json``: the whole report as one JSON document, and the JSON Schema that describes it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ..errors import UsageError
from ..results import Result
from ..runs import Run
from .model import SCHEMA, Report, report_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def render(run: Run, results: Sequence[Result]) -> str:
    """Return the document. Same results, same text."""
    return msgspec.json.format(msgspec.json.encode(report_of(run, results)), indent=1).decode() + "\n"


def parse(content: bytes, name: str) -> Report:
    """Return the report of a document; ``name`` is that of its file.

    Raises:
        UsageError: it is no report, or a newer lab wrote it.
    """
    try:
        head = msgspec.json.decode(content, type=dict[str, Any])
        schema = head.get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise UsageError(
                f"The report '{name}' has schema {schema}; this lab reads up to {SCHEMA}. Use a newer lab."
            )
        return msgspec.convert(head, Report)
    except RecursionError as error:
        raise UsageError(f"The file '{name}' is not a report of this lab in JSON: it is nested too deeply.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The file '{name}' is not a report of this lab in JSON: {str(error).rstrip('.')}.") from error


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the document, made from the record."""
    made = msgspec.json.schema(Report)
    return {"$schema": DIALECT, "title": "A report of manylinux-lab", **made}
