"""What would have been predicted of an import that was seen."""

from pathlib import Path

import pytest
import records
from dynamic_elves import NEEDED, dynamic_elf
from wheels import build_wheel

from manylinux_lab.folders import cache_folder
from manylinux_lab.judge import Outcome, OutcomeKind
from manylinux_lab.plugin.foretelling import foretold
from manylinux_lab.wheels.reading import read_wheel
from manylinux_lab.wheels.wheel import Wheel


def wheel(folder: Path, version: str, library: str = "libc.so.6") -> Wheel:
    """Return a wheel with one extension module."""
    texts = ((NEEDED, "libc.so.6"), (NEEDED, library))
    core = dynamic_elf(texts=texts, versions=(("libc.so.6", (version,)),), ordinary=["PyInit__core"], align=4096)
    path = build_wheel(folder, files={"demo/_core.abi3.so": core}, tag="cp39-abi3-manylinux_2_17_x86_64")
    return read_wheel(path)


@pytest.mark.parametrize(
    ("version", "library", "seen", "predicted", "agrees"),
    [
        ("GLIBC_2.17", "libc.so.6", OutcomeKind.OK, "ok", True),
        ("GLIBC_2.41", "libc.so.6", OutcomeKind.BROKEN, "broken", True),
        ("GLIBC_2.17", "libc.so.6", OutcomeKind.BROKEN, "ok", False),
        ("GLIBC_2.41", "libc.so.6", OutcomeKind.OK, "broken", False),
        ("GLIBC_2.17", "libowl.so.1", OutcomeKind.BROKEN, "unknown", None),  # Ubuntu was not measured whole
        ("GLIBC_2.17", "libc.so.6", OutcomeKind.UNKNOWN, "ok", None),
    ],
)
def test_both_sides_are_compared(
    tmp_path: Path, version: str, library: str, seen: OutcomeKind, predicted: str, agrees: bool | None
) -> None:
    outcome = Outcome(kind=seen, reason="")
    found = foretold(wheel(tmp_path, version, library), records.bench(distro="ubuntu-24.04"), "desktop", outcome, ())[
        "predicted"
    ]

    assert (found["outcome"], found["agrees"]) == (predicted, agrees)
    assert bool(found["reason"]) is (predicted != "ok")


def test_a_plain_image_that_was_measured_whole_has_nothing_unknown(tmp_path: Path) -> None:
    seen = Outcome(kind=OutcomeKind.BROKEN, reason="")
    found = foretold(wheel(tmp_path, "GLIBC_2.17", "libowl.so.1"), records.bench(), "minimal", seen, ())["predicted"]

    assert (found["outcome"], found["agrees"]) == ("broken", True)


@pytest.mark.parametrize("fields", [{"arch": "sparc64"}, {"distro": "a-distro-of-mine"}])
def test_a_distro_that_was_not_measured_is_not_foretold(tmp_path: Path, fields: dict[str, str]) -> None:
    bench = records.bench(**fields)

    assert foretold(wheel(tmp_path, "GLIBC_2.17"), bench, "minimal", Outcome(kind=OutcomeKind.OK, reason=""), ()) == {}


def test_a_file_that_has_gone_hides_nothing_that_was_seen(tmp_path: Path) -> None:
    subject = wheel(tmp_path, "GLIBC_2.17")
    subject.path.unlink()
    (cache_folder("elf") / f"{subject.sha256}.json").unlink()

    assert foretold(subject, records.bench(), "minimal", Outcome(kind=OutcomeKind.OK, reason=""), ()) == {}
