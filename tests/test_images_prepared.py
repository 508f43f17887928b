"""Keys of images, and the facts that are kept about them."""

from dataclasses import replace
from pathlib import Path

import pytest
from image_records import release

from manylinux_lab.catalogue.distro import Bootstrap, Repositories
from manylinux_lab.engines.contract import Image
from manylinux_lab.folders import cache_folder
from manylinux_lab.images.prepared import (
    PreparedImage,
    Sources,
    Variant,
    Wanted,
    all_facts,
    forget,
    key,
    known,
    recall,
    remember,
)
from manylinux_lab.interpreter import Interpreter

WANTED = Wanted(release=release(), arch="x86_64")
REFERENCE = "docker.io/library/debian:12-slim"
ARCHIVED = Repositories(archived=True, hosts={"a": "b"}, base="", enable=(), disable=(), ppa=())
PREPARED = PreparedImage(
    key="k",
    image=Image(reference="r", digest="sha256:1", arch="x86_64", origin="a test"),
    base_key="k-base",
    base_digest="sha256:0",
    origin="a test",
    interpreters=(Interpreter(version=(3, 11), abi="cp311", path="/usr/bin/python3", pip="23.0.1"),),
    notes=("one",),
)


def test_a_key_is_readable_and_stable() -> None:
    assert key(WANTED, Sources()).startswith("debian-12-x86_64-minimal-")
    assert key(WANTED, Sources()) == key(WANTED, Sources(registry_mirror="mirror.example", offline=True, rebuild=True))


def test_whatever_defines_the_content_changes_the_key(tmp_path: Path) -> None:
    file = tmp_path / "root.tar"
    file.write_bytes(b"one")
    keys = [
        key(WANTED, Sources()),
        key(replace(WANTED, variant=Variant.DESKTOP), Sources()),
        key(replace(WANTED, release=release(bootstrap=Bootstrap(tool="mmdebstrap", suite="sid"))), Sources()),
        key(replace(WANTED, release=release(package_manager=None)), Sources()),
        key(replace(WANTED, release=release(repositories=ARCHIVED)), Sources()),
        key(replace(WANTED, release=release(repositories=replace(ARCHIVED, base="http://a.example"))), Sources()),
        key(WANTED, Sources(lock={REFERENCE: {"x86_64": "sha256:1"}})),
        key(WANTED, Sources(named={"debian-12": file})),
    ]
    file.write_bytes(b"other")
    keys.append(key(WANTED, Sources(named={"debian-12": file})))
    assert len(set(keys)) == len(keys)


def test_the_lock_of_another_arch_changes_nothing() -> None:
    assert key(WANTED, Sources(lock={REFERENCE: {"aarch64": "sha256:1"}})) == key(WANTED, Sources())


def test_facts_come_back_as_they_were_written() -> None:
    remember("k", PREPARED, "docker")
    assert recall("k", "docker") == PREPARED
    assert recall("k", "bwrap") is None
    assert [fact.engine for fact in all_facts()] == ["docker"]
    forget("k", "docker")
    assert recall("k", "docker") is None


def test_a_plan_finds_facts_by_what_it_wants() -> None:
    remember(key(WANTED, Sources()), PREPARED, "docker")
    assert known(release(), "x86_64", Variant.MINIMAL, "docker") == PREPARED
    assert known(release(), "x86_64", Variant.DESKTOP, "docker") is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": 1}', b'{"schema": 99}'])
def test_damaged_facts_are_no_facts(content: bytes) -> None:
    (cache_folder("prepared") / "docker-k.json").write_bytes(content)
    assert recall("k", "docker") is None
    assert all_facts() == []


def test_facts_of_a_later_schema_are_not_used() -> None:
    remember("k", PREPARED, "docker")
    file = cache_folder("prepared") / "docker-k.json"
    file.write_bytes(file.read_bytes().replace(b'"schema": 2', b'"schema": 99'))
    assert recall("k", "docker") is None
