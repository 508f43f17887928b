"""What a user can ask of a run: one table that makes the command line, the settings and the ``Options`` record.

The command line comes before ``[tool.manylinux-lab]`` in the current folder's ``pyproject.toml``, and that before the
defaults.
"""

import argparse
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from .errors import UsageError, nearest

INSTALLERS = ("pip", "newest-pip", "uv")
VARIANTS = ("minimal", "desktop")
COLOAD_MODES = ("auto", "pairs", "triples", "orders", "all", "off")
# What chooses cells, and what is done with them afterwards; a command that repeats one cell needs none of these.
SELECTION = {
    "subjects", "distro", "arch", "python", "cell", "only_failed", "resume", "workers", "out", "keep",
    "coload", "orders", "seed", "neighbours", "force_together", "templates", "history", "fresh",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of ``run`` and ``plan``, parsed.

    ``timeout`` is seconds for one step on a native bench; ``orders`` counts random orders beside the covering ones.
    """

    subjects: tuple[str, ...] = ()
    distro: tuple[str, ...] = ()
    arch: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    python_root: str = ""
    engine: str = "auto"
    variant: str = "minimal"
    installer: str = "pip"
    index_url: str = ""
    extra_index_url: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    pre: bool = False
    extra: tuple[str, ...] = ()
    ignore_requires_python: bool = False
    smoke: tuple[str, ...] = ()
    coload: str = "auto"
    orders: int = 10
    seed: int = 1
    neighbours: tuple[str, ...] = ()
    force_together: bool = False
    suite: tuple[str, ...] = ()
    cell: tuple[str, ...] = ()
    only_failed: str = ""
    resume: str = ""
    strict: bool = False
    timeout: int = 120
    workers: int = 0
    out: str = "runs"
    templates: str = ""
    keep: bool = False
    history: str = ""
    fresh: bool = False
    image: tuple[str, ...] = ()
    registry_mirror: str = ""
    lock: str = "distros.lock"
    catalogue: tuple[str, ...] = ()


# Flag, metavar and help for each field; its type and default come from the record.
FLAGS: Mapping[str, tuple[str, str, str]] = {
    "distro": ("--distro", "GLOB", "distros to run on: a glob over ids, or supported (the default), lts, all"),
    "arch": ("--arch", "ARCH", "machine names such as x86_64, i686, aarch64 (default: this machine's)"),
    "python": ("--python", "GLOB", "interpreters: cp311, 3.11, cp31*, all (default: the distro's own)"),
    "python_root": ("--python-root", "DIR", "a relocatable CPython to add to every bench that can run it"),
    "engine": ("--engine", "NAME", "auto (default), docker, bwrap or local"),
    "variant": ("--variant", "NAME", "minimal (default), or desktop: with libGL, libX11, glib and their like"),
    "installer": ("--installer", "NAME", "pip (the bench's own, default), newest-pip or uv"),
    "index_url": ("--index-url", "URL", "the package index (default: as pip is configured)"),
    "extra_index_url": ("--extra-index-url", "URL", "a further package index"),
    "find_links": ("--find-links", "PATH", "a folder or page with further wheels"),
    "pre": ("--pre", "", "let requirements choose pre-releases"),
    "extra": ("--extra", "NAME", "install the subjects with this extra"),
    "ignore_requires_python": (
        "--ignore-requires-python",
        "",
        "test a wheel even where its Requires-Python excludes it",
    ),
    "smoke": (
        "--smoke",
        "PROJECT=CODE",
        "Python code that must run without an exception once the project is installed",
    ),
    "coload": ("--coload", "MODE", "load wheels in one process: auto (default), pairs, triples, orders, all or off"),
    "orders": ("--orders", "N", "random orders of all wheels beside the covering ones, for --coload orders"),
    "seed": ("--seed", "S", "where random orders begin; the same seed gives the same orders (default: 1)"),
    "neighbours": (
        "--with",
        "NAME",
        "pair the subjects with this project too: a subject, popular, or a TOML file like neighbours.toml",
    ),
    "force_together": (
        "--force-together",
        "",
        "load wheels that cannot be installed together from site folders of their own",
    ),
    "suite": ("--suite", "FILE", "a further check: a pytest file named test_<check>.py"),
    "cell": ("--cell", "GLOB", "run only the cells whose id matches"),
    "only_failed": ("--only-failed", "RUN", "run only the cells that failed or went wrong in that run"),
    "resume": ("--resume", "RUN", "finish an interrupted run"),
    "strict": ("--strict", "", "let a warning fail"),
    "timeout": (
        "--timeout",
        "SECONDS",
        "deadline of one step on a native bench (default: 120; ten times that when emulated)",
    ),
    "workers": ("-n", "N", "benches that run at the same time (default: one for each processor)"),
    "out": ("--out", "DIR", "where runs are kept (default: runs)"),
    "templates": ("--templates", "DIR", "a folder with report templates that come before the lab's own"),
    "keep": ("--keep", "", "keep the staged wheels of the run"),
    "history": ("--history", "FILE", "keep the results in this file beside those of other runs; it is made if need be"),
    "fresh": ("--fresh", "", "ask every cell, also those that the history has seen under the same conditions"),
    "image": ("--image", "ID[:ARCH]=PATH", "a tarball or folder to use as that distro's image"),
    "registry_mirror": ("--registry-mirror", "HOST", "pull images from this registry instead of their own"),
    "lock": ("--lock", "FILE", "image digests to use (default: distros.lock, where it exists)"),
    "catalogue": ("--catalogue", "DIR", "a folder with further distro files"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subjects and every option. Nothing has a default here, so that ``make`` can tell what was said."""
    parser.add_argument(
        "subjects",
        metavar="SUBJECT",
        nargs="*",
        default=[],
        help="a wheel file, a folder of wheels, a requirement (numpy==2.1.*, 'pkg @ URL'), or a requirements file",
    )
    defaults = Options()
    for name, (flag, metavar, text) in FLAGS.items():
        default = getattr(defaults, name)
        aliases = ("-n", "--workers") if flag == "-n" else (flag,)
        keywords: dict[str, Any] = {"dest": name, "default": argparse.SUPPRESS, "help": text.replace("%", "%%")}
        if isinstance(default, bool):
            keywords["action"] = "store_true"
        elif isinstance(default, tuple):
            keywords |= {"action": "append", "metavar": metavar}
        else:
            keywords |= {"metavar": metavar, "type": type(default)}
        parser.add_argument(*aliases, **keywords)


def make(arguments: argparse.Namespace, settings: Mapping[str, Any]) -> Options:
    """Return the options of a command line over the settings of the project.

    Raises:
        UsageError: a value is not one of the words or numbers that the option takes.
    """
    names = {field.name for field in fields(Options)}
    said = {name: value for name, value in vars(arguments).items() if name in names}
    if not said.get("subjects"):
        said.pop("subjects", None)
    merged = {**settings, **said}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in merged.items()
    }
    options = Options(**values)
    _one_of("--variant", options.variant, VARIANTS)
    _one_of("--installer", options.installer, INSTALLERS)
    options = _with_mode(options)
    if options.installer == "uv" and options.ignore_requires_python:
        raise UsageError("The installer uv cannot ignore Requires-Python; take --installer newest-pip.")
    if options.timeout < 1:
        raise UsageError(f"The option --timeout takes whole seconds from 1 up, not {options.timeout}.")
    if options.workers < 0 or ("workers" in said and options.workers < 1):
        raise UsageError(f"The option -n takes a number of benches from 1 up, not {options.workers}.")
    if options.lock != Options().lock and not Path(options.lock).is_file():
        raise UsageError(f"The lock file '{options.lock}' does not exist; 'manylinux-lab images lock' makes one.")
    if options.templates and not Path(options.templates).is_dir():
        raise UsageError(
            f"The folder '{options.templates}' for templates does not exist; name another with --templates."
        )
    smoke_code(options)
    return options


