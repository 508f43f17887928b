"""The documentation knows every word a user can say or see, and its links lead somewhere."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from manylinux_lab.__main__ import COMMANDS
from manylinux_lab.catalogue import reading
from manylinux_lab.catalogue.distro import Dataset, Libc
from manylinux_lab.commands.compare import WORDS
from manylinux_lab.engines import ENGINES
from manylinux_lab.engines.arch import ARCHES
from manylinux_lab.judge import Grade, How, OutcomeKind, Promise, Verdict
from manylinux_lab.options import COLOAD_MODES, FLAGS, INSTALLERS, VARIANTS, Options
from manylinux_lab.planning.checks import CHECKS
from manylinux_lab.report import FORMATS
from manylinux_lab.results import ExitCode, Result

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
RECIPES = sorted((ROOT / "docs" / "recipes").glob("*.md"))
TEXTS = {
    path.name: path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *PAGES, *RECIPES]
}
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def first_cells(page: str) -> set[str]:
    """Return the words in code spans in the first cells of a page's tables."""
    rows = re.findall(r"^\|([^|]*)\|", TEXTS[page], re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def anchors(text: str) -> set[str]:
    """Return the anchors that a page's headings make."""
    titles = re.findall(r"^#+ (.*)$", re.sub(BLOCK, "", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_page(command: str) -> None:
    elsewhere = {
        "report": "reports.md",
        "predict": "prediction.md",
        "profile": "prediction.md",
        "compare": "history.md",
        "bisect": "history.md",
    }
    page = elsewhere.get(command, f"{command}.md")
    assert f"manylinux-lab {command}" in TEXTS[page]
    assert f"docs/{page}" in TEXTS["README.md"]


@pytest.mark.parametrize("name", FLAGS)
def test_every_option_is_in_the_table_of_run(name: str) -> None:
    flag, metavar, _ = FLAGS[name]
    assert f"{flag} {metavar}".strip() in first_cells("run.md")


def test_every_option_is_a_setting_and_the_other_way_round() -> None:
    assert {field.name for field in fields(Options)} == {*FLAGS, "subjects"}


@pytest.mark.parametrize("word", WORDS)
def test_every_change_is_explained(word: str) -> None:
    assert word in first_cells("history.md")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_is_explained(check) -> None:  # type: ignore[no-untyped-def]  # one row of CHECKS
    assert check.name in first_cells("checks.md")
    assert (ROOT / "suites" / f"test_{check.name}.py").is_file()


@pytest.mark.parametrize(
    "keys",
    [
        reading.RELEASE_KEYS,
        reading.PACKAGE_MANAGER_KEYS,
        reading.REPOSITORIES_KEYS,
        reading.BOOTSTRAP_KEYS,
        reading.INTERPRETER_KEYS,
    ],
)
def test_every_distro_key_is_explained(keys: tuple[str, ...]) -> None:
    assert set(keys) <= first_cells("distros.md")


def test_every_word_of_a_distro_file_is_said() -> None:
    assert {one.value for one in (*Dataset, *Libc)} <= set(re.findall(r"`(\w+)`", TEXTS["distros.md"]))


def test_every_exit_code_is_explained() -> None:
    codes = {value for name, value in vars(ExitCode).items() if name.isupper()}
    section = TEXTS["verdicts.md"].partition("## Exit codes")[2]
    assert {int(code) for code in re.findall(r"^\| (\d) \|", section, re.MULTILINE)} == codes


@pytest.mark.parametrize("name", FORMATS)
def test_every_report_format_is_explained(name: str) -> None:
    assert name in first_cells("reports.md")


def test_the_fields_of_a_result_are_explained_and_no_others() -> None:
    section = TEXTS["results.md"].partition("## Fields of a line")[2].partition("\n## ")[0]
    rows = re.findall(r"^\|([^|]*)\|", section, re.MULTILINE)
    assert {word for row in rows for word in re.findall(r"`([^`]+)`", row)} == {field.name for field in fields(Result)}


@pytest.mark.parametrize("words", [Promise, OutcomeKind, Verdict, How, Grade], ids=lambda words: words.__name__)
def test_every_word_of_a_result_is_explained(words) -> None:  # type: ignore[no-untyped-def]  # one of five enums
    assert {word.value for word in words} <= set(re.findall(r"`([^`]+)`", TEXTS["results.md"]))


@pytest.mark.parametrize(
    "word", [*INSTALLERS, *VARIANTS, *COLOAD_MODES, *ENGINES, "auto", "supported", "lts", "all", "latest"]
)
def test_every_word_of_an_option_is_said(word: str) -> None:
    assert f"`{word}`" in TEXTS["run.md"]


@pytest.mark.parametrize("arch", ARCHES)
def test_every_arch_is_said(arch: str) -> None:
    assert arch in TEXTS["distros.md"]


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page: str) -> None:
    folder = next(path.parent for path in (*PAGES, *RECIPES, ROOT / page) if path.name == page)
    for target in LINK.findall(re.sub(BLOCK, "", TEXTS[page])):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (folder / name) if name else folder / page
        assert path.is_file(), target
        assert not anchor or anchor in anchors(path.read_text(encoding="utf-8")), target


def test_the_readme_links_every_page() -> None:
    linked = set(LINK.findall(TEXTS["README.md"]))
    pages = {str(path.relative_to(ROOT)) for path in (*PAGES, *RECIPES)}
    assert pages <= {target.partition("#")[0] for target in linked}


def test_the_readme_has_exactly_two_set_up_commands() -> None:
    said = set(re.findall(r"(?:^|[`\s])(\./[\w-]+)", TEXTS["README.md"]))
    assert said == {"./quickstart", "./run-tests"}
    assert all((ROOT / command).stat().st_mode & 0o111 for command in said)


@pytest.mark.parametrize("page", TEXTS)
def test_python_examples_are_python(page: str) -> None:
    for language, code in BLOCK.findall(TEXTS[page]):
        if language == "python":
            ast.parse(code)
