"""Builds package indexes as folders (PEP 503) for tests, and serves them on loopback with faults on demand."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from wheels import PURE, build_wheel


@dataclass(kw_only=True)
class IndexFolder:
    """A folder with ``simple/PROJECT/index.html`` pages and ``files``."""

    root: Path
    anchors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The index's URL on this machine."""
        return (self.root / "simple").as_uri()

    def wheel(
        self,
        project: str,
        version: str,
        requires: Sequence[str] = (),
        *,
        tag: str = PURE,
        attributes: str = "",
        fields: Sequence[str] = (),
        sha256: str | None = None,
        has_metadata_beside: bool = False,
    ) -> Path:
        """Add a wheel; ``attributes`` are those of its link, ``sha256`` replaces the true one (empty: none)."""
        lines = [*(f"Requires-Dist: {requirement}" for requirement in requires), *fields]
        path = build_wheel(self.root / "files", project, version, lines=lines, tag=tag)
        if has_metadata_beside:
            metadata = path.with_name(path.name + ".metadata")
            text = "\n".join(["Metadata-Version: 2.4", f"Name: {project}", f"Version: {version}", *lines, "", ""])
            metadata.write_text(text)
            attributes += f' data-core-metadata="sha256={_sha256(metadata)}"'
        digest = _sha256(path) if sha256 is None else sha256
        self._link(project, path.name, f"#sha256={digest}" if digest else "", attributes)
        return path

    def sdist(self, project: str, version: str, attributes: str = "") -> None:
        """Add a link to a source distribution."""
        self._link(project, f"{project}-{version}.tar.gz", "", attributes)

    def _link(self, project: str, name: str, fragment: str, attributes: str) -> None:
        anchors = self.anchors.setdefault(project, [])
        anchors.append(f'<a href="../../files/{name}{fragment}" {attributes}>{name}</a><br>')
        page = self.root / "simple" / project / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("<!DOCTYPE html><html><body>" + "\n".join(anchors) + "</body></html>")


@dataclass(kw_only=True)
class Served:
    """A running server: its index URL, the paths that were asked for, and the faults that are left by path.

    A fault is a status, or 200 for a page of another content type.
    """

    url: str
    asked: list[str]
    faults: dict[str, list[int]]


@contextmanager
def served(folder: IndexFolder, faults: Mapping[str, Sequence[int]] | None = None) -> Iterator[Served]:
    """Serve an index on a free loopback port."""
    state = Served(url="", asked=[], faults={path: list(codes) for path, codes in (faults or {}).items()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_handler(state), directory=str(folder.root)))
    state.url = f"http://127.0.0.1:{server.server_port}/simple"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(state: Served) -> type[SimpleHTTPRequestHandler]:
    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            codes = state.faults.get(self.path)
            if not codes:
                super().do_GET()
                return
            self.send_response(codes.pop(0))
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
