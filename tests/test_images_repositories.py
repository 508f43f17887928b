"""What becomes of an image's package lists: which steps are made, and what sed really does with them."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from manylinux_lab.catalogue.distro import Repositories
from manylinux_lab.images.repositories import ARCHIVED_NOTE, STEPS, repository_notes, repository_steps


def repositories(**fields: Any) -> Repositories:
    """Return an archive that needs nothing else."""
    empty: dict[str, Any] = {"archived": False, "hosts": {}, "base": "", "enable": (), "disable": (), "ppa": ()}
    return Repositories(**{**empty, **fields})


WHEEZY = """\
deb http://http.debian.net/debian wheezy main
deb [arch=amd64] http://http.debian.net/debian wheezy-updates main
deb-src http://security.debian.org/ wheezy/updates main
# deb http://http.debian.net/debian wheezy-backports main contrib
"""
DEB822 = """\
Types: deb
# as of some day
URIs: http://deb.example.org/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://deb.example.org/debian-security
Suites: bookworm-security
Components: main
"""
CENTOS = """\
[base]
name=CentOS-$releasever
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&repo=os
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7

[extras]
enabled = 1
metalink=https://mirrors.example/metalink
# baseurl = http://mirror.centos.org:80/extras

[extras-source]
enabled=0
"""
MAGEIA = """\
[mageia-x86_64]
#baseurl=http://mirrors.example/linux/mageia/distrib/6/x86_64/media/core/release/
mirrorlist=https://www.mageia.org/mirrorlist/?release=6
"""


@pytest.mark.real
@pytest.mark.parametrize(
    ("tool", "change", "file", "before", "after"),
    [
        pytest.param(
            "apt-get",
            {"base": "http://archive.debian.org/debian", "disable": ("updates", "security")},
            "apt/sources.list",
            WHEEZY,
            """\
deb http://archive.debian.org/debian wheezy main
# deb [arch=amd64] http://archive.debian.org/debian wheezy-updates main
# deb-src http://archive.debian.org/debian-security wheezy/updates main
# deb http://http.debian.net/debian wheezy-backports main contrib
""",
            id="apt-base-and-both-disabled",
        ),
        pytest.param(
            "apt-get",
            {"hosts": {"http.debian.net": "a.example/x&y", "debian.org": "wrong.example"}, "enable": ("backports",)},
            "apt/sources.list.d/more.list",
            WHEEZY,
            """\
deb http://a.example/x&y/debian wheezy main
deb [arch=amd64] http://a.example/x&y/debian wheezy-updates main
deb-src http://security.debian.org/ wheezy/updates main
deb http://a.example/x&y/debian wheezy-backports main contrib
""",
            id="apt-hosts-are-whole-names",
        ),
        pytest.param(
            "apt-get",
            {"base": "http://archive.debian.org/debian", "disable": ("updates", "security")},
            "apt/sources.list.d/debian.sources",
            DEB822,
            """\
Types: deb
# as of some day
URIs: http://archive.debian.org/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://archive.debian.org/debian-security
Enabled: no
Components: main
""",
            id="apt-stanzas",
        ),
        pytest.param(
            "yum",
            {"hosts": {"mirror.centos.org": "vault.centos.org"}, "disable": ("mirrorlist",)},
            "yum.repos.d/CentOS-Base.repo",
            CENTOS,
            """\
[base]
name=CentOS-$releasever
#mirrorlist=http://mirrorlist.centos.org/?release=$releasever&repo=os
baseurl=http://vault.centos.org/centos/$releasever/os/$basearch/
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7

[extras]
enabled = 1
#metalink=https://mirrors.example/metalink
baseurl= http://vault.centos.org:80/extras

[extras-source]
enabled=0
""",
            id="yum-vault",
        ),
        pytest.param(
            "zypper",
            {"enable": ("base", "extras-source"), "disable": ("extras",)},
            "zypp/repos.d/all.repo",
            CENTOS,
            CENTOS.replace("enabled = 1\n", "")
            .replace("enabled=0\n", "")
            .replace("[base]\n", "[base]\nenabled=1\n")
            .replace("[extras]\n", "[extras]\nenabled=0\n")
            .replace("[extras-source]\n", "[extras-source]\nenabled=1\n"),
            id="sections-on-and-off",
        ),
        pytest.param(
            "dnf",
            {"base": "https://archive.example/Mageia-archive/", "disable": ("mirrorlist",)},
            "yum.repos.d/mageia.repo",
            MAGEIA,
            """\
