"""RECORD against the archive: what is altered, missing, unlisted or listed twice."""

import hashlib
from base64 import urlsafe_b64encode
from collections import Counter

import pytest

from manylinux_lab.wheels.record import KEPT, Checksum, Faults, Row, faults, rows

DATA = b"content"


def digest(algorithm: str, data: bytes = DATA) -> str:
    return urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (b"a.py,sha256=x,1\nb.py,,\n", ["a.py", "b.py"]),
        (b'"a,b.py",sha256=x,1\r\n', ["a,b.py"]),
        (b"a.py\nb.py,sha256=x\nc.py,,,\n\n", []),
        (b"\xff\xfe,sha256=x,1\n", ["\ufffd\ufffd"]),
        (b'a.py,sha256=x,1\n"' + b"b" * 200_000, ["a.py"]),
        (b"", []),
    ],
)
def test_rows(text: bytes, paths: list[str]) -> None:
    assert [path for path, _ in rows(text)] == paths


@pytest.mark.parametrize(
    ("row", "is_true"),
    [
        (Row(algorithm="sha256", digest=digest("sha256"), size="7"), True),
        (Row(algorithm="sha256", digest=digest("sha256") + "=", size=""), True),
        (Row(algorithm="sha512", digest=digest("sha512"), size="7"), True),
        (Row(algorithm="md5", digest=digest("md5"), size="7"), True),
        (Row(algorithm="sha256", digest=digest("sha256"), size="8"), False),
        (Row(algorithm="sha256", digest=digest("sha256", b"other"), size="7"), False),
        (Row(algorithm="sha512", digest=digest("sha256"), size="7"), False),
        (Row(algorithm="shake_128", digest="x", size="7"), False),
        (Row(algorithm="rot13", digest="x", size="7"), False),
        (Row(algorithm="", digest="", size=""), False),
        (None, False),
    ],
)
def test_a_file_against_its_line(row: Row | None, is_true: bool) -> None:
    checksum = Checksum(row)
    checksum.update(DATA[:3])
    checksum.update(DATA[3:])
    assert checksum.is_as_listed is is_true
    assert checksum.sha256 == hashlib.sha256(DATA).hexdigest()


def test_every_kind_of_fault_and_the_files_that_need_no_line() -> None:
    listed = Counter({"a": 1, "gone": 1, "b": 2, "x.dist-info/RECORD": 1})
    files = {
        "a": False,
        "b": True,
        "new": False,
        "x.dist-info/RECORD": False,
        "x.dist-info/RECORD.jws": False,
        "x.dist-info/RECORD.p7s": False,
    }
    assert faults(listed, files, "x.dist-info") == Faults(
        altered=("a",), missing=("gone",), unlisted=("new",), repeated=("b",), count=4
    )


def test_many_faults_are_counted_and_some_named() -> None:
    found = faults(Counter(), {f"f{number:03}": False for number in range(100)}, "x.dist-info")
    assert (found.count, len(found.unlisted), found.unlisted[0]) == (100, KEPT, "f000")
