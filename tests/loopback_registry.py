"""A registry on this machine for the tests of pulling: Debian's ``docker-registry``, filled over its own interface."""

import gzip
import hashlib
import http.server
import json
import lzma
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run a registry that keeps everything in ``folder``; yield its ``host:port``."""
    address = f"127.0.0.1:{free_port()}"
    settings = folder / "registry.yml"
    settings.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder / 'storage'}}}}}\n"
        f"http: {{addr: '{address}'}}\n"
    )
    process = subprocess.Popen(["docker-registry", "serve", str(settings)], stderr=subprocess.DEVNULL)
    try:
        _wait(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(address: str) -> None:
    for _ in range(100):
        with suppress(OSError), urllib.request.urlopen(f"http://{address}/v2/", timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("The registry did not start.")


def push(address: str, name: str, tag: str, root: Path, architecture: str = "amd64") -> str:
    """Put a root (``.tar`` or ``.tar.xz``) into the registry behind an index; return the digest of its manifest."""
    plain = lzma.decompress(root.read_bytes()) if root.suffix == ".xz" else root.read_bytes()
    layer = gzip.compress(plain, compresslevel=1, mtime=0)
    rootfs = {"type": "layers", "diff_ids": [_digest(plain)]}
    config = json.dumps({"architecture": architecture, "os": "linux", "config": {}, "rootfs": rootfs}).encode()
    for blob in (layer, config):
        _upload(address, name, blob)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "size": len(config), "digest": _digest(config)},
        "layers": [{"mediaType": LAYER, "size": len(layer), "digest": _digest(layer)}],
    }
    content = json.dumps(manifest).encode()
    digest = _digest(content)
    _put(f"http://{address}/v2/{name}/manifests/{digest}", content, MANIFEST)
    entry = {
        "mediaType": MANIFEST,
        "size": len(content),
        "digest": digest,
        "platform": {"os": "linux", "architecture": architecture},
    }
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode()
    _put(f"http://{address}/v2/{name}/manifests/{tag}", index, INDEX)
    return digest


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _upload(address: str, name: str, blob: bytes) -> None:
    start = urllib.request.Request(f"http://{address}/v2/{name}/blobs/uploads/", method="POST")
    with urllib.request.urlopen(start, timeout=30) as answer:
        place = answer.headers["Location"]
    _put(f"{place}&digest={_digest(blob)}", blob, "application/octet-stream")


def _put(url: str, content: bytes, kind: str) -> None:
    request = urllib.request.Request(url, data=content, method="PUT", headers={"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=60):
        pass


@contextmanager
def dying_registry(address: str) -> Iterator[str]:
    """Serve what another registry has, and hang up in the middle of every big blob; yield ``host:port``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name: self.headers[name] for name in ("Accept",) if self.headers[name]}
            request = urllib.request.Request(f"http://{address}{self.path}", headers=headers, method=self.command)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    self._pass_on(answer.status, answer.headers.items(), answer.read())
            except urllib.error.HTTPError as error:
                self._pass_on(error.code, error.headers.items(), error.read())

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def _pass_on(self, status: int, headers: Iterator[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            is_big = len(body) > 1 << 20
            with suppress(OSError):
                self.wfile.write(body[: len(body) // 2] if is_big else body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def strict_registry(words: bytes) -> Iterator[str]:
    """Answer that the rate limit is reached to whoever asks for an image; yield ``host:port``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"" if self.path == "/v2/" else words
            self.send_response(429 if body else 200)
            self.send_header("Content-Type", "application/json" if body.startswith(b"{") else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
