"""Reading wheels: what is found in good ones, and one sentence for each kind of bad one."""

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from elves import EXEC, MACHINES, elf
from wheels import build_wheel, metadata_text, wheel_entries, wheel_text, write_archive

from manylinux_lab.errors import UsageError
from manylinux_lab.folders import cache_folder
from manylinux_lab.wheels import archive, whole
from manylinux_lab.wheels.reading import parse_name, read_wheel
from manylinux_lab.wheels.wheel import Extension, UnreadableWheelError, loadable
from manylinux_lab.wheels.whole import wheel_metadata

GNU = "x86_64-linux-gnu"


def test_a_wheel_with_everything(tmp_path: Path) -> None:
    files = {
        "demo/__init__.py": b"",
        f"demo/fast.cpython-39-{GNU}.so": elf(),  # without PyInit_fast: still an extension, which fails at import
        "demo/bare.so": elf("PyInit_bare"),
        "demo/plugin.so": elf("plugin_start"),
        "demo/broken.abi3.so": b"no ELF at all",
        "demo.libs/libx-1234.so.1": elf(),
        "demo/arm.so": elf(machine=MACHINES["aarch64"]),
        "demo/kernel.cubin": elf(machine=MACHINES["cuda"]),
        "demo-1.0.data/scripts/tool": elf(kind=EXEC),
        "demo-1.0.data/platlib/more/__init__.py": b"",
        "demo-1.0.data/data/share/demo/helper.py": b"",
    }
    lines = ["Requires-Python: >=3.8", "Requires-Dist: numpy>=1; extra == 'fast'", "Requires-Dist: odd>=1.*"]

    wheel = read_wheel(build_wheel(tmp_path, files=files, lines=lines, tag="cp39-cp39-manylinux_2_17_x86_64"))

    assert wheel.import_names == ("demo", "more")
    assert wheel.extensions == (
        Extension(name="demo.bare", path="demo/bare.so", suffix=".so"),
        Extension(name="demo.broken", path="demo/broken.abi3.so", suffix=".abi3.so"),
        Extension(name="demo.fast", path=f"demo/fast.cpython-39-{GNU}.so", suffix=f".cpython-39-{GNU}.so"),
    )
    assert wheel.objects == ("demo.libs/libx-1234.so.1", "demo/arm.so", "demo/plugin.so")
    assert wheel.executables == ("bin/tool",)
    assert dict(wheel.machines)["demo/arm.so"] == "aarch64"
    assert str(wheel.requires_python) == ">=3.8"
    assert [str(requirement) for requirement in wheel.requires] == ['numpy>=1; extra == "fast"']
    assert wheel.notes == ("The requirement 'odd>=1.*' in METADATA is not valid and was left out.",)
    assert (wheel.project, wheel.version, wheel.id) == ("demo", "1.0", "demo-1.0-cp39-cp39-manylinux_2_17_x86_64.whl")


def test_only_what_an_interpreter_and_arch_load(tmp_path: Path) -> None:
    files = {
        f"demo/a.cpython-39-{GNU}.so": elf(),
        f"demo/a.cpython-311-{GNU}.so": elf(),
        "demo/amd64.so": elf(),
        "demo/arm.so": elf(machine=MACHINES["aarch64"]),
    }

    wheel = loadable(read_wheel(build_wheel(tmp_path, files=files)), "cp311", "x86_64")

    assert [extension.path for extension in wheel.extensions] == [f"demo/a.cpython-311-{GNU}.so"]
    assert wheel.objects == ("demo/amd64.so",)


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        pytest.param(
            ["Import-Name: other.name", "Import-Name: _private; private"], ("_private", "other.name"), id="given"
        ),
        pytest.param(["Import-Name: "], (), id="none"),
        pytest.param([], ("demo",), id="not-said"),
    ],
)
def test_import_names_of_the_metadata_win(tmp_path: Path, lines: list[str], names: tuple[str, ...]) -> None:
    assert read_wheel(build_wheel(tmp_path, lines=lines)).import_names == names


