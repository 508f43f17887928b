"""Tests of members alone: what of them is left out of a company, and who is told when nothing is left."""

from pathlib import Path
from typing import Any

import pytest
from company_events import Request, coload, failed, healthy, member, order
from company_lab import BENCH, SITE, Lab
from elves import elf

from manylinux_lab.cells import STDLIB
from manylinux_lab.errors import EngineError
from manylinux_lab.judge import Grade, OutcomeKind


def test_what_fails_alone_is_not_compared(tmp_path: Path) -> None:
    lab = Lab(tmp_path)

    def special(request: Request) -> dict[str, Any]:
        event = healthy(request)
        for asked, one in zip(request["order"], event["members"], strict=True):
            one["items"] = [
                failed(*item[:1], "ImportError", "needs a display") if item[0] == "beta._core" else item
                for item in one["items"]
            ]
            if asked["smoke"] == "beta":
                one["smoke"] = {"status": "exception", "exception": "OSError", "message": "no network", "trace": ""}
        return event

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert (outcome.kind, outcome.grade, outcome.side_effects) == (OutcomeKind.OK, Grade.SMOKE_TESTED, ())
    assert [one["smoke"] for one in lab.engine.asked[-1]["order"]] == ["alpha", ""]
    assert lab.engine.asked[-1]["order"][-1]["items"] == [["import", "beta"]]
    assert "needs a display" in outcome.facts["alone"]["beta-1.0"]
    assert "no network" in outcome.facts["alone"]["beta-1.0"]


