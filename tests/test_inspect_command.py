"""``inspect`` on small wheels: what it says, what it exits with, and what it gives as JSON."""

import json
import os
import platform
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from dynamic_elves import NEEDED, SONAME, dynamic_elf
from wheels import build_wheel, wheel_entries, write_archive

from manylinux_lab.__main__ import main

TAG = "cp311-cp311-manylinux_2_17_x86_64"
CORE = "demo/_core.cpython-311-x86_64-linux-gnu.so"


def wheel(folder: Path, tag: str = TAG, versions: tuple[str, ...] = ("GLIBC_2.17",), **files: bytes) -> Path:
    """Return a wheel with one extension module that needs versions of glibc."""
    core = dynamic_elf(texts=((NEEDED, "libc.so.6"),), versions=(("libc.so.6", versions),), ordinary=["PyInit__core"])
    return build_wheel(folder, files={"demo/__init__.py": b"", CORE: core, **files}, tag=tag)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Return the exit code and the output."""
    code = main(["inspect", *words])
    return code, capsys.readouterr().out


def test_no_name_in_a_wheel_is_a_command_in_the_log_of_a_step(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    needs = dynamic_elf(texts=((NEEDED, "libc.so.6"),), versions=(("libc.so.6", ("GLIBC_2.38",)),))
    found, text = said(capsys, str(wheel(tmp_path, **{f"demo/##[error]a {'::error::b ' * 30}.so": needs})))

    assert found == 1
    assert "##" in text
    assert "::error::b" in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::") or "##[" in line]


@pytest.mark.parametrize(
    ("tag", "version", "code", "lines"),
    [
        (TAG, "GLIBC_2.17", 0, ["tag         manylinux_2_17_x86_64: true", "lowest      manylinux_2_17_x86_64"]),
        (
            TAG,
            "GLIBC_2.28",
            1,
            ["tag         manylinux_2_17_x86_64: false", "The content needs manylinux_2_28"],
        ),
        (
            "cp311-cp311-manylinux_2_28_x86_64",
            "GLIBC_2.17",
            0,
            ["below       not manylinux_2_12", "advice      It could honestly be manylinux_2_17_x86_64."],
        ),
        ("cp311-cp311-linux_x86_64", "GLIBC_2.28", 0, ["index       'linux_x86_64' is not taken by the package index"]),
        ("cp311-cp311-manylinux_2_28_aarch64", "GLIBC_2.17", 1, ["is for aarch64, the files are for x86_64."]),
    ],
)
def test_a_wheel_is_judged_by_its_content(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, tag: str, version: str, code: int, lines: list[str]
) -> None:
    found, text = said(capsys, str(wheel(tmp_path, tag, (version,))))

    assert found == code, text
    assert all(line in text for line in lines), text


@pytest.mark.parametrize(
    ("fields", "machine"),
    [({"wide": False}, "x32"), ({"machine": 183}, "aarch64"), ({"machine": 183, "order": ">"}, "aarch64_be")],
)
def test_files_of_another_machine_size_or_byte_order_break_a_tag(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, fields: dict[str, Any], machine: str
) -> None:
    code, text = said(capsys, str(build_wheel(tmp_path, files={CORE: dynamic_elf(**fields)}, tag=TAG)))

    assert (code, f"is for x86_64, the files are for {machine}." in text) == (1, True), text


def test_several_wheels_of_a_release_are_compared(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for tag in ("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64"):
        wheel(tmp_path, tag)
    _, text = said(capsys, str(tmp_path), "--distro", "debian-1[12]")
    words = " ".join(text.split())

    assert "demo 1.0 never taken 'demo-1.0-cp311-cp311-manylinux2014_x86_64.whl': wherever it fits" in words
    assert "taken 'demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl' on debian-12:x86_64:cp311" in words
    assert "none fits debian-11:x86_64:cp39" in words


def test_wheels_for_other_systems_are_left_out_with_a_word(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    wheel(tmp_path)
    names = [build_wheel(tmp_path, tag=f"cp311-cp311-{tag}").name for tag in ("macosx_11_0_arm64", "win_amd64")]
    code, text = said(capsys, str(tmp_path))
    as_json = json.loads(said(capsys, "--json", str(tmp_path))[1])

    assert code == 0
    words = f"2 wheels left out, for other systems than Linux: '{names[0]}', '{names[1]}'."
    assert " ".join(text.split()).endswith(words)
    assert (as_json["left_out"], len(as_json["wheels"])) == (names, 1)


def test_nothing_but_wheels_for_other_systems_is_nothing_to_inspect(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = build_wheel(tmp_path, tag="cp311-cp311-win_amd64")

    assert said(capsys, str(path)) == (5, f"1 wheel left out, for other systems than Linux: '{path.name}'.\n")


def test_a_tag_for_another_system_beside_one_for_linux_breaks_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, text = said(capsys, str(wheel(tmp_path, f"{TAG}.win_amd64")))

    assert (code, "tag         win_amd64: unknown" in text) == (0, True), text
    assert "'win_amd64' is for another system than Linux." in text


def test_of_musl_only_what_is_known_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    core = dynamic_elf(texts=((NEEDED, "libc.musl-x86_64.so.1"),), undefined=["malloc"], ordinary=["PyInit__core"])
    path = build_wheel(tmp_path, files={CORE: core}, tag="cp311-cp311-musllinux_1_2_x86_64")
    code, text = said(capsys, str(path))

    assert (code, "advice" in text) == (0, False)
    assert "lowest      nothing speaks against musllinux_1_1_x86_64; musl has no symbol versions that would" in text


def test_a_wheel_without_machine_code_is_true(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, text = said(capsys, str(build_wheel(tmp_path)))

    assert (code, "any: true" in text, "no ELF files" in text) == (0, True, True)


def test_all_wheels_of_a_folder_are_told_and_the_worst_counts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wheel(tmp_path, versions=("GLIBC_2.99",))
    build_wheel(tmp_path, "pure")
    (tmp_path / "broken-1.0-py3-none-any.whl").write_bytes(b"PK")
    code, text = said(capsys, str(tmp_path))

    assert code == 1
    assert [line for line in text.splitlines() if not line.startswith(" ")] == [
        "broken-1.0-py3-none-any.whl",
        f"demo-1.0-{TAG}.whl",
        "pure-1.0-py3-none-any.whl",
    ]
    assert "unreadable  'broken-1.0-py3-none-any.whl'" in text


def test_an_abi3_wheel_is_held_to_the_limited_api(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for number, symbol in enumerate(("PyList_New", "PyObject_Vectorcall", "PyBuffer_Release", "_PyUnicode_Ready")):
        core = dynamic_elf(undefined=[symbol], ordinary=["PyInit__core"])
        build_wheel(tmp_path, f"demo{number}", files={"_core.abi3.so": core}, tag="cp38-abi3-manylinux_2_17_x86_64")
    code, text = said(capsys, str(tmp_path))

    assert code == 1
    assert text.count("abi3        from Python 3.8 on: true") == 2
    assert "'_core.abi3.so': 'PyObject_Vectorcall' came with Python 3.12" in text
    assert "'_core.abi3.so': '_PyUnicode_Ready' is not in the limited API" in text
    assert "1 symbol came into the limited API later" in text


def test_oddities_are_notes_and_break_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lost = dynamic_elf(texts=((NEEDED, "libown.so.1"),))
    own = dynamic_elf(texts=((SONAME, "libown.so.1"),))
    files = {"demo/lost.so": lost, "demo.libs/libown.so.1": own, "demo/cut.so": own[:90]}
    entries = wheel_entries("demo", "1.0", files, tag="cp311-cp311-linux_x86_64")
    entries["demo/late.py"] = b"1"
    code, text = said(capsys, str(write_archive(tmp_path / f"demo-1.0-{TAG}.whl", entries)))

    assert code == 0, text
    for words in (
        "Its WHEEL file says cp311-cp311-linux_x86_64",
        "Its RECORD is not true for 1 file,",
        "'demo/lost.so' needs the wheel's own 'libown.so.1'",
        "1 vendored library keeps its plain SONAME",
        "'demo/cut.so' is not readable as ELF",
    ):
        assert words in " ".join(text.split()), words


def test_json_has_every_fact_and_nothing_of_the_machine(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, text = said(capsys, "--json", str(wheel(tmp_path)))
    (entry,) = json.loads(text)["wheels"]

    assert code == 0
    assert (entry["holds"], entry["truths"][0]["lowest"]) == ("true", "manylinux_2_17_x86_64")
    assert entry["files"][0]["versions"] == [["libc.so.6", ["GLIBC_2.17"]]]
    assert str(tmp_path) not in text


def test_symbols_are_listed_where_they_are_asked_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    core = dynamic_elf(
        texts=((NEEDED, "libc.so.6"),), versions=(("libc.so.6", ("GLIBC_2.17",)),),
        undefined=["clock\x1b[2J", "own"], numbers=[2, 1], ordinary=["PyInit__core"],
    )  # fmt: skip
    path = str(build_wheel(tmp_path, files={CORE: core}, tag=TAG))
    text = said(capsys, path, "--symbols")[1]
    (entry,) = json.loads(said(capsys, path, "--symbols", "--json")[1])["wheels"]

    assert text.endswith(
        f"  symbols     '{CORE}': 2 undefined, 1 exported\n    undefined  clock[2J@GLIBC_2.17 (libc.so.6)\n"
        "    undefined  own\n    exported   PyInit__core\n"
    )
    assert entry["symbols"][0]["exported"] == ["PyInit__core"]
    assert "symbols" not in json.loads(said(capsys, path, "--json")[1])["wheels"][0]


def test_another_machine_says_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(wheel(tmp_path, versions=("GLIBC_2.34",)))
    here = said(capsys, "--json", path)
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "another-cache"))
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(platform, "libc_ver", lambda *_: ("musl", "1.1"))
    monkeypatch.setattr(os, "confstr", lambda _: "glibc 2.5")
    monkeypatch.setattr(sysconfig, "get_platform", lambda: "linux-aarch64")
    monkeypatch.setattr(sys, "byteorder", "big")

    assert said(capsys, "--json", path) == here


@pytest.mark.real
def test_every_process_says_the_same_bytes(tmp_path: Path) -> None:
    path = wheel(tmp_path, versions=("GLIBC_2.34", "GLIBC_2.2.5"))
    argv = [sys.executable, "-m", "manylinux_lab", "inspect", "--json", str(path)]
    said_by = [
        subprocess.run(
            argv,
            env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "MANYLINUX_LAB_CACHE": str(tmp_path / seed)},
            capture_output=True,
            check=False,
        )
        for seed, locale in (("1", "C"), ("2", "C.UTF-8"), ("3", "tr_TR.UTF-8"), ("3", "C"))
    ]

    assert {process.returncode for process in said_by} == {1}
    assert len({process.stdout for process in said_by}) == 1


def test_a_name_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    core = dynamic_elf(texts=((NEEDED, "lib\x1b[2Jx.so"),))
    _, text = said(capsys, str(build_wheel(tmp_path, files={CORE: core}, tag=TAG)))

    assert "\x1b" not in text


@pytest.mark.parametrize("name", ["nothing.whl", "."])
def test_what_is_not_there_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["inspect", name]) == 4
    assert f"There is no wheel '{name}'" in capsys.readouterr().err
