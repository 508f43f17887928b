"""``predict --requirement``: which wheels an installer takes on distros that are not started."""

import hashlib
import json
import platform
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from indexes import IndexFolder
from packaging.markers import Marker
from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet
from wheels import build_wheel

from manylinux_lab.__main__ import main

TAG = "cp39-cp39-manylinux_2_{}_x86_64"
AMAZON = ("--distro", "amazonlinux-2", "--python", "3.9")


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    """Return an index with two releases of owl, of which the newer needs glibc 2.28, and what owl needs."""
    index = IndexFolder(root=tmp_path / "index")
    index.wheel("owl", "1.0", ["nest"], tag="cp39-cp39-manylinux1_x86_64")
    index.wheel("owl", "1.1", ["nest"], tag=TAG.format(17))
    index.wheel("owl", "1.1", ["nest"], tag="cp39-cp39-musllinux_1_1_x86_64")
    index.wheel("owl", "2.0", ["nest"], tag=TAG.format(28))
    index.wheel("owl", "2.0", ["nest"], tag="cp39-cp39-win_amd64")
    index.wheel("nest", "3.0")
    return index


def asked(
    capsys: pytest.CaptureFixture[str], folder: IndexFolder, *words: str | Path
) -> tuple[int, dict[str, dict[str, list[str]]]]:
    """Return the exit code, and by environment the wheels that are taken and the requirements that are missing."""
    code = main(["predict", *map(str, words), "--index-url", folder.url, "--json"])
    document = json.loads(capsys.readouterr().out)
    return code, {
        choice["id"]: {
            "taken": [taken["name"] for taken in choice["taken"]],
            "missing": [missing["requirement"] for missing in choice["missing"]],
        }
        for choice in document["choices"]
    }


def said(capsys: pytest.CaptureFixture[str], folder: IndexFolder, *words: str | Path) -> str:
    """Return what is printed, on one line."""
    main(["predict", *map(str, words), "--index-url", folder.url])
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "environment", "name"),
    [
        (AMAZON, "amazonlinux-2:x86_64:cp39", "owl-1.1-cp39-cp39-manylinux_2_17_x86_64.whl"),
        ((*AMAZON, "--up-to", "manylinux2010"), "amazonlinux-2:x86_64:cp39", "owl-1.0-cp39-cp39-manylinux1_x86_64.whl"),
        ((*AMAZON, "--pip", "18.1"), "amazonlinux-2:x86_64:cp39", "owl-1.0-cp39-cp39-manylinux1_x86_64.whl"),
        (
            ("--distro", "almalinux-9", "--python", "cp39"),
            "almalinux-9:x86_64:cp39",
            "owl-2.0-cp39-cp39-manylinux_2_28_x86_64.whl",
        ),
        (
            ("--distro", "alpine-3.20", "--python", "cp39"),
            "alpine-3.20:x86_64:cp39",
            "owl-1.1-cp39-cp39-musllinux_1_1_x86_64.whl",
        ),
    ],
)
def test_each_environment_gets_the_wheel_that_its_installer_takes(
    capsys: pytest.CaptureFixture[str], folder: IndexFolder, words: tuple[str, ...], environment: str, name: str
) -> None:
    code, found = asked(capsys, folder, "-r", "owl", *words)

    assert (code, found) == (0, {environment: {"taken": ["nest-3.0-py3-none-any.whl", name], "missing": []}})


def test_the_distros_own_pythons_and_pip_are_the_default(
    capsys: pytest.CaptureFixture[str], folder: IndexFolder
) -> None:
    _, found = asked(
        capsys, folder, "-r", "nest", "--distro", "almalinux-9", "--distro", "debian-12", "--arch", "arm64"
    )
    text = said(capsys, folder, "-r", "nest", "--distro", "debian-11")

    assert set(found) == {f"almalinux-9:aarch64:{abi}" for abi in ("cp39", "cp311", "cp312")} | {
        "debian-12:aarch64:cp311"
    }
    assert "debian-11:x86_64:cp39 with pip 20.3.4 wheel predicted" in text
    assert "nest-3.0-py3-none-any.whl resolves" in text


