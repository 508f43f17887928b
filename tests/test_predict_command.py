"""``predict`` on small wheels and the measured profiles."""

import json
from pathlib import Path

import pytest
from dynamic_elves import NEEDED, dynamic_elf
from wheels import build_wheel

from manylinux_lab.__main__ import main

CORE = "demo/_core.cpython-311-x86_64-linux-gnu.so"


def wheel(folder: Path, version: str = "GLIBC_2.17", library: str = "libc.so.6", stack: int = 6) -> str:
    """Return the path of a wheel with one extension module."""
    texts = ((NEEDED, "libc.so.6"), (NEEDED, library))
    core = dynamic_elf(
        texts=texts, versions=(("libc.so.6", (version,)),), ordinary=["PyInit__core"], stack=stack, align=4096
    )
    return str(build_wheel(folder, files={CORE: core}, tag="cp311-cp311-manylinux_2_17_x86_64"))


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Return the exit code and the output."""
    code = main(["predict", *words])
    return code, capsys.readouterr().out


def words_of(text: str) -> dict[str, str]:
    """Return the words of the matrix by distro, for one arch."""
    rows = text.split("\n\n")[0].splitlines()[3:]
    return dict(tuple(row.split()) for row in rows)  # type: ignore[misc]


def test_each_distro_has_its_word(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, text = said(capsys, wheel(tmp_path, "GLIBC_2.34"), "--distro", "debian-1[123]", "--distro", "alpine-3.2*")

    assert code == 1
    words = words_of(text)
    assert (words["debian-11"], words["debian-12"], words["debian-13"]) == ("FAIL", "resolves", "resolves")
    assert {word for distro, word in words.items() if distro.startswith("alpine")} == {"refused"}
    assert "FAIL  debian-11:x86_64\n  '_core.cpython-311-x86_64-linux-gnu.so' needs glibc 2.34" in text
    assert "needs glibc 2.34 or newer" in " ".join(text.split())
    assert text.rstrip().endswith("refused (predicted)")


@pytest.mark.parametrize(
    ("library", "tag", "words"),
    [
        ("libc.musl-x86_64.so.1", "musllinux_1_1", ("resolves", "refused", "needs musl, debian-12 has glibc")),
        ("libowl.so.1", "musllinux_1_2", ("unknown", "refused", "needs musl, debian-12 has glibc")),
        ("libc.so.6", "manylinux_2_17", ("refused", "resolves", "needs glibc, alpine-3.22 has musl")),
        ("libc.so", "musllinux_1_3", ("refused", "refused", "needs musl 1.3 or later, alpine-3.22 has 1.2")),
    ],
)
def test_a_tag_reaches_the_distros_of_its_c_library(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, library: str, tag: str, words: tuple[str, str, str]
) -> None:
    core = dynamic_elf(texts=((NEEDED, library),), ordinary=["PyInit__core"], align=4096)
    path = str(build_wheel(tmp_path, files={CORE: core}, tag=f"cp311-cp311-{tag}_x86_64"))
    _, text = said(capsys, path, "--distro", "alpine-3.22", "--distro", "debian-12", "--json")
    alpine, debian = json.loads(text)["wheels"][0]["forecasts"]
    _, table = said(capsys, path, "--distro", "alpine-3.22", "--distro", "debian-12")

    assert words_of(table) == {"alpine-3.22": words[0], "debian-12": words[1]}
    assert any(words[2] in one["outcome"]["reason"] for one in (alpine, debian))


def test_what_the_profile_does_not_tell_is_unknown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, text = said(capsys, wheel(tmp_path, library="libowl.so.1"), "--distro", "ubuntu-24.04")

    assert (code, words_of(text)) == (0, {"ubuntu-24.04": "unknown"})
    assert "needs 'libowl.so.1', which was not measured here." in text


@pytest.mark.parametrize(("variant", "word"), [("desktop", "resolves"), ("minimal", "unknown")])
def test_a_minimal_image_has_no_desktop(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, variant: str, word: str
) -> None:
    path = wheel(tmp_path, library="libX11.so.6")
    _, text = said(capsys, path, "--distro", "debian-12", "--variant", variant)

    assert words_of(text) == {"debian-12": word}


def test_an_executable_stack_fails_where_glibc_refuses_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, text = said(capsys, wheel(tmp_path, stack=7), "--distro", "debian-1[23]")

    assert words_of(text) == {"debian-12": "resolves", "debian-13": "FAIL"}
    assert "asks for an executable stack, which glibc 2.41 and newer refuse" in " ".join(text.split())


def test_the_arches_are_those_of_the_tags_unless_others_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = wheel(tmp_path)
    _, own = said(capsys, path, "--distro", "debian-13")
    _, named = said(capsys, path, "--distro", "debian-13", "--arch", "arm64", "--arch", "x86*")
    _, pure = said(capsys, str(build_wheel(tmp_path, "pure")), "--distro", "debian-13")

    heads = [text.splitlines()[1].split() for text in (own, named, pure)]
    assert heads[:2] == [["x86_64"], ["x86_64", "aarch64"]]
    assert len(heads[2]) == 8
    assert "resolves  refused" in named


def test_json_has_every_prediction(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, text = said(capsys, wheel(tmp_path, "GLIBC_2.38"), "--distro", "debian-1[13]", "--json")
    document = json.loads(text)
    first, second = document["wheels"][0]["forecasts"]

    assert document["how"] == "predicted"
    assert (first["distro"], first["verdict"], second["verdict"]) == ("debian-11", "fail", "pass")
    assert first["outcome"]["facts"]["profile"]["layer"] == "desktop"
    assert first["outcome"]["facts"]["advice"]


def test_no_name_in_a_wheel_is_a_command_in_the_log_of_a_step(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    core = dynamic_elf(texts=((NEEDED, "libc.so.6"),), versions=(("libc.so.6", ("GLIBC_2.34",)),))
    files = {CORE: core, f"demo/##[error]a {'::error::b ' * 30}.so": core}
    path = build_wheel(tmp_path, files=files, tag="cp311-cp311-manylinux_2_17_x86_64")
    code, text = said(capsys, str(path), "--distro", "debian-11")

    assert code == 1
    assert "::error::b" in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::") or "##[" in line]


def test_a_broken_file_does_not_stop_the_others(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "broken-1.0-py3-none-any.whl").write_bytes(b"PK")
    wheel(tmp_path)
    code, text = said(capsys, str(tmp_path), "--distro", "debian-12")

    assert code == 1
    assert "'broken-1.0-py3-none-any.whl' is not a zip archive." in text
    assert "debian-12  resolves" in text


def test_every_measured_place_is_predicted_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, text = said(capsys, wheel(tmp_path), "--distro", "all", "--arch", "*", "--json")
    forecasts = json.loads(text)["wheels"][0]["forecasts"]

    assert len(forecasts) > 500
    assert {one["verdict"] for one in forecasts if one["arch"] == "x86_64"} == {"pass"}


def test_the_last_release_with_a_library_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = wheel(tmp_path, library="libcrypt.so.1")
    _, text = said(capsys, path, "--distro", "fedora-44")
    _, document = said(capsys, path, "--distro", "fedora-44", "--json")
    (entry,) = json.loads(document)["wheels"]
    (span,) = entry["spans"]

    assert words_of(text) == {"fedora-44": "FAIL"}
    assert "\nFedora: true until 29; false from 30 on. " in text
    assert "the system package 'libxcrypt-compat' would bring it" in " ".join(text.split("Fedora:")[1].split())
    assert [one["distro"] for one in entry["forecasts"]] == ["fedora-44"]
    assert (span["holds"][-1], span["fails"][0], span["unknown"]) == ("29", "30", [])


@pytest.mark.parametrize("words", [["--write", "out.txt"], ["--up-to", "manylinux2010"], ["--only-wheels"]])
def test_options_for_requirements_are_not_dropped_silently(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str]
) -> None:
    code = main(["predict", str(build_wheel(tmp_path, files={"demo.py": b""})), *words])

    assert code == 4
    assert f"{words[0]} is about requirements; name some with --requirement." in capsys.readouterr().err
