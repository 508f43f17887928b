"""Writes the reports of a process of wheels as lines of JSON, without an import that a wheel could lean on."""

import os


class Teller:
    """Writes reports, a line each: ``secret kind json``.

    The secret is that of the order, so that what is written by code of an earlier order is taken for nothing. Each line
    begins after a line end of its own, which parts it from anything unfinished that such code left in the pipe.
    """

    def __init__(self, reports: int, output: int, secret: str) -> None:
        self.reports = reports
        self.output = output
        self.secret = secret

    def tell(self, kind: str, value: object) -> None:
        """Write one report."""
        write(self.reports, "\n%s %s %s\n" % (self.secret, kind, encoded(value)))

    def mark(self, number: int) -> None:
        """Mark in the output the place up to which a member printed."""
        write(self.output, "\0%s %d\0" % (self.secret, number))


def write(descriptor: int, text: str) -> None:
    """Write all of a text."""
    data = text.encode("ascii")
    while data:
        data = data[os.write(descriptor, data) :]


def encoded(value: object) -> str:
    """Return JSON of plain values in ASCII; other objects are told as their text."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return "%d" % value
    if isinstance(value, dict):
        return "{%s}" % ", ".join("%s: %s" % (encoded(str(key)), encoded(value[key])) for key in value)
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join([encoded(item) for item in value])
    return quoted(str(value))


def quoted(text: str) -> str:
    """Return a JSON string; paths and names, which are most of what is told, need no look at each letter."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        try:
            text.encode("ascii")
        except UnicodeEncodeError:
            pass
        else:
            return '"%s"' % text
    units = text.encode("utf-16-be", "surrogatepass")
    codes = [units[place] << 8 | units[place + 1] for place in range(0, len(units), 2)]
    return '"%s"' % "".join(
        [chr(code) if 32 <= code < 127 and code not in (34, 92) else "\\u%04x" % code for code in codes]
    )
