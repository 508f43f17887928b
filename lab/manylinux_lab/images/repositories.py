"""Turns what the catalogue says of a distro's package repositories into build steps. Pure: it runs nothing.

The steps edit the lists that are in the image (apt's sources, the ``.repo`` files of yum, dnf, zypper and their kin)
with POSIX sh and sed, the two programs that every such image has. A step may run twice.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from ..catalogue.distro import Repositories

Step = tuple[str, ...]

APT_LISTS = "/etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources"
REPO_FILES = "/etc/yum.repos.d/*.repo /etc/zypp/repos.d/*.repo"
PLUGIN_FILES = ("/etc/yum/pluginconf.d/{name}.conf", "/etc/dnf/plugins/{name}.conf")

# One line of a sources.list up to the address: type, options in brackets.
APT_ENTRY = r"^\(deb\(-src\)\{0,1\}[[:space:]][[:space:]]*\(\[[^]]*\][[:space:]]*\)\{0,1\}\)"
WORD = "[^[:space:]][^[:space:]]*"
GAP = "[[:space:]][[:space:]]*"
# Before release 11 Debian's security suite was named 'buster/updates', and 'buster-updates' was another one.
APT_SUITES = {"security": ("-security", "/updates")}

# An archive stands still, and its keys expire: those of Debian 7 to 9 have.
APT_ARCHIVED = """\
Acquire::Check-Valid-Until "false";
Acquire::AllowInsecureRepositories "true";
APT::Get::AllowUnauthenticated "true";"""
ARCHIVED_NOTE = "an archive's signatures may have expired, and are not required"
PPA_NOTE = "packages of {} are not checked against a signature"

# Arguments: owner and name of the archive. The code name is in one of two files, depending on the release's age.
_PPA = r"""
set -e
[ ! -f /etc/lsb-release ] || . /etc/lsb-release
[ ! -f /etc/os-release ] || . /etc/os-release
suite=${VERSION_CODENAME:-${DISTRIB_CODENAME:?the image does not tell its code name}}
echo "deb [trusted=yes] http://ppa.launchpad.net/$1/$2/ubuntu $suite main" > "/etc/apt/sources.list.d/$1-$2.list"
"""


# Argument: the address above 'distrib'.
_MEDIA = r"""
set -e
. /etc/os-release
urpmi.removemedia -a || :
urpmi.addmedia --distrib "$1/distrib/$VERSION_ID/$(uname -m)"
"""


def repository_steps(tool: str, repositories: Repositories | None) -> tuple[Step, ...] | None:
    """Return the commands that make an image's package lists usable, to be run before the package manager.

    Args:
        tool: the package manager, as the catalogue names it.

    Returns:
        None when the lab does not know how to edit the lists of ``tool``.
    """
    if repositories is None:
        return ()
    return STEPS[tool](repositories) if tool in STEPS else None


def repository_notes(tool: str, repositories: Repositories | None) -> tuple[str, ...]:
    """Return what is given up for the sake of an archive, for the notes of the image."""
    if repositories is None or tool != "apt-get":
        return ()
    archived = (ARCHIVED_NOTE,) if repositories.archived else ()
    return (*archived, *(PPA_NOTE.format(archive) for archive in repositories.ppa))


def _apt(repositories: Repositories) -> tuple[Step, ...]:
    expressions = [*_hosts(repositories), *_apt_base(repositories.base)]
    for word in repositories.disable:
        expressions += _apt_disabled(word)
    for word in repositories.enable:
        expressions += _apt_enabled(word)
    steps = [_edit(APT_LISTS, expressions)] if expressions else []
    if repositories.archived:
        steps.append(("sh", "-c", 'echo "$1" > /etc/apt/apt.conf.d/99-archived', "archived", APT_ARCHIVED))
    return (*steps, *(_ppa(archive) for archive in repositories.ppa))


def _apt_base(base: str) -> Iterator[str]:
    """Yield the edits that replace every address. Security updates are beside it, as on archive.debian.org."""
    if base:
        for address, condition in ((f"{base.rstrip('/')}-security", "/security/"), (base, "/security/!")):
            yield rf"{condition}s|{APT_ENTRY}{WORD}|\1{_replacement(address)}|"
            yield rf"{condition}s|^\(URIs:[[:space:]]*\).*|\1{_replacement(address)}|"


def _apt_disabled(word: str) -> Iterator[str]:
    """Yield the edits that take out a suite (``updates`` is ``buster-updates``); a stanza without one is disabled."""
    for ending in APT_SUITES.get(word, (f"-{word}",)):
        suite = f"[^[:space:]]*{_pattern(ending)}"
        yield rf"\|{APT_ENTRY}{WORD}{GAP}{suite}\([[:space:]]\)|s|^|# |"
        yield rf"/^Suites:/s|[[:space:]]{suite}\([[:space:]]\)|\1|g"
        yield f"/^Suites:/s|[[:space:]]{suite}$||"
    yield "s|^Suites:[[:space:]]*$|Enabled: no|"


def _apt_enabled(word: str) -> Iterator[str]:
    """Yield the edits that bring back the entries of a suite or component that are commented out."""
    for end in ("", "[[:space:]].*"):
        yield rf"s|^#[#[:space:]]*\(deb[[:space:]].*[-[:space:]]{_pattern(word)}{end}\)$|\1|"


def _ppa(archive: str) -> Step:
    """Return the step that adds one of Launchpad's archives (``ppa:owner/name``) for the image's own code name."""
    owner, _, name = archive.removeprefix("ppa:").partition("/")
    return ("sh", "-c", _PPA, archive, owner, name or "ppa")


def _rpm(repositories: Repositories) -> tuple[Step, ...]:
    expressions: list[str] = []
    if "mirrorlist" in repositories.disable:
        expressions += ["s/^mirrorlist[[:space:]]*=/#&/", "s/^metalink[[:space:]]*=/#&/"]
        expressions += ["s/^#[#[:space:]]*baseurl[[:space:]]*=/baseurl=/"]
    expressions += _hosts(repositories)
    if repositories.base:
        # Mageia's mirrors differ in what comes before 'distrib/<version>/<arch>'.
        expressions.append(rf"s|^baseurl=.*\(/distrib/\)|baseurl={_replacement(repositories.base.rstrip('/'))}\1|")
    plugins = [word.removesuffix("-plugin") for word in repositories.disable if word.endswith("-plugin")]
    for word in repositories.disable:
        if word != "mirrorlist" and not word.endswith("-plugin"):
            expressions += _switched(word, "0")
    for word in repositories.enable:
        expressions += _switched(word, "1")
    steps = [_edit(REPO_FILES, expressions)] if expressions else []
    return (*steps, *(_without_plugin(name) for name in plugins))


def _switched(repository: str, value: str) -> Iterator[str]:
    """Yield the edits that set ``enabled`` in one section, whether it is there or not."""
    section = rf"^\[{_pattern(repository)}\]"
    yield rf"/{section}/,/^\[/{{/^enabled[[:space:]]*=/d;}}"
    yield f"/{section}/s/$/\\\nenabled={value}/"


def _without_plugin(name: str) -> Step:
    files = " ".join(shlex.quote(file.format(name=name)) for file in PLUGIN_FILES)
    return _edit(files, ["s/^enabled[[:space:]]*=.*/enabled=0/"])


def _urpmi(repositories: Repositories) -> tuple[Step, ...]:
    """Return the step that replaces all media by those of ``base``, which is laid out as every mirror of Mageia is."""
    return (("sh", "-c", _MEDIA, "media", repositories.base.rstrip("/")),) if repositories.base else ()


def _hosts(repositories: Repositories) -> Iterator[str]:
    for old, new in repositories.hosts.items():
        yield rf"s|\(://\){_pattern(old)}\([^A-Za-z0-9.-]\)|\1{_replacement(new)}\2|g"
        yield rf"s|\(://\){_pattern(old)}$|\1{_replacement(new)}|"


def _edit(files: str, expressions: Sequence[str]) -> Step:
    """Return the step that applies sed's ``expressions`` to those of the shell patterns ``files`` that exist."""
    script = f'for file in {files}; do [ ! -f "$file" ] || sed -i "$@" "$file" || exit; done'
    return ("sh", "-c", script, "edit", *(word for expression in expressions for word in ("-e", expression)))


def _pattern(text: str) -> str:
    return re.sub(r"[\\.*\[\]^$/|]", r"\\\g<0>", text)


def _replacement(text: str) -> str:
    return re.sub(r"[\\&|]", r"\\\g<0>", text)


STEPS: dict[str, Callable[[Repositories], tuple[Step, ...]]] = {
    "apt-get": _apt,
    **dict.fromkeys(("dnf", "dnf5", "microdnf", "tdnf", "yum", "zypper"), _rpm),
    "urpmi": _urpmi,
}
