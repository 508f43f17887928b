"""Tests of the docker engine: its records, and for real what the shared contract does not cover."""

import contextlib
import gc
import select
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_roots import small_image, usable_engine

from manylinux_lab.engines.contract import Limits
from manylinux_lab.engines.docker import DockerEngine
from manylinux_lab.engines.docker_daemon import DOCKER_SOCKET, addresses, answering_address
from manylinux_lab.engines.docker_exec import Frames
from manylinux_lab.engines.docker_image import image_config
from manylinux_lab.engines.docker_pull import digest_of, split_reference
from manylinux_lab.engines.labels import check_key, key_of_tag, tag_of
from manylinux_lab.engines.process import ERRORS, OUTPUT
from manylinux_lab.engines.registry_trouble import explain, is_transient, pause
from manylinux_lab.engines.surroundings import build_environment, clean_environment
from manylinux_lab.errors import EngineError


def frame(stream: int, data: bytes) -> bytes:
    """Return what the daemon sends for a piece."""
    return struct.pack(">BxxxL", stream, len(data)) + data


def test_frames_come_apart_wherever_the_stream_was_cut() -> None:
    whole = frame(OUTPUT, b"out") + frame(ERRORS, b"err") + frame(OUTPUT, b"") + frame(0, b"echo") + frame(OUTPUT, b"!")
    for cut in range(len(whole)):
        frames = Frames()
        assert [*frames.add(whole[:cut]), *frames.add(whole[cut:])] == [
            (OUTPUT, b"out"),
            (ERRORS, b"err"),
            (OUTPUT, b"!"),
        ]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("debian", ("debian", "latest")),
        ("docker.io/library/debian:12-slim", ("docker.io/library/debian", "12-slim")),
        ("127.0.0.1:5000/debian", ("127.0.0.1:5000/debian", "latest")),
        ("127.0.0.1:5000/debian@sha256:ab", ("127.0.0.1:5000/debian", "sha256:ab")),
    ],
)
def test_references_are_split(reference: str, expected: tuple[str, str]) -> None:
    assert split_reference(reference) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DOCKER_HOST": "tcp://build:2375", "XDG_RUNTIME_DIR": "/run/user/5"}, ["tcp://build:2375"]),
        ({}, ["unix:///var/run/docker.sock", "unix:///run/podman/podman.sock"]),
        (
            {"XDG_RUNTIME_DIR": "/run/user/5"},
            [
                "unix:///var/run/docker.sock",
                "unix:///run/user/5/docker.sock",
                "unix:///run/user/5/podman/podman.sock",
                "unix:///run/podman/podman.sock",
            ],
        ),
    ],
)
def test_where_a_daemon_may_listen(environment: dict[str, str], expected: list[str]) -> None:
    assert list(addresses(environment)) == expected


def test_a_socket_that_is_not_there_is_trouble_that_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
    with pytest.raises(EngineError, match=r"absent\.sock' does not exist"):
        answering_address({"DOCKER_HOST": f"unix://{tmp_path}/absent.sock"})
    trouble = DockerEngine().trouble()
    assert trouble is not None
    assert trouble.startswith("No Docker or Podman answers: ")
    assert trouble.endswith("Start one, or set DOCKER_HOST.")


ONE, OTHER = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


@pytest.mark.parametrize(
    ("reference", "said", "known", "digest"),
    [
        (f"quay.io/x@{OTHER}", "", [f"quay.io/x@{ONE}"], OTHER),
        ("quay.io/x:1", OTHER, [f"quay.io/x@{ONE}", f"quay.io/x@{OTHER}"], OTHER),
        ("quay.io/x:1", "", [f"mirror.example/x@{ONE}", f"quay.io/x@{OTHER}"], OTHER),
        ("docker.io/library/debian:12", "", [f"mirror.example/x@{ONE}", f"debian@{OTHER}"], OTHER),
        ("docker.io/a/b:12", "", [f"b@{ONE}", f"a/b@{OTHER}"], OTHER),
        ("127.0.0.1:5000/x:1", "", [f"x@{ONE}"], ""),
    ],
)
def test_the_digest_is_that_of_what_was_pulled(reference: str, said: str, known: list[str], digest: str) -> None:
    assert digest_of(reference, said, known) == digest


def test_an_image_config_says_its_own_arch() -> None:
    config = image_config("aarch64", "debian-12", "a test", "sha256:ab")
    assert (config["architecture"], config["variant"], config["os"]) == ("arm64", "v8", "linux")
    assert config["rootfs"] == {"type": "layers", "diff_ids": ["sha256:ab"]}
    assert "variant" not in image_config("x86_64", "debian-12", "a test", "sha256:ab")


@pytest.mark.parametrize("key", ["debian-12", "debian-12/x86_64/cp311", "a__b.c-d"])
def test_keys_are_tags_and_back(key: str) -> None:
    assert check_key(key) == key
    assert key_of_tag(f"{tag_of(key)}:latest") == key
    assert key_of_tag(f"localhost/{tag_of(key)}:latest") == key  # as Podman names it


@pytest.mark.parametrize("key", ["", "Debian", "a..b", "a//b", "-a", "a:b", "../a", "a" * 201])
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(EngineError, match="cannot be used"):
        check_key(key)


