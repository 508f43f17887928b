"""The command that repeats one cell of wheels that share a process."""

import shlex
import shutil
import subprocess

import pytest
from records import run

from manylinux_lab.cells import Cell, Subject
from manylinux_lab.judge import Promise
from manylinux_lab.plugin.repeating import repeat_command

BENCH = "debian-12:x86_64:cp311"
A = Subject(id="a-1.0-py3-none-any.whl", project="a", version="1.0", argument="dist/a.whl")
B = Subject(id="b-2.0-py3-none-any.whl", project="b", version="2.0", argument="b==2.0")
NUMPY = Subject(id="numpy-2.1.3-py3-none-any.whl", project="numpy", version="2.1.3", argument="numpy==2.1.3")


def words(*members: str, beside: tuple[Subject, ...], sites: tuple[str, ...] = ("1",), **options: object) -> list[str]:
    subject = Subject(id=",".join(members), project=",".join(members), members=members)
    cell = Cell(bench=BENCH, check="coload", subject=subject.id, promise=Promise.SUPPORTED, sites=sites)
    return shlex.split(repeat_command(run(**options), cell, subject, beside))[2:]


def test_a_pair_names_its_wheels_and_nothing_of_the_rest_of_the_run() -> None:
    options = {"coload": "orders", "seed": 7, "orders": 3, "neighbours": ("popular",), "strict": True}
    cell = f"{BENCH}/coload/a-1.0,b-2.0"
    assert words("a-1.0", "b-2.0", beside=(A, B), **options) == [
        *("dist/a.whl", "b==2.0", "--cell", cell, "--coload", "pairs", "--strict")
    ]


def test_the_standard_library_is_nothing_to_name() -> None:
    assert words("stdlib", "a-1.0", beside=(A,)) == [
        *("dist/a.whl", "--cell", f"{BENCH}/coload/stdlib,a-1.0", "--coload", "pairs")
    ]


def test_an_order_of_many_is_that_of_the_command_line() -> None:
    found = words("b-2.0", "numpy-2.1.3", "a-1.0", beside=(B, NUMPY, A), sites=("1", "2"))
    assert found[:3] == ["b==2.0", "numpy==2.1.3", "dist/a.whl"]
    assert found[-3:] == ["--coload", "all", "--force-together"]


def test_effects_are_asked_for_by_themselves() -> None:
    cell = Cell(bench=BENCH, check="effects", subject=A.id, promise=Promise.SUPPORTED, sites=("1",))
    found = shlex.split(repeat_command(run(), cell, A))
    assert found[2:] == ["dist/a.whl", "--cell", f"{BENCH}/effects/{A.id}", "--coload", "pairs"]


@pytest.mark.parametrize("check", ["import", "install"])
def test_other_checks_need_no_company(check: str) -> None:
    cell = Cell(bench=BENCH, check=check, subject=A.id, promise=Promise.SUPPORTED)
    found = shlex.split(repeat_command(run(coload="pairs", neighbours=("popular",)), cell, A))
    assert found[2:] == ["dist/a.whl", "--cell", f"{BENCH}/{check}/{A.id}"]


def test_smoke_code_goes_along_unless_it_is_the_labs_own() -> None:
    found = words("numpy-2.1.3", "a-1.0", beside=(NUMPY, A), smoke=("a=import a", "other=1"))
    assert found[-2:] == ["--smoke", "a=import a"]
    assert found.count("--smoke") == 1


CODE = "a=if True:\n\tprint('it\\'s 100%', '\\\\n')"


def with_code() -> str:
    subject = Subject(id="a-1.0,b-2.0", project="a,b", members=("a-1.0", "b-2.0"))
    cell = Cell(bench=BENCH, check="coload", subject=subject.id, promise=Promise.SUPPORTED, sites=("1",))
    return repeat_command(run(smoke=(CODE,)), cell, subject, (A, B))


def test_smoke_code_of_several_lines_stays_in_one_line() -> None:
    assert " --smoke \"$(printf %b 'a=if True:\\n\\tprint('" in with_code()
    assert "\n" not in with_code()


@pytest.mark.real
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_gets_the_lines_back(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"'{shell}' is not installed")
    program = f"set -- {with_code()}; printf '%s' \"$*\""
    done = subprocess.run([shell, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith(f" --smoke {CODE}")
