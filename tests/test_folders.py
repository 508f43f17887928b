"""Tests of the folders: where nothing says where the cache may be, the user is asked."""

from pathlib import Path

import pytest

from manylinux_lab import folders
from manylinux_lab.errors import UsageError


def test_without_a_home_the_cache_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(_: str) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(folders, "user_cache_path", homeless)
    monkeypatch.delenv("MANYLINUX_LAB_CACHE", raising=False)
    with pytest.raises(UsageError, match="name one with MANYLINUX_LAB_CACHE"):
        folders.cache_folder("wheels")
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "kept"))
    assert folders.cache_folder("wheels") == tmp_path / "kept" / "wheels"
