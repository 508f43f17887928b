"""The list of running bwrap benches, one small file each: where to find the control groups of a killed lab."""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..atomic import appearing
from .cgroup import Place, group_folders, make_group, remove_group
from .contract import Limits
from .owner import Owner, is_gone, parse_owner, this_process

PREFIX = "manylinux-lab-"


class Register:
    """Files below one folder, written before a group is made and deleted after it is gone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def bench(self, run: str, bench: str, place: Place | None, limits: Limits) -> Iterator[Sequence[Path]]:
        """Give the control group of a bench as its folders, none when there is no place for one."""
        name = f"{PREFIX}{secrets.token_hex(6)}"
        groups = group_folders(place, name) if place else ()
        record = {"owner": this_process().id, "run": run, "bench": bench, "groups": [str(path) for path in groups]}
        file = self._folder / f"{name}.json"
        with appearing(file) as content:
            content.write(f"{json.dumps(record)}\n".encode())
        try:
            yield make_group(place, name, limits) if place else ()
        finally:
            if remove_group(groups):
                file.unlink(missing_ok=True)

    def reap(self) -> int:
        """Remove the benches of processes that are gone; return how many."""
        here = this_process()
        count = 0
        for file in self._folder.glob(f"{PREFIX}*.json"):
            groups = _groups_of_the_gone(file, here)
            if groups is not None and remove_group(groups):
                file.unlink(missing_ok=True)
                count += 1
        return count


def _groups_of_the_gone(file: Path, here: Owner) -> list[Path] | None:
    """Return the groups to remove, or None when the file's owner is alive or another machine's."""
    try:
        record = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    owner = parse_owner(record["owner"])
    if owner is None or not is_gone(owner, here):
        return None
    # Only folders of our own name: the file may have been edited.
    return [Path(path) for path in record["groups"] if Path(path).name == file.stem]
