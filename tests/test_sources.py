"""Where pip looks, and what the user adds."""

import os
from pathlib import Path

import pytest

from manylinux_lab.errors import UsageError
from manylinux_lab.resolving import pip_configuration
from manylinux_lab.resolving.pip_configuration import read_pip_configuration
from manylinux_lab.resolving.sources import Sources, default_index, find_sources, redacted


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, on a machine whose system-wide configuration is out of sight."""
    files = pip_configuration._files

    def below_home(environment: dict[str, str], home: Path) -> list[Path]:
        return [file for file in files(environment, home) if file.is_relative_to(tmp_path)]

    monkeypatch.setattr(pip_configuration, "_files", below_home)
    return tmp_path


def _configure(home: Path, text: str) -> None:
    (home / ".config" / "pip").mkdir(parents=True)
    (home / ".config" / "pip" / "pip.conf").write_text(text)


def test_nothing_configured(home: Path) -> None:
    assert find_sources({}, home) == Sources(index_urls=(default_index(),))
    assert default_index().startswith("https://")


def test_later_places_and_sections_win(home: Path) -> None:
    _configure(home, "[global]\nindex_url = https://a.example/simple\ncert = /a\n[install]\ncert = /b\n")
    (home / ".pip").mkdir()
    (home / ".pip" / "pip.conf").write_text("[global]\nindex-url = https://old.example\ntimeout = 7\n[list]\nx = y\n")
    (home / "named.conf").write_text("[global]\ntrusted-host = t.example\n")
    environment = {
        "PIP_CONFIG_FILE": str(home / "named.conf"),
        "PIP_DEFAULT_TIMEOUT": "9",
        "PIP_EXTRA_INDEX_URL": "https://b.example https://c.example",
        "PIP_CERT": "",
    }

    assert find_sources(environment, home) == Sources(
        index_urls=("https://a.example/simple", "https://b.example", "https://c.example"),
        trusted_hosts=("t.example",),
        certificate="/b",
        timeout=9.0,
    )


def test_no_configuration_file_at_all(home: Path) -> None:
    _configure(home, "[global]\nindex-url = https://a.example\n")

    assert read_pip_configuration({"PIP_CONFIG_FILE": os.devnull}, home) == {"config-file": os.devnull}


def test_the_order_of_files(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_DIRS": "/one:/two", "PIP_CONFIG_FILE": "/named", "XDG_CONFIG_HOME": "/own"}

    files = [str(file) for file in pip_configuration._files(environment, tmp_path)]

    assert files[:5] == [
        "/two/pip/pip.conf",
        "/one/pip/pip.conf",
        "/etc/pip.conf",
        f"{tmp_path}/.pip/pip.conf",
        "/own/pip/pip.conf",
    ]
    assert files[-1] == "/named"


def test_what_the_user_adds(home: Path) -> None:
    (home / "links").mkdir()
    environment = {"PIP_INDEX_URL": "https://a.example", "PIP_EXTRA_INDEX_URL": "https://b.example"}

    sources = find_sources(
        environment,
        home,
        index_url="http://127.0.0.1:1/simple",
        extra_index_urls=["http://mirror.example:8080/x"],
        find_links=[str(home / "links")],
        trusted_hosts=["mirror.example"],
    )

    assert sources.index_urls == ("http://127.0.0.1:1/simple", "https://b.example", "http://mirror.example:8080/x")
    assert sources.find_links == (str(home / "links"),)
    assert sources.notes == ()


def test_no_index(home: Path) -> None:
    assert find_sources({"PIP_NO_INDEX": "1"}, home).index_urls == ()


def test_what_pip_passes_over_is_noted(home: Path) -> None:
    environment = {
        "PIP_EXTRA_INDEX_URL": f"file://{home}/missing http://user:secret@plain.example/simple ftp://x http://[y",
        "PIP_FIND_LINKS": f"{home}/absent {home}",
    }

    sources = find_sources(environment, home)

    assert sources.index_urls == (default_index(),)
    assert sources.find_links == (str(home),)
    assert sources.notes == (
        f"The folder '{home}/missing' that is named as a source of wheels does not exist; it was left out.",
        (
            "The index 'http://plain.example/simple' is not https "
            "and 'plain.example' is not one of pip's trusted hosts; it was left out."
        ),
        "The index 'ftp://x' is no http, https or file URL; it was left out.",
        "The index 'http://[y' is no URL (Invalid IPv6 URL); it was left out.",
        f"The folder '{home}/absent' that is named as a source of wheels does not exist; it was left out.",
    )


@pytest.mark.parametrize("url", ["/nowhere", "file:///nowhere", "http://plain.example", "smb://x"])
def test_what_the_user_names_must_be_usable(url: str, home: Path) -> None:
    with pytest.raises(UsageError):
        find_sources({}, home, extra_index_urls=[url])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("index-url = x\n", "cannot be read: File contains no section headers"), ("[global]\ntimeout = soon\n", "'soon'")],
)
def test_damaged_configuration(text: str, sentence: str, home: Path) -> None:
    _configure(home, text)

    with pytest.raises(UsageError, match=sentence):
        find_sources({}, home)


def test_credentials_are_not_shown() -> None:
    assert redacted("https://user:secret@example.org:8080/simple?x=1") == "https://example.org:8080/simple?x=1"