def test_nothing_found_is_told_with_what_comes_nearest(capsys: pytest.CaptureFixture[str], folder: IndexFolder) -> None:
    folder.wheel("elm", "1.0", tag="cp310-cp310-manylinux_2_17_x86_64")
    code, found = asked(capsys, folder, "-r", "owl>=2", "-r", "elm", "-r", "nest", "-r", "fir", *AMAZON)
    text = said(capsys, folder, "-r", "owl>=2", "-r", "elm", *AMAZON)

    (choice,) = found.values()
    assert (code, choice["taken"], choice["missing"]) == (1, ["nest-3.0-py3-none-any.whl"], ["owl>=2", "elm", "fir"])
    assert "nothing for 'owl>=2': owl 2.0 has no wheel for cp39 on x86_64 with glibc 2.26" in text
    assert "nearest: 'owl-1.1-cp39-cp39-manylinux_2_17_x86_64.whl' fits, and is another release" in text
    assert (
        "nearest: 'owl-2.0-cp39-cp39-manylinux_2_28_x86_64.whl': manylinux_2_28_x86_64 needs glibc 2.28 or later, "
        "amazonlinux-2 has 2.26" in text
    )
    assert "win_amd64" not in text
    assert "nearest: 'elm-1.0-cp310-cp310-manylinux_2_17_x86_64.whl': the wheel is for cp310-cp310" in text


def test_what_a_pip_is_too_old_for_is_near(capsys: pytest.CaptureFixture[str], folder: IndexFolder) -> None:
    text = said(capsys, folder, "-r", "owl==1.1", *AMAZON, "--pip", "19.0")

    assert "pip 19.0 does not know manylinux_2_17_x86_64, which pip 20.3 understood first" in text


def test_what_needs_something_missing_is_missing_itself(
    capsys: pytest.CaptureFixture[str], folder: IndexFolder
) -> None:
    folder.wheel("elm", "1.0", ["owl>=2"])
    code, found = asked(capsys, folder, "-r", "elm", *AMAZON)
    text = said(capsys, folder, "-r", "elm", *AMAZON)

    assert (code, found["amazonlinux-2:x86_64:cp39"]) == (1, {"taken": [], "missing": ["elm"]})
    assert "elm 1.0 needs owl>=2, but owl 2.0 has no wheel" in text
    assert "manylinux_2_28_x86_64 needs glibc 2.28 or later" in text


def test_requirements_that_conflict_are_told_together(capsys: pytest.CaptureFixture[str], folder: IndexFolder) -> None:
    folder.wheel("elm", "1.0", ["nest<3"])
    folder.wheel("nest", "2.0")
    text = said(capsys, folder, "-r", "elm", "-r", "nest>=3", *AMAZON)

    assert "nothing for all together: These cannot be met together: 'nest>=3' is asked for; elm 1.0 needs" in text


def test_source_distributions_are_passed_over_on_request(
    capsys: pytest.CaptureFixture[str], folder: IndexFolder
) -> None:
    folder.sdist("owl", "3.0")
    _, built = asked(capsys, folder, "-r", "owl", *AMAZON)
    _, wheels = asked(capsys, folder, "-r", "owl", *AMAZON, "--only-wheels")

    assert built["amazonlinux-2:x86_64:cp39"]["missing"] == ["owl"]
    assert wheels["amazonlinux-2:x86_64:cp39"]["taken"][1] == "owl-1.1-cp39-cp39-manylinux_2_17_x86_64.whl"


def test_a_file_with_hashes_is_held_to(capsys: pytest.CaptureFixture[str], folder: IndexFolder, tmp_path: Path) -> None:
    wheel = tmp_path / "index" / "files" / "owl-1.0-cp39-cp39-manylinux1_x86_64.whl"
    nest = tmp_path / "index" / "files" / "nest-3.0-py3-none-any.whl"
    file = tmp_path / "wanted.txt"
    lines = [f"{path.name.split('-')[0]} --hash=sha256:{_sha256(path)}\n" for path in (wheel, nest)]
    file.write_text("".join(lines))
    code, found = asked(capsys, folder, "-r", file, *AMAZON)

    assert (code, found["amazonlinux-2:x86_64:cp39"]["taken"]) == (0, [nest.name, wheel.name])


@pytest.mark.parametrize("announced", [None, ""], ids=["the index tells hashes", "the index tells none"])
def test_a_wrong_hash_leaves_the_other_requirements_in_sight(
    capsys: pytest.CaptureFixture[str], folder: IndexFolder, tmp_path: Path, announced: str | None
) -> None:
    elm = folder.wheel("elm", "1.0", sha256=announced)
    file = tmp_path / "wanted.txt"
    file.write_text(f"elm --hash=sha256:{'0' * 64}\nnest\n")
    code, found = asked(capsys, folder, "-r", file, *AMAZON)
    text = said(capsys, folder, "-r", file, *AMAZON)

    assert (code, found) == (
        1,
        {"amazonlinux-2:x86_64:cp39": {"taken": ["nest-3.0-py3-none-any.whl"], "missing": ["elm"]}},
    )
    if announced is None:
        assert "nothing for 'elm': no file of elm 1.0 that fits cp39" in text
        assert f"nearest: '{elm.name}': it fits, and its sha256 is {_sha256(elm)}, which is not allowed" in text
    else:
        assert f"nothing for 'elm': '{elm.name}' has none of the hashes that the requirement file allows" in text


