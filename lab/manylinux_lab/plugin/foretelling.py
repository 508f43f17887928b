"""What would have been predicted of a cell that was run: kept beside what was seen, so that the two can be compared."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..catalogue.distro import Release
from ..catalogue.reading import load_catalogue
from ..cells import Bench
from ..errors import EngineError
from ..judge import Outcome, OutcomeKind
from ..predicting.best_profile import profile_of
from ..predicting.ground import ground_of
from ..predicting.needs import needs_of
from ..predicting.predict import predict
from ..wheels.remembered import elf_facts
from ..wheels.wheel import UnreadableWheelError, Wheel

COMPARED = (OutcomeKind.OK, OutcomeKind.BROKEN)


def foretold(wheel: Wheel, bench: Bench, variant: str, seen: Outcome, catalogue: tuple[str, ...]) -> dict[str, Any]:
    """Return the fact ``predicted`` of an import that was seen, or nothing where the distro was not measured.

    ``agrees`` is None where either side is not known. ``catalogue`` names further folders of distros.
    """
    release = _releases(catalogue).get(bench.distro)
    profile = profile_of(release, bench.arch, is_minimal=variant == "minimal") if release else None
    if profile is None or release is None:
        return {}
    ground = ground_of(release, bench.arch, is_minimal=variant == "minimal", interpreter=bench.interpreter)
    try:
        extensions = [extension.path for extension in wheel.extensions]
        facts = elf_facts(wheel)
        needs = needs_of(facts, bench.arch, extensions, has_requirements=wheel.has_requirements)
        outcome = predict(needs, profile, ground)
    except (EngineError, UnreadableWheelError):  # what was seen counts, whatever became of the file since
        return {}
    is_comparable = outcome.kind in COMPARED and seen.kind in COMPARED
    agrees = outcome.kind is seen.kind if is_comparable else None
    return {"predicted": {"outcome": outcome.kind.value, "reason": outcome.reason, "agrees": agrees}}


@lru_cache(maxsize=4)
def _releases(catalogue: tuple[str, ...]) -> Mapping[str, Release]:
    return {release.id: release for release in load_catalogue(extra=[Path(name) for name in catalogue])}
