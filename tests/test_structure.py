"""The maps that packages with many modules have in their docstring name every module."""

import re
from importlib import import_module
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["bench", "coload", "history", "predicting", "report", "wheels"])
def test_the_map_of_a_package_names_every_module(name: str) -> None:
    package = import_module(f"manylinux_lab.{name}")
    modules = {file.stem for file in Path(str(package.__file__)).parent.glob("*.py")} - {"__init__"}

    assert modules - set(re.findall(r"``(\w+)``", str(package.__doc__))) == set()
