"""Whether a wheel's RECORD is true: every file listed once, with its hash and size, and nothing that is not there."""

import csv
import hashlib
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

KEPT = 20  # names of each kind
SIGNATURES = ("RECORD", "RECORD.jws", "RECORD.p7s")  # the files that RECORD cannot or need not vouch for


@dataclass(frozen=True, kw_only=True, slots=True)
class Faults:
    """What RECORD says that is not so: how many files, and the first of them by name.

    ``altered`` have another hash or size, or none that can be checked; ``missing`` are listed and not there,
    ``unlisted`` there and not listed, ``repeated`` listed more than once.
    """

    altered: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of RECORD: the name of the hash, the hash in URL-safe base64 without padding, and the size as text."""

    algorithm: str
    digest: str
    size: str


def rows(text: bytes) -> Iterator[tuple[str, Row]]:
    """Yield the files that a RECORD lists; lines that are none are passed over, so that their files are unlisted."""
    try:
        for line in csv.reader(text.decode("utf-8", "replace").splitlines()):
            if len(line) == 3:
                algorithm, _, digest = line[1].partition("=")
                yield line[0], Row(algorithm=algorithm, digest=digest, size=line[2])
    except csv.Error:
        return


class Checksum:
    """Digests of one file: sha256, and whatever else its line in RECORD names."""

    def __init__(self, row: Row | None) -> None:
        self._sha256 = hashlib.sha256()
        self._row = row
        self._named = None
        self._size = 0
        if row is not None and row.algorithm != "sha256" and row.algorithm in hashlib.algorithms_guaranteed:
            self._named = hashlib.new(row.algorithm, usedforsecurity=False)

    def update(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._size += len(piece)
        self._sha256.update(piece)
        if self._named is not None:
            self._named.update(piece)

    @property
    def sha256(self) -> str:
        """The sha256 of the bytes, as hexadecimal digits."""
        return self._sha256.hexdigest()

    @property
    def is_as_listed(self) -> bool:
        """Whether hash and size are those of the line; a line without a hash, or with an unknown one, vouches not."""
        if self._row is None or (self._named is None and self._row.algorithm != "sha256"):
            return False
        named = self._named or self._sha256
        if named.name.startswith("shake"):
            return False
        digest = urlsafe_b64encode(named.digest()).rstrip(b"=").decode()
        return self._row.digest.rstrip("=") == digest and self._row.size in ("", str(self._size))


def faults(listed: Counter[str], files: Mapping[str, bool], folder: str) -> Faults:
    """Return what is wrong. ``listed`` counts lines by path, ``files`` tells of each whether it is as its line says.

    ``folder`` is the ``.dist-info`` folder, whose signatures are not vouched for.
    """
    exempt = {f"{folder}/{name}" for name in SIGNATURES}
    altered = sorted(path for path, is_true in files.items() if path in listed and not is_true and path not in exempt)
    missing = sorted(path for path in listed if path not in files and path not in exempt)
    unlisted = sorted(path for path in files if path not in listed and path not in exempt)
    repeated = sorted(path for path, number in listed.items() if number > 1)
    return Faults(
        altered=tuple(altered[:KEPT]),
        missing=tuple(missing[:KEPT]),
        unlisted=tuple(unlisted[:KEPT]),
        repeated=tuple(repeated[:KEPT]),
        count=len(altered) + len(missing) + len(unlisted) + len(repeated),
    )
