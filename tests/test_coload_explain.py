"""Tests of likely causes: which of the things that were seen is named beside a failure."""

from typing import Any

import pytest
from test_coload_capture import MODULE, OTHER, OWN, SYSTEM, SYSTEM_MODULE, ground, label

from manylinux_lab.coload.bindings import Crossing
from manylinux_lab.coload.capture import Capture
from manylinux_lab.coload.deviation import Aspect, Deviation
from manylinux_lab.coload.drift import Change
from manylinux_lab.coload.evidence import Evidence, Kind
from manylinux_lab.coload.explain import Clues, likely_cause
from manylinux_lab.coload.observation import Binding

GROUND = ground()
FIRST, THEN = GROUND.wheels["a"], GROUND.wheels["b"]
CAPTURE = Capture(soname="libx.so.1", wanted=OWN, given=OTHER, askers=(MODULE,), is_twin=False)
TWIN = Capture(soname="libx.so.1", wanted=OWN, given=OTHER, askers=(MODULE,), is_twin=True)
OF_PYTHON = Capture(soname="libx.so.1", wanted=SYSTEM, given=OTHER, askers=(SYSTEM_MODULE,), is_twin=False)
CROSSING = Crossing(
    source=THEN, target=FIRST, count=7, first=Binding(MODULE, OTHER, 7, ("f",)), symbols=("f",), is_unique=False
)
UNIQUE = Crossing(
    source=THEN, target=FIRST, count=1, first=Binding(MODULE, OTHER, 1, ("f",)), symbols=("f",), is_unique=True
)
OVERLAP = Evidence(
    kind=Kind.OVERLAP, words="Both write 'x.py'.", advice="Rename it.", facts={"wheels": [FIRST.id, THEN.id]}
)
OF_OTHERS = Evidence(kind=Kind.OVERLAP, words="They write 'y.py'.", facts={"wheels": [FIRST.id, "other.whl"]})
FLUSHED = ("'a'", Change(key="denormals", part="", before="kept", after="flushed"))


def deviation(**fields: Any) -> Deviation:
    defaults: dict[str, Any] = {"aspect": Aspect.LOAD, "member": "b", "how": "exception", "words": "It fails"}
    return Deviation(**{**defaults, **fields})


@pytest.mark.parametrize(
    ("shown", "clues", "words"),
    [
        (deviation(), Clues(), None),
        (
            deviation(said=f"{MODULE}: undefined symbol: f"),
            Clues(captures=(OF_PYTHON, CAPTURE), crossings=(CROSSING,)),
            "it was given 'libx.so.1' of 'a' instead of its own",
        ),
        (deviation(said="no"), Clues(captures=(TWIN,)), None),
        (deviation(said="no"), Clues(captures=(OF_PYTHON,)), None),
        (
            deviation(how="crash", member=""),
            Clues(captures=(OF_PYTHON,)),
            "'_x.so' was given 'libx.so.1' of 'a' instead of the one of the system",
        ),
        (
            deviation(said="core.so: cannot allocate memory in static TLS block"),
            Clues(crossings=(CROSSING,)),
            "'core.so' needs static TLS, and other libraries have used it up",
        ),
        (deviation(said="no attribute"), Clues(overlaps=(OVERLAP,), crossings=(CROSSING,)), "both write 'x.py'."),
        (deviation(said="no attribute"), Clues(overlaps=(OF_OTHERS, OVERLAP)), "both write 'x.py'."),
        (deviation(said="no attribute"), Clues(overlaps=(OF_OTHERS,)), None),
        (deviation(), Clues(crossings=(CROSSING,)), "'b' uses 7 symbols of 'a', such as 'f'"),
        (deviation(), Clues(crossings=(UNIQUE,)), None),
        (deviation(how="crash"), Clues(crossings=(UNIQUE,)), "'b' uses a symbol of 'a', such as 'f'"),
        (
            deviation(said="AssertionError"),
            Clues(drifts=(FLUSHED,)),
            "'a' flushes denormals to zero for the whole process",
        ),
        (deviation(said="core.so: undefined symbol: f"), Clues(drifts=(FLUSHED,)), None),
        (
            deviation(said="KeyError: 'TZDIR'"),
            Clues(drifts=(("'a'", Change(key="environment", part="TZDIR", before="x", after=None)),)),
            "'a' changes 'TZDIR' when it is loaded",
        ),
        (
            deviation(said="KeyError: 'TZDIRS'"),
            Clues(drifts=(("'a'", Change(key="environment", part="TZDIR", before="x", after=None)),)),
            None,
        ),
    ],
)
def test_the_cause_that_fits_is_named(shown: Deviation, clues: Clues, words: str | None) -> None:
    cause = likely_cause(shown, THEN if shown.member else None, clues, GROUND, label)
    assert (cause.words if cause else None) == words
