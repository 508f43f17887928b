"""The one conversation of this process: where the events go, the token, and the request being answered."""

import json
import os
import time
from typing import Any


class Conversation:
    """What is known of it; a class and no object, since a process has one, and a fork of it must be able to forget."""

    token = ""
    work = "/work"
    request = 0
    events = -1
    wakeup = -1
    private = ()  # type: tuple[int, ...]
    cleared = ()  # type: tuple[str, ...]  # the folders that are emptied between wheels
    repeats = 0  # how many deviations of this request were repeated
    last_progress = 0.0

    @classmethod
    def say(cls, event: str, **words: "Any") -> None:
        """Write one event line."""
        line = dict(words, token=cls.token, request=cls.request, event=event)
        data = json.dumps(line, sort_keys=True).encode("ascii") + b"\n"
        while data:
            data = data[os.write(cls.events, data) :]

    @classmethod
    def say_progress(cls) -> None:
        """Tell the lab that work goes on, at most once a second."""
        if time.monotonic() - cls.last_progress > 1:
            cls.last_progress = time.monotonic()
            cls.say("progress")