def test_what_cannot_be_asked_leaves_the_other_requirements_in_sight(
    capsys: pytest.CaptureFixture[str], folder: IndexFolder, tmp_path: Path
) -> None:
    away, other = tmp_path / "elm-1.0-py3-none-any.whl", build_wheel(tmp_path / "here", "fir")
    asked_for = ("-r", "nest", "-r", f"elm @ {away.as_uri()}")
    code, found = asked(capsys, folder, *asked_for, *AMAZON)
    both, _ = asked(capsys, folder, *asked_for, "-r", f"fir @ {other.as_uri()}#sha256={'0' * 64}", *AMAZON)
    alone = main(["predict", *asked_for[2:], *AMAZON, "--index-url", folder.url])

    (choice,) = found.values()
    assert (code, choice["taken"], len(choice["missing"])) == (3, ["nest-3.0-py3-none-any.whl"], 1)
    assert both == 1, "a wrong hash is no fault of the lab"
    assert alone == 3
    assert f"the lab failed: The wheel '{away}' cannot be read" in capsys.readouterr().err


def test_a_wrong_hash_in_a_lock_file_leaves_the_other_packages_in_sight(
    capsys: pytest.CaptureFixture[str], folder: IndexFolder, tmp_path: Path
) -> None:
    lock = tmp_path / "pylock.toml"
    asked(capsys, folder, "-r", "owl", *AMAZON, "--write", lock)
    lock.write_text(lock.read_text().replace(_sha256(tmp_path / "index/files/nest-3.0-py3-none-any.whl"), "0" * 64))
    code, found = asked(capsys, folder, "-r", lock, *AMAZON)
    text = said(capsys, folder, "-r", lock, *AMAZON)

    (choice,) = found.values()
    assert (code, choice["taken"], choice["missing"]) == (1, ["owl-1.1-cp39-cp39-manylinux_2_17_x86_64.whl"], ["nest"])
    assert "is not the file that was announced: its sha256 is" in text


def test_a_damaged_wheel_leaves_the_others_in_sight(
    capsys: pytest.CaptureFixture[str], folder: IndexFolder, tmp_path: Path
) -> None:
    wheel, page = (
        folder.wheel("elm", "1.0", has_metadata_beside=True),
        tmp_path / "index" / "simple" / "elm" / "index.html",
    )
    announced = _sha256(wheel)
    wheel.write_bytes(wheel.read_bytes()[:100])  # its metadata is read from the file beside it
    page.write_text(page.read_text().replace(announced, _sha256(wheel)))
    code, found = asked(capsys, folder, "-r", "elm", "-r", "nest", *AMAZON)

    (choice,) = found.values()
    assert (code, choice) == (1, {"taken": ["nest-3.0-py3-none-any.whl"], "missing": ["elm"]})


def test_what_is_written_is_read_again(capsys: pytest.CaptureFixture[str], folder: IndexFolder, tmp_path: Path) -> None:
    requirements, lock = tmp_path / "new" / "wanted.txt", tmp_path / "new" / "pylock.owl.toml"
    _, first = asked(capsys, folder, "-r", "owl", *AMAZON, "--write", requirements, "--write", lock, "--no-download")
    _, again = asked(capsys, folder, "-r", requirements, *AMAZON)
    code, locked = asked(capsys, folder, "-r", lock, *AMAZON)
    _, elsewhere = asked(capsys, folder, "-r", lock, "--distro", "debian-12")
    refusal = said(capsys, folder, "-r", lock, "--distro", "debian-12")

    names = first["amazonlinux-2:x86_64:cp39"]["taken"]
    assert names == again["amazonlinux-2:x86_64:cp39"]["taken"] == locked["amazonlinux-2:x86_64:cp39"]["taken"]
    assert code == 0
    assert elsewhere == {"debian-12:x86_64:cp311": {"taken": [], "missing": [""]}}
    assert "'pylock.owl.toml' is for Python ==3.9.*, here is cp311" in refusal
    assert requirements.read_text().count("--hash=sha256:") == 2