def test_what_is_not_python_is_noted(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, lines=["Requires-Python: three"], files={"x.so": elf()[:50]})

    assert read_wheel(path).notes == (
        "Requires-Python is 'three', which is not valid and was left out.",
        read_wheel(path).notes[1],
    )
    assert read_wheel(path).notes[1].startswith("'x.so' is not readable as ELF")


def test_an_elf_file_larger_than_memory_allows_goes_through_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "IN_MEMORY", 10)

    assert read_wheel(build_wheel(tmp_path, files={"x.so": elf("PyInit_x")})).extensions[0].name == "x"


def test_the_second_reading_does_not_open_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = build_wheel(tmp_path)
    first = read_wheel(path)
    monkeypatch.setattr(whole, "read_whole", None)

    assert read_wheel(path) == first


@pytest.mark.parametrize("content", [b"", b"{}", b'{"schema": 0}', b"\xff"])
def test_a_damaged_memory_is_made_again(tmp_path: Path, content: bytes) -> None:
    path = build_wheel(tmp_path)
    first = read_wheel(path)
    (cache_folder("wheels") / f"{first.sha256}.json").write_bytes(content)

    assert read_wheel(path) == first


def test_the_same_bytes_under_another_name_are_compared_again(tmp_path: Path) -> None:
    path = build_wheel(tmp_path)
    read_wheel(path)
    renamed = path.rename(path.with_name("demo-2.0-py3-none-any.whl"))

    with pytest.raises(UnreadableWheelError, match=r"says version '1\.0' in its METADATA, which is not '2\.0'"):
        read_wheel(renamed)


def test_a_file_that_cannot_be_read_is_not_the_wheels_fault(tmp_path: Path) -> None:
    (tmp_path / "demo-1.0-py3-none-any.whl").mkdir()

    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_wheel(tmp_path / "demo-1.0-py3-none-any.whl")


@pytest.mark.parametrize(
    "requirement",
    ["x @ http://[::1", "x @ http://h:99999999/x-1-py3-none-any.whl", f"x; {'(' * 3000}os_name > ''{')' * 3000}"],
    ids=["address", "port", "depth"],
)
def test_a_requirement_that_nobody_can_read_is_noted(tmp_path: Path, requirement: str) -> None:
    found = wheel_metadata(build_wheel(tmp_path, lines=[f"Requires-Dist: {requirement}", "Requires-Dist: good"]))
    assert [str(one) for one in found.requires] == ["good"]
    assert len(found.notes) == 1
    assert len(found.notes[0]) < 300


def test_metadata_alone(tmp_path: Path) -> None:
    assert str(wheel_metadata(build_wheel(tmp_path, version="2.1")).version) == "2.1"


ENTRIES = wheel_entries("demo", "1.0", {"demo/__init__.py": b""})
NAME = "demo-1.0-py3-none-any.whl"


def _extended(path: Path, *infos: zipfile.ZipInfo) -> Path:
    write_archive(path, ENTRIES)
    with zipfile.ZipFile(path, "a") as file:
        for info in infos:
            file.writestr(info, b"x")
    return path


def _named(name: str) -> Callable[[Path], Path]:
    return lambda folder: write_archive(folder / NAME, {**ENTRIES, name: b"x"})


def _with_mode(mode: int) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        info = zipfile.ZipInfo("demo/link")
        info.external_attr = mode << 16
        return _extended(folder / NAME, info)

    return make


def _without(ending: str) -> Callable[[Path], Path]:
    kept = {name: data for name, data in ENTRIES.items() if not name.endswith(ending)}
    return lambda folder: write_archive(folder / NAME, kept)


def _metadata(text: str) -> Callable[[Path], Path]:
    return lambda folder: write_archive(folder / NAME, {**ENTRIES, "demo-1.0.dist-info/METADATA": text.encode()})


def _wheel_file(text: str) -> Callable[[Path], Path]:
    return lambda folder: write_archive(folder / NAME, {**ENTRIES, "demo-1.0.dist-info/WHEEL": text.encode()})


def _renamed(folder: Path) -> Path:
    return write_archive(
        folder / NAME, {name.replace("demo-1.0.", "other-1.0."): data for name, data in ENTRIES.items()}
    )


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = write_archive(folder / NAME, {"demo/zeros": b"\0" * 10_000, **ENTRIES})
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def _declared(size: int) -> Callable[[bytes], bytes]:
    """Make both headers of the entry of 10,000 zeros declare another size."""
    return lambda data: data.replace(struct.pack("<I", 10_000), struct.pack("<I", size))


