"""The command line itself: every trouble is one sentence and the right exit code."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from manylinux_lab.__main__ import COMMANDS, main


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["rnu"], "invalid choice: 'rnu'"),
        (["run", "--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["plan", "numpy", "--", "-x"], "Only 'run' and 'grid' take arguments for pytest"),
        (["report", "nowhere"], "There is no run 'nowhere'"),
        (["run"], "Name a subject"),
        (["run", "numpy", "--distro", "debain-12"], "debian-12"),
        (["run", "numpy", "--arch", "arch64"], "aarch64"),
        (["run", "numpy", "--engine", "dokcer"], "docker"),
    ],
)
def test_wrong_usage(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 4
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_mistake_of_the_lab_blames_no_wheel(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from manylinux_lab.commands import plan

    def fail(_: object) -> int:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(plan, "execute", fail)
    assert main(["plan", "numpy"]) == 3
    assert "the lab failed, by a mistake of its own: RuntimeError('nobody thought of this')" in capsys.readouterr().err


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert re.search(r"\n\nexit codes: 0 (every promise kept|done|compared|found)\b", capsys.readouterr().out)


def test_a_full_disk_is_told_with_the_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from manylinux_lab.commands import plan

    def fail(_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/a/report.md")

    monkeypatch.setattr(plan, "execute", fail)
    assert main(["plan", "numpy"]) == 3
    assert capsys.readouterr().err == "manylinux-lab: the lab failed: No space left on device: 'runs/a/report.md'.\n"


@pytest.mark.real
def test_help_imports_nothing_heavy() -> None:
    code = "import sys, manylinux_lab.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted({'pytest', 'docker', 'testcontainers', 'jinja2', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
