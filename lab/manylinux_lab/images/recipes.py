"""How each tool makes a root file system from a distro's own package mirror, as argv. Starts nothing."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from ..catalogue.reading import Bootstrap
from ..engines.arch import is_native

DEBIAN_ARCHES = {
    "x86_64": "amd64",
    "i686": "i386",
    "aarch64": "arm64",
    "armv7l": "armhf",
    "ppc64le": "ppc64el",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "loongarch64": "loong64",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Commands that make a root. ``{root}`` stands for the folder they fill, ``{tarball}`` for the file they write.

    ``concessions`` are what may be given up when the mirror answers with certain words.
    """

    commands: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    concessions: tuple["Concession", ...] = ()

    @property
    def tool(self) -> str:
        """The program that does the work: the last command's."""
        return self.commands[-1][0]

    @property
    def id(self) -> str:
        """A hash of everything that the recipe says."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Concession:
    """When one of ``words`` is in the failure, try again with ``arguments`` after the tool's name, and say ``note``."""

    words: tuple[str, ...]
    arguments: tuple[str, ...]
    note: str


UNSIGNED = "the signatures of the packages were not checked"

# Documentation and translations stay out, as in the distros' own container images.
_TRIM = 'rm -rf "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/*'
# mmdebstrap copies this machine's own name and resolver into the root.
_ANONYMOUS = ': > "$1"/etc/resolv.conf; echo bench > "$1"/etc/hostname'
_MAIN_LINE = 'sed -i "/-security\\|-updates/d" "$1"/etc/apt/sources.list'
# base-files makes it when it is configured, and /etc/ld.so.conf.d/libc.conf names it.
_LOCAL_LIBRARIES = 'mkdir -p "$1"/usr/local/lib'
_ACCOUNTS = 'for file in passwd group; do cp "$1"/usr/share/base-passwd/$file.master "$1"/etc/$file; done'

_EXPIRED = Concession(
    words=("is expired",),
    arguments=("--aptopt=Acquire::Check-Valid-Until false",),
    note="the mirror's package lists are past their date",
)
_NO_UPDATES = Concession(
    words=("Mirror sync in progress", "-security", "-updates"),
    arguments=(f"--setup-hook={_MAIN_LINE}",),
    note="without security updates, whose lists the mirror does not serve",
)


def mmdebstrap(bootstrap: Bootstrap, arch: str, packages: Sequence[str]) -> Recipe:
    """Return the recipe for Debian and Ubuntu; apt's own configuration of this machine is used.

    A foreign arch is only unpacked: configuring it would run each maintainer script under the emulator (20 minutes
    instead of 15 seconds), and Python needs none of them. Its updates and security lists fail on some mirrors.
    """
    common = (
        "mmdebstrap",
        f"--architectures={DEBIAN_ARCHES.get(arch, arch)}",
        "--aptopt=Apt::Install-Recommends false",
        "--skip=output/dev",
        f"--include={','.join(packages)}",
    )
    tidy = (_TRIM, _ANONYMOUS)
    place = (bootstrap.suite, "{tarball}", *((bootstrap.mirror,) if bootstrap.mirror else ()))
    if is_native(arch):
        hooks = tuple(f"--customize-hook={script}" for script in tidy)
        return Recipe(commands=((*common, *hooks, "--variant=minbase", *place),), concessions=(_EXPIRED, _NO_UPDATES))
    foreign = (
        "--variant=extract",  # the last hooks that it runs are those of this stage
        "--include=?or(?essential,?priority(required))",
        f"--setup-hook={_MAIN_LINE}",
        *(f"--extract-hook={script}" for script in (*tidy, _ACCOUNTS, _LOCAL_LIBRARIES)),
    )
    return Recipe(
        commands=((*common, *foreign, *place),),
        notes=("packages are unpacked, their maintainer scripts did not run", "without security updates"),
        concessions=(_EXPIRED,),
    )


def dnf(bootstrap: Bootstrap, arch: str, packages: Sequence[str]) -> Recipe:
    """Return the recipe for the Fedora and Enterprise Linux families; without a mirror, dnf's own repositories.

    A mirror may name several repositories, separated by spaces. A machine of another distro lacks the keys that sign
    the packages, so those are not checked and TLS alone vouches for them.
    """
    mirrors = [f"--repofrompath=lab{number},{url}" for number, url in enumerate(bootstrap.mirror.split())]
    source = (*mirrors, "--repo=lab*", "--nogpgcheck") if mirrors else ()
    settings = ("install_weak_deps=False", "tsflags=nodocs", "keepcache=False")
    command = (
        *("dnf", "-y", "--installroot={root}", f"--releasever={bootstrap.suite}", f"--forcearch={arch}"),
        *source,
        *(f"--setopt={setting}" for setting in settings),
        *("install", "bash", "coreutils", *packages),
    )
    return Recipe(commands=(command,), notes=(UNSIGNED,) if mirrors else ())


def zypper(bootstrap: Bootstrap, arch: str, packages: Sequence[str]) -> Recipe:  # noqa: ARG001 - one signature for all
    """Return the recipe for openSUSE and SLE; without a mirror, the repositories of this machine."""
    mirrors = bootstrap.mirror.split()
    start = ("zypper", "--non-interactive", "--no-gpg-checks", "--root={root}", f"--releasever={bootstrap.suite}")
    add = tuple((*start, "addrepo", url, f"lab{number}") for number, url in enumerate(mirrors))
    install = (*start, "install", "--no-recommends", "bash", "coreutils", *packages)
    return Recipe(commands=(*add, install), notes=(UNSIGNED,))


def apk(bootstrap: Bootstrap, arch: str, packages: Sequence[str]) -> Recipe:
    """Return the recipe for Alpine; apk checks signatures with the keys in ``/etc/apk/keys`` of this machine."""
    repositories = (f"--repository={bootstrap.mirror}/{bootstrap.suite}/{part}" for part in ("main", "community"))
    names = {"i686": "x86", "armv7l": "armv7"}
    where = ("--root={root}", "--initdb", f"--arch={names.get(arch, arch)}", "--keys-dir=/etc/apk/keys")
    return Recipe(commands=(("apk", *where, *repositories, "add", "alpine-base", *packages),))


# Arguments: the root, the mirror. The settings go into a file because pacman takes no repository as an option.
_PACMAN_SETTINGS = r"""
set -e
mkdir -p "$1/var/lib/pacman" "$1/etc"
for line in "[options]" "Architecture = auto" "[core]" "Server = $2" "[extra]" "Server = $2"; do
    echo "$line"
done > "$1/etc/pacman.conf"
"""


def pacman(bootstrap: Bootstrap, arch: str, packages: Sequence[str]) -> Recipe:  # noqa: ARG001 - one signature for all
    """Return the recipe for Arch Linux; signatures are checked with pacman's key ring of this machine."""
    settings = ("sh", "-c", _PACMAN_SETTINGS, "settings", "{root}", bootstrap.mirror)
    install = ("pacman", "--root={root}", "--config={root}/etc/pacman.conf", "--noconfirm", "-Sy", "base", *packages)
    return Recipe(commands=((settings, install) if bootstrap.mirror else (install,)))


RECIPES: dict[str, Callable[[Bootstrap, str, Sequence[str]], Recipe]] = {
    "mmdebstrap": mmdebstrap,
    "dnf": dnf,
    "zypper": zypper,
    "apk": apk,
    "pacman": pacman,
}
