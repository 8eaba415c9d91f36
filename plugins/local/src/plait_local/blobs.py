"""
The blob store of the scheme ``file``: objects are files, and an object appears whole or not at all.

Under ``full`` durability it is on the disk, with its name, before it counts as stored; otherwise the operating system sees to that in its
own time. Where workers belong to other users, objects do, too, and are reached with no more rights than theirs. URIs are absolute, ``file:///folder/name`` or a bare path. A path with ``..`` in it is refused, so that a prefix stays one.
Every call blocks for as long as the disk takes; it awaits nothing and can be used from any loop.
"""

import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from io import BufferedReader
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile

from plait_core.errors.stores import BlobDenied, BlobMissing, BlobUnavailable
from plait_core.ports.blobs import BlobInfo
from plait_local.rights import acting_as
from plait_local.settings import LocalSettings
from plait_local.users import SCHEME, Users

CHUNK_BYTES = 1 << 20
PARTIAL = ".plait-partial-"
"""What the names of unfinished files begin with; listings leave them out."""


class FileBlobStore:
    """``BlobStore`` over the file system of this machine."""

    def __init__(self, settings: LocalSettings, durability: str = "normal", root: str = "") -> None:
        """Keep what lies below *root* apart by project, where *settings* name users."""
        self._users = Users.named_by(settings, root)
        self._outlives_power_cuts = durability == "full"

    async def get(self, uri: str) -> bytes:
        with self._at(uri):
            return _path(uri).read_bytes()

    async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool:
        def write(partial: Path) -> None:
            partial.write_bytes(data)

        return self._place(uri, write, if_absent=if_absent)

    async def stream(self, uri: str, *, start: int = 0) -> AsyncIterator[bytes]:
        with self._opened(uri) as file:
            file.seek(start)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    async def download(self, uri: str, path: Path) -> None:
        with self._opened(uri) as source, path.open("wb") as target:
            copyfileobj(source, target, CHUNK_BYTES)

    async def upload(self, path: Path, uri: str) -> None:
        def write(partial: Path) -> None:
            with partial.open("wb") as target:
                copyfileobj(source, target, CHUNK_BYTES)

        with _translated(uri), path.open("rb") as source:
            self._place(uri, write)

    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        root = _path(prefix.rstrip("/"))
        with self._at(prefix):
            found = sorted((_uri_like(prefix, file), size_bytes) for file, size_bytes in _files(root))
        for uri, size_bytes in found:
            yield BlobInfo(uri=uri, size_bytes=size_bytes)

    async def delete(self, uri: str) -> None:
        with suppress(BlobMissing), self._at(uri):
            _path(uri).unlink()

    async def exists(self, uri: str) -> bool:
        with self._at(uri):
            return _path(uri).is_file()

    async def presign(self, uri: str, *, method: str, expires_s: float) -> str | None:
        return None

    async def close(self) -> None:
        """Keep nothing open between calls."""

    def on_behalf_of(self, project: str) -> "FileBlobStore":
        """Return the same store with the rights of the user of *project*, wherever an object is."""
        store = copy(self)
        store._users = self._users.only(project)
        return store

    @contextmanager
    def _at(self, uri: str) -> Iterator[None]:
        """Touch the object at *uri* in a block that never waits, with the rights of those whose it is."""
        with _translated(uri), acting_as(self._users.at(_path(uri))):
            yield

    @contextmanager
    def _opened(self, uri: str) -> Iterator[BufferedReader]:
        """Open the object at *uri* to read from it."""
        with self._at(uri):
            file = _path(uri).open("rb")
        with _translated(uri), file:
            yield file

    def _place(self, uri: str, write: Callable[[Path], object], *, if_absent: bool = False) -> bool:
        """Let *write* fill a file beside the object, then give it the object's name in one step."""
        target = _path(uri)
        with _translated(uri):
            folders = self._users.make(target.parent)
        with self._at(uri):
            with NamedTemporaryFile(dir=target.parent, prefix=PARTIAL, delete=False) as file:
                partial = Path(file.name)
            try:
                write(partial)
                if self._outlives_power_cuts:
                    _sync(partial)
                is_new = _name(partial, target, if_absent=if_absent)
            finally:
                partial.unlink(missing_ok=True)
        with _translated(uri):
            for folder in (target.parent, *folders) if self._outlives_power_cuts else ():
                _sync(folder, os.O_DIRECTORY)
        return is_new


def _path(uri: str) -> Path:
    path = Path(uri.removeprefix(SCHEME))
    if not path.is_absolute() or ".." in path.parts or "\0" in uri:
        raise BlobDenied(uri=uri, detail="the path must be absolute, without '..' in it")
    return path


def _uri_like(prefix: str, file: Path) -> str:
    """Spell the URI of *file* as *prefix* is spelt, with or without a scheme."""
    return f"{SCHEME if prefix.startswith(SCHEME) else ''}{file}"


def _files(root: Path) -> Iterator[tuple[Path, int]]:
    """Yield the whole files below *root*, with their sizes; what goes away meanwhile is left out."""
    for folder, _, names in os.walk(root, onerror=_refuse_unless_gone):
        for name in names:
            with suppress(FileNotFoundError):
                file = Path(folder, name)
                found = file.stat()
                if stat.S_ISREG(found.st_mode) and not name.startswith(PARTIAL):
                    yield file, found.st_size


def _refuse_unless_gone(error: OSError) -> None:
    """Say of a folder that cannot be read that it cannot be read, rather than that it is empty."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _sync(path: Path, flags: int = 0) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(partial: Path, target: Path, *, if_absent: bool) -> bool:
    if not if_absent:
        partial.replace(target)
        return True
    try:
        os.link(partial, target)
    except FileExistsError:
        return False
    return True


@contextmanager
def _translated(uri: str) -> Iterator[None]:
    """Turn what the operating system says about the object at *uri* into errors of blob stores."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise BlobMissing(uri=uri) from error
    except PermissionError as error:
        raise BlobDenied(uri=uri, detail=error.strerror or "permission denied") from error
    except OSError as error:
        raise BlobUnavailable(uri=uri, detail=error.strerror or str(error)) from error
