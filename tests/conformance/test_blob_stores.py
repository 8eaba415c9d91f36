"""
The in-memory blob store passes the suite for blob stores, and the suite catches stores that are broken.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plait_core.errors.stores import BlobMissing
from plait_core.ports.blobs import BlobInfo, BlobStore
from plait_core.testing.blob_stores import BlobStoreConformance as Suite
from plait_core.testing.memory import MemoryBlobStore


class TestMemory(Suite):
    def make_store(self, directory: Path) -> tuple[BlobStore, str]:
        return MemoryBlobStore(), "memory://bucket/prefix"


class TranslatesLineEnds(MemoryBlobStore):
    async def get(self, uri: str) -> bytes:
        return (await super().get(uri)).replace(b"\r\n", b"\n")


class IgnoresIfAbsent(MemoryBlobStore):
    async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool:
        return await super().put(uri, data)


class TellsEveryWriterThatItWon(MemoryBlobStore):
    async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool:
        await super().put(uri, data, if_absent=if_absent)
        return True


class StreamsInOnePiece(MemoryBlobStore):
    async def stream(self, uri: str, *, start: int = 0) -> AsyncIterator[bytes]:
        yield (await self.get(uri))[start:]


class ForgetsTheOffset(MemoryBlobStore):
    def stream(self, uri: str, *, start: int = 0) -> AsyncIterator[bytes]:
        return super().stream(uri)


class AppendsUploads(MemoryBlobStore):
    async def upload(self, path: Path, uri: str) -> None:
        await self.put(uri, (await self.get(uri) if await self.exists(uri) else b"") + path.read_bytes())  # noqa: ASYNC240  # small


class ReadsNothingAsEmpty(MemoryBlobStore):
    async def get(self, uri: str) -> bytes:
        try:
            return await super().get(uri)
        except BlobMissing:
            return b""


class TakesPrefixesForObjects(MemoryBlobStore):
    async def exists(self, uri: str) -> bool:
        return any(held.startswith(uri) for held in self._objects)


class ListsByCharacters(MemoryBlobStore):
    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        for uri in sorted(self._objects):
            if uri.startswith(prefix):
                yield BlobInfo(uri=uri, size_bytes=len(self._objects[uri]))


class ListsInOrderOfArrival(MemoryBlobStore):
    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        for uri in self._objects:
            if uri.startswith(prefix.rstrip("/") + "/"):
                yield BlobInfo(uri=uri, size_bytes=len(self._objects[uri]))


class DeletesOnce(MemoryBlobStore):
    async def delete(self, uri: str) -> None:
        await self.get(uri)
        await super().delete(uri)


class WritesInParts(MemoryBlobStore):
    async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool:
        if if_absent and await self.exists(uri):
            return False
        await super().put(uri, data[: len(data) // 2])
        await asyncio.sleep(0)
        return await super().put(uri, data)


class SignsWithPaths(MemoryBlobStore):
    async def presign(self, uri: str, *, method: str, expires_s: float) -> str | None:
        return uri


class BelongsToOneLoop(MemoryBlobStore):
    loop: object = None

    async def get(self, uri: str) -> bytes:
        self.loop = self.loop or asyncio.get_running_loop()
        return await super().get(uri) if self.loop is asyncio.get_running_loop() else b""


@pytest.mark.parametrize(
    ("store", "caught_by"),
    [
        (TranslatesLineEnds, Suite.test_bytes_come_back),
        (IgnoresIfAbsent, Suite.test_put_if_absent_writes_once),
        (TellsEveryWriterThatItWon, Suite.test_one_of_many_writers_wins),
        (StreamsInOnePiece, Suite.test_streams_come_in_chunks),
        (ForgetsTheOffset, Suite.test_streams_come_in_chunks),
        (AppendsUploads, Suite.test_files_go_up_and_down),
        (ReadsNothingAsEmpty, Suite.test_what_is_absent_is_missing),
        (TakesPrefixesForObjects, Suite.test_what_is_absent_is_missing),
        (ListsByCharacters, Suite.test_lists_are_complete_and_ordered),
        (ListsInOrderOfArrival, Suite.test_lists_are_complete_and_ordered),
        (DeletesOnce, Suite.test_deleting_is_final_and_repeatable),
        (WritesInParts, Suite.test_a_cancelled_write_leaves_no_part),
        (SignsWithPaths, Suite.test_a_presigned_url_is_a_url_or_none),
        (BelongsToOneLoop, Suite.test_any_loop_may_use_it),
    ],
)
def test_broken_store_is_caught(store: type[MemoryBlobStore], caught_by: object, tmp_path: Path) -> None:
    """Each story of the suite fails for a store that breaks what it tells."""

    class OfBroken(Suite):
        def make_store(self, directory: Path) -> tuple[BlobStore, str]:
            return store(), "memory://bucket/prefix"

    with pytest.raises((AssertionError, BlobMissing, pytest.fail.Exception)):
        getattr(OfBroken(), caught_by.__name__)(tmp_path)  # type: ignore[attr-defined]  # a function
