"""A program of a container on the user's terminal."""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from .docker_daemon import speaking
from .docker_exec import hang_up, raw_socket
from .surroundings import WORK
from .terminal import relay

if TYPE_CHECKING:
    from docker.api.client import APIClient


def run_in_container(api: "APIClient", container: str, argv: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a program with a terminal inside the container and return its exit code."""
    from docker.errors import APIError

    words = [f"{name}={value}" for name, value in variables.items()]
    with speaking(f"'{argv[0]}' cannot be started in the container"):
        command = ["env", "-i", *words, *argv]
        made = api.exec_create(container, command, stdin=True, tty=True, workdir=WORK)
        given = api.exec_start(made["Id"], tty=True, socket=True)
        stream = raw_socket(given)
        stream.settimeout(None)
        size = shutil.get_terminal_size()
        with suppress(APIError):  # a program that has ended already needs no size
            api.exec_resize(made["Id"], height=size.lines, width=size.columns)
    try:
        relay(stream.fileno(), lambda: stream.recv(65536), stream.sendall)
    finally:
        hang_up(given)
    with speaking("The container cannot be asked for the exit code"):
        return int(api.exec_inspect(made["Id"])["ExitCode"])
