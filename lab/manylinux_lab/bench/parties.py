"""What the probe is asked of a wheel that shares a process: all that a bench can load of it, and its smoke code."""

from collections.abc import Mapping

from ..cells import Bench
from ..coload.comparison import Party
from ..wheels.wheel import Wheel, loadable


def party_of(
    name: str, wheel: Wheel | None, bench: Bench, *, smoke: Mapping[str, str], stdlib: Mapping[str, str]
) -> Party:
    """Return a member of a company; without a wheel it is the standard library.

    Args:
        smoke: code by project.
        stdlib: code by module of the standard library.
    """
    if wheel is None:
        items = tuple(("import", module) for module in stdlib)
        codes = tuple(stdlib.items())
        return Party(name=name, label="the standard library", wheel=None, items=items, codes=codes)
    fitting = loadable(wheel, bench.interpreter.abi, bench.arch)
    return Party(
        name=name,
        label=f"'{wheel.project}'",
        wheel=wheel,
        items=(
            *(("import", one) for one in fitting.import_names),
            # Another try of a name that has failed can seem to work: the loader has the file already.
            *(("extension", one.name) for one in fitting.extensions if one.name not in fitting.import_names),
        ),
        smoke=smoke.get(wheel.project, ""),
    )
