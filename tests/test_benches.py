"""Which benches there are: what the options select, what images hold, and what the lab could not get."""

from datetime import date
from pathlib import Path

import pytest
from image_records import release

from manylinux_lab.engines.contract import Image
from manylinux_lab.errors import EngineError, UsageError
from manylinux_lab.images.portable import Portable
from manylinux_lab.images.prepared import NotAvailable, PreparedImage
from manylinux_lab.interpreter import Interpreter, Origin
from manylinux_lab.options import Options
from manylinux_lab.planning import benches
from manylinux_lab.planning.benches import Place, places, planned, provided, sources_of

TODAY = date(2026, 11, 21)
OWN = Interpreter(version=(3, 11), abi="cp311")
FOUND = Interpreter(version=(3, 12), abi="cp312", origin=Origin.FOUND)
PLACE = Place(release=release(interpreters=(OWN, FOUND), eol=date(2026, 6, 10)), arch="x86_64")
IMAGE = Image(reference="x", digest="sha256:1", arch="x86_64", origin="y")


def selected(**options: object) -> list[str]:
    return [place.id for place in places(Options(**options), TODAY)]  # type: ignore[arg-type]


def test_distros_and_arches() -> None:
    assert selected(distro=("debian-12",), arch=("x86_64", "aarch64", "x86_64")) == [
        "debian-12:x86_64",
        "debian-12:aarch64",
    ]
    assert selected(distro=("debian-12",), arch=("arm64",)) == ["debian-12:aarch64"]
    assert "debian-13:x86_64" in selected(arch=("x86_64",))
    assert "debian-12:x86_64" not in selected(arch=("x86_64",))


def test_a_cell_brings_its_own_bench() -> None:
    cell = "debian-11:i686:cp39/import/x.whl"
    assert selected(cell=(cell,)) == ["debian-11:i686"]
    found = planned(places(Options(cell=(cell,)), TODAY), Options(cell=(cell,)), TODAY, ["docker"])
    assert [bench.id for bench in found.benches] == ["debian-11:i686:cp39"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distro": ("debain-12",)}, "debian-12"),
        ({"distro": ("debian-12",), "arch": ("arch64",)}, "aarch64"),
        ({"distro": ("debian-11",), "arch": ("loongarch64",)}, "has an image for loongarch64"),
        (
            {"distro": ("debian-12",), "image": ("debain-12:x86_64=/a.tar",)},
            "'debain-12', as --image says .*'debian-12'",
        ),
    ],
)
def test_what_is_unknown(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        selected(**options)


def test_planned_benches_come_from_the_catalogue() -> None:
    found = planned([PLACE], Options(), TODAY, ["docker", "bwrap"])
    (bench,) = found.benches
    assert (bench.id, bench.image, bench.emulated) == ("debian-12:x86_64:cp311", None, False)
    assert bench.ending.startswith("past its end of life since 2026-06-10")
    assert [one.interpreter.abi for one in planned([PLACE], Options(python=("all",)), TODAY, []).benches] == [
        "cp311",
        "cp312",
    ]


@pytest.mark.parametrize(
    ("place", "options", "reason"),
    [
        (PLACE, Options(python=("3.9",)), "it has cp311, cp312, not 3.9"),
        (Place(release=release(interpreters=(FOUND,)), arch="x86_64"), Options(), "it has only cp312; name one"),
        (Place(release=release(), arch="x86_64"), Options(), "not known before its image was made"),
    ],
)
def test_places_without_an_interpreter_are_left_out(place: Place, options: Options, reason: str) -> None:
    found = planned([place], options, TODAY, [])
    assert found.benches == ()
    assert reason in found.left_out[0].reason


def test_a_distro_without_the_arch_is_left_out() -> None:
    other = Place(release=PLACE.release, arch="s390x")
    found = planned([PLACE, other], Options(), TODAY, [])
    assert [bench.id for bench in found.benches] == ["debian-12:x86_64:cp311"]
    assert [(entry.bench, entry.reason) for entry in found.left_out] == [
        ("debian-12:s390x", "debian-12 has no image for s390x")
    ]


def prepare_as(monkeypatch: pytest.MonkeyPatch, answer: PreparedImage | Exception) -> None:
    def prepare(*_: object) -> PreparedImage:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(benches, "prepare", prepare)


def get(options: Options | None = None) -> benches.Found:
    return provided([PLACE], options or Options(), TODAY, None, lambda text: None)  # type: ignore[arg-type]


def test_the_images_word_wins_over_the_catalogues(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = Interpreter(version=(3, 13), abi="cp313", path="/usr/bin/python3")
    made = PreparedImage(
        key="k",
        image=IMAGE,
        base_key="k",
        base_digest="sha256:0",
        origin="o",
        interpreters=(newer,),
        notes=("not signed",),
    )
    prepare_as(monkeypatch, made)
    found = get()
    assert [(bench.id, bench.image) for bench in found.benches] == [("debian-12:x86_64:cp313", IMAGE)]
    assert found.notes == (
        "debian-12:x86_64: the catalogue says cp311, cp312, the image has cp313",
        "debian-12:x86_64: not signed",
    )


def test_what_no_source_has_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_as(monkeypatch, NotAvailable("no registry answers"))
    found = get()
    assert (found.benches, found.left_out[0].reason) == ((), "no registry answers")


def test_a_source_that_fails_keeps_the_bench_so_that_its_cells_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_as(monkeypatch, EngineError("the pull died"))
    found = get()
    assert [(bench.id, bench.trouble) for bench in found.benches] == [("debian-12:x86_64:cp311", "the pull died")]
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("needs", "arch", "ids"),
    [
        ((2, 17), "x86_64", ["cp311", "cp313-portable"]),
        ((2, 41), "x86_64", ["cp311"]),
        ((2, 17), "aarch64", ["cp311"]),
    ],
)
def test_a_portable_python_joins_where_it_can_run(
    monkeypatch: pytest.MonkeyPatch, needs: tuple[int, int], arch: str, ids: list[str]
) -> None:
    brought = Interpreter(version=(3, 13), abi="cp313", origin=Origin.PORTABLE)
    made = Portable(interpreter=brought, mount=None, arch=arch, libc=PLACE.release.libc, libc_version=needs)  # type: ignore[arg-type]
    monkeypatch.setattr(benches, "portable", lambda root: made)
    found = planned([PLACE], Options(python_root="/x"), TODAY, [])
    assert [bench.interpreter.id for bench in found.benches] == ids


def test_named_images(tmp_path: Path) -> None:
    sources = sources_of(Options(image=("debian-12:x86_64=/a.tar",), lock=str(tmp_path / "none"), registry_mirror="m"))
    assert (sources.named, sources.registry_mirror) == ({"debian-12:x86_64": Path("/a.tar")}, "m")
    with pytest.raises(UsageError, match=r"ID\[:ARCH\]=PATH"):
        sources_of(Options(image=("debian-12",)))