[mageia-x86_64]
baseurl=https://archive.example/Mageia-archive/distrib/6/x86_64/media/core/release/
#mirrorlist=https://www.mageia.org/mirrorlist/?release=6
""",
            id="mageia-archive",
        ),
        pytest.param(
            "yum",
            {"disable": ("fastestmirror-plugin",)},
            "yum/pluginconf.d/fastestmirror.conf",
            "[main]\nenabled=1\n",
            "[main]\nenabled=0\n",
            id="plugin-off",
        ),
        pytest.param("yum", {"disable": ("mirrorlist",)}, "other", "mirrorlist=1\n", "mirrorlist=1\n", id="no-list"),
    ],
)
def test_lists_become_usable_and_stay_so(
    tmp_path: Path, tool: str, change: dict[str, Any], file: str, before: str, after: str
) -> None:
    edited = tmp_path / "etc" / file
    edited.parent.mkdir(parents=True)
    edited.write_text(before)
    for _ in range(2):
        for step in repository_steps(tool, repositories(**change)) or ():
            subprocess.run([word.replace("/etc/", f"{tmp_path}/etc/") for word in step], check=True, timeout=60)
        assert edited.read_text() == after


@pytest.mark.real
def test_an_ubuntu_archive_is_added_for_the_images_code_name(tmp_path: Path) -> None:
    (tmp_path / "etc/apt/sources.list.d").mkdir(parents=True)
    (tmp_path / "etc/lsb-release").write_text("DISTRIB_CODENAME=precise\n")
    for step in repository_steps("apt-get", repositories(ppa=("ppa:fkrull/deadsnakes",))) or ():
        subprocess.run([word.replace("/etc/", f"{tmp_path}/etc/") for word in step], check=True, timeout=60)
    written = (tmp_path / "etc/apt/sources.list.d/fkrull-deadsnakes.list").read_text()
    assert written == "deb [trusted=yes] http://ppa.launchpad.net/fkrull/deadsnakes/ubuntu precise main\n"


@pytest.mark.parametrize("tool", sorted(STEPS))
def test_nothing_to_change_is_no_step(tool: str) -> None:
    assert repository_steps(tool, None) == repository_steps(tool, repositories()) == ()


def test_a_tool_that_the_lab_cannot_help_is_told_apart() -> None:
    assert repository_steps("slackpkg", repositories(base="http://archive.example")) is None


@pytest.mark.parametrize(
    ("tool", "fields", "programs"),
    [
        ("apt-get", {"archived": True, "hosts": {"a": "b"}}, ["edit", "archived"]),
        ("apt-get", {"archived": True}, ["archived"]),
        ("apt-get", {"archived": False, "base": "http://archive.example"}, ["edit"]),
        ("yum", {"archived": True, "disable": ("mirrorlist", "fastestmirror-plugin")}, ["edit", "edit"]),
        ("urpmi", {"archived": True, "base": "http://archive.example/"}, ["media"]),
    ],
)
def test_each_tool_has_its_steps(tool: str, fields: dict[str, Any], programs: list[str]) -> None:
    assert [step[3] for step in repository_steps(tool, repositories(**fields)) or ()] == programs


def test_an_apt_archive_is_taken_without_a_valid_date() -> None:
    steps = repository_steps("apt-get", repositories(archived=True)) or ()
    assert any('Acquire::Check-Valid-Until "false";' in step[-1] for step in steps)


def test_what_is_given_up_is_noted() -> None:
    made = repositories(archived=True, ppa=("ppa:a/b",))
    assert repository_notes("apt-get", made) == (
        ARCHIVED_NOTE,
        "packages of ppa:a/b are not checked against a signature",
    )
    assert repository_notes("yum", made) == repository_notes("apt-get", None) == ()
