"""Every rule of a prediction on a wheel that a compiler made: each file does what the rule is about, and no more."""

import json
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from local_bench import compile_object
from wheels import build_wheel

from manylinux_lab.__main__ import main

pytestmark = pytest.mark.real

PLAIN = "void *PyInit_core(void) { return 0; }"
DLOPEN = "void *PyInit_core(void) { extern void *dlopen(); return dlopen(); }"
CRYPT = 'extern char *crypt(const char *, const char *); void *PyInit_core(void) { return crypt("a", "bb"); }'


def wheel(folder: Path, source: str, *flags: str, tag: str = "manylinux_2_17_x86_64") -> Path:
    """Return a wheel with one compiled extension module."""
    core = compile_object(folder / "objects" / "core.abi3.so", source, "-O1", *flags)
    return build_wheel(folder, files={"demo/core.abi3.so": core.read_bytes()}, tag=f"cp39-abi3-{tag}")


def words_of(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> dict[str, tuple[str, str, list[str]]]:
    """Return verdict, reason and notes by distro."""
    main(["predict", str(path), *options, "--json"])
    (entry,) = json.loads(capsys.readouterr().out)["wheels"]
    return {one["distro"]: (one["verdict"], one["outcome"]["reason"], one["notes"]) for one in entry["forecasts"]}


@pytest.mark.parametrize(
    ("source", "flags", "good", "bad", "reason"),
    [
        (
            DLOPEN, (), "debian-12", "debian-11", "needs glibc 2.34 or newer (symbol version 'GLIBC_2.34')",
        ),
        (PLAIN, ("-z", "execstack"), "debian-12", "debian-13", "asks for an executable stack, which glibc 2.41"),
        (
            "extern int x; int *y[2]; int *PyInit_core(void) { return &x; } int x; int *z[] = { &x, &x, &x };",
            ("-Wl,-z,pack-relative-relocs", "-lc"), "debian-12", "debian-11", "DT_RELR",
        ),
        (CRYPT, ("-l:libcrypt.so.1",), "fedora-29", "fedora-30", "'libxcrypt-compat' would bring it"),
        (PLAIN, ("-Wl,--no-as-needed", "-l:libutil.so.1", "-l:libowl.so.1"), "", "debian-13", "'libowl.so.1' is not"),
        (PLAIN, ("-Wl,--no-as-needed", "-l:libpython3.7m.so.1.0"), "", "debian-13", "shared library of another Python"),
    ],
    ids=["symbol version", "stack", "marker", "dropped", "library", "libpython"],
)  # fmt: skip
def test_what_a_compiler_can_do_to_a_tag(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    source: str,
    flags: tuple[str, ...],
    good: str,
    bad: str,
    reason: str,
) -> None:
    for flag in flags:  # libraries that this machine does not have
        if flag in ("-l:libowl.so.1", "-l:libpython3.7m.so.1.0"):
            name = flag.removeprefix("-l:")
            compile_object(tmp_path / "objects" / name, "int unused;", f"-Wl,-soname,{name}")
    path = wheel(tmp_path, source, f"-L{tmp_path / 'objects'}", *flags)
    found = words_of(capsys, path, *(word for distro in (good, bad) if distro for word in ("--distro", distro)))

    assert found.get(good, ("pass", "", []))[:2] == ("pass", ""), found
    assert found[bad][0] == "fail", found
    assert reason in found[bad][1]


def test_a_file_cut_short_is_told_before_the_loader_stumbles_over_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    core = compile_object(tmp_path / "core.so", PLAIN + "int much[9999] = {1};", "-O1", "-Wl,-z,noseparate-code")
    data = core.read_bytes()
    ends = {"whole": len(data), "unlisted": struct.unpack_from("<Q", data, 40)[0], "half": len(data) // 2}
    loaded, told = {}, {}
    for name, end in ends.items():
        core.write_bytes(data[:end])
        load = f"import ctypes; ctypes.CDLL({str(core)!r}, 2)"
        loaded[name] = subprocess.run([sys.executable, "-c", load], capture_output=True, check=False).returncode
        tag = "cp39-abi3-manylinux_2_17_x86_64"
        path = build_wheel(tmp_path / name, files={"demo/core.abi3.so": data[:end]}, tag=tag)
        code = main(["inspect", str(path), "--json"])
        (entry,) = json.loads(capsys.readouterr().out)["wheels"]
        told[name] = (code, entry["holds"], words_of(capsys, path, "--distro", "debian-12")["debian-12"][0])

    assert loaded == {"whole": 0, "unlisted": 0, "half": -signal.SIGBUS}
    assert told == {"whole": (0, "true", "pass"), "unlisted": (0, "true", "pass"), "half": (0, "unknown", "unknown")}


def test_an_abi_marker_is_more_than_the_relocations(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = wheel(
        tmp_path,
        "int x; int *z[] = { &x, &x, &x }; void *PyInit_core(void) { extern void *malloc(); return malloc(1); }",
        "-Wl,-z,pack-relative-relocs",
    )
    found = words_of(capsys, path, "--distro", "debian-1[12]")

    assert found["debian-11"][1].startswith(
        "'core.abi3.so' needs glibc 2.36 or newer (symbol version 'GLIBC_ABI_DT_RELR')"
    )
    assert found["debian-12"][0] == "pass"


def test_a_cpu_level_is_what_the_distro_has_or_not_known(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = wheel(tmp_path, PLAIN, "-march=x86-64-v3", "-Wl,-z,x86-64-v3")
    found = words_of(capsys, path, "--distro", "almalinux-10", "--distro", "almalinux-9", "--distro", "debian-13")

    assert {distro: verdict for distro, (verdict, _, _) in found.items()} == {
        "almalinux-10": "pass",
        "almalinux-9": "unknown",
        "debian-13": "unknown",
    }
    assert "insists on x86-64-v3; the distro runs on v2 too" in found["almalinux-9"][1]


def test_a_page_size_is_that_of_the_distros_kernel(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    core = compile_object(tmp_path / "objects" / "core.so", PLAIN, "-nostdlib", "-Wl,-z,max-page-size=4096")
    data = bytearray(core.read_bytes())
    struct.pack_into("<H", data, 18, 183)  # e_machine: the same file for aarch64
    path = build_wheel(tmp_path, files={"demo/core.abi3.so": bytes(data)}, tag="cp39-abi3-manylinux_2_17_aarch64")
    found = words_of(capsys, path, "--distro", "almalinux-[89]")

    assert (found["almalinux-9"][0], found["almalinux-8"][0]) == ("pass", "fail")
    assert "is aligned to 4096 bytes; the distro's kernel has pages of 65536" in found["almalinux-8"][1]


def test_the_pythons_and_the_pip_of_a_distro_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = words_of(
        capsys, wheel(tmp_path, PLAIN), "--distro", "almalinux-8", "--distro", "ubuntu-20.04", "--distro", "debian-10"
    )

    assert found["almalinux-8"][2] == []  # its Python 3.9 takes it
    assert found["debian-10"][2] == ["its Pythons (cp37m) do not take the wheel; another one might"]
    (build,) = tmp_path.glob("*.whl")
    pure = build.rename(build.with_name(build.name.replace("cp39-abi3", "py3-none")))
    assert "needs" not in str(words_of(capsys, pure, "--distro", "debian-10")["debian-10"][1])
    (note,) = words_of(capsys, pure, "--distro", "debian-10")["debian-10"][2]
    assert note.startswith("pip 18.1 does not know manylinux_2_17_x86_64, which pip 20.3 understood first")


def test_a_wheel_for_musl_resolves_as_far_as_musl_and_the_wheel_go(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    objects = tmp_path / "objects"
    for name in ("libc.musl-x86_64.so.1", "libowl-1234.so.1", "libz.so.1", "ld-linux-x86-64.so.2"):
        compile_object(objects / name, "int unused;", f"-Wl,-soname,{name}")
    whole = (f"-L{objects}", "-nostdlib", "-Wl,--no-as-needed", "-l:libc.musl-x86_64.so.1")
    relative = "int x; int *z[] = { &x, &x, &x }; int *PyInit_core(void) { return &x; }"
    found = {}
    for name, source, flags in (
        ("relative", relative, ("-Wl,-z,pack-relative-relocs",)),
        ("vendored", PLAIN, ("-l:libowl-1234.so.1", "-Wl,-rpath,$ORIGIN/../demo.libs")),
        ("outside", PLAIN, ("-l:libz.so.1",)),
        ("glibc", PLAIN, ("-l:ld-linux-x86-64.so.2",)),
    ):
        core = compile_object(objects / f"{name}.abi3.so", source, "-O1", *whole, *flags)
        files = {"demo/core.abi3.so": core.read_bytes()}
        files |= (
            {"demo.libs/libowl-1234.so.1": (objects / "libowl-1234.so.1").read_bytes()} if name == "vendored" else {}
        )
        path = build_wheel(tmp_path / name, files=files, tag="cp39-abi3-musllinux_1_2_x86_64")
        found[name] = words_of(capsys, path, "--distro", "alpine-3.20")["alpine-3.20"][:2]

    assert found == {
        "relative": ("pass", ""),
        "vendored": ("pass", ""),
        "outside": ("unknown", "'core.abi3.so' needs 'libz.so.1', which was not measured here."),
        "glibc": ("unknown", "'core.abi3.so' needs 'ld-linux-x86-64.so.2', which was not measured here."),
    }


def test_a_wheel_for_musl_is_for_musl_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    compile_object(tmp_path / "objects" / "libc.musl-x86_64.so.1", "int unused;", "-Wl,-soname,libc.musl-x86_64.so.1")
    flags = (f"-L{tmp_path / 'objects'}", "-nostdlib", "-Wl,--no-as-needed", "-l:libc.musl-x86_64.so.1")
    path = wheel(tmp_path, PLAIN, *flags, tag="musllinux_1_1_x86_64")
    found = words_of(capsys, path, "--distro", "alpine-3.22", "--distro", "debian-13")

    assert (found["alpine-3.22"][0], found["debian-13"][0]) == ("pass", "pass")
    assert found["alpine-3.22"][1] == ""
    assert found["debian-13"][1] == "Musllinux_1_1_x86_64 needs musl, debian-13 has glibc."