@pytest.mark.parametrize(
    ("place", "marker", "python"),
    [
        (("amazonlinux-2", "--python", "3.9"), "platform_machine == 'x86_64'", "3.9"),
        (("debian-12", "--arch", "aarch64"), "platform_machine == 'aarch64'", "3.11"),
        (("debian-12", "--arch", "i686"), "platform_machine == 'i686'", "3.11"),
        (("debian-12", "--arch", "i686"), "platform_machine == 'x86_64'", "3.11"),  # under a 64-bit kernel
    ],
)
def test_a_lock_file_says_for_which_python_and_machine_it_is(
    capsys: pytest.CaptureFixture[str],
    folder: IndexFolder,
    tmp_path: Path,
    place: tuple[str, ...],
    marker: str,
    python: str,
) -> None:
    folder.wheel("elm", "1.0", fields=["Requires-Python: >=3.6.1"])
    asked(capsys, folder, "-r", "elm", "--distro", *place, "--write", tmp_path / "pylock.toml")
    text = (tmp_path / "pylock.toml").read_text()
    lock = Pylock.from_dict(tomllib.loads(text))

    expected = f"implementation_name == 'cpython' and {marker} and sys_platform == 'linux'"
    assert Marker(expected) in (lock.environments or ())
    assert lock.requires_python == SpecifierSet(f"=={python}.*")
    assert [(package.name, package.requires_python) for package in lock.packages] == [("elm", SpecifierSet(">=3.6.1"))]
    assert lock.tool is not None
    assert lock.tool["manylinux-lab"]["chosen-for"].startswith(place[0])


@pytest.mark.parametrize(
    ("text", "taken", "missing"),
    [
        ('requires-python = ">=3.10"\npackages = []', [], [""]),
        ("environments = [\"sys_platform == 'win32'\"]\npackages = []", [], [""]),
        ("environments = [\"sys_platform == 'win32'\", \"python_version < '4'\"]\npackages = []", [], []),
        ("[[packages]]\nname = 'nest'\nversion = '3.0'\nmarker = \"python_version < '3'\"\nwheels = [{}]", [], []),
        ("[[packages]]\nname = 'nest'\nversion = '3.0'\nrequires-python = '>=3.10'\nwheels = [{}]", [], ["nest"]),
        ("[[packages]]\nname = 'nest'\nversion = '3.0'\nrequires-python = '>=3.9.2'\nwheels = [{}]", ["nest"], []),
        ("[[packages]]\nname = 'nest'\ndirectory = {{ path = '.' }}", [], ["nest"]),
    ],
)
def test_a_lock_file_is_followed(
    capsys: pytest.CaptureFixture[str],
    folder: IndexFolder,
    tmp_path: Path,
    text: str,
    taken: list[str],
    missing: list[str],
) -> None:
    wheel = build_wheel(tmp_path / "here", "nest", "3.0")
    entry = f"{{ path = 'here/{wheel.name}', hashes = {{ sha256 = '{_sha256(wheel)}' }} }}"
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        'lock-version = "1.0"\ncreated-by = "a test"\n'
        + text.replace("{}", entry).replace("{{", "{").replace("}}", "}")
    )
    code, found = asked(capsys, folder, "-r", lock, *AMAZON)

    (choice,) = found.values()
    assert ([name.split("-")[0] for name in choice["taken"]], choice["missing"]) == (taken, missing)
    assert code == (1 if missing else 0)


def test_a_wheel_that_is_taken_is_predicted(capsys: pytest.CaptureFixture[str], folder: IndexFolder) -> None:
    main(["predict", "-r", "owl", *AMAZON, "--index-url", folder.url, "--json"])
    (choice,) = json.loads(capsys.readouterr().out)["choices"]
    verdicts = {taken["name"]: taken["forecast"]["verdict"] for taken in choice["taken"]}

    assert set(verdicts.values()) == {"pass"}
    assert all(taken["url"].startswith("file:") and len(taken["sha256"]) == 64 for taken in choice["taken"])
    assert _table(capsys, folder, "nest") == [
        "wheel                      predicted",
        "-------------------------  -----------",
        "nest-3.0-py3-none-any.whl  -",
    ]
    owl = _table(capsys, folder, "owl")
    assert [line.split() for line in owl[::3]] == [
        ["wheel", "predicted"],
        ["nest-3.0-py3-none-any.whl", "-", "needed", "by", "others"],
    ]
    assert owl[0].index("predicted") == owl[3].index(" - ") + 1


