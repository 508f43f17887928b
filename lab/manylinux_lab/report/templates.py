"""Templates of reports: ours, or the user's of the same name. A mistake in one is said with its file and line."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from ..errors import UsageError
from ..folders import data_folder


class Safe(str):
    """Text that is already escaped for its format."""

    __slots__ = ()


def environment(folder: str, escape: Callable[[str], str] | None) -> jinja2.Environment:
    """Return what renders templates: ``escape`` goes over every value that is not ``Safe``, None stands for HTML's.

    Args:
        folder: the user's templates, which come before ours of the same name; empty for none.

    Raises:
        UsageError: there is no such folder.
    """
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_folders(folder)),
        undefined=jinja2.StrictUndefined,
        autoescape=escape is None,  # noqa: S701 - where it is off, the finalizer escapes every value
        finalize=(lambda value: value if isinstance(value, Safe) else escape(str(value))) if escape else None,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _folders(folder: str) -> list[Path]:
    if folder and not Path(folder).is_dir():
        raise UsageError(f"The folder '{folder}' for templates does not exist; name another with --templates.")
    return [*([Path(folder)] if folder else []), data_folder("reports")]


def fill(made: jinja2.Environment, name: str, values: Mapping[str, Any]) -> str:
    """Return the template ``name`` with its values.

    Raises:
        UsageError: a template of the user has a mistake, or does what cannot be done with these values.
    """
    try:
        return made.get_template(name).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise UsageError(_sentence(error.filename or name, error.lineno, error.message or "no template")) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The template '{name}' is not text in UTF-8; save it as that.") from error
    except Exception as error:  # a template is code and can raise anything; its author is told where
        file, line = _place(error)
        if not file or Path(file).parent == data_folder("reports"):
            raise
        raise UsageError(_sentence(file, line, str(error) or type(error).__name__)) from error


def _sentence(file: str, line: int, what: str) -> str:
    return f"The template '{file}' has a mistake in line {line}: {' '.join(what.split()).rstrip('.')}."


def _place(error: BaseException) -> tuple[str, int]:
    """Return file and line of the innermost template on the way to an error; Jinja2 puts them into the traceback."""
    place, step = ("", 0), error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename.endswith(".j2"):
            place = (step.tb_frame.f_code.co_filename, step.tb_lineno)
        step = step.tb_next
    return place
