"""Answers ``import``: imports names, loads extensions and objects, has executables checked."""

import _imp
import os
from typing import Any

from .conversation import Conversation
from .executables import check_executable
from .fresh_interpreter import repeat, run_plan
from .seen import Seen
from .status import forked_result, result_of

REPEATS = 25  # deviations of one request that are repeated in a fresh process


def do_import(request: "dict[str, Any]") -> None:
    """Import every name, then load what belongs to it, then check the executables; one event for each."""
    waiting = [("extension", name, path) for name, path in request["extensions"]]
    waiting += [("object", path, path) for path in request["objects"]]
    waiting = [item for item in waiting if not is_absent(request["site"], *item)]
    foreign = [item for item in waiting if is_foreign(*item)]
    waiting = [item for item in waiting if item not in foreign]
    if request.get("force"):
        waiting += as_objects(foreign)
    imported = []  # type: list[str]
    for name in request["names"]:
        mine = [item for item in waiting if owner(item, request["names"]) == name]
        waiting = [item for item in waiting if item not in mine]
        waiting += import_with(request, name, mine, imported)
    load_without_import(request, waiting, imported)
    for path in request["executables"]:
        check_executable(request["site"], path, request["seconds"])


def is_absent(site: str, kind: str, name: str, path: str) -> bool:
    """Return whether an item is not there, and report it then."""
    absent = not os.path.exists(os.path.join(site, path))
    if absent:
        Conversation.say(kind, name=name, path=path, status="absent", message="the file is not there")
    return absent


def is_foreign(kind: str, name: str, path: str) -> bool:
    """Return whether an item is an extension that this interpreter does not look for, and report it then."""
    ending = "." + os.path.basename(path).partition(".")[2]
    foreign = kind == "extension" and ending not in _imp.extension_suffixes()
    if foreign:
        message = "this interpreter does not load '%s' files" % ending
        Conversation.say(kind, name=name, path=path, status="skipped", message=message)
    return foreign


def as_objects(items: "list[tuple[str, str, str]]") -> "list[tuple[str, str, str]]":
    """Return items as plain objects, for the loader's word on extensions that are not imported."""
    return [("object", path, path) for _, _, path in items]


def owner(item: "tuple[str, str, str]", names: "list[str]") -> "str | None":
    """Return the import name that an item belongs to: the longest one whose dotted name or folder leads to it."""
    kind, name, path = item
    dotted = name if kind == "extension" else os.path.dirname(path).replace("/", ".")
    found = [known for known in names if (dotted + ".").startswith(known + ".")]
    return max(found, key=len) if found else None


def import_with(
    request: "dict[str, Any]", name: str, items: "list[tuple[str, str, str]]", imported: "list[str]"
) -> "list[tuple[str, str, str]]":
    """Import ``name`` in a fresh interpreter and load ``items`` in its forks; return the objects still to be loaded."""
    site, seconds = request["site"], request["seconds"]
    seen = run_plan(site, [("import", name)], [(kind, target(site, what, kind)) for kind, what, _ in items], seconds)
    words = result_of(seen, 0)
    if words["status"] in ("crash", "exit-crash"):
        words = repeat(site, [("import", name)], seconds, words)
    Conversation.say("import", name=name, left_behind=seen.left_behind, seconds=seen.seconds, **words)
    if seen.reports.get(0, {}).get("status") == "ok":
        imported.append(name)
        report_items(request, items, seen, 1, name)
        return []
    extensions = [item for item in items if item[0] == "extension"]
    message = "'%s' cannot be imported" % name
    for kind, what, path in extensions:
        Conversation.say(kind, name=what, path=path, status="not-tried", message=message, because=name)
    return [item for item in items if item[0] == "object"] + as_objects(extensions if request.get("force") else [])


def load_without_import(request: "dict[str, Any]", items: "list[tuple[str, str, str]]", imported: "list[str]") -> None:
    """Load what belongs to no import name, or to one that failed, in forks of a process that imported what it could."""
    if not items:
        return
    site, first = request["site"], [("import", name) for name in imported[:1]]
    forked = [(kind, target(site, what, kind)) for kind, what, _ in items]
    seen = run_plan(site, first, forked, request["seconds"])
    report_items(request, items, seen, len(first), imported[0] if imported else None)


def target(site: str, what: str, kind: str) -> str:
    """Return what a step needs to load an item: a dotted name, or the path of an object."""
    return what if kind != "object" else os.path.join(site, what)


def report_items(
    request: "dict[str, Any]", items: "list[tuple[str, str, str]]", seen: Seen, offset: int, name: "str | None"
) -> None:
    """Say what became of the items that were tried in forks; whatever deviates is tried again in a fresh process."""
    for number, (kind, what, path) in enumerate(items, offset):
        words = forked_result(seen.reports.get(number, {}))
        if words["status"] not in ("ok", "not-tried") and Conversation.repeats < REPEATS:
            Conversation.repeats += 1
            inline = [("import", name)] if name and kind == "object" else []
            inline.append((kind, target(request["site"], what, kind)))
            again = repeat(request["site"], inline, request["seconds"], words)
            words = dict(again, warm=words["status"])
        Conversation.say(kind, name=what, path=path, because=None, **words)
