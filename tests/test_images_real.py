"""Images for real: bootstrapped from the package mirror, from files, and pulled from a registry on loopback."""

import contextlib
import lzma
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import docker
import pytest
from image_records import release
from loopback_registry import dying_registry, free_port, push, registry, strict_registry

from manylinux_lab import engines
from manylinux_lab.catalogue.distro import ImageReference, Repositories
from manylinux_lab.catalogue.reading import Release, load_catalogue
from manylinux_lab.engines.contract import Engine, Finished, Mount
from manylinux_lab.errors import EngineError
from manylinux_lab.images.bootstrap import bootstrap
from manylinux_lab.images.discovery import discover
from manylinux_lab.images.installers import NEWEST_PIP, UV, installer_mount
from manylinux_lab.images.lock import digest_of_tag, pin
from manylinux_lab.images.portable import INSIDE as INSIDE_PORTABLE
from manylinux_lab.images.portable import portable
from manylinux_lab.images.prepared import NotAvailable, PreparedImage, Sources, Variant, Wanted, known
from manylinux_lab.images.provide import prepare
from manylinux_lab.images.registry import parse, unreachable
from manylinux_lab.images.repositories import ARCHIVED_NOTE

pytestmark = pytest.mark.real
SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "images"
MUSL = SHARED / "musl-reference-x86_64.tar.xz"
CPYTHON = SHARED / "cpython-3.13-glibc2.17-x86_64.tar.xz"


