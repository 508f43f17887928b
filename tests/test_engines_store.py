"""Tests of the folders that keep root file systems."""

import fcntl
import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from manylinux_lab.engines import store as subject
from manylinux_lab.engines.contract import Image
from manylinux_lab.engines.owner import this_process
from manylinux_lab.engines.store import Store, delete_tree, disk_use
from manylinux_lab.errors import EngineError


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return an empty store."""
    return Store(tmp_path / "images")


def keep(store: Store, content: str, key: str = "debian-12/base") -> Image:
    """Keep an image of one file."""

    def make(root: Path) -> tuple[str, str]:
        (root / "file").write_text(content)
        return f"sha256:{content}", "a test"

    return store.keep(key, "x86_64", make)


def test_what_was_kept_is_found_and_listed(store: Store) -> None:
    assert store.find("debian-12/base") is None
    image = keep(store, "one")
    assert store.find("debian-12/base") == image
    assert (Path(image.reference) / "file").read_text() == "one"
    assert list(store.images()) == [("debian-12/base", image, 3)]


def test_new_content_replaces_old_and_same_content_stays(store: Store) -> None:
    first = keep(store, "one")
    (Path(first.reference) / "mark").touch()
    keep(store, "one")
    assert (Path(first.reference) / "mark").exists()
    keep(store, "two")
    assert (Path(first.reference) / "file").read_text() == "two"
    assert not (Path(first.reference) / "mark").exists()


def test_an_image_in_use_is_neither_replaced_nor_removed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LOCK_SECONDS", 0.0)
    image = keep(store, "one")
    with store.using(image) as root, store.using(image):
        with pytest.raises(EngineError, match="'debian-12/base' is in use by a running bench"):
            keep(store, "two")
        with pytest.raises(EngineError, match="is in use"):
            store.remove("debian-12/base")
        assert (root / "file").read_text() == "one"
    store.remove("debian-12/base")
    assert store.find("debian-12/base") is None


def test_removing_what_is_not_there_is_said(store: Store) -> None:
    with pytest.raises(EngineError, match="No image is kept under 'nothing'"):
        store.remove("nothing")


def test_using_an_image_that_is_gone_is_said(store: Store) -> None:
    image = keep(store, "one")
    store.remove("debian-12/base")
    with pytest.raises(EngineError, match=r"\(x86_64\) is gone from the cache"), store.using(image):
        pass


def test_a_failure_leaves_nothing(store: Store) -> None:
    def fail(root: Path) -> tuple[str, str]:
        (root / "half").touch()
        raise EngineError("no")

    with pytest.raises(EngineError, match=r"^no$"):
        store.keep("debian-12", "x86_64", fail)
    assert list(store.folder.iterdir()) == []


def test_a_damaged_record_is_no_image(store: Store) -> None:
    image = keep(store, "one")
    (Path(image.reference).parent / "image.json").write_text("{torn")
    assert store.find("debian-12/base") is None
    assert list(store.images()) == []
    keep(store, "one")
    assert store.find("debian-12/base") == image


def test_half_made_images_of_the_dead_are_reaped_and_of_the_living_are_not(store: Store) -> None:
    here = this_process()
    dead = replace(here, boot="another")
    for owner in (here, dead):
        (store.folder / f"new-{quote(owner.id, safe='')}-abcd/root").mkdir(parents=True)
    assert store.reap() == 1
    assert [path.name for path in store.folder.iterdir()] == [f"new-{quote(here.id, safe='')}-abcd"]


def test_hard_links_are_counted_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "dangling").symlink_to("absent")
    assert disk_use(tmp_path) == 5 + len("absent")


def test_folders_without_permissions_are_deleted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tree/sealed/inner").mkdir(parents=True)
    (tmp_path / "tree/sealed").chmod(0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    delete_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
    delete_tree(tmp_path / "tree")


def test_the_lock_is_let_go(store: Store) -> None:
    image = keep(store, "one")
    with store.using(image):
        pass
    with (store.folder / "debian-12%2Fbase.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
