"""What a bench answers when its libraries are surveyed, and what becomes of it."""

import io
import json
import os
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from image_records import release

from manylinux_lab.__main__ import main
from manylinux_lab.bench.probe import survey
from manylinux_lab.catalogue.distro import Libc
from manylinux_lab.commands import profile as command
from manylinux_lab.commands.profile import compared
from manylinux_lab.errors import EngineError
from manylinux_lab.images.prepared import Variant, Wanted
from manylinux_lab.predicting.profile import Answer, Layer, Profile, measured_file, read_profiles, write_profiles
from manylinux_lab.predicting.surveying import profile_from

TODAY = date(2026, 1, 2)
LIBRARIES = {"libc.so.6": ["GLIBC_2.17", "GLIBC_2.36"], "libX11.so.6": []}


def surveyed(variant: Variant = Variant.MINIMAL, **answer: object) -> Profile:
    """Return the profile that an answer describes."""
    wanted = Wanted(release=release(), arch="x86_64", variant=variant)
    text = json.dumps({"glibc": "2.36", "folders": ["/usr/lib"], "libraries": LIBRARIES, **answer})
    return profile_from(text.encode(), wanted, "sha256:1", TODAY)


def test_a_survey_knows_everything() -> None:
    profile = surveyed()

    assert (profile.libc_version, profile.layer, profile.image, profile.measured) == (
        (2, 36),
        Layer.BASE,
        "sha256:1",
        TODAY,
    )
    assert profile.library("libowl.so.1") is Answer.UNRESOLVED
    assert profile.version("libc.so.6", "GLIBC_2.38") is Answer.UNRESOLVED
    assert surveyed(Variant.DESKTOP).layer is Layer.DESKTOP


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"glibc": ""}, "has no C library"),
        ({"libraries": {}}, "has no C library"),
        ({"glibc": "new"}, "no answer that makes sense"),
        ({"libraries": {"libc.so.6": 1}}, "no answer that makes sense"),
        ({"libraries": {"libc.so.6": ["x" * 500]}}, "no answer that makes sense"),
    ],
)
def test_nonsense_is_the_labs_trouble(answer: dict[str, object], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        surveyed(**answer)


def test_a_distro_with_musl_can_be_surveyed(tmp_path: Path) -> None:
    wanted = Wanted(release=replace(release(), libc=Libc.MUSL), arch="x86_64", variant=Variant.MINIMAL)
    answer = {"musl": "1.2.5", "folders": ["/lib"], "libraries": {"ld-musl-x86_64.so.1": [], "libz.so.1": ["ZLIB_1.2"]}}
    profile = profile_from(json.dumps(answer).encode(), wanted, "sha256:1", TODAY)
    file = measured_file(tmp_path, "x86_64", Layer.BASE)
    write_profiles(file, {profile.distro: profile})

    assert (profile.libc, profile.libc_version, profile.folders) == (Libc.MUSL, (1, 2), ("/lib",))
    assert profile.library("libgone.so.1") is Answer.UNRESOLVED
    assert read_profiles(file) == {profile.distro: profile}
    with pytest.raises(EngineError, match="has musl; the catalogue says glibc"):
        surveyed(glibc="", musl="1.2.5", libraries={"libc.so": []})


def test_profiles_are_written_as_they_are_read(tmp_path: Path) -> None:
    one = surveyed()
    other = replace(one, distro="other-1", libc_version=(2, 31), sonames={"libc.so.6": frozenset({"GLIBC_2.17"})})
    file = measured_file(tmp_path, "x86_64", Layer.BASE)
    write_profiles(file, {"other-1": other, one.distro: one})
    first = file.read_bytes()

    assert read_profiles(file) == {"other-1": other, one.distro: one}
    write_profiles(file, dict(sorted(read_profiles(file).items())))
    assert file.read_bytes() == first


@pytest.mark.parametrize(
    ("fields", "sentences"),
    [
        ({}, []),
        ({"libc_version": (2, 35)}, ["glibc was 2.35"]),
        (
            {"sonames": {"libc.so.6": frozenset({"GLIBC_2.17"}), "libX11.so.6": None}},
            ["libc.so.6 has gained GLIBC_2.36"],
        ),
        ({"sonames": {**dict.fromkeys(LIBRARIES), "libgone.so.1": None}}, ["no longer there: libgone.so.1"]),
        ({"sonames": {"libc.so.6": None}}, ["there now: libX11.so.6"]),
        ({"sonames": {"libc.so.6": None}, "is_complete": False}, []),
        ({"folders": ("/lib64", "/usr/lib")}, ["the loader searched /lib64, /usr/lib"]),
        ({"folders": ()}, []),
        (
            {"sonames": {"libc.so.6": None}, "is_complete": False, "absent": frozenset({"libX11.so.6"})},
            ["there now: libX11.so.6"],
        ),
        (
            {"sonames": {"libc.so.6": frozenset({"GLIBC_2.17", "GLIBC_2.36", "OLD_1"}), "libX11.so.6": None}},
            ["libc.so.6 has lost OLD_1"],
        ),
    ],
)
def test_an_aged_profile_is_told(fields: dict[str, object], sentences: list[str]) -> None:
    seen = surveyed()

    assert list(compared(replace(seen, **fields), seen)) == sentences


def test_what_glibc_keeps_to_itself_does_not_age() -> None:
    before, now = ({"libc.so.6": ["GLIBC_2.17", *more]} for more in ([], ["GLIBC_2.36", "GLIBC_PRIVATE"]))

    assert list(compared(surveyed(libraries=before), surveyed(libraries=now))) == ["libc.so.6 has gained GLIBC_2.36"]


@pytest.mark.parametrize(
    ("kept", "words", "is_aged"),
    [
        (None, "nothing was kept of it before", False),
        ({}, "as it was on 2026-01-02", False),
        ({"libc_version": (2, 35)}, "aged since 2026-01-02: glibc was 2.35", True),
    ],
)
def test_a_measured_distro_is_compared_with_what_is_kept(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kept: dict[str, object] | None,
    words: str,
    is_aged: bool,
) -> None:
    seen = surveyed()
    known = {} if kept is None else {seen.distro: replace(seen, **kept)}
    monkeypatch.setattr(command, "load_profiles", lambda arch, layer: known)
    wanted = Wanted(release=release(), arch="x86_64", variant=Variant.MINIMAL)

    assert command.told(wanted, seen) is is_aged
    assert capsys.readouterr().out.splitlines()[1:] == [f"  {words}"]


def test_this_system_can_be_surveyed() -> None:
    found = survey.survey(survey.folders(""))

    assert any(name.startswith("libc.") for name in found)
    assert all(isinstance(versions, list) for versions in found.values())


@pytest.mark.parametrize(
    "content", [b"", b"INPUT ( -lncurses )", b"\x7fELF", b"\x7fELF\x02\x01" + b"\xff" * 90], ids=range(4)
)
def test_what_is_no_library_is_passed_over(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "libx.so"
    file.write_bytes(content)

    assert survey.read(str(file)) is None


def test_musl_searches_what_its_configuration_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def configured(name: str) -> io.StringIO:
        opened.append(name)
        return io.StringIO(f"{tmp_path}:/nowhere\n{tmp_path}\n")

    monkeypatch.setattr(survey, "open", configured, raising=False)

    assert survey.folders("/lib/ld-musl-x86_64.so.1") == [str(tmp_path)]
    assert opened == ["/etc/ld-musl-x86_64.path"]


def test_this_python_names_its_loader() -> None:
    elf = survey.read(os.path.realpath(sys.executable))

    assert elf is not None
    assert "/ld" in elf.interpreter()
    assert any(survey.libc(elf.interpreter()).values())


def test_the_loaders_configuration_is_followed(tmp_path: Path) -> None:
    (tmp_path / "more.conf").write_text("/one # a comment\n\ninclude nowhere/*.conf\n")
    main = tmp_path / "ld.so.conf"
    main.write_text(f"include {tmp_path}/more.conf\n/two\nrelative\n")

    assert list(survey._configured(str(main), 0)) == ["/one", "/two"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("debian-12", "--arch", "x86_65"), "The architecture 'x86_65' is unknown (did you mean 'x86_64'"),
        (("debian-11", "--arch", "loongarch64"), "None of these distros is made for loongarch64."),
        (("debian-12", "--image", "debian-99=root.tar"), "No distro is called 'debian-99', as --image says"),
        (("debain-12",), "No distro is called 'debain-12'"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert main(["profile", *words, "--check"]) == 4
    assert sentence in capsys.readouterr().err