def _undecodable(folder: Path) -> Path:
    path = _named("demo/grün.py")(folder)
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\xff\xff"))
    return path


def _twice(folder: Path) -> Path:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return _extended(folder / NAME, zipfile.ZipInfo("demo/__init__.py"))


BAD = {
    "text": (lambda folder: _written(folder, b"hello"), "is not a zip archive"),
    "empty": (lambda folder: _written(folder, b""), "is not a zip archive"),
    "empty-archive": (lambda folder: write_archive(folder / NAME, {}), "is an empty archive"),
    "truncated": (_bytes(lambda data: data[: len(data) // 2]), "is cut short"),
    "directory-cut": (_bytes(lambda data: data[:200] + data[-22:]), "is cut short or damaged"),
    "flipped": (_bytes(lambda data: data[:60] + b"\xff\xff" + data[62:]), "'demo/zeros' of .* is damaged"),
    "climbs": (_named("demo/../../etc/passwd"), "climbs out of the folder"),
    "climbs-by-backslash": (_named("demo\\..\\..\\x"), "climbs out of the folder"),
    "absolute": (_named("/etc/passwd"), "is an absolute path"),
    "drive": (_named("C:/x"), "is an absolute path"),
    "symlink": (_with_mode(stat.S_IFLNK | 0o777), "is a symbolic link"),
    "device": (_with_mode(stat.S_IFCHR | 0o666), "is a device"),
    "twice": (_twice, r"has the entry 'demo/__init__\.py' 2 times"),
    "undecodable": (_undecodable, "UTF-8"),
    "nul": (_bytes(lambda data: data.replace(b"demo/zeros", b"demo/z\0ros")), "is no file name"),
    "size-too-large": (_bytes(_declared(20_000)), "declares 20000 bytes and has 10000"),
    "size-too-small": (_bytes(_declared(5_000)), "'demo/zeros' of .* is damaged"),
    "no-dist-info": (_without(("METADATA", "WHEEL", "RECORD")), "has no .dist-info folder"),
    "two-dist-infos": (_named("other-1.0.dist-info/METADATA"), "has 2 .dist-info folders"),
    "no-metadata": (_without("METADATA"), "has no demo-1.0.dist-info/METADATA"),
    "no-wheel": (_without("WHEEL"), "has no demo-1.0.dist-info/WHEEL"),
    "no-record": (_without("RECORD"), "has no demo-1.0.dist-info/RECORD"),
    "other-name": (_metadata(metadata_text("other", "1.0")), "says name 'other' in its METADATA"),
    "other-version": (_metadata(metadata_text("demo", "1.1")), r"says version '1\.1' in its METADATA"),
    "other-folder": (
        _renamed,
        "says name 'demo' in its METADATA, which is not that of its folder 'other-1.0.dist-info'",
    ),
    "new-wheel-version": (_wheel_file(wheel_text("py3-none-any", "2.0")), "has Wheel-Version '2.0' in its WHEEL file"),
    "no-wheel-version": (_wheel_file("Tag: py3-none-any\n"), "has no Wheel-Version in its WHEEL file"),
    "no-name": (_metadata("Version: 1.0\n\n"), "has no Name"),
    "no-version": (_metadata("Name: demo\n\n"), "has no Version"),
    "invalid-version": (_metadata("Name: demo\nVersion: one\n\n"), "has the invalid version 'one'"),
}


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("demo-1.0.tar.gz", "it does not end in '.whl'"),
        ("demo.whl", "it has 0 hyphens instead of 4, or 5 with a build number"),
        ("demo-1.0-py3-none-any (1)-x-y.whl", "it has 6 hyphens instead of 4, or 5 with a build number"),
        ("de+mo-1.0-py3-none-any.whl", "'de+mo' is no project name"),
        ("-1.0-py3-none-any.whl", "'' is no project name"),
        ("demo-x-py3-none-any.whl", "'x' is no version"),
        ("demo-1.0-late-py3-none-any.whl", "the build number 'late' does not begin with a digit"),
        ("demo-1.0-py3--any.whl", "'py3--any' is no tag"),
    ],
)
def test_a_name_that_is_none_is_told_by_the_rule_that_it_breaks(name: str, fault: str) -> None:
    with pytest.raises(UnreadableWheelError) as caught:
        parse_name(name)

    assert str(caught.value) == f"'{name}' is no wheel name (PROJECT-VERSION-PYTHON-ABI-PLATFORM.whl): {fault}."


def _written(folder: Path, data: bytes) -> Path:
    (folder / NAME).write_bytes(data)
    return folder / NAME


@pytest.mark.parametrize(("make", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_wheel_is_refused_in_one_sentence(make: Callable[[Path], Path], sentence: str, tmp_path: Path) -> None:
    path = make(tmp_path)

    with pytest.raises(UnreadableWheelError, match=sentence) as caught:
        read_wheel(path)

    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = write_archive(tmp_path / NAME, ENTRIES)
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02")
    path.write_bytes(data[: at + 8] + b"\x01" + data[at + 9 :])

    with pytest.raises(UnreadableWheelError, match="is encrypted"):
        read_wheel(path)


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("EXPANDED_LIMIT", 5_000, "expands to"),
        ("RATIO_THRESHOLD", 5_000, "a zip bomb"),
        ("ENTRIES_LIMIT", 2, "has a zip directory of 5 entries"),
        ("DIRECTORY_LIMIT", 50, "has a zip directory of 5 entries"),
    ],
)
def test_limits(limit: str, value: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, limit, value)
    monkeypatch.setattr(archive, "RATIO_LIMIT", 10)
    path = write_archive(tmp_path / NAME, {"demo/zeros": b"\0" * 1_000_000, **ENTRIES})

    with pytest.raises(UnreadableWheelError, match=sentence):
        read_wheel(path)


def test_a_ten_gigabyte_bomb_is_refused_unread(tmp_path: Path) -> None:
    zeros = {f"demo/zeros{number}": b"\0" * 10_000 for number in range(3)}
    path = write_archive(tmp_path / NAME, {**zeros, **ENTRIES})
    path.write_bytes(_declared(0xFFFFFFF0)(path.read_bytes()))

    with pytest.raises(UnreadableWheelError, match=r"expands to 12\.0 GiB; the lab unpacks at most 10 GiB"):
        read_wheel(path)


def test_a_huge_metadata_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "TEXT_LIMIT", 10)

    with pytest.raises(UnreadableWheelError, match="The METADATA of"):
        read_wheel(build_wheel(tmp_path))


