"""Build steps of the ``bwrap`` engine: commands as root, with network, in a root folder that nobody else sees yet."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..atomic import appearing
from ..errors import EngineError
from ..folders import cache_folder
from .surroundings import AUTHORITIES_INSIDE, build_environment, host_authorities

BUILD_SECONDS = 3600.0
APT_INSIDE = "/dev/manylinux-lab-apt.conf"
RESOLVER = Path("/etc/resolv.conf")
# What package managers need; Docker grants the same ones to a container of its own accord.
CAPABILITIES = (
    *("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL"),
    *("CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SYS_CHROOT"),
)


def run_steps(root: Path, arch: str, steps: Sequence[Sequence[str]], environment: Mapping[str, str], key: str) -> None:
    """Run each step in turn inside ``root``.

    Raises:
        EngineError: a step failed or took longer than an hour; the message carries the end of its output.
    """
    prefix = build_argv(root, build_environment(arch, environment, os.environ))
    with _resolver(root):
        for step in steps:
            _run_step((*prefix, *step), step, arch, key)


def build_argv(root: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the bwrap command up to the step. Unless the lab is root, the step's root is the only user there is."""
    argv = ["bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session"]
    argv += ["--cap-drop", "ALL", "--clearenv"]
    for capability in CAPABILITIES:
        argv += ["--cap-add", capability]
    if os.geteuid() != 0:
        argv += ["--unshare-user", "--uid", "0", "--gid", "0"]
    for name, value in environment.items():
        argv += ["--setenv", name, value]
    argv += ["--bind", str(root), "/", "--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108
    if os.geteuid() != 0:
        argv += ["--ro-bind", str(_apt_settings()), APT_INSIDE, "--setenv", "APT_CONFIG", APT_INSIDE]
    if bundle := host_authorities(os.environ):
        argv += ["--ro-bind", str(bundle), AUTHORITIES_INSIDE]
    return [*argv, "--chdir", "/", "--"]


def _apt_settings() -> Path:
    """Return apt settings for a root without other users, whom apt would otherwise become to fetch files."""
    file = cache_folder("bwrap") / "apt.conf"
    with appearing(file) as content:
        content.write(b'APT::Sandbox::User "root";\n')
    return file


def _run_step(argv: Sequence[str], step: Sequence[str], arch: str, key: str) -> None:
    what = f"The step '{' '.join(step)}' of the image '{key}' ({arch})"
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{what} took longer than {BUILD_SECONDS:g} seconds.") from error
    if done.returncode != 0:
        words = done.stdout.decode(errors="replace").strip()[-2000:]
        raise EngineError(f"{what} failed with exit code {done.returncode}: {words}")


@contextmanager
def _resolver(root: Path) -> Iterator[None]:
    """Lend the root this machine's name servers.

    The file is written from outside, so a link on the way could lead to a file of this machine: there must be none.
    """
    folder = root / "etc"
    if folder.is_symlink() or not folder.is_dir() or not RESOLVER.exists():
        yield
        return
    own, kept = folder / "resolv.conf", folder / ".resolv.conf.kept"
    had = own.is_symlink() or own.exists()
    if had:
        own.rename(kept)
    own.write_bytes(RESOLVER.read_bytes())
    try:
        yield
    finally:
        own.unlink(missing_ok=True)
        if had:
            kept.rename(own)
