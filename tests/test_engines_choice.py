"""Tests of the choice between engines."""

import pytest

from manylinux_lab import engines
from manylinux_lab.engines import choose
from manylinux_lab.engines.local import LocalEngine
from manylinux_lab.errors import EngineError, UsageError


class GivenEngine(LocalEngine):
    """An engine with a given trouble."""

    def __init__(self, name: str, trouble: str | None) -> None:
        self.name = name
        self._trouble = trouble

    def trouble(self) -> str | None:
        """Return the given trouble."""
        return self._trouble


def give(monkeypatch: pytest.MonkeyPatch, docker: str | None, bwrap: str | None) -> None:
    """Replace the real engines."""
    monkeypatch.setitem(engines.ENGINES, "docker", lambda: GivenEngine("docker", docker))
    monkeypatch.setitem(engines.ENGINES, "bwrap", lambda: GivenEngine("bwrap", bwrap))


@pytest.mark.parametrize(
    ("docker", "bwrap", "expected"),
    [(None, None, "docker"), ("No daemon.", None, "bwrap"), (None, "Not installed.", "docker")],
)
def test_auto_takes_the_first_that_works(
    monkeypatch: pytest.MonkeyPatch, docker: str | None, bwrap: str | None, expected: str
) -> None:
    give(monkeypatch, docker, bwrap)
    assert choose("auto").name == expected


def test_auto_never_takes_local_and_says_why_not_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, "No daemon.", "Not installed.")
    with pytest.raises(
        EngineError, match=r"install Docker, Podman or bubblewrap\. docker: No daemon\. bwrap: Not inst"
    ):
        choose("auto")


def test_a_named_engine_is_not_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, "No daemon.", None)
    with pytest.raises(EngineError, match=r"The engine 'docker' cannot be used: No daemon\."):
        choose("docker")
    assert choose("local").name == "local"


def test_an_unknown_engine_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r"'dokcer' is unknown \(did you mean 'docker'\?\)\. Known ones: auto, docker"):
        choose("dokcer")
