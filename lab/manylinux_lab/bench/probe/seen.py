"""What was seen of one step, bounded: its output, its reports, its end."""

KEPT = 32 << 10  # bytes of output kept at each end
LINE = 64 << 10  # longest report line of a step
REPORTS = 4 << 20  # bytes of reports read from one step


class Seen:
    """What the kernel and the step's own pipe told about one finished step."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.wait = None  # type: int | None
        self.reports = {}  # type: dict[int, dict[str, str]]
        self.head = b""
        self.tail = b""
        self.cut = 0
        self.pending = b""
        self.reported = 0
        self.left_behind = 0
        self.seconds = 0.0

    def take_output(self, data: bytes) -> None:
        """Keep the first and the last ``KEPT`` bytes."""
        room = KEPT - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        self.cut += max(0, len(self.tail) - KEPT)
        self.tail = self.tail[-KEPT:]

    def take_reports(self, data: bytes) -> None:
        """Take whole report lines; what is malformed or too much is dropped: it can only be the wheel's own doing."""
        self.reported += len(data)
        if self.reported > REPORTS:
            return
        lines = (self.pending + data).split(b"\n")
        self.pending = lines.pop()[-LINE:]
        for line in lines:
            try:
                number, *pairs = line[:LINE].decode("ascii").split(" ")
                words = dict(pair.split("=") for pair in pairs)
                decoded = {key: bytes.fromhex(value).decode("utf-8", "replace") for key, value in words.items()}
                self.reports.setdefault(int(number), {}).update(decoded)
            except ValueError:
                continue

    def output(self) -> str:
        """Return the kept output with a note where something was cut."""
        note = b"\n[... %d bytes left out ...]\n" % self.cut if self.cut else b""
        return (self.head + note + self.tail).decode("utf-8", "replace")
