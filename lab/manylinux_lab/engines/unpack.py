"""A root file system out of a tarball or a folder: unpacked without trusting it, or streamed as a plain tar."""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from ..errors import EngineError, UsageError

CHUNK = 1 << 20
DECOMPRESSORS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}


class Readable(Protocol):
    """What tarfile reads from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes."""
        ...


class Hashing(io.RawIOBase):
    """A reader that knows the SHA-256 of what went through it."""

    def __init__(self, stream: Readable) -> None:
        super().__init__()
        self._stream = stream
        self._hash = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes."""
        data = self._stream.read(size)
        self._hash.update(data)
        return data

    def digest(self) -> str:
        """Read to the end and return ``sha256:...``."""
        while self.read(CHUNK):
            pass
        return f"sha256:{self._hash.hexdigest()}"


@contextmanager
def open_root(root: Path) -> Iterator[IO[bytes]]:
    """Give the uncompressed tar stream of a tarball (.tar, .gz, .bz2, .xz, .zst) or of a folder.

    The same folder gives the same bytes.

    Raises:
        UsageError: there is no such file or folder.
        EngineError: the file is damaged, or a program that reads it is missing.
    """
    if root.is_dir():
        argv = ["tar", "--sort=name", "--numeric-owner", "--one-file-system", "--format=pax"]
        argv += ["--pax-option=delete=atime,delete=ctime", "-C", str(root), "-c", "."]
    elif root.is_file():
        with root.open("rb") as file:
            start = file.read(8)
        tool = next((tool for magic, tool in DECOMPRESSORS.items() if start.startswith(magic)), "cat")
        argv = [tool, str(root)] if tool == "cat" else [tool, "-d", "-c", str(root)]
    else:
        raise UsageError(f"The root file system '{root}' does not exist; name a tarball or a folder.")
    if shutil.which(argv[0]) is None:
        raise EngineError(f"'{root}' cannot be read: the program '{argv[0]}' is missing; install it.")
    with _output_of(argv, root) as stream:
        yield stream


@contextmanager
def _output_of(argv: list[str], root: Path) -> Iterator[IO[bytes]]:
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        if child.stdout is None or child.stderr is None:
            raise EngineError(f"'{argv[0]}' has no streams.")
        try:
            yield child.stdout
            rest = child.stdout.read(1)
        except BaseException:
            child.kill()
            raise
        complaint = child.stderr.read().decode(errors="replace").strip()
        if child.wait() != 0 and not rest:
            raise EngineError(f"The root file system '{root}' cannot be read: {complaint}.")


def unpack_root(root: Path, to: Path) -> str:
    """Unpack a tarball, or copy a folder, into the empty folder ``to`` and return the digest of its tar stream."""
    with open_root(root) as stream:
        hashing = Hashing(stream)
        try:
            with tarfile.open(fileobj=hashing, mode="r|") as archive:
                unpacker = Unpacker(to)
                for member in archive:
                    unpacker.add(member, archive)
        except tarfile.TarError as error:
            raise EngineError(f"The root file system '{root}' is no readable tarball: {error}.") from error
        except OSError as error:
            raise EngineError(f"The root file system '{root}' cannot be unpacked: {error}.") from error
        unpacker.finish()
        return hashing.digest()


class Unpacker:
    """Writes the entries of an archive below one folder and nowhere else.

    An entry whose folder is a symbolic link, or whose name climbs, is refused: followed from outside, a link of a root
    may point at a file of this machine. Links themselves are kept as they are, as they mean places inside the root.
    Device nodes, pipes and sockets are left out: a bench has its own ``/dev``.
    """

    def __init__(self, to: Path) -> None:
        self._to = to
        self._folders: dict[str, tuple[int, float]] = {"": (0o755, 0.0)}
        self._is_root = os.geteuid() == 0

    def add(self, member: tarfile.TarInfo, archive: tarfile.TarFile) -> None:
        """Write one entry."""
        name = self._name(member.name)
        if not name and member.isdir():
            return
        path = self._to / name
        if not name or (path.is_symlink() and member.isdir()):
            raise EngineError(f"The entry '{member.name}' of the root file system replaces something else.")
        self._make_parents(name)
        if member.isdir():
            path.mkdir(exist_ok=True)
            self._folders[name] = (member.mode & 0o7777, member.mtime)
        elif self._write(member, archive, path, name):
            self._dress(member, path)
        if member.isdir() and self._is_root:
            os.chown(path, member.uid, member.gid, follow_symlinks=False)

    def finish(self) -> None:
        """Give the folders their modes and times, which later entries would have changed or stood in the way of."""
        for name in sorted(self._folders, reverse=True):
            mode, mtime = self._folders[name]
            path = self._to / name
            # Whoever unpacks must be able to delete it again, and the bench's user to look inside.
            path.chmod(mode | 0o700)
            os.utime(path, (mtime, mtime))

    def _name(self, raw: str) -> str:
        parts = [part for part in PurePosixPath(raw.lstrip("/")).parts if part != "."]
        if ".." in parts or "\0" in raw:
            raise EngineError(f"The entry '{raw}' climbs out of the root file system; it is not unpacked.")
        return "/".join(parts)

    def _make_parents(self, name: str) -> None:
        parent = name.rpartition("/")[0]
        if parent in self._folders:
            return
        self._make_parents(parent)
        path = self._to / parent
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise EngineError(f"The entry '{name}' of the root file system goes through the link '{parent}'.")
        path.mkdir(exist_ok=True)
        self._folders[parent] = (0o755, 0.0)

    def _write(self, member: tarfile.TarInfo, archive: tarfile.TarFile, path: Path, name: str) -> bool:
        if name in self._folders:
            raise EngineError(f"The entry '{name}' of the root file system replaces a folder.")
        if not (member.isreg() or member.issym() or member.islnk()):
            return False
        path.unlink(missing_ok=True)
        if member.issym():
            path.symlink_to(member.linkname)
        elif member.islnk():
            path.hardlink_to(self._linked(member))
            return False
        else:
            source = archive.extractfile(member)
            with path.open("xb") as target:
                if source is not None:
                    shutil.copyfileobj(source, target, CHUNK)
        return True

    def _linked(self, member: tarfile.TarInfo) -> Path:
        name = self._name(member.linkname)
        path = self._to / name
        if name.rpartition("/")[0] not in self._folders or path.is_symlink() or not path.is_file():
            raise EngineError(f"The entry '{member.name}' is a hard link to '{member.linkname}', no file of the root.")
        return path

    def _dress(self, member: tarfile.TarInfo, path: Path) -> None:
        if self._is_root:
            os.chown(path, member.uid, member.gid, follow_symlinks=False)
        if not member.issym():
            path.chmod(member.mode & 0o7777)
            os.utime(path, (member.mtime, member.mtime))
