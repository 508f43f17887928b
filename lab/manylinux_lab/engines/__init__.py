"""The engines that run benches, and the choice between them."""

from collections.abc import Callable

from ..errors import EngineError, UsageError, nearest
from .bwrap import BwrapEngine
from .contract import Engine
from .docker import DockerEngine
from .local import LocalEngine

ENGINES: dict[str, Callable[[], Engine]] = {"docker": DockerEngine, "bwrap": BwrapEngine, "local": LocalEngine}
# ``local`` isolates nothing: it is taken when asked for and never chosen.
AUTOMATIC = ("docker", "bwrap")


def choose(name: str) -> Engine:
    """Return a usable engine: the named one, or for ``auto`` the first that works.

    Raises:
        UsageError: there is no engine of that name.
        EngineError: it cannot be used on this machine; the message says what to install or start.
    """
    if name == "auto":
        return _first()
    if name not in ENGINES:
        known = ("auto", *ENGINES)
        raise UsageError(f"The engine '{name}' is unknown{nearest(name, known)}. Known ones: {', '.join(known)}.")
    engine = ENGINES[name]()
    if trouble := engine.trouble():
        raise EngineError(f"The engine '{name}' cannot be used: {trouble}")
    return engine


def _first() -> Engine:
    reasons = []
    for name in AUTOMATIC:
        engine = ENGINES[name]()
        trouble = engine.trouble()
        if trouble is None:
            return engine
        reasons.append(f"{name}: {trouble}")
    raise EngineError(f"No engine can be used; install Docker, Podman or bubblewrap. {' '.join(reasons)}")
