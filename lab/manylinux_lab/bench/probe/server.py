"""The server: answers the lab's requests until there are no more."""

import json
import os
import signal

from .coload import Nursery, do_coload
from .conversation import Conversation
from .facts import do_facts
from .gather import do_gather
from .install import do_install
from .integrity import do_intact
from .libraries import do_libraries
from .loading import do_import
from .process import prctl
from .smoke import do_smoke
from .unpack import do_unpack
from .work import do_clear, do_remove, folders_to_clear

OPERATIONS = {
    "facts": do_facts,
    "install": do_install,
    "unpack": do_unpack,
    "import": do_import,
    "smoke": do_smoke,
    "remove": do_remove,
    "clear": do_clear,
    "gather": do_gather,
    "intact": do_intact,
    "libraries": do_libraries,
    "coload": do_coload,
}
LEAVE_MOTHERS_ALONE = ("coload", "intact", "libraries")


def serve() -> None:
    """Answer requests until standard input ends."""
    requests = os.fdopen(os.dup(0), "rb")
    Conversation.events = os.dup(1)
    awake, wake = os.pipe()
    for descriptor in (awake, wake):
        os.set_blocking(descriptor, False)
    Conversation.wakeup = awake
    Conversation.private = (requests.fileno(), Conversation.events, awake, wake)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    prctl(4, 0)  # PR_SET_DUMPABLE: same-uid processes can read neither our memory nor our descriptors
    prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: what a step leaves behind becomes our child
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    first = json.loads(requests.readline().decode("utf-8"))
    Conversation.token, Conversation.work = first["token"], first.get("work", Conversation.work)
    Conversation.cleared = folders_to_clear()
    for line in iter(requests.readline, b""):
        request = json.loads(line.decode("utf-8"))
        Conversation.request, Conversation.repeats = request["request"], 0
        if request["op"] not in LEAVE_MOTHERS_ALONE:
            Nursery.leave()  # other operations end every process that they find
        OPERATIONS[request["op"]](request)
        Conversation.say("done")
    Nursery.leave()
