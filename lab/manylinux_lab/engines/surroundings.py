"""What programs on a bench, and the steps that build an image, find in their environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from .arch import emulator_environment

SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
WORK = "/work"
USER = 1000
NAME = "lab"  # images have no account for the user, and some libraries ask who they are
PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
AUTHORITIES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
AUTHORITIES_INSIDE = "/dev/manylinux-lab-authorities.pem"  # a tmpfs: nothing stays in the image


def clean_environment(arch: str, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a program on a bench of ``arch``."""
    fixed = {"PATH": SEARCH, "HOME": WORK, "LANG": "C.UTF-8", "USER": NAME, "LOGNAME": NAME}
    return fixed | emulator_environment(arch) | dict(extra)


def build_environment(arch: str, extra: Mapping[str, str], host: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of build steps: the host's proxies and its own certificate authorities reach them."""
    proxies = {name: host[name] for word in PROXIES for name in (word, word.upper()) if name in host}
    authorities = dict.fromkeys(AUTHORITIES, AUTHORITIES_INSIDE) if host_authorities(host) else {}
    fixed = {"PATH": SEARCH, "HOME": "/root", "LANG": "C.UTF-8"}
    return fixed | emulator_environment(arch) | proxies | authorities | dict(extra)


def host_authorities(host: Mapping[str, str]) -> Path | None:
    """Return the bundle of certificate authorities that the host's environment names, if it names one."""
    for name in AUTHORITIES:
        if host.get(name) and Path(host[name]).is_file():
            return Path(os.path.realpath(host[name]))
    return None
