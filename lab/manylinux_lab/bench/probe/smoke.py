"""Answers ``smoke``: runs the user's code beside the installed wheel."""

from typing import Any

from .conversation import Conversation
from .fresh_interpreter import repeat, run_plan
from .status import result_of


def do_smoke(request: "dict[str, Any]") -> None:
    """Run the user's code with the site folder on the path."""
    inline = [("smoke", request["code"])]
    seen = run_plan(request["site"], inline, [], request["seconds"])
    words = result_of(seen, 0)
    if "crash" in words["status"]:
        words = repeat(request["site"], inline, request["seconds"], words)
    Conversation.say("smoke", left_behind=seen.left_behind, seconds=seen.seconds, **words)
