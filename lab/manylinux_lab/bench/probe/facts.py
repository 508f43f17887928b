"""Answers ``facts``: what this interpreter, C library and container are."""

import os
import re
import socket
import sys
import sysconfig
from typing import Any

from .control import control
from .conversation import Conversation
from .elf import elf_header, machine
from .process import run


def do_facts(_: "dict[str, Any]") -> None:
    """Report what this interpreter, C library and container are."""
    status = process_status()
    libc, libc_version = libc_of()
    try:
        import pip

        pip_version = getattr(pip, "__version__", "")
    except ImportError:
        pip_version = ""
    Conversation.say(
        "facts",
        version=sys.version.split()[0],
        implementation=sys.implementation.name,
        abi=abi_tag(),
        soabi=sysconfig.get_config_var("SOABI") or "",
        machine=machine(),
        libc=libc,
        libc_version=libc_version,
        pip=pip_version,
        uid=os.getuid(),
        kernel=os.uname().release,
        capabilities=status.get("CapEff", ""),
        no_new_privileges=status.get("NoNewPrivs", "") == "1",
        root_writable=not os.statvfs("/").f_flag & os.ST_RDONLY,
        interfaces=sorted(name for _, name in socket.if_nameindex()),
        vetoes=vetoes(),
        control=control(),
    )


def process_status() -> "dict[str, str]":
    """Return /proc/self/status as words."""
    with open("/proc/self/status") as stream:
        pairs = (line.partition(":") for line in stream)
        return {key: value.strip() for key, _, value in pairs}


def libc_of() -> "tuple[str, str]":
    """Return the C library's name and version, by its own word first: platform.libc_ver was seen to be wrong."""
    try:
        words = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
    except (ValueError, OSError):
        words = []
    if len(words) == 2:
        return words[0], words[1]
    loader = elf_header(sys.executable).get("loader", "")
    if "musl" in loader:
        seen = run(lambda _: os.execv(loader, [loader]), seconds=10)
        found = re.search(r"Version (\S+)", seen.output())
        return "musl", found.group(1) if found else ""
    return "unknown", ""


def abi_tag() -> str:
    """Return CPython's ABI tag as ``packaging`` computes it."""
    version = "cp%d%d" % sys.version_info[:2]
    threading = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    debug = "d" if hasattr(sys, "gettotalrefcount") else ""
    pymalloc = sysconfig.get_config_var("WITH_PYMALLOC")
    return version + threading + debug + ("m" if sys.version_info < (3, 8) and pymalloc in (1, None) else "")


def vetoes() -> "list[str]":
    """Return the policies that the distro forbids through a ``_manylinux`` module (PEP 600 and the older ones)."""
    try:
        import _manylinux as told  # type: ignore[import-not-found]  # distros may add it
    except ImportError:
        return []
    found = [
        name
        for name in ("manylinux1", "manylinux2010", "manylinux2014")
        if getattr(told, name + "_compatible", None) is False
    ]
    ask = getattr(told, "manylinux_compatible", lambda *_: None)
    return found + ["manylinux_2_%d" % minor for minor in range(5, 61) if ask(2, minor, machine()) is False]
