"""Files that other processes may read and write at the same moment appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO


@contextmanager
def appearing(path: Path, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """Open a hidden file beside ``path``; it takes the place of ``path`` when the block ends without an exception.

    ``mode`` is what the file's permissions will be. What is no file, such as ``/dev/stdout``, is written to as it is,
    and a link keeps leading to what it leads to.

    Raises:
        OSError: it cannot be written, as on a full disk; the error names ``path``.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        with path.open("wb") as stream:
            yield stream
        return
    path = path.resolve() if path.is_symlink() else path
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
        try:
            yield file
            file.flush()
            os.chmod(file.name, mode)  # noqa: PTH101 - the name is the only handle that NamedTemporaryFile gives
            os.replace(file.name, path)  # noqa: PTH105
        except BaseException as error:
            with suppress(FileNotFoundError):
                Path(file.name).unlink()
            if isinstance(error, OSError) and error.errno is not None and error.filename is None:
                error.filename = str(path)  # writing names no file
            raise