def test_other_tags_are_not_the_labs() -> None:
    assert key_of_tag("debian:12") is None


@pytest.mark.parametrize(
    ("message", "transient", "words"),
    [
        ("received unexpected HTTP status: 503 Service Unavailable", True, "cannot be pulled: received"),
        ("net/http: TLS handshake timeout", True, "cannot be pulled: net"),
        ("toomanyrequests: You have reached your pull rate limit", False, "rate limit is reached; log in, wait"),
        ("429 Too Many Requests, connection reset", False, "rate limit is reached"),
        ("received unexpected HTTP status: 429.", False, "rate limit is reached"),
        ("127.0.0.1:429/x: connection reset", True, "cannot be pulled: 127"),
        ("sha256:1-429-2: unexpected EOF", True, "cannot be pulled: sha256"),
        ("manifest unknown", False, "does not have it for this architecture"),
        ("no space left\non device", False, "cannot be pulled: no space left on device"),
    ],
)
def test_a_registrys_refusal_is_explained(message: str, transient: bool, words: str) -> None:
    assert is_transient(message) is transient
    sentence = explain("quay.io/x:1", "x86_64", message)
    assert sentence.startswith("The image 'quay.io/x:1' (x86_64) cannot be pulled")
    assert words in sentence


def test_pauses_grow() -> None:
    assert [pause(attempt) for attempt in (1, 2, 3)] == [1, 3, 9]


def test_a_bench_gets_no_variable_of_the_host() -> None:
    assert clean_environment("x86_64", {"A": "b"}) == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/work",
        "LANG": "C.UTF-8",
        "USER": "lab",
        "LOGNAME": "lab",
        "A": "b",
    }


def test_build_steps_get_proxies_and_authorities_alone(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    host = {"HTTPS_PROXY": "http://proxy:1", "no_proxy": "localhost", "SSL_CERT_FILE": str(bundle), "SECRET": "x"}
    made = build_environment("x86_64", {"WORD": "y"}, host)
    assert (made["HTTPS_PROXY"], made["no_proxy"], made["WORD"]) == ("http://proxy:1", "localhost", "y")
    assert made["PIP_CERT"] == made["SSL_CERT_FILE"] == "/dev/manylinux-lab-authorities.pem"
    assert "SECRET" not in made
    assert "PIP_CERT" not in build_environment("x86_64", {}, {"SSL_CERT_FILE": "/absent"})


@contextlib.contextmanager
def mortal_daemon(path: Path) -> Iterator[threading.Event]:
    """Listen at ``path`` and pass everything on to the real daemon, until the event is set and every line goes dead."""
    death = threading.Event()
    threads: list[threading.Thread] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def accept() -> None:
            while not death.is_set():
                if select.select([server], (), (), 0.05)[0]:
                    threads.append(threading.Thread(target=carry, args=(server.accept()[0], death)))
                    threads[-1].start()
            path.unlink(missing_ok=True)

        threads.append(threading.Thread(target=accept))
        threads[0].start()
        try:
            yield death
        finally:
            death.set()
            for thread in threads:
                thread.join()


def carry(client: socket.socket, death: threading.Event) -> None:
    """Copy between a client and the daemon."""
    with client, socket.socket(socket.AF_UNIX) as daemon:
        daemon.connect(DOCKER_SOCKET)
        while not death.is_set():
            for one in select.select([client, daemon], (), (), 0.05)[0]:
                data = one.recv(65536)
                if not data:
                    return
                (daemon if one is client else client).sendall(data)


# The SDK leaves a socket to the garbage collector when a connection is refused.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.real
def test_a_daemon_that_dies_is_trouble_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = usable_engine("docker")
    image = small_image(real)
    if not Path(DOCKER_SOCKET).exists():
        pytest.skip(f"the daemon does not listen at '{DOCKER_SOCKET}'")
    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")

    def work(death: threading.Event) -> None:
        engine = DockerEngine()
        with engine.start(image, run="tests", bench="mortal", limits=Limits()) as bench:
            process = bench.start(("sh", "-c", "echo up; sleep 600"))
            assert process.receive(30) == b"up\n"
            death.set()
            process.receive(600)

    with mortal_daemon(path) as death, pytest.raises(EngineError, match="does not answer"):
        work(death)
    gc.collect()
    remove_mortal(real)


def remove_mortal(engine: DockerEngine) -> None:
    """Remove the bench that the dead daemon could not be told to remove."""
    client = engine._client()
    for summary in client.api.containers(all=True, filters={"label": "manylinux-lab.bench=mortal"}):
        client.api.remove_container(summary["Id"], force=True)


@pytest.mark.real
def test_ryuk_is_never_pulled() -> None:
    engine = usable_engine("docker")
    image = small_image(engine)
    with engine.start(image, run="tests", bench="no-ryuk") as bench:
        assert bench.run(("true",), seconds=30).exit_code == 0
    tags = [tag for found in engine._client().images.list() for tag in found.tags]
    from testcontainers.core.config import testcontainers_config

    assert testcontainers_config.ryuk_disabled is not (testcontainers_config.ryuk_image in tags)
