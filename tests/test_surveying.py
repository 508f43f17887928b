"""What a bench answers when its libraries are surveyed, and what becomes of it."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from image_records import release

from manylinux_lab.bench.probe import survey
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
    text = json.dumps({"glibc": "2.36", "libraries": LIBRARIES, **answer})
    return profile_from(text.encode(), wanted, "sha256:1", TODAY)


def test_a_survey_knows_everything() -> None:
    profile = surveyed()

    assert (profile.glibc, profile.layer, profile.image, profile.measured) == ((2, 36), Layer.BASE, "sha256:1", TODAY)
    assert profile.library("libowl.so.1") is Answer.UNRESOLVED
    assert profile.version("libc.so.6", "GLIBC_2.38") is Answer.UNRESOLVED
    assert surveyed(Variant.DESKTOP).layer is Layer.DESKTOP


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"glibc": ""}, "has no glibc"),
        ({"libraries": {}}, "has no glibc"),
        ({"glibc": "new"}, "no answer that makes sense"),
        ({"libraries": {"libc.so.6": 1}}, "no answer that makes sense"),
        ({"libraries": {"libc.so.6": ["x" * 500]}}, "no answer that makes sense"),
    ],
)
def test_nonsense_is_the_labs_trouble(answer: dict[str, object], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        surveyed(**answer)


def test_profiles_are_written_as_they_are_read(tmp_path: Path) -> None:
    one = surveyed()
    other = replace(one, distro="other-1", glibc=(2, 31), sonames={"libc.so.6": frozenset({"GLIBC_2.17"})})
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
        ({"glibc": (2, 35)}, ["glibc was 2.35"]),
        (
            {"sonames": {"libc.so.6": frozenset({"GLIBC_2.17"}), "libX11.so.6": None}},
            ["libc.so.6 has gained GLIBC_2.36"],
        ),
        ({"sonames": {**dict.fromkeys(LIBRARIES), "libgone.so.1": None}}, ["no longer there: libgone.so.1"]),
        ({"sonames": {"libc.so.6": None}}, ["there now: libX11.so.6"]),
        ({"sonames": {"libc.so.6": None}, "is_complete": False}, []),
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


def test_this_system_can_be_surveyed() -> None:
    found = survey.survey()

    assert any(name.startswith("libc.") for name in found)
    assert all(isinstance(versions, list) for versions in found.values())


@pytest.mark.parametrize(
    "content", [b"", b"INPUT ( -lncurses )", b"\x7fELF", b"\x7fELF\x02\x01" + b"\xff" * 90], ids=range(4)
)
def test_what_is_no_library_is_passed_over(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "libx.so"
    file.write_bytes(content)

    assert survey.read(str(file)) is None


def test_the_loaders_configuration_is_followed(tmp_path: Path) -> None:
    (tmp_path / "more.conf").write_text("/one # a comment\n\ninclude nowhere/*.conf\n")
    main = tmp_path / "ld.so.conf"
    main.write_text(f"include {tmp_path}/more.conf\n/two\nrelative\n")

    assert list(survey._configured(str(main), 0)) == ["/one", "/two"]
