"""The words of ``images``, and what cleaning takes."""

import argparse
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from image_records import FakeEngine, release

from manylinux_lab.commands import images as images_module
from manylinux_lab.commands.images import add_arguments, table
from manylinux_lab.engines.contract import Engine
from manylinux_lab.errors import EngineError, UsageError
from manylinux_lab.folders import cache_folder
from manylinux_lab.images import provide
from manylinux_lab.images.inventory import Entry, inventory, remove, to_clean
from manylinux_lab.images.prepared import Sources, Variant, Wanted, all_facts, is_key, key, named_files
from manylinux_lab.results import ExitCode

UNFINISHED = "alpine-3.20-x86_64-minimal-0123456789ab-base"
NOW = datetime(2026, 1, 31, tzinfo=UTC)


def entry(name: str, days: int | None) -> Entry:
    """Return an image of some age."""
    time = None if days is None else NOW - timedelta(days=days)
    return Entry(name=name, engine="docker", size=3 << 20, digest="sha256:" + "a" * 64, origin="a test", time=time)


def test_a_table_names_size_digest_age_and_origin() -> None:
    text = table([entry("debian-12-x86_64-minimal-1", 3), entry("left", None)], NOW)
    assert "debian-12-x86_64-minimal-1  docker     3 MiB   aaaaaaaaaaaa  3 d         a test" in text
    assert "unfinished" in text
    assert text.endswith("2 kept, 6 MiB")


@pytest.mark.parametrize(("days", "gone"), [(None, ["new", "old", UNFINISHED]), (5, ["old"]), (60, [])])
def test_cleaning_takes_what_is_the_labs_and_was_not_used(days: int | None, gone: list[str]) -> None:
    entries = [entry("new", 1), entry("old", 9), entry(UNFINISHED, None), entry("tests/engines", None)]
    older_than = None if days is None else timedelta(days=days)
    assert [one.name for one in to_clean(entries, older_than, NOW)] == gone


def test_the_labs_own_names_are_known() -> None:
    made = key(Wanted(release=release(), arch="x86_64", variant=Variant.DESKTOP), Sources())
    assert is_key(made)
    assert is_key(f"{made}-root")
    assert not is_key(f"{made}-else")


def test_an_image_in_use_stays_and_the_rest_is_cleaned(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(provide, "unreachable", lambda registry: "")
    fake = FakeEngine()
    base = provide.prepare(Wanted(release=release(), arch="x86_64"), cast("Engine", fake), Sources()).base_key
    real = fake.remove

    def remove(name: str) -> None:
        if name == base:
            raise EngineError("It is in use.")
        real(name)

    monkeypatch.setattr(fake, "remove", remove)
    monkeypatch.setattr(images_module, "_usable_engines", lambda: [fake])
    arguments = argparse.Namespace(action="clean", all=True, older_than=None)
    assert images_module.execute(arguments) == ExitCode.LAB_FAILED
    assert list(fake.kept) == [base]
    assert f"failed   {base}: It is in use." in capsys.readouterr().out


def test_asking_for_an_image_makes_it_young_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provide, "unreachable", lambda registry: "")
    engine = cast("Engine", FakeEngine())
    wanted = Wanted(release=release(), arch="x86_64")
    provide.prepare(wanted, engine, Sources())
    os.utime(next(cache_folder("prepared").glob("*.json")), (0, 0))
    month, now = timedelta(days=30), datetime.now(UTC)
    assert len(to_clean(inventory([engine]), month, now)) == 2
    provide.prepare(wanted, engine, Sources())
    assert to_clean(inventory([engine]), month, now) == ()


def test_removing_an_image_takes_its_facts_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provide, "unreachable", lambda registry: "")
    fake = FakeEngine()
    engine = cast("Engine", fake)
    provide.prepare(Wanted(release=release(), arch="x86_64"), engine, Sources())
    entries = inventory([engine])
    assert len(entries) == 2
    assert all(one.time for one in entries)
    for one in entries:
        remove(one, [engine])
    assert (fake.kept, all_facts(), inventory([engine])) == ({}, [], ())


def test_files_of_the_cache_are_listed_and_removed() -> None:
    root = cache_folder("roots") / "debian-12-x86_64-minimal-1.tar"
    root.write_bytes(b"12345")
    root.with_suffix(".notes").write_bytes(b"")
    folder = cache_folder("portable") / "1"
    folder.mkdir()
    (folder / "file").write_bytes(b"123")
    entries = inventory([])
    assert [(one.name, one.size) for one in entries] == [("portable/1", 3), ("roots/debian-12-x86_64-minimal-1.tar", 5)]
    for one in entries:
        remove(one, [])
    assert inventory([]) == ()
    assert not list(cache_folder("roots").iterdir())


def test_named_files_are_taken_apart() -> None:
    assert named_files(["debian-12:x86_64=a=b.tar", "alpine-3.20=/x"]) == {
        "debian-12:x86_64": Path("a=b.tar"),
        "alpine-3.20": Path("/x"),
    }


@pytest.mark.parametrize("entry_text", ["debian-12", "=x", "debian-12="])
def test_a_named_file_without_a_name_or_path_is_a_mistake(entry_text: str) -> None:
    with pytest.raises(UsageError, match="ID"):
        named_files([entry_text])


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["build", "debian-*", "--arch", "i686", "--rebuild"],
        ["lock", "lts"],
        ["clean", "--all"],
        ["clean", "--older-than", "3"],
    ],
)
def test_the_actions_take_their_options(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert parser.parse_args(words).action == words[0]


@pytest.mark.parametrize("days", ["-1", "x", "1.5"])
def test_a_wrong_number_of_days_deletes_nothing(days: str) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    with pytest.raises((SystemExit, argparse.ArgumentError)):
        parser.parse_args(["clean", "--older-than", days])
