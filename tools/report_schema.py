"""Writes the JSON Schema of ``report.json``, reports/report.schema.json, from the record ``Report``: run it bare."""

import json
from pathlib import Path

from manylinux_lab.report.json_file import schema

FILE = Path(__file__).resolve().parent.parent / "reports" / "report.schema.json"


def text() -> str:
    """Return the file's content."""
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
