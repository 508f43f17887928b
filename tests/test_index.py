"""Index pages into records, metadata and downloads; the faults of servers."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from indexes import IndexFolder, served
from packaging.version import Version

from manylinux_lab.errors import EngineError
from manylinux_lab.folders import cache_folder
from manylinux_lab.resolving import fetching
from manylinux_lab.resolving.index import Index, IndexFile, file_at
from manylinux_lab.resolving.sources import Sources
from manylinux_lab.wheels.wheel import UnreadableWheelError


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    """An empty index folder."""
    return IndexFolder(root=tmp_path / "index")


@pytest.fixture(autouse=True)
def _own_cache_and_no_pauses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetching, "FIRST_PAUSE", 0)


def _only(index: Index, project: str = "demo") -> IndexFile:
    (file,) = index.files(project)
    return file


def _index(*urls: str, find_links: tuple[str, ...] = ()) -> Index:
    return Index(Sources(index_urls=urls, find_links=find_links, timeout=5))


def test_what_a_page_says_of_files(folder: IndexFolder) -> None:
    folder.wheel("demo", "1.0", attributes='data-requires-python="&gt;=3.9" data-yanked="broken"')
    folder.wheel("demo", "2.0", attributes='data-requires-python="three"', sha256="")
    folder.sdist("demo", "3.0")
    (folder.root / "simple" / "demo" / "other.txt").touch()

    files = {str(file.version): file for file in _index(folder.url).files("Demo")}

    assert sorted(files) == ["1.0", "2.0", "3.0"]
    assert (files["1.0"].is_yanked, str(files["1.0"].requires_python), len(files["1.0"].sha256)) == (True, ">=3.9", 64)
    assert (files["2.0"].is_yanked, str(files["2.0"].requires_python), files["2.0"].sha256) == (False, "", "")
    assert (files["3.0"].is_wheel, files["2.0"].is_wheel) == (False, True)


def test_sources_together(folder: IndexFolder, tmp_path: Path) -> None:
    folder.wheel("demo", "1.0")
    other = IndexFolder(root=tmp_path / "other")
    other.wheel("demo", "2.0")
    links = IndexFolder(root=tmp_path / "links")
    links.wheel("demo", "3.0")
    index = _index(folder.url, other.url, find_links=(str(links.root / "files"),))

    assert sorted(str(file.version) for file in index.files("demo")) == ["1.0", "2.0", "3.0"]
    assert index.files("absent") == ()


def test_without_sources_nothing_is_asked() -> None:
    assert _index().files("demo") == ()


def test_metadata_from_inside_the_wheel(folder: IndexFolder) -> None:
    folder.wheel("demo", "1.0", ["other>1"])
    index = _index(folder.url)

    assert [str(requirement) for requirement in index.metadata(_only(index)).requires] == ["other>1"]


def test_a_file_on_disk_is_used_in_place(folder: IndexFolder) -> None:
    path = folder.wheel("demo", "1.0")
    index = _index(folder.url)

    assert index.download(_only(index)) == path


def test_a_file_on_disk_with_another_hash(folder: IndexFolder) -> None:
    folder.wheel("demo", "1.0", sha256="0" * 64)
    index = _index(folder.url)

    with pytest.raises(EngineError, match="is not the file that was announced: its sha256 is"):
        index.download(_only(index))


def test_a_file_on_disk_that_is_gone(folder: IndexFolder) -> None:
    folder.wheel("demo", "1.0").unlink()
    index = _index(folder.url)

    with pytest.raises(EngineError, match="cannot be read: No such file"):
        index.download(_only(index))


def test_a_url_is_a_record() -> None:
    file = file_at("https://example.org/demo-1.0-2-py3-none-any.whl#sha1=aa")

    assert (file.project, file.version, file.build, file.sha256) == ("demo", Version("1.0"), (2, ""), "")
    with pytest.raises(UnreadableWheelError, match="is no wheel name"):
        file_at("https://example.org/demo-1.0.tar.gz")


def test_a_missing_certificate() -> None:
    with pytest.raises(EngineError, match=r"The certificates in '/nowhere\.pem', as pip is configured, cannot be read"):
        Index(Sources(certificate="/nowhere.pem"))


def test_a_folder_of_certificates(tmp_path: Path) -> None:
    Index(Sources(certificate=str(tmp_path))).close()


@pytest.mark.real
class TestServers:
    """What needs a connection, to loopback only."""

    def test_metadata_from_beside_the_wheel_is_fetched_once_and_kept(self, folder: IndexFolder) -> None:
        folder.wheel("demo", "1.0", ["other>1"], has_metadata_beside=True)
        with served(folder) as server:
            for _ in range(2):
                index = _index(server.url)
                assert [str(requirement) for requirement in index.metadata(_only(index)).requires] == ["other>1"]
                index.close()

        asked = [path for path in server.asked if not path.startswith("/simple/")]
        assert asked == ["/files/demo-1.0-py3-none-any.whl.metadata"]

    def test_pages_and_wheels_are_asked_for_once_by_many_threads(self, folder: IndexFolder) -> None:
        path = folder.wheel("demo", "1.0")
        with served(folder) as server, ThreadPoolExecutor(8) as pool:
            index = _index(server.url)
            paths = set(pool.map(lambda _: index.download(_only(index)), range(16)))
            index.close()

        assert len(server.asked) == 2
        assert [kept.read_bytes() for kept in paths] == [path.read_bytes()]

    def test_several_processes_may_download_at_once(self, folder: IndexFolder) -> None:
        folder.wheel("demo", "1.0")
        with served(folder) as server, ThreadPoolExecutor(8) as pool:
            indexes = [_index(server.url) for _ in range(8)]
            paths = set(pool.map(lambda index: index.download(_only(index)), indexes))
            for index in indexes:
                index.close()

        assert len(paths) == 1
        assert list(cache_folder("downloads").glob(".*")) == []

    def test_a_wheel_without_an_announced_hash_is_kept_by_its_own(self, folder: IndexFolder) -> None:
        folder.wheel("demo", "1.0", ["other"], sha256="")
        with served(folder) as server:
            index = _index(server.url)
            kept = index.download(_only(index))
            assert [str(requirement) for requirement in index.metadata(_only(index)).requires] == ["other"]
            index.close()

        assert (len(kept.parent.name), kept.name) == (64, "demo-1.0-py3-none-any.whl")

    def test_passing_trouble_passes(self, folder: IndexFolder) -> None:
        folder.wheel("demo", "1.0")
        wheel = "/files/demo-1.0-py3-none-any.whl"
        with served(folder, {"/simple/demo/": [503, 429], wheel: [502, 500, 504]}) as server:
            index = _index(server.url)
            assert index.download(_only(index)).is_file()
            index.close()

    @pytest.mark.parametrize(
        ("codes", "sentence"),
        [
            ([500] * 9, "cannot be read: the server answers 500. The lab tried 4 times"),
            ([403], "cannot be read: the server answers 403 Forbidden"),
            ([401] * 2, "cannot be read: the server answers 401 Unauthorized"),
            ([200], "it is 'application/octet-stream', not a list of files"),
        ],
    )
    def test_lasting_trouble_is_said(self, codes: list[int], sentence: str, folder: IndexFolder) -> None:
        folder.wheel("demo", "1.0")
        with served(folder, {"/simple/demo/": codes}) as server:
            index = _index(server.url.replace("//", "//user:secret@"))
            with pytest.raises(EngineError, match=sentence) as caught:
                index.files("demo")
            index.close()

        assert "secret" not in str(caught.value)

    def test_a_wheel_that_is_not_what_was_announced_is_not_kept(self, folder: IndexFolder) -> None:
        folder.wheel("demo", "1.0", sha256="0" * 64)
        with served(folder) as server:
            index = _index(server.url)
            with pytest.raises(EngineError, match="is not the file that was announced"):
                index.download(_only(index))
            index.close()

        assert [path for path in cache_folder("downloads").rglob("*") if path.is_file()] == []

    def test_a_cache_that_cannot_be_written(self, folder: IndexFolder, tmp_path: Path) -> None:
        folder.wheel("demo", "1.0")
        (tmp_path / "cache" / "downloads").mkdir(parents=True)
        with served(folder) as server:
            index = _index(server.url)
            file = _only(index)
            (tmp_path / "cache" / "downloads" / file.sha256).touch()
            with pytest.raises(EngineError, match="cannot be kept in the cache: "):
                index.download(file)
            index.close()

    def test_a_closed_port(self) -> None:
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            index = _index(f"http://127.0.0.1:{holder.getsockname()[1]}/simple")
            with pytest.raises(EngineError, match=r"/simple/demo/' cannot be read: .*refused.* tried 4 times"):
                index.files("demo")
            index.close()
