"""Which source an image comes from, in which order, and what is added to it."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from image_records import FakeEngine, release

from manylinux_lab.catalogue.distro import Dataset, Repositories
from manylinux_lab.engines.contract import Engine
from manylinux_lab.errors import EngineError, UsageError
from manylinux_lab.images import bootstrap as bootstrap_module
from manylinux_lab.images import provide
from manylinux_lab.images.prepared import NotAvailable, PreparedImage, Sources, Variant, Wanted, known
from manylinux_lab.images.repositories import ARCHIVED_NOTE

REFERENCE = "docker.io/library/debian:12-slim"


@pytest.fixture
def reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every registry answer."""
    monkeypatch.setattr(provide, "unreachable", lambda registry: "")


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no registry answer, and no bootstrap tool be installed."""
    monkeypatch.setattr(provide, "unreachable", lambda registry: "Connection refused")
    monkeypatch.setattr(bootstrap_module.shutil, "which", lambda program: None)


def prepared(engine: FakeEngine, wanted: Wanted | None = None, **sources: Any) -> PreparedImage:
    """Prepare debian-12 for x86_64."""
    wanted = wanted or Wanted(release=release(), arch="x86_64")
    return provide.prepare(wanted, cast("Engine", engine), Sources(**sources))


@pytest.mark.usefixtures("reachable")
def test_a_pulled_image_gets_python_from_its_package_manager() -> None:
    engine = FakeEngine()
    made = prepared(engine)
    assert engine.calls == [
        ("pull", REFERENCE, "x86_64"),
        ("build", "apt-get update", "apt-get install -y python3-pip"),
    ]
    assert made.interpreters[0].id == "cp311"
    assert made.base_digest == "sha256:0"
    assert made.image.digest == "sha256:1"
    assert made.origin == f"pulled {REFERENCE}"


@pytest.mark.usefixtures("reachable")
def test_package_lists_are_put_right_before_the_package_manager_reads_them() -> None:
    archived = Repositories(archived=True, hosts={"a": "b"}, base="", enable=(), disable=(), ppa=())
    engine = FakeEngine()
    made = prepared(engine, Wanted(release=release(repositories=archived), arch="x86_64"))
    _, lists, settings, update, _ = engine.calls[-1]
    assert (lists[:5], settings[:5], update) == ("sh -c", "sh -c", "apt-get update")
    assert made.notes == (ARCHIVED_NOTE,)


@pytest.mark.usefixtures("reachable")
def test_package_lists_that_the_lab_cannot_edit_leave_the_image_out() -> None:
    archived = Repositories(archived=True, hosts={"a": "b"}, base="", enable=(), disable=(), ppa=())
    manager = release().package_manager
    assert manager is not None
    made_from = release(repositories=archived, package_manager=replace(manager, tool="slackpkg"))
    with pytest.raises(NotAvailable, match="package lists of 'slackpkg'"):
        prepared(FakeEngine(), Wanted(release=made_from, arch="x86_64"))


@pytest.mark.usefixtures("reachable")
def test_an_image_with_python_and_pip_is_left_as_it_is() -> None:
    engine = FakeEngine(has_python=True)
    made = prepared(engine)
    assert [call[0] for call in engine.calls] == ["pull"]
    assert made.key == made.base_key


@pytest.mark.usefixtures("reachable")
def test_a_desktop_image_gets_the_libraries_too() -> None:
    engine = FakeEngine(has_python=True)
    prepared(engine, Wanted(release=release(), arch="x86_64", variant=Variant.DESKTOP))
    assert engine.calls[-1] == ("build", "apt-get update", "apt-get install -y libgl1")


@pytest.mark.usefixtures("reachable")
def test_the_second_time_nothing_is_done() -> None:
    engine = FakeEngine()
    first = prepared(engine)
    count = len(engine.calls)
    assert prepared(engine) == first
    assert len(engine.calls) == count
    assert known(release(), "x86_64", Variant.MINIMAL, "fake") == first


@pytest.mark.usefixtures("reachable")
def test_rebuild_asks_the_source_again() -> None:
    engine = FakeEngine()
    prepared(engine)
    prepared(engine, rebuild=True)
    assert [call[0] for call in engine.calls] == ["pull", "build", "pull", "build"]


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize(
    ("now", "sources", "calls"),
    [
        ("sha256:9", {"follow_tags": True}, ["pull", "build", "pull", "build"]),
        ("sha256:0", {"follow_tags": True}, ["pull", "build"]),
        ("sha256:9", {}, ["pull", "build"]),
        ("sha256:9", {"follow_tags": True, "offline": True}, ["pull", "build"]),
        (EngineError("a login"), {"follow_tags": True}, ["pull", "build"]),
    ],
)
def test_a_tag_that_moved_is_followed_where_asked(
    monkeypatch: pytest.MonkeyPatch, now: str | Exception, sources: dict[str, Any], calls: list[str]
) -> None:
    def digest_of_tag(reference: object) -> str:
        if isinstance(now, Exception):
            raise now
        return now

    monkeypatch.setattr(provide, "digest_of_tag", digest_of_tag)
    engine = FakeEngine()
    prepared(engine)
    prepared(engine, **sources)
    assert [call[0] for call in engine.calls] == calls


@pytest.mark.usefixtures("reachable")
def test_a_pinned_image_has_no_tag_to_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provide, "digest_of_tag", pytest.fail)
    lock = {REFERENCE: {"x86_64": "sha256:" + "a" * 64}}
    engine = FakeEngine()
    first = prepared(engine, lock=lock)
    assert prepared(engine, lock=lock, follow_tags=True) == first


@pytest.mark.usefixtures("reachable")
def test_an_image_that_the_engine_lost_is_made_again() -> None:
    engine = FakeEngine()
    made = prepared(engine)
    engine.remove(made.key)
    assert prepared(engine).interpreters == made.interpreters
    assert [call[0] for call in engine.calls] == ["pull", "build", "build"]


@pytest.mark.usefixtures("reachable")
def test_the_lock_decides_the_digest_and_the_mirror_the_place() -> None:
    engine = FakeEngine()
    digest = "sha256:" + "a" * 64
    prepared(engine, lock={REFERENCE: {"x86_64": digest}}, registry_mirror="mirror.example/hub")
    assert engine.calls[0] == ("pull", f"mirror.example/hub/library/debian@{digest}", "x86_64")


@pytest.mark.usefixtures("reachable")
def test_what_a_registry_refuses_is_trouble_and_no_other_source_is_tried() -> None:
    with pytest.raises(EngineError, match="manifest unknown"):
        prepared(FakeEngine(refuses="manifest unknown"))


@pytest.mark.usefixtures("silent")
def test_a_named_file_wins_over_everything(tmp_path: Path) -> None:
    file = tmp_path / "root.tar"
    file.write_bytes(b"")
    engine = FakeEngine(has_python=True)
    made = prepared(engine, named={"debian-12": file})
    assert engine.calls == [("load", str(file), "x86_64")]
    assert str(file) in made.origin


@pytest.mark.usefixtures("silent")
def test_a_named_file_that_is_not_there_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.tar"):
        prepared(FakeEngine(), named={"debian-12:x86_64": tmp_path / "gone.tar"})


@pytest.mark.usefixtures("silent")
def test_every_source_says_why_it_has_nothing() -> None:
    with pytest.raises(NotAvailable) as raised:
        prepared(FakeEngine())
    assert "registry 'docker.io' cannot be reached (Connection refused)" in str(raised.value)
    assert "'mmdebstrap'" in str(raised.value)


@pytest.mark.usefixtures("silent")
def test_an_arch_that_cannot_run_is_not_prepared() -> None:
    with pytest.raises(NotAvailable, match="update-binfmts"):
        prepared(FakeEngine(trouble="run 'update-binfmts --enable qemu-aarch64'"))


@pytest.mark.usefixtures("reachable")
def test_offline_uses_nothing_but_what_is_kept() -> None:
    engine = FakeEngine()
    with pytest.raises(NotAvailable, match="offline"):
        prepared(engine, offline=True)
    prepared(engine)
    assert prepared(engine, offline=True).interpreters


@pytest.mark.usefixtures("reachable")
def test_without_a_package_manager_an_image_must_have_python() -> None:
    wanted = Wanted(release=release(package_manager=None), arch="x86_64")
    with pytest.raises(NotAvailable, match="no package manager"):
        prepared(FakeEngine(), wanted)
    assert prepared(FakeEngine(has_python=True), wanted).interpreters


@pytest.mark.usefixtures("reachable")
def test_an_engine_without_its_pull_programs_leaves_the_registry_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(provide.PULL_PROGRAMS, "fake", ("skopeo-of-the-test", "umoci"))
    with pytest.raises(NotAvailable, match="skopeo-of-the-test"):
        prepared(FakeEngine(), Wanted(release=release(bootstrap=None), arch="x86_64"))


@pytest.mark.usefixtures("reachable")
def test_a_base_is_shared_by_both_variants() -> None:
    engine = FakeEngine(has_python=True)
    prepared(engine)
    prepared(engine, Wanted(release=release(), arch="x86_64", variant=Variant.DESKTOP))
    assert [call[0] for call in engine.calls] == ["pull", "build"]


@pytest.mark.usefixtures("reachable")
def test_a_build_image_may_use_all_its_interpreters(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = provide.discover

    def spy(engine: Engine, image: Any, *, all_own: bool = False) -> Any:
        asked.append(all_own)
        return real(engine, image, all_own=all_own)

    monkeypatch.setattr(provide, "discover", spy)
    prepared(FakeEngine(has_python=True), Wanted(release=release(dataset=Dataset.BUILD), arch="x86_64"))
    assert asked == [True]


@pytest.mark.usefixtures("silent")
def test_a_bootstrapped_root_is_no_base_for_the_other_variant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = []

    def bootstrap(wanted: Wanted, say: object, *, rebuild: bool, offline: bool) -> bootstrap_module.Root:
        made.append(wanted.variant)
        return bootstrap_module.Root(tarball=tmp_path / "root.tar", origin="bootstrapped", notes=("stale",))

    monkeypatch.setattr(provide, "bootstrap", bootstrap)
    engine = FakeEngine(has_python=True)
    assert prepared(engine).notes == ("stale",)
    prepared(engine, Wanted(release=release(), arch="x86_64", variant=Variant.DESKTOP))
    assert made == [Variant.MINIMAL, Variant.DESKTOP]
    assert [call[0] for call in engine.calls] == ["load", "load"]
