"""A process in which wheels meet, as the probe holds it: orders in, reports and output out, the loader's log."""

import marshal
import os
import select
import signal
import sys
import time
from typing import Any, Callable

from .account import Account
from .conversation import Conversation
from .loader_log import WORDS, LoaderLog
from .process import become_step, drain
from .reaping import EFFORT, descendants_of, has_offspring, kill, kill_step, stopped_descendants
from .work import plan_file

SLACK = 5.0  # seconds beyond the deadline: a process keeps that of its fork itself, and a mother tells of its child
LINE = 4 << 20  # bytes kept of a report line that has no end yet
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "company.py")
LIVING = {}  # type: dict[int, Mother]  # by process id


class Mother:
    """Starts with its first order; ``send`` gives further ones."""

    def __init__(self, order: "dict[str, Any]") -> None:
        """Start the process; it is not told how the probe is called or what it is asked, only what to load."""
        self.key = key_of(order)
        self.sites = order["sites"]
        self.first = Account(order["secret"])
        self.log = LoaderLog()
        self.pending = b""
        self.wait = None  # type: int | None
        self.has_ended = False
        self.is_serving = False  # it has loaded its member and forks for each order
        self.helpers = set()  # type: set[int]  # processes that its member started
        inward, self.orders = os.pipe()
        self.output, output_end = os.pipe()
        self.reports, reports_end = os.pipe()
        nothing = plan_file(b"")
        environment = dict(os.environ, HOME=Conversation.work, LD_DEBUG=WORDS, LD_DEBUG_OUTPUT=self.log.start)

        def start(descriptor: int) -> None:
            os.set_inheritable(inward, True)
            # -u makes C's streams write at once as well: what a library prints is then told of the right member, and
            # no fork inherits a buffer that it would print again.
            argv = [sys.executable, "-u", "-X", "faulthandler", PROGRAM, str(inward), str(descriptor)]
            os.execve(sys.executable, argv, environment)

        self.pid = os.fork()
        if self.pid == 0:
            become_step(start, nothing, output_end, reports_end)
        self.log.open(self.pid)
        LIVING[self.pid] = self
        for descriptor in (inward, output_end, reports_end, nothing):
            os.close(descriptor)
        self.send(order)

    def send(self, order: "dict[str, Any]") -> None:
        """Give an order; a process that has ended shows itself when it is watched."""
        data = marshal.dumps(order, 2)
        data = b"%d\n" % len(data) + data
        try:
            while data:
                data = data[os.write(self.orders, data) :]
        except BrokenPipeError:
            return

    def watch(self, account: Account, order: "dict[str, Any]", is_enough: "Callable[[], bool]") -> None:
        """Take what is written until that is enough, the process ends, or it is late: with one step, or with all."""
        begin = time.monotonic()
        end = begin + most_of(order)
        late = begin + order["seconds"]
        while not is_enough() and not self.ended(account):
            left = min(late, end) - time.monotonic()
            if left <= 0 and (account.is_late or not self.is_serving):
                account.is_late = True
                break
            if left <= 0:  # the mother tells of its child's end
                account.is_late = True
                self.kill_children()
                late = end = time.monotonic() + SLACK
            elif self.take(account, min(left, 1.0)) and not account.is_late:
                late = time.monotonic() + order["seconds"] + (SLACK if account.stage[0] == "fork" else 0.0)
                Conversation.say_progress()
                self.read_ahead(account)
        drain(self.output, account.take_output)
        account.seen.seconds = round(time.monotonic() - begin, 3)

    def ended(self, account: Account) -> bool:
        """Tell whether the process itself has ended, and take the last it wrote then."""
        reap()
        if not self.has_ended:
            return False
        drain(self.output, account.take_output)
        drain(self.reports, lambda data: self.take_reports(account, data))
        if not account.has_waited and not account.is_late:
            account.seen.wait = self.wait
        return True

    def take(self, account: Account, seconds: float) -> bool:
        """Take output first and then reports; tell whether there was a report."""
        ready = select.select([self.output, self.reports, Conversation.wakeup], [], [], seconds)[0]
        if Conversation.wakeup in ready:
            drain(Conversation.wakeup, lambda _: None)
        if self.output in ready:
            account.take_output(os.read(self.output, 65536))
        return self.reports in ready and self.take_reports(account, os.read(self.reports, 65536))

    def take_reports(self, account: Account, data: bytes) -> bool:
        """Take whole lines; tell whether one was a report of this order."""
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = self.pending + lines[0]
            self.pending = b""
        self.pending = (self.pending + rest)[-LINE:]
        taken = [account.take(line) for line in lines]
        return any(taken)

    def kill_children(self) -> None:
        """Kill the mother's child and whatever that started."""
        for pid in set(descendants_of(self.pid)) - self.helpers:
            kill(pid, signal.SIGKILL)

    def begin_serving(self) -> None:
        """Note which programs its member has started: they live as long as the mother."""
        self.is_serving = True
        self.helpers = set(descendants_of(os.getpid())) - spared()

    def read_ahead(self, account: Account) -> None:
        """Count what the loader said of all loads, while the process goes on with its fork and its end."""
        if account.mapped and not self.log.is_begun:
            self.log.read(self.sites)

    def read_log(self, account: Account) -> None:
        """Note what the loader said since the last time."""
        account.bindings, account.last_library = self.log.take(self.sites)

    def end(self) -> None:
        """End the process with all it left behind, and close what led to it."""
        LIVING.pop(self.pid, None)
        if not self.has_ended:
            kill_step(self.pid)
        clear()
        self.log.close()
        for descriptor in (self.orders, self.output, self.reports):
            os.close(descriptor)


def key_of(order: "dict[str, Any]") -> "list[Any]":
    """Return what two orders must have in common to share a mother."""
    return [order["sites"], order["order"][0], order["hidden_first"]]


def most_of(order: "dict[str, Any]") -> float:
    """Return the seconds after which an order is late however often it reports: every step would have been late."""
    items = sum(len(member["items"]) for member in order["order"])
    return float(order["seconds"] * (items + 2 * len(order["order"]) + 4))


def spared() -> "set[int]":
    """Return the mothers and the programs that their own members started."""
    return set(LIVING).union(*[mother.helpers for mother in LIVING.values()])


def clear() -> None:
    """Kill and reap what orders left behind."""
    until = time.monotonic() + EFFORT
    while time.monotonic() < until:
        reap()
        if not has_offspring(spared() | {os.getpid()}):
            return
        for pid in stopped_descendants(spared()):
            kill(pid, signal.SIGKILL)


def reap() -> None:
    """Take the wait status of every child that has ended."""
    try:
        done, status = os.waitpid(-1, os.WNOHANG)
        while done:
            if done in LIVING:
                LIVING[done].has_ended, LIVING[done].wait = True, status
            done, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        for mother in LIVING.values():
            mother.has_ended = True
