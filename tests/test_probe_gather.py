"""Tests of making one site folder out of several."""

from pathlib import Path

import pytest

from manylinux_lab.bench.probe import gather
from manylinux_lab.bench.probe.gather import unite


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


def folder(tmp_path: Path, name: str, **files: str) -> str:
    """Make a folder of files; ``__`` stands for the slash, and a text that begins with ``->`` makes a link."""
    for file, text in files.items():
        path = tmp_path / name / file.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("->"):
            path.symlink_to(text[2:])
        else:
            path.write_text(text)
    return str(tmp_path / name)


def content(site: Path) -> dict[str, str]:
    """Return the files of a site and their text, of links where they lead."""
    found = {}
    for path in sorted(site.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(site))] = f"->{path.readlink()}"
        elif path.is_file():
            found[str(path.relative_to(site))] = path.read_text()
    return found


def test_files_are_linked_and_not_copied(tmp_path: Path, site: Path) -> None:
    one = folder(tmp_path, "one", pkg__a="a", pkg__deep__b="b", c="c")
    assert unite(one, str(site), 3) == 3
    assert content(site) == {"pkg/a": "a", "pkg/deep/b": "b", "c": "c"}
    assert (tmp_path / "one" / "c").samefile(site / "c")


@pytest.mark.parametrize(
    ("first", "then", "united"),
    [
        ({"a": "1", "b": "1"}, {"b": "2", "c": "2"}, {"a": "1", "b": "2", "c": "2"}),
        ({"pkg__a": "1"}, {"pkg": "2"}, {"pkg": "2"}),
        ({"pkg": "1"}, {"pkg__a": "2"}, {"pkg/a": "2"}),
        ({"pkg": "->nowhere"}, {"pkg": "2"}, {"pkg": "2"}),
        ({"pkg": "1"}, {"pkg": "->nowhere"}, {"pkg": "->nowhere"}),
        ({"pkg__a": "1"}, {"pkg": "->nowhere"}, {"pkg": "->nowhere"}),
    ],
)
def test_the_later_folder_wins(
    tmp_path: Path, site: Path, first: dict[str, str], then: dict[str, str], united: dict[str, str]
) -> None:
    assert unite(folder(tmp_path, "first", **first), str(site), 9) == len(first)
    assert unite(folder(tmp_path, "then", **then), str(site), 9) == len(then)
    assert content(site) == united
    assert content(tmp_path / "first") == {name.replace("__", "/"): text for name, text in first.items()}


def test_nothing_is_written_through_a_link(tmp_path: Path, site: Path) -> None:
    outside = folder(tmp_path, "outside", kept="kept")
    unite(folder(tmp_path, "first", pkg=f"->{outside}", file=f"->{outside}/kept"), str(site), 9)
    unite(folder(tmp_path, "then", pkg__kept="2", pkg__new="2", file="2"), str(site), 9)
    assert content(site) == {"pkg/kept": "2", "pkg/new": "2", "file": "2"}
    assert content(tmp_path / "outside") == {"kept": "kept"}


def test_nothing_is_read_through_a_link(tmp_path: Path, site: Path) -> None:
    outside = folder(tmp_path, "outside", secret="x")
    assert unite(folder(tmp_path, "first", pkg=f"->{outside}"), str(site), 9) == 1
    assert content(site) == {"pkg": f"->{outside}"}


def test_a_file_that_cannot_be_linked_is_copied(tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr(gather.os, "link", refuse)
    unite(folder(tmp_path, "one", a="1", b="->a"), str(site), 9)
    assert content(site) == {"a": "1", "b": "->a"}
    assert not (tmp_path / "one" / "a").samefile(site / "a")


def test_too_many_files_are_refused(tmp_path: Path, site: Path) -> None:
    with pytest.raises(ValueError, match="more than"):
        unite(folder(tmp_path, "one", a="1", b="1"), str(site), 1)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, site: Path) -> None:
    with pytest.raises(FileNotFoundError):
        unite(str(tmp_path / "nowhere"), str(site), 9)
