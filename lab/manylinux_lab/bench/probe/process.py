"""Processes that the probe starts: each in a session of its own, watched until it ends or is late, whatever it does."""

import ctypes
import os
import select
import signal
import sys
import time
from typing import Any, Callable

from .conversation import Conversation
from .reaping import end_all
from .seen import Seen
from .work import plan_file


def run(action: "Callable[[int], Any]", *, seconds: float, most: "float | None" = None, stdin: bytes = b"") -> Seen:
    """Run ``action(report descriptor)`` in a child until it ends, is silent for ``seconds`` or took ``most``."""
    output, output_end = os.pipe()
    reports, reports_end = os.pipe()
    source = plan_file(stdin)
    child = os.fork()
    if child == 0:
        become_step(action, source, output_end, reports_end)
    for descriptor in (source, output_end, reports_end):
        os.close(descriptor)
    seen = Seen()
    begin = time.monotonic()
    watch(child, output, reports, seen, seconds, begin + (most or seconds))
    seen.seconds = round(time.monotonic() - begin, 3)
    seen.left_behind = end_all(child, seen)
    for descriptor, take in ((output, seen.take_output), (reports, seen.take_reports)):
        drain(descriptor, take)
        os.close(descriptor)
    return seen


def become_step(action: "Callable[[int], Any]", source: int, output: int, reports: int) -> None:
    """Turn a forked child into a step: own session, no event stream, dies with the probe. Never returns."""
    code = 70
    try:
        os.setsid()
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        for descriptor, place in ((source, 0), (output, 1), (output, 2)):
            os.dup2(descriptor, place)
        for descriptor in Conversation.private:
            os.close(descriptor)
        Conversation.token = ""
        os.chdir(Conversation.work)
        os.set_inheritable(reports, True)
        code = int(action(reports) or 0)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:
        os.write(2, ("%s: %s\n" % (type(error).__name__, error)).encode("utf-8", "replace"))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code & 0xFF)


def watch(child: int, output: int, reports: int, seen: Seen, seconds: float, end: float) -> None:
    """Take what the step writes until it ends or is late; SIGCHLD's wake-up descriptor shows its end at once."""
    streams = {output: seen.take_output, reports: seen.take_reports}
    quiet_until = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            seen.wait = status
            return
        left = min(quiet_until, end) - time.monotonic()
        if left <= 0:
            return
        ready = select.select([*streams, Conversation.wakeup], [], [], min(left, 1.0))[0]
        for descriptor in ready:
            data = os.read(descriptor, 65536)
            if descriptor == reports and data:
                quiet_until = time.monotonic() + seconds
                Conversation.say_progress()
            if descriptor in streams and data:
                streams[descriptor](data)
            elif descriptor in streams:
                del streams[descriptor]


def drain(descriptor: int, take: "Callable[[bytes], object]") -> None:
    """Take what is still in a pipe; a program that escaped may hold its other end, so do not wait for the end."""
    os.set_blocking(descriptor, False)
    try:
        for _ in range(64):
            data = os.read(descriptor, 65536)
            if not data:
                return
            take(data)
    except BlockingIOError:
        return


def prctl(option: int, argument: int) -> None:
    """Call prctl(2) if this C library lets us; every use of it is a further fence, none is the only one."""
    try:
        ctypes.CDLL(None).prctl(option, argument, 0, 0, 0)
    except (OSError, AttributeError):
        return