@pytest.fixture(params=["docker", "bwrap"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Return each engine that works here."""
    made = engines.ENGINES[request.param]()
    if trouble := made.trouble():
        pytest.skip(f"the engine '{request.param}' cannot be used: {trouble}")
    return made


@pytest.fixture(scope="session")
def catalogue() -> dict[str, Release]:
    """Return the releases by id."""
    return {one.id: one for one in load_catalogue()}


def shared(file: Path) -> Path:
    """Return a file of the shared images, or skip."""
    if not file.exists():
        pytest.skip(f"'{file.name}' is not at hand in ../shared/images")
    return file


def bootstrapped(engine: Engine, made_from: Release, arch: str) -> PreparedImage:
    """Prepare a release, skipping where this machine cannot."""
    if trouble := engine.arch_trouble(arch):
        pytest.skip(trouble)
    if shutil.which("mmdebstrap") is None:
        pytest.skip("mmdebstrap is not installed")
    return prepare(Wanted(release=made_from, arch=arch), engine, Sources(), print)


def ask(engine: Engine, made: PreparedImage, *argv: str, mounts: tuple[Mount, ...] = ()) -> Finished:
    """Run a program on a bench of the image."""
    with engine.start(made.image, run="test", bench=made.key, mounts=mounts) as container:
        return container.run(argv, seconds=120)


def test_a_root_that_is_only_unpacked_is_as_an_installed_one(catalogue: dict[str, Release]) -> None:
    try:
        root = bootstrap(Wanted(release=catalogue["debian-12"], arch="aarch64"), print)
    except NotAvailable as reason:
        pytest.skip(str(reason))
    with tarfile.open(root.tarball) as tar:
        folder = tar.getmember("./usr/local/lib")  # the loader's configuration names it
        host, resolver, users = (_text(tar, f"./etc/{name}") for name in ("hostname", "resolv.conf", "passwd"))

    assert folder.isdir()
    assert (host, resolver) == ("bench\n", "")
    assert users.startswith("root:")


def _text(tar: tarfile.TarFile, name: str) -> str:
    file = tar.extractfile(name)
    return "" if file is None else file.read().decode()


@pytest.mark.parametrize(
    ("name", "arch", "abi"),
    [
        ("debian-11", "x86_64", "cp39"),
        ("debian-12", "x86_64", "cp311"),
        ("debian-12", "i686", "cp311"),
        ("debian-12", "aarch64", "cp311"),
        ("debian-13", "x86_64", "cp313"),
        ("debian-testing", "x86_64", ""),
        ("debian-unstable", "x86_64", ""),
    ],
)
def test_debian_is_made_from_its_package_mirror(
    engine: Engine, catalogue: dict[str, Release], name: str, arch: str, abi: str
) -> None:
    made = bootstrapped(engine, catalogue[name], arch)
    own = made.interpreters[0]
    assert own.abi == abi or not abi
    finished = ask(engine, made, own.path, "-m", "pip", "--version")
    assert finished.stdout.decode().startswith(f"pip {own.pip} ")
    assert known(catalogue[name], arch, Variant.MINIMAL, engine.name) == made
    assert prepare(Wanted(release=catalogue[name], arch=arch), engine, Sources(), pytest.fail) == made


def test_the_arch_of_an_image_is_its_own(engine: Engine, catalogue: dict[str, Release]) -> None:
    made = bootstrapped(engine, catalogue["debian-12"], "i686")
    program = "import struct, sysconfig; print(struct.calcsize('P'), sysconfig.get_config_var('SOABI'))"
    assert ask(engine, made, "/usr/bin/python3", "-c", program).stdout == b"4 cpython-311-i386-linux-gnu\n"


def test_the_musl_root_comes_from_the_file_that_the_user_names(engine: Engine, catalogue: dict[str, Release]) -> None:
    alpine = catalogue["alpine-3.20"]
    sources = Sources(named={"alpine-3.20": shared(MUSL)})
    made = prepare(Wanted(release=alpine, arch="x86_64"), engine, sources)
    assert made.interpreters[0].id == "cp313"
    assert MUSL.name in made.origin
    assert known(alpine, "x86_64", Variant.MINIMAL, engine.name, sources) == made
    assert known(alpine, "x86_64", Variant.MINIMAL, engine.name) != made


def test_a_portable_python_runs_where_it_is_mounted(engine: Engine, catalogue: dict[str, Release]) -> None:
    brought = portable(shared(CPYTHON))
    assert (brought.interpreter.id, brought.arch, brought.libc_version) == ("cp313-portable", "x86_64", (2, 17))
    made = bootstrapped(engine, catalogue["debian-11"], "x86_64")
    finished = ask(engine, made, brought.interpreter.path, "-m", "pip", "--version", mounts=(brought.mount,))
    assert finished.stdout.decode().startswith(f"pip {brought.interpreter.pip} from {INSIDE_PORTABLE}")


@pytest.mark.parametrize(
    ("name", "argv"),
    [
        ("newest-pip", ("/usr/bin/python3", f"{NEWEST_PIP}/pip", "--version")),
        ("uv", (UV, "--version")),
    ],
)
def test_the_newest_installers_work_without_network(
    engine: Engine, catalogue: dict[str, Release], name: str, argv: tuple[str, ...]
) -> None:
    made = bootstrapped(engine, catalogue["debian-11"], "x86_64")
    mount = installer_mount(name, made.interpreters[0], "x86_64")
    assert mount is not None
    finished = ask(engine, made, *argv, mounts=(mount,))
    assert finished.exit_code == 0, finished.stderr
    assert made.interpreters[0].pip.encode() not in finished.stdout


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Iterator[Release]:
    """Return a release with the image ``tiny:1`` of Docker Hub and a cache of its own; remove its images after."""
    if engine.name == "bwrap" and not (shutil.which("skopeo") and shutil.which("umoci")):
        pytest.skip("skopeo and umoci are not installed")
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    monkeypatch.setenv("MANYLINUX_LAB_CACHE", str(tmp_path / "cache"))
    images = (ImageReference(arch="x86_64", reference="docker.io/library/tiny:1", platform="linux/amd64"),)
    yield release(id="tiny-1", images=images, bootstrap=None)
    for key, _, _ in engine.images():
        if key.startswith("tiny-1-"):
            engine.remove(key)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the musl root with something in it that no other image has, so that nothing of it is held already."""
    file = tmp_path / "root.tar"
    file.write_bytes(lzma.decompress(shared(MUSL).read_bytes()))
    novelty = tmp_path / "novelty"
    novelty.write_bytes(os.urandom(4 << 20))
    with tarfile.open(file, "a") as tar:
        tar.add(novelty, "novelty")
    return file


def test_an_image_is_pulled_by_tag_and_by_digest(engine: Engine, tiny: Release, root: Path, tmp_path: Path) -> None:
    wanted = Wanted(release=tiny, arch="x86_64")
    with registry(tmp_path) as address:
        digest = push(address, "library/tiny", "1", root)
        index = digest_of_tag(parse(f"{address}/library/tiny:1"))
        by_tag = prepare(wanted, engine, Sources(registry_mirror=address))
        lock = pin(tiny.images[0], address)
        assert lock == {"docker.io/library/tiny:1": {"x86_64": digest}}
        push(address, "library/tiny", "1", _other(tmp_path))
        by_digest = prepare(wanted, engine, Sources(registry_mirror=address, lock=lock, rebuild=True))
        held = prepare(wanted, engine, Sources(registry_mirror=address), pytest.fail)
    assert by_tag.interpreters == by_digest.interpreters == held.interpreters
    assert by_tag.interpreters[0].id == "cp313"
    today = datetime.now(UTC).date()
    assert by_tag.origin == f"registry image {address}/library/tiny:1, fetched {today}"
    assert by_digest.origin == f"registry image {address}/library/tiny@{digest}, fetched {today}"
    assert by_tag.base_digest == held.image.digest == index
    assert by_digest.base_digest == by_digest.image.digest == digest
    assert by_digest.key != by_tag.key


@pytest.mark.parametrize("engine", ["docker"], indirect=True)
def test_a_pull_leaves_nothing_but_what_the_lab_removes(
    engine: Engine, tiny: Release, root: Path, tmp_path: Path
) -> None:
    client = docker.from_env()
    with contextlib.closing(client), registry(tmp_path) as address:
        push(address, "library/tiny", "1", root)
        name = f"{address}/library/tiny"
        before = {image["Id"] for image in client.api.images(all=True)}
        made = prepare(Wanted(release=tiny, arch="x86_64"), engine, Sources(registry_mirror=address))
        assert not client.api.images(name=name)
        engine.remove(made.key)
        assert {image["Id"] for image in client.api.images(all=True)} == before
        own = client.images.pull(name, tag="1")
        push(address, "library/tiny", "1", _other(tmp_path))
        with pytest.raises(EngineError):
            prepare(Wanted(release=tiny, arch="x86_64"), engine, Sources(registry_mirror=address))
        assert client.images.get(f"{name}:1").id == own.id
        client.images.remove(f"{name}:1")
        for key in [key for key, _, _ in engine.images() if key.startswith("tiny-1-")]:
            engine.remove(key)
        assert {image["Id"] for image in client.api.images(all=True)} == before


@pytest.mark.parametrize("engine", ["docker"], indirect=True)
def test_an_image_made_again_leaves_none_without_a_name(
    engine: Engine, tiny: Release, root: Path, tmp_path: Path
) -> None:
    client = docker.from_env()
    with contextlib.closing(client), registry(tmp_path) as address:
        push(address, "library/tiny", "1", root)
        wanted, sources = Wanted(release=tiny, arch="x86_64"), Sources(registry_mirror=address, rebuild=True)
        first = prepare(wanted, engine, sources)
        second = prepare(wanted, engine, sources)
        assert first.image.reference != second.image.reference
        assert first.image.reference not in {image["Id"] for image in client.api.images(all=True)}


def test_a_build_notices_that_a_tag_moved(engine: Engine, tiny: Release, root: Path, tmp_path: Path) -> None:
    wanted = Wanted(release=tiny, arch="x86_64")
    said: list[str] = []
    with registry(tmp_path) as address:
        push(address, "library/tiny", "1", root)
        sources = Sources(registry_mirror=address, follow_tags=True)
        first = prepare(wanted, engine, sources)
        assert prepare(wanted, engine, sources, pytest.fail) == first
        with tarfile.open(root, "a") as tar:
            tar.add(tmp_path / "registry.yml", "moved")
        push(address, "library/tiny", "1", root)
        assert prepare(wanted, engine, replace(sources, follow_tags=False), pytest.fail) == first
        second = prepare(wanted, engine, sources, said.append)
        assert second.base_digest == digest_of_tag(parse(f"{address}/library/tiny:1")) != first.base_digest
        assert "moved" in said[0]
    unreachable.cache_clear()
    assert prepare(wanted, engine, sources, said.append) == second
    assert "cannot be asked" in said[-1]


def _other(folder: Path) -> Path:
    """Return an empty root: what the tag moves to."""
    file = folder / "other.tar"
    with tarfile.open(file, "w"):
        pass
    return file


def test_an_image_that_does_not_exist_is_trouble_of_the_lab(engine: Engine, tiny: Release, tmp_path: Path) -> None:
    with registry(tmp_path) as address:
        with pytest.raises(EngineError, match="tiny"):
            prepare(Wanted(release=tiny, arch="x86_64"), engine, Sources(registry_mirror=address))
        with pytest.raises(EngineError, match="has no image"):
            pin(tiny.images[0], address)


def test_a_registry_that_dies_in_the_middle_of_a_pull_is_trouble_of_the_lab(
    engine: Engine, tiny: Release, root: Path, tmp_path: Path
) -> None:
    wanted = Wanted(release=tiny, arch="x86_64")
    with registry(tmp_path) as address, dying_registry(address) as dying:
        push(address, "library/tiny", "1", root)
        with pytest.raises(EngineError, match="tiny"):
            prepare(wanted, engine, Sources(registry_mirror=dying))
        assert known(tiny, "x86_64", Variant.MINIMAL, engine.name) is None
        assert prepare(wanted, engine, Sources(registry_mirror=address)).interpreters


@pytest.mark.parametrize("words", [b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "Enough."}]}', b"slow down"])
def test_a_rate_limit_is_trouble_of_the_lab_and_is_called_so(engine: Engine, tiny: Release, words: bytes) -> None:
    with strict_registry(words) as address, pytest.raises(EngineError) as raised:
        prepare(Wanted(release=tiny, arch="x86_64"), engine, Sources(registry_mirror=address))
    assert f"The image '{address}/library/tiny:1' (x86_64) cannot be pulled: the registry's rate limit" in str(
        raised.value
    )


def test_a_registry_that_is_not_there_is_no_trouble(engine: Engine, tiny: Release) -> None:
    unreachable.cache_clear()
    with pytest.raises(NotAvailable, match="cannot be reached"):
        prepare(Wanted(release=tiny, arch="x86_64"), engine, Sources(registry_mirror=f"127.0.0.1:{free_port()}"))


def test_a_plain_debian_from_a_registry_gets_python_from_apt(
    engine: Engine, tiny: Release, catalogue: dict[str, Release], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _plain_debian(tmp_path)
    with registry(tmp_path) as address:
        push(address, "library/tiny", "1", root)
        made = prepare(Wanted(release=tiny, arch="x86_64"), engine, Sources(registry_mirror=address), print)
    assert made.interpreters[0].id == "cp311"
    assert made.key != made.base_key
    assert discover(engine, made.image) == made.interpreters


def test_the_package_lists_of_an_archived_debian_are_put_right_first(
    engine: Engine, tiny: Release, tmp_path: Path
) -> None:
    host, line = _mirror_of_this_machine()
    wrong = "moved-away.invalid"
    root = _plain_debian(tmp_path, line.replace(host, wrong))
    moved = Repositories(archived=True, hosts={wrong: host}, base="", enable=(), disable=(), ppa=())
    with registry(tmp_path) as address:
        push(address, "library/tiny", "1", root)
        sources = Sources(registry_mirror=address)
        with pytest.raises(EngineError, match=r"apt-get update|python3-pip"):
            prepare(Wanted(release=tiny, arch="x86_64"), engine, sources, print)
        wanted = Wanted(release=replace(tiny, repositories=moved), arch="x86_64")
        made = prepare(wanted, engine, sources, print)
    assert made.interpreters[0].id == "cp311"
    assert made.notes == (ARCHIVED_NOTE,)
    lists = ask(engine, made, "cat", "/etc/apt/sources.list").stdout.decode()
    assert host in lists
    assert wrong not in lists


def _mirror_of_this_machine() -> tuple[str, str]:
    """Return the host of Debian's packages that this machine uses, and the line for a list."""
    words = " ".join(file.read_text() for file in sorted(Path("/etc/apt").glob("sources.list*/*.sources"))).split()
    words += Path("/etc/apt/sources.list").read_text().split() if Path("/etc/apt/sources.list").exists() else []
    addresses = [word for word in words if word.startswith("http") and word.rstrip("/").endswith("/debian")]
    if not addresses:
        pytest.skip("this machine's apt names no mirror of Debian")
    return urlsplit(addresses[0]).netloc, f"deb {addresses[0]} bookworm main"


def _plain_debian(folder: Path, line: str = "") -> Path:
    """Return a Debian 12 without Python, as its container image is; ``line`` becomes its list of packages."""
    if shutil.which("mmdebstrap") is None:
        pytest.skip("mmdebstrap is not installed")
    root = folder / "plain.tar"
    written = [f'--customize-hook=printf "%s\\n" "{line}" > "$1/etc/apt/sources.list"'] if line else []
    subprocess.run(
        ["mmdebstrap", "--variant=minbase", "--skip=output/dev", *written, "bookworm", str(root)],
        check=True,
        capture_output=True,
        timeout=600,
    )
    return root