def test_a_wheel_that_crashes_alone_only_once_keeps_its_companies(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    crash = {"status": "crash", "stage": "load", "member": "gamma-1.0", "item": "gamma", "signal": 11}

    def special(request: Request) -> Any:
        is_first = lab.engine.ran().count(("gamma-1.0",)) == 1 and order(request) == ("gamma-1.0",)
        return {**healthy(request), **crash} if is_first else None

    lab.special = special
    outcome = lab.coload("alpha", "gamma")
    assert outcome.kind is OutcomeKind.OK
    assert "it is not stable alone: once it crashed with SIGSEGV" in outcome.facts["alone"]["gamma-1.0"]


def test_an_extension_that_crashes_alone_is_left_out(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    crash = {"status": "crash", "stage": "load", "member": "beta-1.0", "item": "beta._core", "signal": 11}

    def special(request: Request) -> Any:
        items = [item for one in request["order"] for item in one["items"]]
        return {**healthy(request), **crash} if ["extension", "beta._core"] in items else None

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.OK
    assert "'beta._core' is left out: it crashed with SIGSEGV" in outcome.facts["alone"]["beta-1.0"]


def test_a_wheel_that_fails_alone_skips_its_companies_with_a_pointer(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    crash = {"status": "crash", "stage": "load", "member": "beta-1.0", "item": "beta", "signal": 11, "members": []}
    lab.special = lambda request: {**healthy(request), **crash} if "beta-1.0" in order(request) else None
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.NOT_APPLIED
    assert outcome.reason == (
        "'beta' has trouble alone: it crashed with SIGSEGV (segmentation fault) while being imported. "
        f"See {BENCH}/import/beta-1.0-py3-none-any.whl"
    )
    assert lab.engine.ran(fresh=False) == []
    lab.roster.own_cells = False
    assert "See" not in lab.coload("alpha", "beta").reason


@pytest.mark.parametrize(
    ("own_cells", "same", "kind"),
    [(False, False, OutcomeKind.BROKEN), (True, False, OutcomeKind.BROKEN), (True, True, OutcomeKind.NOT_APPLIED)],
)
def test_a_requirement_that_does_not_fit_is_told_where_it_was_chosen(
    tmp_path: Path, own_cells: bool, same: bool, kind: OutcomeKind
) -> None:
    lab = Lab(tmp_path, requires={"beta": ["Requires-Dist: alpha"]}, own_cells=own_cells)
    if same:
        lab.roster.dependencies["beta"] = (lab.wheels["alpha-1.0"].sha256,)

    def special(request: Request) -> Any:
        if "beta-1.0" not in order(request):
            return None
        items = [failed(name, "InternalError", "version mismatch") for name in ("beta", "beta._core")]
        return coload(member("beta-1.0", items=items))

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is kind
    if kind is OutcomeKind.BROKEN:
        assert outcome.reason == (
            "'beta' 1.0 cannot be imported with 'alpha' 1.0, which its metadata admits: InternalError: version mismatch"
        )


@pytest.mark.parametrize(
    ("only_required", "company", "kind"),
    [
        ((), "gamma", OutcomeKind.NOT_APPLIED),  # told with alpha
        ((), STDLIB, OutcomeKind.NOT_APPLIED),
        (("alpha",), "gamma", OutcomeKind.BROKEN),  # gamma brings alpha
        (("alpha",), "delta", OutcomeKind.NOT_APPLIED),
        (("alpha",), STDLIB, OutcomeKind.NOT_APPLIED),
    ],
)
def test_a_requirement_that_does_not_fit_is_told_of_the_one_that_brings_it(
    tmp_path: Path, only_required: tuple[str, ...], company: str, kind: OutcomeKind
) -> None:
    requires = {"beta": ["Requires-Dist: alpha"], "gamma": ["Requires-Dist: alpha"]}
    lab = Lab(tmp_path, requires=requires, only_required=only_required)
    crash = {"status": "crash", "stage": "load", "member": "beta-1.0", "item": "beta", "signal": 11, "members": []}
    lab.special = lambda request: {**healthy(request), **crash} if "beta-1.0" in order(request) else None
    outcome = lab.coload("beta", company)
    assert outcome.kind is kind
    words = "'beta' 1.0 crashed with SIGSEGV (segmentation fault) while being imported with 'alpha' 1.0"
    beside = "(beside 'alpha' 1.0, which the wheels of the run take together)."
    assert (words if kind is OutcomeKind.BROKEN else beside) in outcome.reason
    assert beside in lab.effects("beta").reason


def test_a_library_that_the_system_lacks_is_no_fault_of_a_requirement(tmp_path: Path) -> None:
    lab = Lab(tmp_path, requires={"beta": ["Requires-Dist: alpha"]}, own_cells=False)
    missing = "libGL.so.1: cannot open shared object file: No such file or directory"
    items = [failed(name, "ImportError", missing) for name in ("beta", "beta._core")]
    lab.special = lambda request: coload(member("beta-1.0", items=items)) if "beta-1.0" in order(request) else None
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.NOT_APPLIED
    assert outcome.reason == f"'beta' has trouble alone: it cannot be imported: ImportError: {missing}."


def test_a_member_of_many_that_fails_alone_is_left_out(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    items = [failed("gamma", "OSError", "no")]
    lab.special = lambda request: coload(member("gamma-1.0", items=items)) if order(request) == ("gamma-1.0",) else None
    outcome = lab.coload("alpha", "gamma", "beta")
    assert outcome.kind is OutcomeKind.OK
    assert list(outcome.facts["left_out"]) == ["gamma-1.0"]
    assert lab.engine.ran(fresh=False) == [("alpha-1.0", "beta-1.0")]


def test_a_requirement_that_is_not_declared_is_let_in(tmp_path: Path) -> None:
    lab = Lab(tmp_path, requires={"delta": ["Requires-Dist: gamma"]})

    def special(request: Request) -> Any:
        if "beta-1.0" not in order(request) or "delta" not in request["hidden"]:
            return None
        missing = ["exception", "No module named 'delta'", "ModuleNotFoundError", "delta.part", ""]
        return coload(member("beta-1.0", items=[["beta", *missing], ["beta._core", *missing]]))

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.OK
    assert lab.engine.asked[-1]["hidden"] == []
    assert "needs 'delta' without declaring it" in outcome.facts["alone"]["beta-1.0"]
    assert lab.engine.asked[-1]["hidden_first"] == ["beta", "delta", "gamma"]


def test_files_that_were_overwritten_are_no_fault_of_the_wheel_alone(tmp_path: Path) -> None:
    lab = Lab(tmp_path)

    def special(request: Request) -> Any:
        if "beta-1.0" not in order(request) or request["sites"] != [SITE]:
            return None
        event = healthy(request)
        event["members"][-1]["items"] = [failed("beta", "AttributeError", "not mine")]
        return event

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.BROKEN
    assert "'beta' cannot be imported after 'alpha': AttributeError: not mine" in outcome.reason
    assert "where the other wheels are not installed beside it" in outcome.facts["alone"]["beta-1.0"]


def test_a_wheel_that_is_not_installed_skips_its_companies(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.engine.refused["gamma-1.0"] = "ERROR: gamma-1.0-py3-none-any.whl is not a supported wheel on this platform."
    outcome = lab.coload("alpha", "gamma")
    assert outcome.kind is OutcomeKind.NOT_APPLIED
    assert outcome.reason == (
        "'gamma' is not installed: gamma-1.0-py3-none-any.whl is not a supported wheel on this platform. "
        f"See {BENCH}/install/gamma-1.0-py3-none-any.whl"
    )
    assert lab.coload("alpha", "beta").kind is OutcomeKind.OK


def test_trouble_with_the_installation_is_the_labs(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.engine.refused["gamma-1.0"] = "OSError: [Errno 28] No space left on device"
    with pytest.raises(EngineError, match=r"'gamma-1.0-py3-none-any.whl' could not be installed: The work space"):
        lab.coload("alpha", "beta")


def test_a_site_that_cannot_be_made_is_the_labs(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.engine.gathering_error = "OSError: Read-only file system"
    with pytest.raises(EngineError, match="could not be gathered on 'debian-12:x86_64:cp311': OSError: Read-only"):
        lab.coload("alpha", "beta")
    lab.engine.gathering_error = None
    lab.roster.wheels.pop("delta-1.0")
    assert lab.coload("alpha", "beta").kind is OutcomeKind.OK


def test_a_wheel_that_was_refused_is_not_offered_again(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.engine.refused["gamma-1.0"] = "ERROR: no"
    lab.coload("alpha", "beta")
    lab.company.close()
    lab.coload("alpha", "beta")
    offered = [request for request in lab.engine.asked if "gamma-1.0" in str(request.get("argv"))]
    assert len(offered) == 1


def test_many_modules_that_crash_alone_cost_few_questions(tmp_path: Path) -> None:
    modules = {f"beta/_m{number}.abi3.so": elf(f"PyInit__m{number}") for number in range(9)}
    lab = Lab(tmp_path, further={"beta": modules})

    def special(request: Request) -> Any:
        items = [item[1] for one in request["order"] for item in one["items"] if item[0] == "extension"]
        crash = {"status": "crash", "stage": "load", "member": "beta-1.0", "signal": 11}
        return {**healthy(request), **crash, "item": items[0]} if items else None

    lab.special = special
    outcome = lab.coload("alpha", "beta")
    assert outcome.kind is OutcomeKind.OK
    assert lab.engine.asked[-1]["order"][-1]["items"] == [["import", "beta"]]
    tries = [request for request in lab.engine.asked if request["op"] == "coload" and order(request) == ("beta-1.0",)]
    assert {len(request["order"][0]["items"]) for request in tries} == {11, 10, 9, 1}


def test_what_fails_in_the_same_way_without_the_others_is_asked_once(tmp_path: Path) -> None:
    lab = Lab(tmp_path)

    def special(request: Request) -> dict[str, Any]:
        event = healthy(request)
        for one in event["members"]:
            names = [item[0] for item in one["items"]]
            one["items"] = [failed(name, "OSError", "no") if "_core" in name else [name, "ok"] for name in names]
        return event

    lab.special = special
    lab.coload("alpha", "beta")
    alone = [request for request in lab.engine.asked if request["op"] == "coload" and order(request) == ("beta-1.0",)]
    assert [(request["sites"] == [SITE], len(request["order"][0]["items"])) for request in alone] == [
        (True, 2),
        (True, 1),
        (False, 2),
    ]
