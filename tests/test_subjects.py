"""What users name, and what they get wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from wheels import build_wheel

from manylinux_lab.errors import UsageError
from manylinux_lab.resolving.subjects import Subjects, Unreadable, parse_subjects

WHEEL = "demo-1.0-py3-none-any.whl"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to name things in, as the current one."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize(
    "text",
    [
        "numpy",
        "numpy==2.1.*",
        'pkg[extra]>=1; python_version < "3.12"',
        "pkg @ https://example.org/pkg-1.0-py3-none-any.whl#sha256=abc",
        "pkg;" + "".join(f' python_version > "3.{minor}" and' for minor in range(40)) + ' os_name == "a/b"',
    ],
    ids=["project", "version", "extra", "url", "long"],
)
def test_requirements(text: str, folder: Path) -> None:
    assert parse_subjects([text]) == Subjects(requirements=(Requirement(text),))


def test_the_url_of_a_wheel(folder: Path) -> None:
    url = "https://example.org/My_Pkg-1.0-py3-none-any.whl#sha256=abc"

    assert parse_subjects([url]).requirements == (Requirement(f"my-pkg @ {url}"),)


def test_files_and_folders_in_their_order_and_once(folder: Path) -> None:
    build_wheel(folder / "dist", "b")
    build_wheel(folder / "dist", "a")
    build_wheel(folder)

    subjects = parse_subjects([WHEEL, "dist", str(folder / WHEEL), "numpy", "numpy"])

    assert [wheel.project for wheel in subjects.wheels] == ["demo", "a", "b"]
    assert subjects.requirements == (Requirement("numpy"),)


def test_identical_files_of_one_name_merge(folder: Path) -> None:
    build_wheel(folder / "one")
    build_wheel(folder / "two")

    assert len(parse_subjects(["one", "two"]).wheels) == 1


def test_different_files_of_one_name_are_refused(folder: Path) -> None:
    build_wheel(folder / "one")
    build_wheel(folder / "two", files={"demo/__init__.py": b"x = 1"})

    with pytest.raises(UsageError, match=f"'one/{WHEEL}' and 'two/{WHEEL}' have the same name and different content"):
        parse_subjects(["one", "two"])


def test_an_unreadable_wheel_stands_beside_the_others(folder: Path) -> None:
    build_wheel(folder)
    (folder / "bad-1.0-py3-none-any.whl").write_bytes(b"no zip")

    subjects = parse_subjects(["."])

    assert [wheel.project for wheel in subjects.wheels] == ["demo"]
    assert subjects.unreadable == (
        Unreadable(path=Path("bad-1.0-py3-none-any.whl"), reason="'bad-1.0-py3-none-any.whl' is not a zip archive."),
    )


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("", "is empty"),
        (".", "The folder '.' has no wheel files. If a project of that name is meant, write 'here>=0'"),
        ("empty", "The folder 'empty' has no wheel files. If a project of that name is meant, write 'empty>=0'"),
        ("nowhere.whl", "The file 'nowhere.whl' does not exist"),
        ("nowhere/x", "The file 'nowhere/x' does not exist"),
        ("demo-1.0.tar.gz", "is a source distribution; the lab tests wheels"),
        ("notes.md", "is neither a wheel"),
        ("a b", "is no file, no folder and no requirement"),
        ("numpy==", "is no file, no folder and no requirement"),
        (
            "pkg @ https://u:secret@example.org/pkg-1.0.tar.gz",
            "'https://example.org/pkg-1.0.tar.gz' is not that of a wheel",
        ),
        ("git+https://example.org/pkg", "https://example.org/pkg' is not that of a wheel"),
        ("https://example.org/pkg.whl", "does not name a wheel: 'pkg.whl' is no wheel name"),
        ("nowhere.txt", "The requirement file '.*nowhere.txt' cannot be read: No such file"),
        ("-r nowhere", "The requirement file '.*nowhere' cannot be read: No such file"),
    ],
)
def test_what_users_get_wrong(word: str, sentence: str, folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "demo-1.0.tar.gz").touch()
    (folder / "notes.md").touch()

    with pytest.raises(UsageError, match=sentence) as caught:
        parse_subjects([word])

    assert "secret" not in str(caught.value)


def test_a_requirement_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDEX_HOST", "index.example.org")
    build_wheel(folder)
    (folder / "below").mkdir()
    (folder / "below" / "links").mkdir()
    (folder / "below" / "more.txt").write_text("-f links\n-c ../limits.txt\nlxml>=5\n-r ../all.txt\n")
    (folder / "limits.txt").write_text("urllib3<3  # known to break\n-r further.txt\n")
    (folder / "further.txt").write_text("idna<4\n")
    (folder / "all.txt").write_text(
        "\ufeff# everything\n"
        f"./{WHEEL}\n"
        "Num_Py==2.1.3 \\\n    --hash=sha256:aa \\\n    --hash sha256:bb\n"
        "\n"
        "-i https://${INDEX_HOST}/simple\n"
        "--extra-index-url=https://${UNSET}/simple\n"
        "--trusted-host mirror.example.org\n"
        "--pre\n"
        "-rbelow/more.txt\n"
        "other @ https://example.org/other-1.0-py3-none-any.whl#sha256=cc\n",
        encoding="utf-8",
    )

    subjects = parse_subjects(["all.txt"])

    assert [wheel.project for wheel in subjects.wheels] == ["demo"]
    assert [requirement.name for requirement in subjects.requirements] == ["Num_Py", "lxml", "other"]
    assert subjects.hashes == {"num-py": frozenset({"sha256:aa", "sha256:bb"})}
    assert [str(constraint) for constraint in subjects.constraints] == ["urllib3<3", "idna<4"]
    assert subjects.index_url == "https://index.example.org/simple"
    assert subjects.extra_index_urls == ("https://${UNSET}/simple",)
    assert subjects.find_links == (str(folder / "below" / "links"),)
    assert subjects.trusted_hosts == ("mirror.example.org",)
    assert subjects.pre


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("numpy\n--no-binary :all:\n", "does not follow the option '--no-binary' in line 2 of 'all.txt'"),
        ("-e .\n", "does not follow the option '--editable' in line 1"),
        ("numpy --global-option=x\n", "does not follow the option '--global-option=x' in line 1"),
        ("a \\\n  --hash=odd\n", "does not follow the option '--hash=odd' in line 1"),
        ("--pre yes\n", "does not follow the option '--pre'"),
        ("--index-url\n", "The option '--index-url' in line 1 of 'all.txt' has no value"),
        ("--index-url a b\n", "has more than one value"),
        ("--index-url 'a\n", "The option in line 1 of 'all.txt' cannot be read"),
        ("-r https://example.org/all.txt\n", "reads requirement files from disk only"),
        ("\nnumpy=2\n", r"The subject 'numpy=2' \(line 2 of 'all.txt'\) is no file"),
        ("pkg-1.0.tar.gz\n", r"'pkg-1.0.tar.gz' \(line 1 of 'all.txt'\)"),
        ("-c limits.txt\n", "The constraint 'numpy=2' in line 1 of 'limits.txt' cannot be read"),
        ("-c extras.txt\n", r"The constraint 'numpy\[x\]' in line 1 of 'extras.txt' may only restrict versions"),
    ],
)
def test_lines_that_are_not_followed(text: str, sentence: str, folder: Path) -> None:
    (folder / "all.txt").write_text(text)
    (folder / "limits.txt").write_text("numpy=2\n")
    (folder / "extras.txt").write_text("numpy[x]\n")

    with pytest.raises(UsageError, match=sentence):
        parse_subjects(["all.txt"])


def test_a_requirement_file_that_is_no_text(folder: Path) -> None:
    (folder / "all.txt").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(UsageError, match="is no UTF-8 text"):
        parse_subjects(["all.txt"])


def test_too_many_requirement_files(folder: Path) -> None:
    for number in range(102):
        (folder / f"{number}.txt").write_text(f"-r {number + 1}.txt\n")

    with pytest.raises(UsageError, match="name more than 100 others"):
        parse_subjects(["0.txt"])


@pytest.mark.parametrize("make", [str, Path.as_posix])
def test_an_absolute_path(make: Callable[[Path], str], folder: Path) -> None:
    assert parse_subjects([make(build_wheel(folder))]).wheels[0].id == WHEEL