def _with_mode(options: Options) -> Options:
    """Return the options with ``orders:N`` taken apart."""
    mode, colon, number = options.coload.partition(":")
    _one_of("--coload", mode, COLOAD_MODES)
    if colon and (mode != "orders" or not number.isdecimal()):
        raise UsageError(f"The option --coload takes a number only as in orders:20, not '{options.coload}'.")
    if options.orders < 0:
        raise UsageError(f"The option --orders takes a number from 0 up, not {options.orders}.")
    return replace(options, coload=mode, orders=int(number) if colon else options.orders)


def _one_of(flag: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"The option {flag} takes {', '.join(known)}, not '{value}'{nearest(value, known)}.")


def smoke_code(options: Options) -> dict[str, str]:
    """Return the smoke code by normalised project name.

    Raises:
        UsageError: an entry is not ``PROJECT=CODE``.
    """
    from packaging.utils import canonicalize_name

    codes: dict[str, str] = {}
    for entry in options.smoke:
        project, equals, code = entry.partition("=")
        if not equals or not project.strip() or not code.strip():
            raise UsageError(f"The option --smoke takes PROJECT=CODE, not '{entry}'.")
        codes[canonicalize_name(project.strip())] = code
    return codes


def read_settings(folder: Path) -> dict[str, Any]:
    """Return ``[tool.manylinux-lab]`` of the ``pyproject.toml`` in ``folder``; keys are option names with hyphens.

    Raises:
        UsageError: the file is no TOML, a key is unknown, or a value has the wrong type.
    """
    file = folder / "pyproject.toml"
    if not file.is_file():
        return {}
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The settings in '{file}' cannot be read: {error}.") from error
    tool = document.get("tool", {})
    table = tool.get("manylinux-lab", {}) if isinstance(tool, dict) else None
    if not isinstance(table, dict):
        raise UsageError(f"The settings in '{file}' are not a table '[tool.manylinux-lab]'.")
    names = {"subjects": "subjects", **{_setting(name): name for name in FLAGS}}
    for key in table:
        if key not in names:
            raise UsageError(f"The setting '{key}' in '{file}' is unknown{nearest(key, names)}.")
    return {names[key]: _value(file, key, value, getattr(Options(), names[key])) for key, value in table.items()}


