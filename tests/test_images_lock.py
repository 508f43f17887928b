"""``distros.lock``: reading, writing, and what registries answer."""

import json
import tomllib
import urllib.error
from collections.abc import Mapping
from email.message import Message
from pathlib import Path

import pytest

from manylinux_lab.catalogue.distro import ImageReference
from manylinux_lab.errors import EngineError, UsageError
from manylinux_lab.images import lock as lock_module
from manylinux_lab.images.lock import digest_of_tag, lock_text, merged, pin, read_lock
from manylinux_lab.images.registry import parse

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
DEBIAN = "docker.io/library/debian:12-slim"
INDEX = {
    "manifests": [
        {"digest": ONE, "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": TWO, "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {"digest": ONE, "platform": {"os": "linux", "architecture": "arm", "variant": "v5"}},
        {"digest": TWO, "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
    ]
}


def image(arch: str, platform: str) -> ImageReference:
    """Return a reference of debian-12."""
    return ImageReference(arch=arch, reference=DEBIAN, platform=platform)


def headers(**fields: str) -> Message:
    """Return the headers of an answer."""
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "distros.lock"
    pins = {DEBIAN: {"x86_64": ONE, "aarch64": TWO}, "quay.io/a/b:1": {"x86_64": TWO}}
    file.write_text(lock_text(pins))
    assert read_lock(file) == pins
    assert tomllib.loads(file.read_text())["schema"] == 1


def test_the_same_pins_make_the_same_bytes() -> None:
    assert lock_text({"b": {"y": ONE, "x": TWO}, "a": {}}) == lock_text({"a": {}, "b": {"x": TWO, "y": ONE}})


def test_no_file_pins_nothing(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "distros.lock") == {}


@pytest.mark.parametrize(
    "content",
    [
        "=",
        "schema = 2",
        'schema = 1\nimages = "x"',
        'schema = 1\n[images]\n"a" = 1',
        'schema = 1\n[images.a]\nx86_64 = "12"',
    ],
)
def test_a_damaged_lock_is_the_users_trouble(tmp_path: Path, content: str) -> None:
    file = tmp_path / "distros.lock"
    file.write_text(content)
    with pytest.raises(UsageError, match=r"distros\.lock"):
        read_lock(file)


def test_new_pins_win_and_old_ones_stay() -> None:
    assert merged({"a": {"x": ONE, "y": ONE}}, {"a": {"x": TWO}, "b": {}}) == {"a": {"x": TWO, "y": ONE}, "b": {}}


@pytest.mark.parametrize(
    ("arch", "platform", "digest"),
    [("x86_64", "linux/amd64", ONE), ("aarch64", "linux/arm64/v8", TWO), ("armv7l", "linux/arm/v7", TWO)],
)
def test_an_index_is_searched_for_the_platform(
    monkeypatch: pytest.MonkeyPatch, arch: str, platform: str, digest: str
) -> None:
    answer = (json.dumps(INDEX).encode(), headers(Content_Type=lock_module.INDEXES[0]))
    monkeypatch.setattr(lock_module, "_open", lambda url, headers, method: answer)
    assert pin(image(arch, platform), None) == {DEBIAN: {arch: digest}}


def test_a_platform_that_the_index_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = (json.dumps(INDEX).encode(), headers(Content_Type=lock_module.INDEXES[0]))
    monkeypatch.setattr(lock_module, "_open", lambda url, headers, method: answer)
    with pytest.raises(EngineError, match="not for linux/s390x"):
        pin(image("s390x", "linux/s390x"), None)


def test_a_single_manifest_is_pinned_by_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = (b"{}", headers(Content_Type=lock_module.MANIFESTS[0], Docker_Content_Digest=ONE))
    monkeypatch.setattr(lock_module, "_open", lambda url, headers, method: answer)
    assert pin(image("x86_64", "linux/amd64"), None) == {DEBIAN: {"x86_64": ONE}}


def test_a_tag_is_asked_without_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(url: str, _: Mapping[str, str], method: str) -> tuple[bytes, Message]:
        asked.append((method, url))
        return b"", headers(Docker_Content_Digest=ONE)

    monkeypatch.setattr(lock_module, "_open", answer)
    assert digest_of_tag(parse("quay.io/a/b:1")) == ONE
    assert asked == [("HEAD", "https://quay.io/v2/a/b/manifests/1")]


def test_a_registry_that_tells_no_digest_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "_open", lambda url, _, method: (b"", headers()))
    with pytest.raises(EngineError, match="does not tell the digest"):
        digest_of_tag(parse("quay.io/a/b:1"))


def test_a_registry_that_wants_a_token_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    challenge = 'Bearer realm="https://auth.example/token",service="registry",scope="repository:library/debian:pull"'

    def answer(url: str, wanted: Mapping[str, str], method: str = "GET") -> tuple[bytes, Message]:
        seen.append(url)
        if url.startswith("https://auth.example/token?service=registry&scope=repository"):
            return b'{"token": "secret"}', headers()
        if wanted.get("Authorization") != "Bearer secret":
            raise urllib.error.HTTPError(url, 401, "Unauthorized", headers(WWW_Authenticate=challenge), None)
        return b"{}", headers(Content_Type=lock_module.MANIFESTS[0], Docker_Content_Digest=ONE)

    monkeypatch.setattr(lock_module, "_open", answer)
    assert pin(image("x86_64", "linux/amd64"), "mirror.example") == {DEBIAN: {"x86_64": ONE}}
    assert seen[0] == "https://mirror.example/v2/library/debian/manifests/12-slim"
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("code", "words"), [(403, "refuses"), (404, "has no image"), (429, "rate of requests"), (500, "status 500")]
)
def test_a_refusal_is_told_in_words(monkeypatch: pytest.MonkeyPatch, code: int, words: str) -> None:
    def refuse(url: str, wanted: Mapping[str, str], method: str = "GET") -> tuple[bytes, Message]:
        raise urllib.error.HTTPError(url, code, "", headers(), None)

    monkeypatch.setattr(lock_module, "_open", refuse)
    with pytest.raises(EngineError, match=words):
        pin(image("x86_64", "linux/amd64"), None)


def test_a_registry_that_does_not_answer_is_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(url: str, wanted: Mapping[str, str], method: str = "GET") -> tuple[bytes, Message]:
        raise urllib.error.URLError("refused")

    monkeypatch.setattr(lock_module, "_open", silent)
    with pytest.raises(EngineError, match="does not answer"):
        pin(image("x86_64", "linux/amd64"), None)
