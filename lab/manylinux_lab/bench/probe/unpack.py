"""Answers ``unpack``: puts a wheel's files in place by force, where an installer would refuse."""

import os
import shutil
import zipfile
import zlib
from typing import Any

from .conversation import Conversation
from .process import run
from .status import end_of
from .step import send_report

UNPACKED = 8 << 30  # bytes that a wheel may unpack to


def do_unpack(request: "dict[str, Any]") -> None:
    """Unpack a wheel by force, as no installer would, to see what the loader makes of it."""

    def action(descriptor: int) -> None:
        try:
            unpack(request["wheel"], request["site"])
            error = ""
        except (OSError, ValueError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as failed:
            error = "%s: %s" % (type(failed).__name__, failed)
        send_report(descriptor, 0, {"error": error})

    seen = run(action, seconds=request["seconds"])
    said = seen.reports.get(0, {}).get(
        "error", "the unpacking did not finish: %s" % end_of(seen.wait, "", True)["status"]
    )
    Conversation.say("unpacked", error=said or None, seconds=seen.seconds)


def unpack(wheel: str, site: str) -> None:
    """Write the entries of a wheel below ``site`` as an installation with ``--target`` would place them."""
    total = 0
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            place = place_of(entry.filename)
            mode = entry.external_attr >> 16
            total += entry.file_size
            if place is None or mode & 0o170000 == 0o120000:
                raise ValueError("the entry '%s' is a link or leads out of the folder" % entry.filename)
            if total > UNPACKED:
                raise ValueError("the wheel unpacks to more than %d bytes" % UNPACKED)
            if not entry.filename.endswith("/"):
                write_entry(archive, entry, os.path.join(site, place), place.startswith("bin/") or bool(mode & 0o111))


def place_of(name: str) -> "str | None":
    """Return where an entry belongs below the site folder (PEP 427's ``.data`` spread out), or None when it climbs."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or not parts:
        return None
    if parts[0].endswith(".data") and len(parts) > 2:
        folders = {"scripts": ["bin"], "headers": ["include"]}  # type: dict[str, list[str]]
        parts = folders.get(parts[1], []) + parts[2:]
    return "/".join(parts)


def write_entry(archive: "zipfile.ZipFile", entry: "zipfile.ZipInfo", path: str, executable: bool) -> None:
    """Write one file; a declared size that lies is found by the zip reader itself."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with archive.open(entry) as source, open(path, "wb") as out:
        shutil.copyfileobj(source, out)
    os.chmod(path, 0o755 if executable else 0o644)
