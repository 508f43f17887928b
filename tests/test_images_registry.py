"""Image references, the mirror, and registries that do not answer."""

import urllib.error
from typing import Any

import pytest

from manylinux_lab.images import registry
from manylinux_lab.images.registry import address, parse, through_mirror, unreachable

DIGEST = "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("debian", "docker.io/library/debian:latest"),
        ("debian:12-slim", "docker.io/library/debian:12-slim"),
        ("docker.io/library/debian:12-slim", "docker.io/library/debian:12-slim"),
        ("docker.io/debian:12", "docker.io/library/debian:12"),
        ("opensuse/leap:15.6", "docker.io/opensuse/leap:15.6"),
        ("quay.io/pypa/manylinux_2_28_x86_64", "quay.io/pypa/manylinux_2_28_x86_64:latest"),
        ("localhost/x:1", "localhost/x:1"),
        ("127.0.0.1:5000/tiny:1", "127.0.0.1:5000/tiny:1"),
        ("127.0.0.1:5000/tiny", "127.0.0.1:5000/tiny:latest"),
        (f"debian:12@{DIGEST}", f"docker.io/library/debian@{DIGEST}"),
    ],
)
def test_short_references_are_docker_hubs(text: str, full: str) -> None:
    assert parse(text).id == full


@pytest.mark.parametrize(
    ("reference", "mirror", "place"),
    [
        ("debian:12", None, "docker.io/library/debian:12"),
        ("debian:12", "mirror.example", "mirror.example/library/debian:12"),
        ("debian:12", "https://mirror.example/hub/", "mirror.example/hub/library/debian:12"),
        ("debian:12", "127.0.0.1:5000", "127.0.0.1:5000/library/debian:12"),
        ("quay.io/pypa/x:1", "mirror.example", "quay.io/pypa/x:1"),
        (f"debian@{DIGEST}", "mirror.example", f"mirror.example/library/debian@{DIGEST}"),
    ],
)
def test_a_mirror_stands_for_docker_hub_alone(reference: str, mirror: str | None, place: str) -> None:
    assert through_mirror(parse(reference), mirror).id == place


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("docker.io", "https://registry-1.docker.io/v2/"),
        ("quay.io", "https://quay.io/v2/"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
        ("localhost:5000", "http://localhost:5000/v2/"),
    ],
)
def test_the_address_of_a_registry(name: str, url: str) -> None:
    assert address(name) == url


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")), "Connection refused"),
        (TimeoutError("timed out"), "timed out"),
        (urllib.error.HTTPError("https://x.example/v2/", 401, "Unauthorized", None, None), ""),  # type: ignore[arg-type]
        (urllib.error.HTTPError("https://x.example/v2/", 503, "Unavailable", None, None), ""),  # type: ignore[arg-type]
    ],
)
def test_any_answer_means_that_a_registry_is_there(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, reason: str
) -> None:
    asked = []

    def urlopen(url: str, timeout: float) -> Any:
        asked.append(url)
        raise raised

    monkeypatch.setattr(registry.urllib.request, "urlopen", urlopen)
    unreachable.cache_clear()
    assert unreachable("x.example") == reason
    assert unreachable("x.example") == reason
    assert asked == ["https://x.example/v2/"]
    unreachable.cache_clear()
