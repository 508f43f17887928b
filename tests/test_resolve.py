"""What an installer would choose: pip's rules on a small index, and pip itself on the real one."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from indexes import IndexFolder
from packaging.requirements import Requirement
from wheels import build_wheel

from manylinux_lab.catalogue.reading import Libc
from manylinux_lab.errors import EngineError
from manylinux_lab.interpreter import Interpreter, default_abi
from manylinux_lab.resolving import resolve as resolve_module
from manylinux_lab.resolving.candidates import Target
from manylinux_lab.resolving.index import Index
from manylinux_lab.resolving.resolve import NoWheel, Resolution, resolve
from manylinux_lab.resolving.sources import Sources, find_sources
from manylinux_lab.wheels.reading import read_wheel
from manylinux_lab.wheels.tags import Platform, marker_environment, supported_tags
from manylinux_lab.wheels.wheel import Wheel


def target(
    python: tuple[int, int] = (3, 11),
    libc: Libc = Libc.GLIBC,
    libc_version: tuple[int, int] = (2, 36),
    arch: str = "x86_64",
    *,
    pre: bool = False,
    patch: str = "",
    ignore_requires_python: bool = False,
) -> Target:
    """Return a bench as the resolver sees it."""
    platform = Platform(libc=libc, libc_version=libc_version, arch=arch)
    interpreter = Interpreter(version=python, abi=default_abi(python))
    return Target(
        tags=supported_tags(platform, interpreter),
        marker_environment=marker_environment(platform, interpreter),
        python=f"{python[0]}.{python[1]}{patch}",
        words=f"{interpreter.abi} on {libc.value} {libc_version[0]}.{libc_version[1]} {arch}",
        pre=pre,
        ignore_requires_python=ignore_requires_python,
    )


BENCH = target()


@pytest.fixture
def folder(tmp_path: Path) -> IndexFolder:
    """An empty index folder."""
    return IndexFolder(root=tmp_path / "index")


def _resolve(folder: IndexFolder, *words: str, bench: Target = BENCH, **options: object) -> Resolution:
    index = Index(Sources(index_urls=(folder.url,)))
    return resolve([Requirement(word) for word in words], bench, index, **options)  # type: ignore[arg-type]


def _names(resolution: Resolution) -> list[str]:
    assert resolution == Resolution(chosen=resolution.chosen), resolution
    return [f"{chosen.project} {chosen.version}" for chosen in resolution.chosen]


def test_the_newest_release_and_what_it_needs_in_order(folder: IndexFolder) -> None:
    folder.wheel("app", "1.0")
    folder.wheel("app", "2.0", ["lib>=1", "zeta"])
    folder.wheel("lib", "1.5", ["base"])
    folder.wheel("base", "1.0", ["app"])  # a circle
    folder.wheel("zeta", "1.0")

    resolution = _resolve(folder, "app")

    assert _names(resolution) == ["base 1.0", "lib 1.5", "zeta 1.0", "app 2.0"]
    assert [chosen.project for chosen in resolution.chosen if chosen.is_root] == ["app"]


def test_older_releases_where_the_newest_conflict(folder: IndexFolder) -> None:
    folder.wheel("app", "1.0", ["lib<2"])
    folder.wheel("app", "2.0", ["lib<2", "other>=2"])
    folder.wheel("other", "1.0")
    folder.wheel("other", "2.0", ["lib>=2"])
    folder.wheel("lib", "1.0")
    folder.wheel("lib", "2.0")

    assert _names(_resolve(folder, "app")) == ["lib 1.0", "app 1.0"]


def test_the_best_tag_then_the_highest_build(folder: IndexFolder) -> None:
    folder.wheel("demo", "1.0", tag="py3-none-any")
    folder.wheel("demo", "1.0", tag="1-cp311-cp311-manylinux_2_17_x86_64")
    folder.wheel("demo", "1.0", tag="cp311-cp311-manylinux_2_28_x86_64")
    folder.wheel("demo", "1.0", tag="2-cp311-cp311-manylinux_2_28_x86_64")
    folder.wheel("demo", "1.0", tag="cp311-cp311-manylinux_2_39_x86_64")

    (chosen,) = _resolve(folder, "demo").chosen

    assert chosen.path.name == "demo-1.0-2-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.mark.parametrize(
    ("word", "pre", "expected"),
    [
        ("demo", False, "demo 1.0"),
        ("demo", True, "demo 2.0rc1"),
        ("demo>=2.0rc1", False, "demo 2.0rc1"),
        ("only-pre", False, "only-pre 1.0b2"),
        ("demo==0.9", False, "demo 0.9"),
        ("demo<1", False, "demo 0.8"),
    ],
)
def test_pre_releases_and_yanked_ones(word: str, pre: bool, expected: str, folder: IndexFolder) -> None:
    folder.wheel("demo", "0.8")
    folder.wheel("demo", "0.9", attributes='data-yanked=""')
    folder.wheel("demo", "1.0")
    folder.wheel("demo", "2.0rc1")
    folder.wheel("only-pre".replace("-", "_"), "1.0b2")
    (folder.root / "simple" / "only_pre").rename(folder.root / "simple" / "only-pre")

    assert _names(_resolve(folder, word, bench=target(pre=pre))) == [expected]


@pytest.mark.parametrize(
    ("requires_python", "patch", "ignored", "expected"),
    [
        ("&gt;=3.11", "", False, "demo 2.0"),
        ("&gt;=3.12", "", False, "demo 1.0"),
        ("&gt;=3.12", "", True, "demo 2.0"),
        ("&gt;=3.11.4,!=3.11.0", "", False, "demo 2.0"),
        ("&gt;=3.11.4", ".2", False, "demo 1.0"),
    ],
)
@pytest.mark.parametrize("where", ["link", "metadata"])
def test_requires_python(
    requires_python: str, patch: str, ignored: bool, expected: str, where: str, folder: IndexFolder
) -> None:
    folder.wheel("demo", "1.0")
    field = f"Requires-Python: {requires_python.replace('&gt;', '>')}"
    attribute = f'data-requires-python="{requires_python}"' if where == "link" else ""
    folder.wheel("demo", "2.0", attributes=attribute, fields=[field])

    bench = target(patch=patch, ignore_requires_python=ignored)
    assert _names(_resolve(folder, "demo", bench=bench)) == [expected]


def test_markers_and_extras(folder: IndexFolder) -> None:
    folder.wheel(
        "app",
        "1.0",
        ['old; python_version < "3.9"', 'fast; extra == "speed"', 'arm; platform_machine == "aarch64"', "lib[net]"],
    )
    for project in ("old", "fast", "arm", "sock"):
        folder.wheel(project, "1.0")
    folder.wheel("lib", "1.0", ['sock; extra == "net"'])

    assert _names(_resolve(folder, "app")) == ["sock 1.0", "lib 1.0", "app 1.0"]
    assert _names(_resolve(folder, "app[Speed]")) == ["fast 1.0", "sock 1.0", "lib 1.0", "app 1.0"]
    assert _names(_resolve(folder, "app", extras=["speed"]))[0] == "fast 1.0"
    assert _names(_resolve(folder, "app", bench=target(arch="aarch64")))[0] == "arm 1.0"
    assert _names(_resolve(folder, 'app; os_name == "nt"')) == []


def test_constraints_and_hashes(folder: IndexFolder) -> None:
    first = folder.wheel("demo", "1.0")
    folder.wheel("demo", "2.0")
    folder.wheel("demo", "3.0")
    sha256 = read_wheel(first).sha256

    constraints = [Requirement("Demo<3"), Requirement('demo<1; os_name == "nt"')]
    assert _names(_resolve(folder, "demo", constraints=constraints)) == ["demo 2.0"]
    assert _names(_resolve(folder, "demo", hashes={"demo": {f"sha256:{sha256}"}})) == ["demo 1.0"]
    unknown = _resolve(folder, "demo", hashes={"demo": {"sha512:aa"}})  # the index tells no such hash
    assert unknown.unreadable.startswith("'demo-3.0-py3-none-any.whl' has none of the hashes")
    other = _resolve(folder, "demo<3", hashes={"demo": {"sha256:aa"}}).conflict
    assert other.startswith("no file of demo 2.0 that fits cp311")
    assert other.endswith("has one of the hashes that are allowed for it.")


def test_a_release_that_has_only_a_source_distribution(folder: IndexFolder) -> None:
    folder.wheel("app", "1.0", ["demo"])
    folder.wheel("demo", "1.0")
    folder.wheel("demo", "2.0", tag="cp311-cp311-manylinux_2_39_x86_64")
    folder.sdist("demo", "2.0")

    reason = "demo 2.0 has only an sdist for cp311 on glibc 2.36 x86_64; the newest with a fitting wheel is 1.0."
    expected = NoWheel(project="demo", version="2.0", reason=reason, is_root=False)
    assert _resolve(folder, "app").no_wheel == (expected,)
    assert [chosen.project for chosen in _resolve(folder, "app").chosen] == ["app"]
    assert _resolve(folder, "demo").no_wheel[0].is_root


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("source", "source 1.0 has only an sdist for cp311 on glibc 2.36 x86_64; no release has a fitting wheel."),
        ("windows", "windows 1.0 has no wheel for cp311 on glibc 2.36 x86_64, and no sdist."),
        ("app", "app 1.0 needs windows, but windows 1.0 has no wheel for cp311 on glibc 2.36 x86_64, and no sdist."),
        ("builds", "odd is to be built from 'https://example.org/odd.zip', which is no wheel."),
    ],
)
def test_no_wheel_at_all(word: str, reason: str, folder: IndexFolder) -> None:
    folder.sdist("source", "1.0")
    folder.wheel("windows", "1.0", tag="cp311-cp311-win_amd64")
    folder.wheel("app", "1.0", ["windows"])
    folder.wheel("builds", "1.0", ["odd @ https://example.org/odd.zip"])

    assert [entry.reason for entry in _resolve(folder, word).no_wheel] == [reason]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["absent"], Resolution(conflict="no source of wheels has a project 'absent'.")),
        (["lib>9"], Resolution(conflict="no release of lib is 'lib>9'; the newest is 2.0.")),
        (["yanked"], Resolution(conflict="no release of yanked is 'yanked'.")),
        (["needs"], Resolution(conflict="needs 1.0 needs absent, but no source of wheels has a project 'absent'.")),
        (
            ["a", "b"],
            Resolution(conflict="These cannot be met together: a 1.0 needs 'lib<2'; b 1.0 needs 'lib>=2'."),
        ),
        (
            ["lib==1.0", "lib==2.0"],
            Resolution(conflict="These cannot be met together: 'lib==1.0' is asked for; 'lib==2.0' is asked for."),
        ),
        (
            ["new"],
            Resolution(other_python="new 1.0 is for Python >=3.12, the bench has cp311 on glibc 2.36 x86_64."),
        ),
        (
            ["quiet"],
            Resolution(other_python="quiet 1.0 needs Python >=3.12; the bench has cp311 on glibc 2.36 x86_64."),
        ),
        (
            ["needs-new"],
            Resolution(
                conflict="needs-new 1.0 needs new, but new 1.0 is for Python >=3.12, "
                "the bench has cp311 on glibc 2.36 x86_64."
            ),
        ),
        (
            ["needs-quiet"],
            Resolution(conflict="quiet 1.0 needs Python >=3.12; the bench has cp311 on glibc 2.36 x86_64."),
        ),
    ],
)
def test_why_there_is_no_solution(words: list[str], expected: Resolution, folder: IndexFolder) -> None:
    folder.wheel("lib", "1.0")
    folder.wheel("lib", "2.0")
    folder.wheel("yanked", "1.0", attributes='data-yanked=""')
    folder.wheel("needs", "1.0", ["absent"])
    folder.wheel("a", "1.0", ["lib<2"])
    folder.wheel("b", "1.0", ["lib>=2"])
    folder.wheel("new", "1.0", attributes='data-requires-python="&gt;=3.12"')
    folder.wheel("quiet", "1.0", fields=["Requires-Python: >=3.12"])
    for project, needed in (("needs_new", "new"), ("needs_quiet", "quiet")):
        folder.wheel(project, "1.0", [needed])
        (folder.root / "simple" / project).rename(folder.root / "simple" / project.replace("_", "-"))

    assert _resolve(folder, *words) == expected


def test_a_damaged_wheel_is_named(folder: IndexFolder) -> None:
    folder.wheel("demo", "1.0", sha256="").write_bytes(b"no zip")

    expected = Resolution(unreadable="'demo-1.0-py3-none-any.whl' is not a zip archive.")
    assert _resolve(folder, "demo") == expected


def test_a_search_without_an_end(folder: IndexFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve_module, "ROUNDS", 1)
    folder.wheel("demo", "1.0", ["lib"])
    folder.wheel("lib", "1.0")

    with pytest.raises(EngineError, match="The search for what 'demo' needs did not end after 1 steps"):
        _resolve(folder, "demo")


class TestGivenWheels:
    """Wheels of the user: taken as they are, and on offer for each other."""

    def _given(self, folder: IndexFolder, roots: Sequence[Wheel], **options: object) -> Resolution:
        return resolve(list(roots), BENCH, Index(Sources(index_urls=(folder.url,))), **options)  # type: ignore[arg-type]

    def test_a_given_wheel_is_taken_whatever_its_tag(self, folder: IndexFolder, tmp_path: Path) -> None:
        folder.wheel("lib", "1.0")
        folder.wheel("demo", "9.0")
        lines = ["Requires-Dist: lib", 'Requires-Dist: fast; extra == "speed"']
        wheel = read_wheel(build_wheel(tmp_path, lines=lines, tag="cp39-cp39-win_amd64"))
        folder.wheel("fast", "1.0", ["demo>0"])

        resolution = self._given(folder, [wheel])
        assert _names(resolution) == ["lib 1.0", "demo 1.0"]
        assert resolution.chosen[-1].path == wheel.path
        assert _names(self._given(folder, [wheel], extras=["speed"])) == ["fast 1.0", "lib 1.0", "demo 1.0"]

    def test_given_wheels_are_on_offer_for_each_other(self, folder: IndexFolder, tmp_path: Path) -> None:
        folder.wheel("lib", "1.0")
        app = read_wheel(build_wheel(tmp_path, "app", lines=["Requires-Dist: lib>=2.0rc1"]))
        lib = read_wheel(build_wheel(tmp_path, "lib", "2.0rc1"))
        other = read_wheel(build_wheel(tmp_path, "lib", "3.0", tag="cp39-cp39-win_amd64"))

        resolution = self._given(folder, [app], local=[app, lib, other])

        assert _names(resolution) == ["lib 2.0rc1", "app 1.0"]

    def test_a_given_wheel_for_another_python(self, folder: IndexFolder, tmp_path: Path) -> None:
        wheel = read_wheel(build_wheel(tmp_path, lines=["Requires-Python: >=3.12"]))

        assert self._given(folder, [wheel]).other_python.startswith("demo 1.0 needs Python >=3.12; the bench has cp311")


class TestUrls:
    """Requirements that name a file."""

    def test_the_file_is_the_only_candidate(self, folder: IndexFolder, tmp_path: Path) -> None:
        folder.wheel("demo", "9.0")
        folder.wheel("app", "1.0", ["demo"])
        path = build_wheel(tmp_path, lines=['Requires-Dist: app; extra == "x"'])

        resolution = _resolve(folder, f"demo[x] @ {path.as_uri()}#sha256={read_wheel(path).sha256}")

        assert _names(resolution) == ["demo 1.0", "app 1.0"]
        assert resolution.chosen[0].path == path

    def test_another_hash(self, folder: IndexFolder, tmp_path: Path) -> None:
        path = build_wheel(tmp_path)

        resolution = _resolve(folder, f"demo @ {path.as_uri()}#sha256={'0' * 64}")

        assert "is not the file that was announced: its sha256 is" in resolution.unreadable

    def test_another_project(self, folder: IndexFolder, tmp_path: Path) -> None:
        path = build_wheel(tmp_path)

        resolution = _resolve(folder, f"other @ {path.as_uri()}")

        assert resolution.unreadable == "'demo-1.0-py3-none-any.whl' is a wheel of 'demo', not of 'other'."


@pytest.fixture(scope="module")
def real_index() -> Iterator[Index]:
    """The index that this machine's pip uses, without its further sources."""
    sources = find_sources(os.environ, Path.home())
    index = Index(Sources(index_urls=sources.index_urls[:1], certificate=sources.certificate, timeout=sources.timeout))
    try:
        index.files("packaging")
    except EngineError as error:
        index.close()
        pytest.skip(f"no package index answers: {error}")
    yield index
    index.close()


