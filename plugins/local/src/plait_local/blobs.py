"""
The blob store of the scheme ``file``: objects are files, and an object appears whole or not at all.

Under ``full`` durability it is on the disk, with its name, before it counts as stored; otherwise the operating system sees to that in its
own time. URIs are absolute, ``file:///folder/name`` or a bare path. A path with ``..`` in it is refused, so that a prefix stays one.
Every call blocks for as long as the disk takes; it awaits nothing and can be used from any loop.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from shutil import copyfile
from tempfile import NamedTemporaryFile

from plait_core.errors.stores import BlobDenied, BlobMissing, BlobUnavailable
from plait_core.ports.blobs import BlobInfo
from plait_local.settings import LocalSettings

SCHEME = "file://"
CHUNK_BYTES = 1 << 20
PARTIAL = ".plait-partial-"
"""What the names of unfinished files begin with; listings leave them out."""


class FileBlobStore:
    """``BlobStore`` over the file system of this machine."""

    def __init__(self, settings: LocalSettings, durability: str = "normal") -> None:
        self._outlives_power_cuts = durability == "full"

    async def get(self, uri: str) -> bytes:
        with _translated(uri):
            return _path(uri).read_bytes()

    async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool:
        def write(partial: Path) -> None:
            partial.write_bytes(data)

        return self._place(uri, write, if_absent=if_absent)

    async def stream(self, uri: str, *, start: int = 0) -> AsyncIterator[bytes]:
        with _translated(uri), _path(uri).open("rb") as file:
            file.seek(start)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    async def download(self, uri: str, path: Path) -> None:
        with _translated(uri):
            copyfile(_path(uri), path)

    async def upload(self, path: Path, uri: str) -> None:
        self._place(uri, lambda partial: copyfile(path, partial))

    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        root = _path(prefix.rstrip("/"))
        with _translated(prefix):
            found = sorted(
                (_uri_like(prefix, file), file.stat().st_size)
                for file in root.rglob("*")
                if file.is_file() and not file.name.startswith(PARTIAL)
            )
        for uri, size_bytes in found:
            yield BlobInfo(uri=uri, size_bytes=size_bytes)

    async def delete(self, uri: str) -> None:
        with suppress(BlobMissing), _translated(uri):
            _path(uri).unlink()

    async def exists(self, uri: str) -> bool:
        return _path(uri).is_file()

    async def presign(self, uri: str, *, method: str, expires_s: float) -> str | None:
        return None

    async def close(self) -> None:
        """Keep nothing open between calls."""

    def _place(self, uri: str, write: Callable[[Path], object], *, if_absent: bool = False) -> bool:
        """Let *write* fill a file beside the object, then give it the object's name in one step."""
        target = _path(uri)
        with _translated(uri):
            folders = _make_folders(target.parent)
            with NamedTemporaryFile(dir=target.parent, prefix=PARTIAL, delete=False) as file:
                partial = Path(file.name)
            try:
                write(partial)
                if self._outlives_power_cuts:
                    _sync(partial)
                is_new = _name(partial, target, if_absent=if_absent)
                for folder in (target.parent, *folders) if self._outlives_power_cuts else ():
                    _sync(folder)
                return is_new
            finally:
                partial.unlink(missing_ok=True)


def _path(uri: str) -> Path:
    path = Path(uri.removeprefix(SCHEME))
    if not path.is_absolute() or ".." in path.parts or "\0" in uri:
        raise BlobDenied(uri=uri, detail="the path must be absolute, without '..' in it")
    return path


def _uri_like(prefix: str, file: Path) -> str:
    """Spell the URI of *file* as *prefix* is spelt, with or without a scheme."""
    return f"{SCHEME if prefix.startswith(SCHEME) else ''}{file}"


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder with those above it; returns the ones that have a new name in them, the deepest first."""
    missing = list(takewhile(lambda above: not above.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    return [made.parent for made in missing]


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
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
