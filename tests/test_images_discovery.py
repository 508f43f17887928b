"""How what the discovery script prints becomes interpreters."""

import json
from typing import Any, cast

import pytest
from image_records import FakeEngine

from manylinux_lab.engines.contract import Engine, Image
from manylinux_lab.errors import EngineError
from manylinux_lab.images.discovery import abi, discover, has_python_and_pip, read
from manylinux_lab.interpreter import Origin


def line(path: str = "/usr/bin/python3", minor: int = 11, **fields: Any) -> str:
    """Return one line of the script."""
    fact = {
        "path": path,
        "real": f"/usr/bin/python3.{minor}",
        "version": [3, minor],
        "implementation": "cpython",
        "soabi": f"cpython-3{minor}-x86_64-linux-gnu",
        "pip": "23.0.1",
        "flags": "",
        "problem": "",
        **fields,
    }
    return json.dumps(fact) + "\n"


def test_links_to_one_file_are_one_interpreter_and_the_first_is_the_distros() -> None:
    output = line() + line("/usr/bin/python3.11") + line("/usr/bin/python3.12", 12, pip="")
    own, other = read(output)
    assert (own.path, own.id, own.origin) == ("/usr/bin/python3", "cp311", Origin.DISTRO)
    assert (other.path, other.id, other.origin, other.pip) == ("/usr/bin/python3.12", "cp312", Origin.FOUND, "")


def test_noise_and_other_implementations_are_passed_over() -> None:
    output = "warning\n[1]\n" + line(implementation="pypy", soabi="pypy311-pp73", real="/opt/pypy") + line()
    assert [one.id for one in read(output)] == ["cp311"]


def test_a_build_image_owns_all_its_interpreters() -> None:
    output = line() + line("/opt/python/cp312-cp312/bin/python3", 12)
    assert {one.origin for one in read(output, all_own=True)} == {Origin.DISTRO}


@pytest.mark.parametrize(
    ("version", "soabi", "flags", "tag"),
    [
        ([3, 11], "cpython-311-x86_64-linux-gnu", "", "cp311"),
        ([3, 7], "cpython-37m-x86_64-linux-gnu", "m", "cp37m"),
        ([3, 13], "cpython-313t-x86_64-linux-gnu", "t", "cp313t"),
        ([3, 6], "", "m", "cp36m"),
    ],
)
def test_the_abi_tag(version: list[int], soabi: str, flags: str, tag: str) -> None:
    assert abi(version, soabi, flags) == tag


@pytest.mark.parametrize(("output", "is_enough"), [(line(), True), (line(pip=""), False), ("", False)])
def test_an_image_is_ready_when_its_own_python_has_pip(output: str, is_enough: bool) -> None:
    assert has_python_and_pip(read(output)) is is_enough


def test_an_image_without_a_shell_is_trouble() -> None:
    image = Image(reference="x-base", digest="sha256:0", arch="x86_64", origin="a test")
    with pytest.raises(EngineError, match="no shell"):
        discover(cast("Engine", FakeEngine(shell=False)), image)
