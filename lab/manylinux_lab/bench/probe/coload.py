"""Answers ``coload``: loads wheels in one process, be it a fork of a mother that loaded the first, or a fresh one."""

import os
from typing import Any

from .account import Account
from .conversation import Conversation
from .libraries import elves
from .loader_log import most_telling
from .mother import Mother, clear, key_of
from .process import drain


class Nursery:
    """The one mother that is kept between requests; a class and no object, as the conversation is."""

    mother = None  # type: Mother | None
    barren = None  # type: list[Any] | None  # the key of one that was lost over an order

    @classmethod
    def leave(cls) -> None:
        """End the mother."""
        if cls.mother is not None:
            cls.mother.end()
        cls.mother = None

    @classmethod
    def enter(cls, order: "dict[str, Any]") -> Mother:
        """Return the mother for an order, started if need be; one whose member did not load is not serving."""
        if cls.mother is None or cls.mother.key != key_of(order):
            cls.leave()
            cls.mother = mother = Mother(order)
            mother.watch(mother.first, order, lambda: mother.first.refused is not None)
            mother.read_log(mother.first)
            if mother.first.members:
                mother.begin_serving()
        return cls.mother


def do_coload(request: "dict[str, Any]") -> None:
    """Carry out an order of members and say what was seen."""
    order = dict(request, secret=os.urandom(8).hex())
    order.setdefault("hidden_first", request["hidden"])
    order.setdefault("detailed", False)
    account = None if request["fresh"] or Nursery.barren == key_of(order) else in_child(order)
    warm = account is not None
    account = account or in_fresh(order)
    account.mapped = elves(account.mapped or paths_of(account.bindings))
    Conversation.say("coload", warm=warm, **account.words(request["order"]))


def paths_of(crossings: "list[list[Any]]") -> "list[str]":
    """Return the files that the loader bound, for a process that ended before it could tell what is mapped."""
    return sorted({os.path.normpath(path) for crossing in crossings for path in crossing[:2]})


def in_fresh(order: "dict[str, Any]") -> Account:
    """Carry out an order in a process of its own."""
    order = dict(order, fresh=True)
    process = Mother(order)
    process.watch(process.first, order, lambda: False)
    process.read_log(process.first)
    process.end()
    return process.first


def in_child(order: "dict[str, Any]") -> "Account | None":
    """Carry out an order in a fork of the mother of its first member; nothing where that cost the mother her life.

    A child can kill her, and her own hooks can keep her from forking: both say little about the order in a process of
    its own, where the row then goes on.
    """
    mother = Nursery.enter(order)
    if not mother.is_serving:
        Nursery.leave()
        return mother.first
    account = Account(order["secret"])
    account.members.update(mother.first.members)
    account.noise.update(mother.first.noise)
    account.refused = mother.first.refused
    mother.send(order)
    mother.watch(account, order, lambda: account.has_waited)
    clear()
    drain(mother.output, account.take_output)
    mother.read_log(account)
    account.bindings = most_telling(mother.first.bindings + account.bindings, mother.sites)
    if mother.has_ended or not account.has_waited:
        Nursery.leave()
        Nursery.barren = key_of(order)
        return None
    return account
