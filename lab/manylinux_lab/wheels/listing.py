"""Which files a wheel puts where, with their contents' digests, and whether its RECORD is true."""

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256 as sha256_of

from .record import Faults

DIGEST = 32  # hexadecimal digits of a sha256 that tell contents apart
SITE = "site/"
PREFIX = "prefix/"
ROOTS = {"purelib": SITE, "platlib": SITE, "data": PREFIX, "scripts": f"{PREFIX}bin/"}
SITE_IN_PREFIX = re.compile(rf"^{PREFIX}lib(64)?/python3\.\d+/site-packages/")
SCRIPT_GROUPS = ("console_scripts", "gui_scripts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Digest by place, and what is wrong with RECORD.

    A place begins with ``site/`` (where modules are imported from) or ``prefix/`` (the environment's folder). Commands
    that an installer makes from entry points count as files whose content is what they call.
    """

    files: Mapping[str, str]
    faults: Faults


def listing(digests: Mapping[str, str], entry_points: bytes, found: Faults) -> Listing:
    """Return the listing of a wheel from the sha256 of each entry of its archive."""
    places = {place: sha256[:DIGEST] for entry, sha256 in digests.items() for place in _place(entry)}
    commands = {place: sha256_of(target.encode()).hexdigest()[:DIGEST] for place, target in _commands(entry_points)}
    return Listing(files={**commands, **places}, faults=found)


def _place(entry: str) -> Iterator[str]:
    """Yield where an installer puts an entry of the archive; nothing for headers, whose folder bears the project."""
    top, _, rest = entry.partition("/")
    if not top.endswith(".data") or not rest:
        yield f"{SITE}{entry}"
        return
    scheme, _, inner = rest.partition("/")
    if scheme in ROOTS and inner:
        yield SITE_IN_PREFIX.sub(SITE, f"{ROOTS[scheme]}{inner}")


def _commands(text: bytes) -> Iterator[tuple[str, str]]:
    """Yield place and target of the commands that an installer makes; a file that cannot be read gives none."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the case of names
    try:
        parser.read_string(text.decode("utf-8", "replace"))
    except configparser.Error:
        return
    for group in SCRIPT_GROUPS:
        if parser.has_section(group):
            yield from ((f"{PREFIX}bin/{name}", target) for name, target in parser.items(group))