def _setting(name: str) -> str:
    """Return the key of an option in the settings: its long flag without the hyphens."""
    flag = FLAGS[name][0]
    return flag.removeprefix("--") if flag.startswith("--") else name


def _value(file: Path, key: str, value: object, default: object) -> object:
    if key == "smoke" and isinstance(value, dict):
        return [f"{project}={code}" for project, code in value.items()]
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
        raise UsageError(f"The setting '{key}' in '{file}' takes a list of strings, not {value!r}.")
    if type(value) is not type(default):
        words = {bool: "true or false", int: "a whole number", str: "a string"}
        raise UsageError(f"The setting '{key}' in '{file}' takes {words[type(default)]}, not {value!r}.")
    return value


def command_line(options: Options, distro: str = "", projects: Collection[str] = ()) -> list[str]:
    """Return the arguments that repeat the options which differ from their defaults, without subjects and selection.

    ``distro`` and ``projects`` leave out the images and the smoke code that the user gave for others.
    """
    defaults = Options()
    words: list[str] = []
    for name, (flag, _, _) in FLAGS.items():
        value = getattr(options, name)
        if name in SELECTION or value == getattr(defaults, name):
            continue
        if isinstance(value, tuple):
            wanted = {"image": {distro} - {""}, "smoke": projects}.get(name, ())
            words += [word for item in value if not wanted or _is_for(item, wanted) for word in (flag, item)]
        else:
            words += [flag] if value is True else [flag, str(value)]
    return words


def _is_for(item: str, wanted: Collection[str]) -> bool:
    """Tell whether ``debian-12:x86_64=PATH`` or ``PROJECT=CODE`` belongs to one of the distros or projects."""
    from packaging.utils import canonicalize_name

    name = re.split("[:=]", item)[0].strip()
    return name in wanted or canonicalize_name(name) in wanted