def _table(capsys: pytest.CaptureFixture[str], folder: IndexFolder, requirement: str) -> list[str]:
    main(["predict", "-r", requirement, *AMAZON, "--index-url", folder.url, "--no-download"])
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()[1:] if line]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Name wheel files or folders of wheels, or requirements"),
        (("-r", "owl", "--distro", "amazonlinux-2", "--python", "py3"), "'py3' is no Python"),
        (("-r", "owl", "--distro", "amazonlinux-2", "--python", "3.99"), "There is no Python '3.99' yet; the newest"),
        (("-r", "owl", "--distro", "amazonlinux-2", "--python", "cp39t"), "free-threaded ones begin with 3.13"),
        (("-r", "owl", *AMAZON, "--up-to", "musllinux_1_1"), "'musllinux_1_1' is no policy for glibc, which all"),
        (("-r", "empty.txt", *AMAZON), "Nothing is required by 'empty.txt'."),
        (("-r", "empty.txt", *AMAZON, "--write", "x.txt"), "Nothing is required by 'empty.txt'."),
        (("-r", "owl", "--distro", "amazonlinux-2", "--pip", "old"), "'old' is no version of pip"),
        (("-r", "owl", "--distro", "amazonlinux-2", "--up-to", "linux"), "'linux' is no policy"),
        (("-r", "owl", "--distro", "clearlinux-latest"), "Nobody knows which Pythons"),
        (("-r", "owl", "--distro", "debian-1[23]", "--write", "x.txt"), "--write is for one environment; these are 2"),
        (("-r", "owl>=2", *AMAZON, "--write", "x.txt"), "'x.txt' was not written: not everything is found"),
        (("-r", "pylock.toml", *AMAZON), "The lock file 'pylock.toml' cannot be used: No such file"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str],
    folder: IndexFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_text("# nothing\n")

    assert main(["predict", *words, "--index-url", folder.url]) == 4
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "x.txt").exists()


def test_what_is_missing_is_shown_before_nothing_is_written(
    capsys: pytest.CaptureFixture[str], folder: IndexFolder, tmp_path: Path
) -> None:
    file = tmp_path / "x.txt"
    words = ("predict", "-r", "owl>=2", "-r", "nest", *AMAZON, "--write", str(file), "--index-url", folder.url)

    assert main([*words]) == 4
    shown = capsys.readouterr()
    assert "nothing for 'owl>=2'" in shown.out
    assert "nest-3.0-py3-none-any.whl  resolves" in shown.out
    assert f"'{file}' was not written: not everything is found" in shown.err


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.real
def test_pip_takes_what_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wanted.txt"
    words = ("-r", "markupsafe<3", "--distro", "amazonlinux-2", "--python", "3.9", "--up-to", "manylinux2014")
    assert main(["predict", *words, "--write", str(file)]) == 0
    name = capsys.readouterr().out.splitlines()[3].split()[0]
    platform = ("--platform", "manylinux2014_x86_64", "--python-version", "3.9", "--only-binary", ":all:", "--no-deps")
    command = [sys.executable, "-m", "pip", "download", "-q", "-d", str(tmp_path / "got"), *platform]
    subprocess.run([*command, "--require-hashes", "-r", str(file)], check=True, capture_output=True)
    subprocess.run([*command, "-d", str(tmp_path / "chosen"), "markupsafe<3"], check=True, capture_output=True)

    assert [path.name for path in (tmp_path / "got").iterdir()] == [name]
    assert [path.name for path in (tmp_path / "chosen").iterdir()] == [name]


@pytest.mark.real
def test_pip_installs_from_the_lock_file_that_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pip = [sys.executable, "-m", "pip"]
    if "pylock" not in subprocess.check_output([*pip, "install", "--help"], text=True):
        pytest.skip("this pip does not read lock files")
    if platform.machine() != "x86_64":
        pytest.skip("the lock file is for x86_64")
    here, file = f"{sys.version_info.major}.{sys.version_info.minor}", tmp_path / "pylock.toml"
    words = ("-r", "python-dateutil<3", "-r", "markupsafe", "--distro", "debian-13", "--pip", "newest")
    assert main(["predict", *words, "--python", here, "--up-to", "manylinux_2_17", "--write", str(file)]) == 0
    table = capsys.readouterr().out
    dry = [*pip, "install", "-q", "--dry-run", "--ignore-installed", "--report", "-", "-r"]
    report = json.loads(subprocess.check_output([*dry, str(file)], text=True, stderr=subprocess.DEVNULL))
    names = [item["download_info"]["url"].rpartition("/")[2] for item in report["install"]]

    assert len(names) == 3, names
    assert all(name in table for name in names)
    file.write_text(file.read_text().replace('"x86_64', '"aarch64'))
    refused = subprocess.run([*dry, str(file)], capture_output=True, text=True)
    assert "does not satisfy any of the environments" in " ".join(refused.stderr.split())
