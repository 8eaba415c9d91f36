"""Blob stores: bytes by URI."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol, runtime_checkable

import attrs

from plait_core.ir.shapes import Shape


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BlobInfo(Shape):
    """One object of a listing."""

    uri: str
    size_bytes: int


class BlobStore(Protocol):
    """
    Bytes under URIs of one scheme. Directories exist only as common prefixes.

    Every method raises ``BlobMissing`` for an absent object, ``BlobDenied`` when access is refused, and ``Retryable``
    subclasses for what may pass. A cancelled write leaves either the old object or the new one, never a part.
    """

    async def get(self, uri: str) -> bytes:
        """Read a whole object."""
        ...

    async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool:
        """Write a whole object atomically. With *if_absent*, return False and change nothing when there is one."""
        ...

    def stream(self, uri: str, *, start: int = 0) -> AsyncIterator[bytes]:
        """Yield an object's bytes from *start* on, in chunks of at most 1 MiB."""
        ...

    async def download(self, uri: str, path: Path) -> None:
        """Copy an object to a local file that does not exist yet; its parent exists."""
        ...

    async def upload(self, path: Path, uri: str) -> None:
        """Copy a local file to an object, streaming."""
        ...

    def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        """Yield the objects under *prefix* (a whole path segment), ordered by URI."""
        ...

    async def delete(self, uri: str) -> None:
        """Delete an object; deleting an absent one is no error."""
        ...

    async def exists(self, uri: str) -> bool:
        """Say whether there is an object at exactly *uri*."""
        ...

    async def presign(self, uri: str, *, method: str, expires_s: float) -> str | None:
        """Return a URL by which anyone may GET or PUT the object for a while, or ``None`` if the store cannot."""
        ...

    async def close(self) -> None:
        """Free connections."""
        ...


@runtime_checkable
class ProjectsApart(Protocol):
    """What a blob store has besides in which projects cannot read each other's objects."""

    def on_behalf_of(self, project: str) -> BlobStore:
        """Return the same store as *project* may use it, for URIs that its tasks have named."""
        ...


def on_behalf_of(project: str, store: BlobStore) -> BlobStore:
    """Return *store* as *project* may use it."""
    return store.on_behalf_of(project) if isinstance(store, ProjectsApart) else store
