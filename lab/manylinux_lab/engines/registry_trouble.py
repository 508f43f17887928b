"""What a registry's refusal means: worth another try, a rate limit, or final; and how a pulled image is named. Pure."""

import re
from datetime import date

PULL_ATTEMPTS = 4
# The number alone may be part of a digest or a port.
RATE_LIMIT = re.compile(r"toomanyrequests|too many requests|rate limit|(?<![\w:.-])429(?![\w-])")
TRANSIENT = (
    *("timeout", "timed out", "connection reset", "temporary failure", "tls handshake", "unexpected eof"),
    *("500 internal", "502 bad", "503 service", "504 gateway", "broken pipe", "i/o timeout"),
)
ABSENT = ("manifest unknown", "not found", "name unknown", "no such image", "no matching manifest", "no image found")


def is_transient(message: str) -> bool:
    """Return whether another try may help: not for a rate limit, which lasts for hours."""
    low = message.lower()
    return not RATE_LIMIT.search(low) and any(word in low for word in TRANSIENT)


def pause(attempt: int) -> float:
    """Return the seconds to wait after a failed attempt: 1, 3, 9."""
    return float(3 ** (attempt - 1))


def explain(reference: str, arch: str, message: str) -> str:
    """Return the sentence for the user."""
    low = message.lower()
    what = f"The image '{reference}' ({arch}) cannot be pulled"
    one_line = " ".join(message.split())
    if RATE_LIMIT.search(low):
        return f"{what}: the registry's rate limit is reached; log in, wait, or name a mirror. It said: {one_line}"
    if any(word in low for word in ABSENT):
        return f"{what}: the registry does not have it for this architecture. It said: {one_line}"
    return f"{what}: {one_line}"


def pulled_origin(reference: str, day: date) -> str:
    """Return the words for where an image came from. What a tag means depends on the day."""
    return f"registry image {reference}, fetched {day}"
