"""Wheels on distros of a small catalogue, of which only some were measured."""

from datetime import date
from pathlib import Path

import pytest
from dynamic_elves import NEEDED, dynamic_elf
from packaging.tags import parse_tag
from wheels import build_wheel

from manylinux_lab.catalogue.distro import Release
from manylinux_lab.catalogue.reading import read_distro
from manylinux_lab.judge import OutcomeKind, Promise, Verdict
from manylinux_lab.predicting import forecast as module
from manylinux_lab.predicting.forecast import Forecast, forecast, needs_by_arch, usual_interpreter
from manylinux_lab.predicting.profile import Layer, Profile
from manylinux_lab.wheels.reading import read_wheel
from manylinux_lab.wheels.remembered import elf_facts
from manylinux_lab.wheels.wheel import Wheel

CORE = "demo/_core.cpython-311-x86_64-linux-gnu.so"
CATALOGUE = """
schema = 1
name = "Demo"
family = "demo"
image = "registry/demo:{version}"
arches = ["x86_64"]
dataset = "current"

[[release]]
version = "1"
libc = "glibc"
libc_version = "2.28"
interpreters = [{ version = "3.11", pip = "19.0" }]

[[release]]
version = "2"
libc = "glibc"
libc_version = "2.36"
interpreters = [{ version = "3.13" }]

[[release]]
version = "3"
libc = "glibc"
libc_version = "2.41"

[[release]]
version = "4"
libc = "musl"
libc_version = "1.2"
"""


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Release]:
    """Return the releases by version; those with glibc up to 2.36 are measured."""
    file = tmp_path / "demo.toml"
    file.write_text(CATALOGUE)
    profiles = _profiles()
    monkeypatch.setattr(
        module, "profile_of", lambda release, arch, is_minimal: profiles.get(release.id) if arch == "x86_64" else None
    )
    return {release.version: release for release in read_distro(file)}


def _profiles() -> dict[str, Profile]:
    return {
        f"demo-{version}": Profile(
            distro=f"demo-{version}",
            arch="x86_64",
            layer=Layer.DESKTOP,
            libc_version=(2, minor),
            sonames={"libc.so.6": frozenset(f"GLIBC_2.{number}" for number in range(2, minor + 1))},
            absent=frozenset(),
            measured=date(2026, 1, 2),
            image="",
            origin="",
        )
        for version, minor in (("1", 28), ("2", 36))
    }


def wheel(folder: Path, tag: str, version: str = "GLIBC_2.17", lines: tuple[str, ...] = ()) -> Wheel:
    """Return a wheel with one extension module that needs a version of glibc."""
    core = dynamic_elf(
        texts=((NEEDED, "libc.so.6"),), versions=(("libc.so.6", (version,)),), ordinary=["PyInit__core"], align=4096
    )
    return read_wheel(build_wheel(folder, files={CORE: core}, tag=tag, lines=lines))


def told(wheel: Wheel, release: Release, arch: str = "x86_64") -> Forecast:
    """Return what is predicted."""
    found = forecast(wheel, needs_by_arch(wheel, elf_facts(wheel), [arch]), release, arch)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("version", "tag", "needs", "promise", "verdict"),
    [
        ("1", "manylinux_2_17_x86_64", "GLIBC_2.17", Promise.SUPPORTED, Verdict.PASS),
        ("1", "manylinux_2_17_x86_64", "GLIBC_2.34", Promise.SUPPORTED, Verdict.FAIL),
        ("2", "manylinux_2_17_x86_64", "GLIBC_2.34", Promise.SUPPORTED, Verdict.PASS),
        ("1", "manylinux_2_34_x86_64", "GLIBC_2.34", Promise.UNSUPPORTED, Verdict.PASS),
        ("3", "manylinux_2_17_x86_64", "GLIBC_2.17", Promise.SUPPORTED, Verdict.UNKNOWN),
        ("4", "manylinux_2_17_x86_64", "GLIBC_2.17", Promise.UNSUPPORTED, Verdict.PASS),
        ("1", "manylinux_2_17_aarch64", "GLIBC_2.17", Promise.UNSUPPORTED, Verdict.PASS),
    ],
)
def test_the_promise_meets_the_profile(
    releases: dict[str, Release], tmp_path: Path, version: str, tag: str, needs: str, promise: Promise, verdict: Verdict
) -> None:
    found = told(wheel(tmp_path, f"cp311-cp311-{tag}", needs), releases[version])

    assert (found.promise, found.verdict) == (promise, verdict)
    assert (found.outcome.kind is OutcomeKind.REFUSED) is (promise is Promise.UNSUPPORTED)
    assert bool(found.outcome.reason) is (verdict is not Verdict.PASS or promise is Promise.UNSUPPORTED)


def test_a_user_may_have_to_bring_a_pip_or_a_python(releases: dict[str, Release], tmp_path: Path) -> None:
    subject = wheel(tmp_path, "cp311-cp311-manylinux_2_17_x86_64")

    first, second, third = (told(subject, releases[version]) for version in "123")

    assert (first.interpreter, second.interpreter, third.interpreter) == ("cp311", "", "")
    assert first.notes == (
        "pip 19.0 does not know manylinux_2_17_x86_64, which pip 20.3 understood first; a newer pip takes it",
    )
    assert second.notes == ("its Pythons (cp313) do not take the wheel; another one might",)
    assert third.notes == ()


def test_a_python_that_the_wheel_does_not_want_does_not_take_it(releases: dict[str, Release], tmp_path: Path) -> None:
    subject = wheel(tmp_path, "py3-none-manylinux_2_17_x86_64", lines=("Requires-Python: >=3.12",))

    assert (told(subject, releases["1"]).interpreter, told(subject, releases["2"]).interpreter) == ("", "cp313")


def test_there_is_nothing_to_say_of_a_distro_that_does_not_exist(releases: dict[str, Release], tmp_path: Path) -> None:
    subject = wheel(tmp_path, "cp311-cp311-manylinux_2_17_x86_64")

    assert forecast(subject, needs_by_arch(subject, (), ["s390x"]), releases["1"], "s390x") is None


@pytest.mark.parametrize(
    ("tag", "abi"),
    [
        ("cp39-cp39-any", "cp39"),
        ("cp39.cp313-abi3-any", "cp313"),
        ("cp37-cp37m-any", "cp37m"),
        ("cp314-cp314t-any", "cp314t"),
        ("py2.py3-none-any", "cp311"),
        ("pp310-pypy310_pp73-any", "cp311"),
    ],
)
def test_the_usual_python_of_a_wheel(tag: str, abi: str) -> None:
    assert usual_interpreter(parse_tag(tag)).abi == abi
