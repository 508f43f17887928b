"""Options: command line over settings over defaults, and every bad value in one sentence."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from manylinux_lab.errors import UsageError
from manylinux_lab.options import FLAGS, Options, add_arguments, command_line, make, read_settings, smoke_code


def parse(*words: str, settings: dict[str, Any] | None = None) -> Options:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return make(parser.parse_args(words), settings or {})


def test_defaults() -> None:
    assert parse("numpy") == Options(subjects=("numpy",))


def test_every_option_has_a_flag_and_the_reverse() -> None:
    assert set(FLAGS) == set(Options.__slots__) - {"subjects"}


def test_the_command_line_wins_over_the_settings() -> None:
    settings = {"distro": ["debian-*"], "strict": True, "timeout": 5, "subjects": ["dist"]}
    options = parse("--distro", "lts", settings=settings)
    assert (options.distro, options.strict, options.timeout, options.subjects) == (("lts",), True, 5, ("dist",))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--variant", "desktp"), r"'desktp' \(did you mean 'desktop'"),
        (("--installer", "poetry"), "takes pip, newest-pip, uv"),
        (("--timeout", "0"), "from 1 up"),
        (("-n", "-1"), "from 1 up"),
        (("-n", "0"), "from 1 up"),
        (("--lock", "nowhere.lock"), r"The lock file 'nowhere.lock' does not exist"),
        (("--smoke", "numpy"), "PROJECT=CODE"),
        (("--smoke", "=pass"), "PROJECT=CODE"),
        (("--coload", "paris"), r"'paris' \(did you mean 'pairs'"),
        (("--coload", "pairs:3"), "takes a number only as in orders:20, not 'pairs:3'"),
        (("--coload", "orders:"), "not 'orders:'"),
        (("--coload", "orders:-1"), "not 'orders:-1'"),
        (("--orders", "-1"), "from 0 up"),
    ],
)
def test_bad_values(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse("numpy", *words)


def test_smoke_code_goes_by_normalised_name() -> None:
    assert smoke_code(parse("--smoke", "Flit_Core=import a; a == 1")) == {"flit-core": "import a; a == 1"}


def test_the_number_of_orders_may_stand_with_the_mode() -> None:
    said = parse("a", "--coload", "orders:3", "--seed", "7")
    assert (said.coload, said.orders, said.seed) == ("orders", 3, 7)
    assert parse("a", "--coload", "orders", "--orders", "3", "--seed", "7") == said


def settings(folder: Path, text: str) -> dict[str, Any]:
    (folder / "pyproject.toml").write_text(text)
    return read_settings(folder)


def test_settings(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == {}
    assert settings(tmp_path, "[project]\nname='x'") == {}
    text = "[tool.manylinux-lab]\npython-root='x'\ndistro=['lts']\npre=true\n[tool.manylinux-lab.smoke]\nnumpy='1'"
    assert settings(tmp_path, text) == {"python_root": "x", "distro": ["lts"], "pre": True, "smoke": ["numpy=1"]}
    text = "[tool.manylinux-lab]\ncoload='orders:3'\nwith=['popular']\nworkers=2\nforce-together=true"
    expected = {"coload": "orders:3", "neighbours": ["popular"], "workers": 2, "force_together": True}
    assert settings(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("distros = ['x']", r"'distros' .* is unknown \(did you mean 'distro'"),
        ("distro = 'x'", "takes a list of strings"),
        ("distro = [1]", "takes a list of strings"),
        ("neighbours = ['x']", "'neighbours' .* is unknown"),
        ("pre = 1", "takes true or false"),
        ("timeout = true", "takes a whole number"),
        ("engine = 3", "takes a string"),
        ("engine =", "cannot be read"),
    ],
)
def test_bad_settings(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        settings(tmp_path, f"[tool.manylinux-lab]\n{line}")


def test_the_repeat_command_carries_what_is_not_selection() -> None:
    options = parse("numpy", "--distro", "x", "--pre", "--find-links", "a", "--find-links", "b", "--timeout", "9")
    assert command_line(options) == ["--find-links", "a", "--find-links", "b", "--pre", "--timeout", "9"]


def test_the_repeat_command_leaves_out_what_is_for_others() -> None:
    options = parse("x", "--image", "a:x86_64=1", "--image", "b=2", "--smoke", "Foo_Bar=1", "--smoke", "other=2")
    assert command_line(options, "a", ["foo-bar"]) == ["--smoke", "Foo_Bar=1", "--image", "a:x86_64=1"]


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nmanylinux-lab = 3", "[[tool.manylinux-lab]]"])
def test_settings_that_are_no_table(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError, match=r"are not a table '\[tool.manylinux-lab\]'"):
        read_settings(tmp_path)
