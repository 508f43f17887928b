"""Which Pythons an image has: a shell script that runs in it, and the reading of what it prints."""

import json
from typing import Any

from ..engines.contract import Engine, Image
from ..errors import EngineError
from ..interpreter import Interpreter, Origin

SECONDS = 240

# Runs on every Python 3 that a distro ships; an import of pip's own parts tells a working pip from a broken one.
PROGRAM = """
import json, os, sys, sysconfig
pip = problem = ""
try:
    import pip
    from pip._internal import main
    pip = pip.__version__
except Exception as error:
    pip, problem = "", str(error)
print(json.dumps({"path": sys.argv[1], "real": os.path.realpath(sys.argv[1]), "version": list(sys.version_info[:3]),
    "implementation": sys.implementation.name, "soabi": sysconfig.get_config_var("SOABI") or "", "pip": pip,
    "flags": getattr(sys, "abiflags", ""), "problem": problem}))
"""

SCRIPT = """
for candidate in /usr/bin/python3 /usr/bin/python3.[0-9]* /usr/local/bin/python3 /usr/local/bin/python3.[0-9]* \
    /opt/python/*/bin/python3; do
    case $candidate in *-config|*-dbg|*.py) continue;; esac
    [ -x "$candidate" ] || continue
    "$candidate" -I -c "$1" "$candidate" || echo "$candidate does not run" >&2
done
"""


def discover(engine: Engine, image: Image, *, all_own: bool = False) -> tuple[Interpreter, ...]:
    """Start the image and return its interpreters, the distro's own first.

    Args:
        all_own: count every interpreter as the distro's own (build images, which ship several on purpose).

    Raises:
        EngineError: the image does not start, or has no shell.
    """
    with engine.start(image, run="prepare", bench=f"prepare:{image.arch}") as container:
        finished = container.run(["/bin/sh", "-c", SCRIPT, "discover", PROGRAM], seconds=SECONDS)
    if finished.exit_code and not finished.stdout:
        words = finished.stderr.decode(errors="replace").strip().splitlines()
        raise EngineError(
            f"The image '{image.reference}' ({image.arch}) could not be asked for its interpreters: "
            f"{words[-1] if words else f'the shell ended with {finished.exit_code}'}"
        )
    return read(finished.stdout.decode(errors="replace"), all_own=all_own)


def read(output: str, *, all_own: bool = False) -> tuple[Interpreter, ...]:
    """Turn the script's lines into interpreters: one for each real file, CPython only, the distro's own first.

    The distro's own is ``/usr/bin/python3``; on an image without it, the first one found.
    """
    seen: dict[str, dict[str, Any]] = {}
    for line in output.splitlines():
        fact = _fact(line)
        if fact and fact["implementation"] == "cpython":
            seen.setdefault(fact["real"], fact)
    return tuple(
        Interpreter(
            version=(fact["version"][0], fact["version"][1]),
            abi=abi(fact["version"], fact["soabi"], fact["flags"]),
            origin=Origin.DISTRO if all_own or position == 0 else Origin.FOUND,
            path=fact["path"],
            pip=fact["pip"],
            full_version=".".join(str(part) for part in fact["version"]),
        )
        for position, fact in enumerate(seen.values())
    )


def _fact(line: str) -> dict[str, Any] | None:
    try:
        fact = json.loads(line)
    except ValueError:
        return None
    return fact if isinstance(fact, dict) and "real" in fact else None


def abi(version: list[int], soabi: str, flags: str) -> str:
    """Return the CPython ABI tag (PEP 425) from ``SOABI`` (``cpython-311-x86_64-linux-gnu``), or from the flags."""
    parts = soabi.split("-")
    if len(parts) > 1 and parts[0] == "cpython":
        return f"cp{parts[1]}"
    return f"cp{version[0]}{version[1]}{flags}"


def has_python_and_pip(interpreters: tuple[Interpreter, ...]) -> bool:
    """Tell whether the distro's own interpreter is there and has a pip."""
    return any(one.origin is Origin.DISTRO and one.pip for one in interpreters)
