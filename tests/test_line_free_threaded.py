"""The line under a free-threaded CPython: a module that switches the global interpreter lock on again is told."""

import os
import shutil
from pathlib import Path

import company_wheels
import pytest
from company_rows import clean, company, compared, effects, warns
from line import on, run
from local_bench import compile_object
from wheels import build_wheel

from manylinux_lab.images.portable import Portable, portable

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("cc") is None, reason="the wheels are compiled here, and there is no 'cc'"),
]
NAMED = "MANYLINUX_LAB_FREE_THREADED"
MODULE = """
#include <Python.h>
static PyModuleDef_Slot slots[] = {%s {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "%s", .m_slots = slots};
PyMODINIT_FUNC PyInit_%s(void) { return PyModuleDef_Init(&definition); }
"""
SAFE = "{Py_mod_gil, Py_MOD_GIL_NOT_USED},"


def free_threaded() -> tuple[Path, Portable]:
    """Return the folder of a free-threaded CPython that can be moved: named, on the path, or one of uv's; or skip."""
    named = [Path(os.environ[NAMED])] if NAMED in os.environ else []
    programs = (shutil.which(f"python3.{minor}t") for minor in range(13, 20))
    found = [*named, *(Path(program).resolve().parent.parent for program in programs if program)]
    found += sorted(Path.home().glob(".local/share/uv/python/*freethreaded*"))
    for folder in found:
        if any(folder.glob("include/python3.*t/Python.h")):
            return folder, portable(folder)
    pytest.skip(f"no free-threaded CPython with its headers is at hand; {NAMED} can name its folder")


def build(folder: Path, python: tuple[Path, Portable], name: str, slots: str) -> Path:
    """Compile an extension module for a Python and write its wheel."""
    root, interpreter = python[0], python[1].interpreter
    (headers,) = root.glob("include/python3.*t")
    suffix = f"cpython-{interpreter.abi.removeprefix('cp')}-{python[1].arch}-linux-gnu.so"
    made = compile_object(folder / "objects" / f"{name}.{suffix}", MODULE % (slots, name, name), f"-I{headers}")
    plain = interpreter.abi.removesuffix("t")
    tag = f"{plain}-{interpreter.abi}-manylinux_2_17_{python[1].arch}"
    return build_wheel(folder, name, files={made.name: made.read_bytes()}, tag=tag)


def test_a_module_that_needs_the_lock_switches_it_on_for_all(tmp_path: Path) -> None:
    python = free_threaded()
    wheels = [build(tmp_path, python, "locks", ""), build(tmp_path, python, "free", SAFE)]
    wheels.append(company_wheels.pure(tmp_path, "host", company_wheels.HOST))
    rows = (clean("locks,free"), clean("free,locks"), clean("host,free"), clean("host,locks"))
    cells = [company(row.order) for row in rows] + [effects("locks"), effects("free")]
    abi = python[1].interpreter.abi
    words = [word for cell in cells for word in ("--cell", cell.replace("*/", f"*:{abi}-portable/", 1))]
    ended = run(tmp_path, "bwrap", wheels, *on("debian-12"), "--python-root", python[0], "--coload", "pairs", *words)
    assert ended.code == 0, ended.words
    alone = (warns("locks", "switches the global interpreter lock on again"), clean("free"))
    assert not compared(ended, rows, alone), compared(ended, rows, alone)
