"""The questions the lab asks, in the order in which it asks them; each is a test in ``suites/test_<name>.py``."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..judge import Promise


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A question. It is asked where the tag's promise is ``promise``; None means only where the plan says so itself."""

    name: str
    question: str
    promise: Promise | None = Promise.SUPPORTED


CHECKS = (
    Check(name="read", question="Is the file a wheel that an installer could read?", promise=None),
    Check(name="resolve", question="Does the bench's installer find a wheel for the requirement?", promise=None),
    Check(name="install", question="Does the bench's installer install the wheel?"),
    Check(
        name="refuse",
        question="Is the wheel refused where its tag does not reach?",
        promise=Promise.UNSUPPORTED,
    ),
    Check(name="import", question="Does everything in the wheel import and load?"),
    Check(name="smoke", question="Does the project do what its smoke code asks of it?"),
    Check(name="effects", question="Does installing or loading the wheel change anything for others?", promise=None),
    Check(name="coload", question="Do the wheels work in one process as each does alone?", promise=None),
)


def with_suites(files: Iterable[Path]) -> tuple[Check, ...]:
    """Return the lab's checks and one for each test file that the user adds: ``test_<name>.py`` becomes check ``name``.

    Raises:
        UsageError: a file does not exist, is not named like a test file, or takes the name of a check of the lab.
    """
    checks = list(CHECKS)
    for file in files:
        match = re.fullmatch(r"test_([a-z0-9_]+)\.py", file.name)
        if match is None or not file.is_file():
            raise UsageError(f"The suite '{file}' cannot be used: name an existing file called test_<check>.py.")
        if any(check.name == match[1] for check in checks):
            raise UsageError(f"The suite '{file}' takes the name of the check '{match[1]}'; rename the file.")
        if not _has_test(file):
            raise UsageError(f"The suite '{file}' has no function whose name begins with 'test', so it asks nothing.")
        checks.append(Check(name=match[1], question=f"The check of {file.name}."))
    return tuple(checks)


def _has_test(file: Path) -> bool:
    """Tell whether pytest would find a test in a file, as far as reading it tells."""
    try:
        tree = ast.parse(file.read_bytes(), filename=str(file))
    except (OSError, SyntaxError, ValueError) as error:
        raise UsageError(f"The suite '{file}' cannot be read: {error}.") from error
    defined = [part.name for part in ast.walk(tree) if isinstance(part, ast.FunctionDef)]
    brought = [
        name.asname or name.name for part in ast.walk(tree) if isinstance(part, ast.ImportFrom) for name in part.names
    ]
    return any(name.startswith("test") or name == "*" for name in (*defined, *brought))
