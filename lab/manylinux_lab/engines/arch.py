"""Machine names, what this machine runs natively, and what QEMU needs for the rest. Pure but for ``arch_trouble``."""

import platform
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError, nearest

BINFMT = Path("/proc/sys/fs/binfmt_misc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Arch:
    """An architecture: PyPA's machine name, OCI's platform, QEMU's name and the CPU model that its user mode gets.

    The model matters: QEMU 7.2's default arm64 CPU computed wrong numbers with numpy's OpenBLAS and was five times
    slower than ``cortex-a72``.
    """

    machine: str
    platform: str
    qemu: str
    cpu: str
    others: tuple[str, ...] = ()


ARCHES = {
    arch.machine: arch
    for arch in (
        Arch(machine="x86_64", platform="linux/amd64", qemu="x86_64", cpu="max", others=("amd64", "x86-64")),
        Arch(machine="i686", platform="linux/386", qemu="i386", cpu="max", others=("i386", "i586", "386", "x86")),
        Arch(machine="aarch64", platform="linux/arm64/v8", qemu="aarch64", cpu="cortex-a72", others=("arm64",)),
        Arch(machine="armv7l", platform="linux/arm/v7", qemu="arm", cpu="cortex-a15", others=("armhf", "armv7", "arm")),
        Arch(machine="ppc64le", platform="linux/ppc64le", qemu="ppc64le", cpu="power9", others=("ppc64el",)),
        Arch(machine="s390x", platform="linux/s390x", qemu="s390x", cpu="max"),
        Arch(machine="riscv64", platform="linux/riscv64", qemu="riscv64", cpu="rv64"),
        Arch(machine="loongarch64", platform="linux/loong64", qemu="loongarch64", cpu="la464", others=("loong64",)),
    )
}
NATIVE = {"x86_64": frozenset({"x86_64", "i686"})}


def known_arch(name: str) -> Arch:
    """Return the arch of a machine name or of another name for it (``arm64``, ``linux/arm64``).

    Raises:
        UsageError: nobody knows the name.
    """
    for arch in ARCHES.values():
        if name in (arch.machine, arch.platform, *arch.others):
            return arch
    every = [word for arch in ARCHES.values() for word in (arch.machine, *arch.others)]
    raise UsageError(f"The architecture '{name}' is unknown{nearest(name, every)}. Known ones: {', '.join(ARCHES)}.")


def machine_of_platform(architecture: str, variant: str = "") -> str:
    """Return the machine name for OCI's ``architecture`` and ``variant``; the architecture itself if it is unknown."""
    for arch in ARCHES.values():
        _, name, *rest = arch.platform.split("/")
        if name == architecture and (variant in ("", *rest) or name != "arm"):
            return arch.machine
    return f"{architecture}{variant}"


def is_native(arch: str, machine: str = "") -> bool:
    """Return whether ``machine`` (this one by default) runs programs of ``arch`` without an emulator."""
    machine = machine or platform.machine()
    return arch in NATIVE.get(machine, frozenset({machine}))


def emulated(arch: str, machine: str = "") -> bool:
    """Return whether ``arch`` needs QEMU on ``machine`` (this one by default)."""
    return not is_native(arch, machine)


def emulator_environment(arch: str, machine: str = "") -> dict[str, str]:
    """Return the variables that programs of ``arch`` need: a CPU model when they are emulated, nothing otherwise."""
    return {"QEMU_CPU": known_arch(arch).cpu} if emulated(arch, machine) else {}


def arch_trouble(arch: str, machine: str = "", binfmt: Path = BINFMT) -> str | None:
    """Return why programs of ``arch`` do not run here and the command that would enable them, or None.

    The handler must carry the kernel's F flag (binfmt_misc(5)): without it the emulator is looked up inside the bench.
    """
    entry = known_arch(arch)
    if is_native(entry.machine, machine):
        return None
    name = f"qemu-{entry.qemu}"
    install = f"install qemu-user-static and run 'update-binfmts --enable {name}' as root"
    if not (binfmt / "status").exists():
        return (
            f"'{arch}' needs emulation and binfmt_misc is not mounted; run "
            f"'mount -t binfmt_misc binfmt_misc {BINFMT}' as root, then {install}."
        )
    try:
        lines = (binfmt / name).read_text().splitlines()
    except OSError:
        return f"'{arch}' needs emulation and no handler '{name}' is registered; {install}."
    if lines[:1] != ["enabled"]:
        return f"The handler '{name}' is registered and disabled; run 'update-binfmts --enable {name}' as root."
    flags = next((line.removeprefix("flags:").strip() for line in lines if line.startswith("flags:")), "")
    if "F" not in flags:
        return f"The handler '{name}' lacks the F flag, so benches cannot see the emulator; {install}."
    return None