def _zip64(path: Path, entries: int, *, has_locator: bool = True, record: bytes = b"PK\x06\x06") -> Path:
    """Give a good archive a zip64 end record that declares this many entries."""
    data = write_archive(path, ENTRIES).read_bytes()
    body, end = data[:-22], data[-22:]
    (directory,) = struct.unpack_from("<I", end, 12)
    zip64 = struct.pack("<4sQHHIIQQQQ", record, 44, 45, 45, 0, 0, entries, entries, directory, len(body) - directory)
    locator = struct.pack("<4sIQI", b"PK\x06\x07" if has_locator else b"none", 0, len(body), 1)
    path.write_bytes(body + zip64 + locator + end[:8] + b"\xff" * 12 + end[20:])
    return path


def test_a_zip64_directory_is_read(tmp_path: Path) -> None:
    assert read_wheel(_zip64(tmp_path / NAME, len(ENTRIES))).project == "demo"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (lambda folder: _zip64(folder / NAME, 10**9), "has a zip directory of 1000000000 entries"),
        (lambda folder: _zip64(folder / NAME, 4, has_locator=False), "has a zip directory of 65535 entries"),
        (lambda folder: _zip64(folder / NAME, 4, record=b"none"), "has a zip directory of 65535 entries"),
    ],
    ids=["too-many", "no-locator", "no-record"],
)
def test_a_bad_zip64_directory_is_refused(path: Callable[[Path], Path], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableWheelError, match=sentence):
        read_wheel(path(tmp_path))
