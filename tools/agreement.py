"""Print the table of docs/prediction.md: ``python tools/agreement.py RUN...``, the folders of finished runs.

The runs are made with ``manylinux-lab run benchmarks/agreement.txt --distro ... --coload off``. The exit code is 1
where a prediction was wrong for a cause that it knows.
"""

import sys
from pathlib import Path

from tabulate import tabulate

from manylinux_lab.report.agreement import PREDICTED, Cause, differences, lines
from manylinux_lab.results import Result
from manylinux_lab.runs import RunFolder


def main(folders: list[str]) -> int:
    """Print both tables as Markdown."""
    results: list[Result] = [result for folder in folders for result in RunFolder(path=Path(folder)).results()]
    table = [[line.check, line.bench, line.seen, *line.predicted.values()] for line in lines(results)]
    found = differences(results)
    wheels = {result.subject for result in results if lines([result])}
    print(f"{sum(sum(row[3:]) for row in table)} cells of {len(wheels)} wheels, {len(found)} of them differ.\n")
    print(tabulate(table, headers=["check", "bench", "seen", *PREDICTED], tablefmt="github"))
    print()
    rows = [[one.cell.partition("/")[0], one.cell.rpartition("/")[2], one.cause.value] for one in found]
    print(tabulate(rows, headers=["bench", "wheel", "why"], tablefmt="github"))
    return int(any(one.cause is Cause.MODEL for one in found))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python tools/agreement.py RUN...")
    sys.exit(main(sys.argv[1:]))