@pytest.mark.real
class TestRealIndex:
    """Against the package index, and against pip's own choice."""

    @pytest.mark.parametrize(
        ("bench", "pip_python"),
        [
            pytest.param(target((3, 9), libc_version=(2, 31)), "3.9.2", id="cp39-glibc-2.31"),
            pytest.param(target((3, 13), libc_version=(2, 41)), "3.13", id="cp313-glibc-2.41"),
            pytest.param(target((3, 11), arch="aarch64"), "3.11", id="cp311-aarch64"),
            pytest.param(target((3, 12), Libc.MUSL, (1, 2)), "3.12", id="cp312-musl"),
        ],
    )
    def test_chooses_the_files_that_pip_chooses(
        self, bench: Target, pip_python: str, real_index: Index, tmp_path: Path
    ) -> None:
        projects = ["numpy", "lxml", "cryptography"]
        platforms = dict.fromkeys(tag.platform for tag in bench.tags if tag.platform != "any")
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--only-binary",
            ":all:",
            "--dest",
            str(tmp_path),
        ]
        command += ["--python-version", pip_python, "--index-url", real_index.sources.index_urls[0]]
        command += [word for platform in platforms for word in ("--platform", platform)]
        # Needed up to Python 3.10 only; pip evaluates markers for its own interpreter, not for the target's.
        command += [*projects, *(["typing-extensions"] if pip_python == "3.9.2" else [])]
        clean = {name: value for name, value in os.environ.items() if not re.match("PIP_(FIND|EXTRA|CONFIG)", name)}
        subprocess.run(command, check=True, env=clean | {"PIP_CONFIG_FILE": os.devnull}, timeout=300)

        resolution = resolve([Requirement(project) for project in projects], bench, real_index)

        assert not resolution.no_wheel
        assert sorted(chosen.path.name for chosen in resolution.chosen) == sorted(
            path.name for path in tmp_path.iterdir()
        )

    def test_i686_falls_back_to_source_distributions(self, real_index: Index) -> None:
        resolution = resolve([Requirement("numpy")], target(arch="i686"), real_index)

        assert re.match(r"numpy \S+ has only an sdist for cp311 on glibc 2\.36 i686; ", resolution.no_wheel[0].reason)

    def test_a_project_with_only_a_source_distribution(self, real_index: Index) -> None:
        resolution = resolve([Requirement("docopt==0.6.2")], BENCH, real_index)

        assert resolution.no_wheel[0].reason == (
            "docopt 0.6.2 has only an sdist for cp311 on glibc 2.36 x86_64; no release has a fitting wheel."
        )

    def test_a_dependency_that_only_old_pythons_need(self, real_index: Index) -> None:
        old = resolve([Requirement("importlib-resources==6.4.0")], target((3, 9)), real_index)
        new = resolve([Requirement("importlib-resources==6.4.0")], target((3, 12)), real_index)

        assert [chosen.project for chosen in old.chosen] == ["zipp", "importlib-resources"]
        assert [chosen.project for chosen in new.chosen] == ["importlib-resources"]
