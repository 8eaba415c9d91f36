"""The in-memory blob store: a dict from URI to bytes."""

from collections.abc import AsyncIterator
from pathlib import Path

from plait_core.errors.stores import BlobMissing
from plait_core.ports.blobs import BlobInfo

CHUNK_BYTES = 1 << 20


class MemoryBlobStore:
    """``BlobStore`` for the scheme ``memory``; what it holds ends with it."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    async def get(self, uri: str) -> bytes:
        return self._held(uri)

    def _held(self, uri: str) -> bytes:
        if uri not in self._objects:
            raise BlobMissing(uri=uri)
        return self._objects[uri]

    async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool:
        if if_absent and uri in self._objects:
            return False
        self._objects[uri] = data
        return True

    async def stream(self, uri: str, *, start: int = 0) -> AsyncIterator[bytes]:
        data = self._held(uri)
        for offset in range(start, len(data), CHUNK_BYTES):
            yield data[offset : offset + CHUNK_BYTES]

    async def download(self, uri: str, path: Path) -> None:
        path.write_bytes(self._held(uri))  # noqa: ASYNC240  # a test's file is small

    async def upload(self, path: Path, uri: str) -> None:
        self._objects[uri] = path.read_bytes()  # noqa: ASYNC240  # as above

    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        below = prefix.rstrip("/") + "/"
        for uri in sorted(self._objects):
            if uri.startswith(below):
                yield BlobInfo(uri=uri, size_bytes=len(self._objects[uri]))

    async def delete(self, uri: str) -> None:
        self._objects.pop(uri, None)

    async def exists(self, uri: str) -> bool:
        return uri in self._objects

    async def presign(self, uri: str, *, method: str, expires_s: float) -> str | None:
        return None

    async def close(self) -> None:
        """Keep what there is: another opening of the same store finds it."""
