"""Hides modules of the site folders from a process, as if the wheels that bring them were not installed."""

import os
import sys

REFUSED = 50  # names that are remembered

MYPY = False
if MYPY:
    from typing import Any


class Hiding:
    """A path hook: for folders of the sites it gives finders that do not see ``names`` and what lies below them.

    An import then fails in Python's own words, ``importlib.util.find_spec`` returns None, and what the standard library
    or the distro has under such a name is found: all as without those wheels. A finder on ``sys.meta_path`` could only
    raise, for all folders at once.
    """

    def __init__(self, sites: "list[str]", names: "list[str]") -> None:
        """Begin to hide; it counts for folders that Python has not looked into yet. ``names`` can change later.

        ``refused`` are those of the names that some code asked for, in that order.
        """
        self.sites = [os.path.abspath(site) for site in sites]
        self.names = frozenset(names)
        self.refused = []  # type: list[str]
        self.hooks = list(sys.path_hooks)
        sys.path_hooks.insert(0, self.finder)

    def finder(self, path: str) -> "Any":
        """Return the usual finder of a folder, made blind for what is hidden.

        Raises:
            ImportError: the folder lies in no site, or Python has no finder for it.
        """
        if not any((path + os.sep).startswith(site + os.sep) for site in self.sites):
            raise ImportError("'%s' is not a folder of the sites" % path)
        for hook in self.hooks:
            try:
                found = hook(path)  # type: Any
            except ImportError:
                continue
            return self.blinded(found)
        raise ImportError("no finder takes '%s'" % path)

    def blinded(self, finder: "Any") -> "Any":
        """Make one finder blind; it stays of its own type, by which ``pkgutil`` and others know what to do with it."""
        find = finder.find_spec

        def find_spec(name: str, target: object = None) -> "Any":
            return None if self.refuses(name) else find(name, target)

        finder.find_spec = find_spec
        return finder

    def refuses(self, name: str) -> bool:
        """Tell whether a module or one that it lies in is hidden, and remember that somebody asked for it."""
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            hidden = ".".join(parts[:length])
            if hidden in self.names:
                if hidden not in self.refused and len(self.refused) < REFUSED:
                    self.refused.append(hidden)
                return True
        return False
