"""The name of everything that a result depends on. Two cells with one key would be asked the same in the same way."""

import hashlib

import msgspec

from ..judge import How, Promise, Verdict
from ..results import Conditions, Result

NEVER = frozenset({Verdict.ERROR})  # says nothing about the cell
OWN_INSTALLER = "pip"  # of the image, whose digest tells its version
UNFENCED = "local"  # an engine whose image is this machine, which changes unseen
ENCODER = msgspec.json.Encoder(order="sorted")


def key_of(
    *,
    cell: str,
    promise: Promise,
    image: str,
    engine: str,
    installer: str,
    variant: str,
    is_emulated: bool,
    lab: str,
    conditions: Conditions,
) -> bytes | None:
    """Return the key of a cell, or None where something that it depends on is not known."""
    is_known = bool(image and conditions.probe and (conditions.installer or installer == OWN_INSTALLER))
    if not is_known or engine == UNFENCED:
        return None
    content = (cell, promise, image, engine, installer, variant, is_emulated, lab, conditions)
    return hashlib.sha256(ENCODER.encode(content)).digest()


def key_of_result(result: Result) -> bytes | None:
    """Return the key under which a result is found again; None for one that says nothing of the cell."""
    if result.how is not How.OBSERVED or result.conditions is None or result.verdict in NEVER:
        return None
    return key_of(
        cell=result.cell,
        promise=result.promise,
        image=result.image,
        engine=result.engine,
        installer=result.installer,
        variant=result.variant,
        is_emulated=result.emulated,
        lab=result.lab,
        conditions=result.conditions,
    )
