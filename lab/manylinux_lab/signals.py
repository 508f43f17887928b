"""How a process ended, in words."""

import signal

KILLS = "killed the lab's program that had started it"


def signal_words(number: object) -> str:
    """Return ``crashed with SIGSEGV (segmentation fault)`` for the number of a signal."""
    if not isinstance(number, int):
        return "died"
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    meaning = {4: " (illegal instruction: it needs a newer CPU)", 6: " (abort)", 11: " (segmentation fault)"}
    return f"crashed with {name}{meaning.get(number, '')}"
