"""Draw the terminal summary of a run as SVG: ``python tools/picture.py RUN_FOLDER COMMAND OUTPUT.svg``.

The words are those of the run's own results; COMMAND is the line that made it. README.md shows such a picture.
"""

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from manylinux_lab.report import in_plan_order
from manylinux_lab.report.terminal import summary
from manylinux_lab.runs import RunFolder

WIDTH = 120
STYLES = {
    r"\bFAIL\b": "bold red",
    r"\b(imported|loaded|installed|smoke-tested)\b(?=  |$)": "green",
    r"\brefused\b(?=  |$)": "cyan",
    r"^\$ .*": "bold",
    r"^(  repeat|  advice|left out|note):?": "dim",
}


def main(run_folder: Path, command: str, output: Path) -> None:
    """Write the picture; the same results give the same bytes."""
    folder = RunFolder(path=run_folder)
    run = folder.read()
    results = in_plan_order(run, folder.results())
    seconds = sum(result.seconds for result in results)
    words = summary(run, results, width=WIDTH, seconds=seconds, missing=0)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), legacy_windows=False)
    console.print(coloured(f"$ {command}\n{words}"), no_wrap=True, overflow="ellipsis", crop=True)
    picture = console.export_svg(title="manylinux-lab", unique_id="run")
    picture = picture.replace("<text ", '<text xml:space="preserve" ')  # librsvg drops leading spaces otherwise
    output.write_text(with_local_fonts(picture))


def coloured(words: str) -> Text:
    """Return the text with the matrix's words and the labels in colour."""
    text = Text(words)
    for pattern, style in STYLES.items():
        for match in re.finditer(pattern, words, flags=re.MULTILINE):
            text.stylize(style, match.start(), match.end())
    return text


def with_local_fonts(picture: str) -> str:
    """Return the picture in the viewer's own fonts: nothing is fetched from elsewhere."""
    picture = re.sub(r"\s*@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    return picture.replace("Fira Code, monospace", "monospace")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
