"""Releases and a fake engine for the tests of images."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from manylinux_lab.catalogue.distro import Bootstrap, Dataset, ImageReference, Libc, PackageManager, Release
from manylinux_lab.engines.contract import Finished, Image
from manylinux_lab.errors import EngineError

PYTHON = b"""{"path": "/usr/bin/python3", "real": "/usr/bin/python3.11", "version": [3, 11], "flags": "",
"implementation": "cpython", "soabi": "cpython-311-x86_64-linux-gnu", "pip": "23.0.1", "problem": ""}""".replace(
    b"\n", b" "
)


def release(**fields: Any) -> Release:
    """Return debian-12 with an image for x86_64."""
    made = Release(
        id="debian-12",
        name="Debian",
        version="12",
        family="debian",
        libc=Libc.GLIBC,
        libc_version=(2, 36),
        dataset=Dataset.CURRENT,
        eol=None,
        lts_end=None,
        elts_end=None,
        images=(ImageReference(arch="x86_64", reference="docker.io/library/debian:12-slim", platform="linux/amd64"),),
        package_manager=PackageManager(
            tool="apt-get",
            update=("apt-get", "update"),
            install=("apt-get", "install", "-y"),
            python_packages=("python3-pip",),
            desktop_packages=("libgl1",),
            environment={"DEBIAN_FRONTEND": "noninteractive"},
        ),
        bootstrap=Bootstrap(tool="mmdebstrap", suite="bookworm"),
        interpreters=(),
        soname_packages={},
        notes=(),
    )
    return replace(made, **fields)


class FakeContainer:
    """Answers every program with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def run(self, argv: Sequence[str], *, seconds: float) -> Finished:
        """Return the answer."""
        return Finished(
            exit_code=0 if self.answer else 127, stdout=self.answer, stderr=b"" if self.answer else b"no shell"
        )


class FakeEngine:
    """Keeps images in a dictionary and writes down what it was asked; an image has Python once built."""

    name = "fake"

    def __init__(
        self, *, has_python: bool = False, trouble: str | None = None, refuses: str = "", shell: bool = True
    ) -> None:
        self.kept: dict[str, Image] = {}
        self.calls: list[tuple[str, ...]] = []
        self.has_python = has_python
        self.arch_says = trouble
        self.refuses = refuses
        self.has_shell = shell

    def arch_trouble(self, arch: str) -> str | None:
        """Return what the test wants."""
        return self.arch_says

    def find(self, key: str) -> Image | None:
        """Return the image under the key."""
        return self.kept.get(key)

    def pull(self, reference: str, arch: str, key: str) -> Image:
        """Keep an image, or refuse."""
        self.calls.append(("pull", reference, arch))
        if self.refuses:
            raise EngineError(self.refuses)
        return self._keep(key, arch, f"pulled {reference}")

    def load(self, root: Path, arch: str, key: str, origin: str) -> Image:
        """Keep an image."""
        self.calls.append(("load", str(root), arch))
        return self._keep(key, arch, origin)

    def build(self, base: Image, steps: Sequence[Sequence[str]], environment: Mapping[str, str], key: str) -> Image:
        """Keep an image that has Python."""
        self.calls.append(("build", *(" ".join(step) for step in steps)))
        return self._keep(key, base.arch, base.origin)

    @contextmanager
    def start(self, image: Image, *, run: str, bench: str) -> Iterator[FakeContainer]:
        """Start a bench that prints an interpreter, or nothing but a newline."""
        is_built = not image.reference.endswith(("-base", "-root"))
        answer = PYTHON if self.has_python or is_built else b"\n"
        yield FakeContainer(answer if self.has_shell else b"")

    def images(self) -> Sequence[tuple[str, Image, int]]:
        """Return what is kept; each has a megabyte."""
        return [(key, image, 1 << 20) for key, image in self.kept.items()]

    def remove(self, key: str) -> None:
        """Forget an image."""
        del self.kept[key]

    def _keep(self, key: str, arch: str, origin: str) -> Image:
        self.kept[key] = Image(reference=key, digest=f"sha256:{len(self.kept)}", arch=arch, origin=origin)
        return self.kept[key]
