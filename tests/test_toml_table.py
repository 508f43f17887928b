"""Tests of ``toml_table``: the value where it is right, and a complaint that names file, place and key where not."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from manylinux_lab.catalogue.toml_table import Table
from manylinux_lab.errors import UsageError

FILE = Path("x.toml")


def table(**content: object) -> Table:
    return Table(file=FILE, content=content, place="release '12'")


@pytest.mark.parametrize(
    ("reader", "arguments", "value", "expected"),
    [
        ("text", (), "a", "a"),
        ("text", ("b",), None, "b"),
        ("word", (("a", "b"),), "a", "a"),
        ("word", (("a", "b"), "b"), None, "b"),
        ("flag", (), True, True),
        ("flag", (), None, False),
        ("day", (), date(2028, 6, 30), date(2028, 6, 30)),
        ("day", (), None, None),
        ("texts", (), ["a", "b"], ("a", "b")),
        ("texts", (), None, ()),
        ("strings", (), {"a": "b"}, {"a": "b"}),
        ("strings", (), None, {}),
        ("tables", (), None, ()),
    ],
)
def test_reads_what_is_right(reader: str, arguments: tuple[Any, ...], value: object, expected: object) -> None:
    content = {} if value is None else {"key": value}
    assert getattr(table(**content), reader)("key", *arguments) == expected


@pytest.mark.parametrize(
    ("reader", "arguments", "value", "problem"),
    [
        ("text", (), None, "is missing"),
        ("text", (), 3, "must be a string, not 3"),
        (
            "word",
            (("debian", "fedora"),),
            "debain",
            "must be one of debian, fedora, not 'debain' (did you mean 'debian'?)",
        ),
        ("flag", (), "yes", "must be true or false, not 'yes'"),
        ("day", (), "2028-06-30", "must be a date such as 2028-06-30 without quotes, not '2028-06-30'"),
        ("day", (), datetime(2028, 6, 30), "must be a date such as 2028-06-30 without quotes"),
        ("texts", (), "a", "must be a list of strings, not 'a'"),
        ("texts", (), [1], "must be a list of strings, not [1]"),
        ("table", (), "a", "must be a table, not 'a'"),
        ("tables", (), {}, "must be a list of tables, not {}"),
        ("tables", (), ["a"], "must be a list of tables, not ['a']"),
    ],
)
def test_complains_about_the_rest(reader: str, arguments: tuple[Any, ...], value: object, problem: str) -> None:
    content = {} if value is None else {"key": value}
    with pytest.raises(UsageError) as caught:
        getattr(table(**content), reader)("key", *arguments)
    assert str(caught.value).startswith(f"In 'x.toml' the key 'key' of release '12' {problem}")


def test_names_the_inner_table() -> None:
    with pytest.raises(UsageError, match=r"the key 'b' of 'a' of release '12' must be a string"):
        table(a={"b": 1}).strings("a")


def test_numbers_the_tables_of_a_list() -> None:
    first, second = Table(file=FILE, content={"release": [{}, {}]}).tables("release")
    assert (first.place, second.place) == ("release 1", "release 2")


def test_names_the_nearest_known_key() -> None:
    with pytest.raises(UsageError, match=r"the key 'libc_versoin' is unknown \(did you mean 'libc_version'\?\)"):
        Table(file=FILE, content={"libc_versoin": ""}).allow(["libc_version", "eol"])


def test_allows_known_keys() -> None:
    table(eol="").allow(["eol", "libc"])


def test_can_be_moved_to_another_place() -> None:
    assert str(table().at("'here'").complaint("key", "is odd")) == "In 'x.toml' the key 'key' of 'here' is odd."
