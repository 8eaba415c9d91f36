"""
The conformance suite of blob stores, to be subclassed in pytest.

    class TestFiles(BlobStoreConformance):
        def make_store(self, directory: Path) -> tuple[BlobStore, str]:
            return FileBlobStore(), f"file://{directory}/blobs"

Each test gets a store and a prefix under which there is nothing yet.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from plait_core.errors.stores import BlobMissing
from plait_core.ports.blobs import BlobInfo, BlobStore

MIB = 1 << 20
AWKWARD = ("a b.txt", "größe.bin", "100%.csv", "x+y=z.csv", "#1?.txt")
"""Names that people give to files."""


def _story(
    test: Callable[[Any, BlobStore, str], Coroutine[Any, Any, None]],
) -> Callable[["BlobStoreConformance", Path], None]:
    """Run a coroutine over a new store, as a test that pytest can call."""

    def run(self: "BlobStoreConformance", tmp_path: Path) -> None:
        self.directory = tmp_path
        store, prefix = self.make_store(tmp_path)

        async def play() -> None:
            try:
                await test(self, store, prefix)
            finally:
                await store.close()

        asyncio.run(play())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


async def _read(store: BlobStore, uri: str, *, start: int = 0) -> list[bytes]:
    return [chunk async for chunk in store.stream(uri, start=start)]


async def _names(store: BlobStore, prefix: str) -> list[BlobInfo]:
    return [info async for info in store.list(prefix)]


class BlobStoreConformance:
    """Proves a ``BlobStore``; ``directory`` is new for each test."""

    directory: Path

    def make_store(self, directory: Path) -> tuple[BlobStore, str]:
        """Make the store under test and a URI prefix without a slash at its end; it may keep its files in *directory*."""
        raise NotImplementedError

    @_story
    async def test_bytes_come_back(self, store: BlobStore, prefix: str) -> None:
        """Whatever they are, under whatever name, and the last write counts."""
        for data in (b"", b"\x00\xff\r\n" * 100):
            for name in ("deep/er/object", *AWKWARD):
                assert await store.put(f"{prefix}/{name}", data)
                assert await store.get(f"{prefix}/{name}") == data

    @_story
    async def test_put_if_absent_writes_once(self, store: BlobStore, prefix: str) -> None:
        """The first writer wins and knows it, even when both write the same."""
        uri = f"{prefix}/result"

        assert await store.put(uri, b"first", if_absent=True)
        assert not await store.put(uri, b"second", if_absent=True)
        assert not await store.put(uri, b"first", if_absent=True)
        assert await store.get(uri) == b"first"

    @_story
    async def test_one_of_many_writers_wins(self, store: BlobStore, prefix: str) -> None:
        """Of writers at the same time exactly one is told that it wrote, and its bytes are there."""
        uri = f"{prefix}/result"
        data = [str(n).encode() * 1000 for n in range(8)]

        won = await asyncio.gather(*(store.put(uri, item, if_absent=True) for item in data))

        assert won.count(True) == 1
        assert await store.get(uri) == data[won.index(True)]

    @_story
    async def test_streams_come_in_chunks(self, store: BlobStore, prefix: str) -> None:
        """At most 1 MiB each, from any offset, the end included."""
        uri, data = f"{prefix}/large", bytes(range(256)) * (10 * 1024 + 1)
        await store.put(uri, data)

        chunks = await _read(store, uri)

        assert b"".join(chunks) == data
        assert max(len(chunk) for chunk in chunks) <= MIB
        assert b"".join(await _read(store, uri, start=MIB + 7)) == data[MIB + 7 :]
        assert b"".join(await _read(store, uri, start=len(data))) == b""

    @_story
    async def test_files_go_up_and_down(self, store: BlobStore, prefix: str) -> None:
        """A file becomes an object and a file again, replacing what the object was."""
        source, copy, uri = self.directory / "source.bin", self.directory / "copy.bin", f"{prefix}/dir/file.bin"
        data = bytes(range(256)) * (5 * 1024)
        source.write_bytes(data)
        await store.put(uri, b"older and to be replaced")

        await store.upload(source, uri)
        await store.download(uri, copy)

        assert await store.get(uri) == data
        assert copy.read_bytes() == data

    @_story
    async def test_what_is_absent_is_missing(self, store: BlobStore, prefix: str) -> None:
        """Every way to read says so with the URI; a prefix of an object's name is no object."""
        await store.put(f"{prefix}/dir/object", b"1")
        for uri in (f"{prefix}/nothing", f"{prefix}/dir", f"{prefix}/dir/obj"):
            assert not await store.exists(uri)
            for read in (store.get, partial(_read, store), partial(store.download, path=self.directory / "copy")):
                with pytest.raises(BlobMissing) as caught:
                    await read(uri)
                assert caught.value.uri == uri
        assert await store.exists(f"{prefix}/dir/object")

    @_story
    async def test_lists_are_complete_and_ordered(self, store: BlobStore, prefix: str) -> None:
        """Everything below the prefix as a path, with sizes, ordered by URI, and nothing beside it."""
        for name in ("dir/b", "dir/a/deep", "dir/a.txt", *(f"dir/{name}" for name in AWKWARD), "dir2/c", "other"):
            await store.put(f"{prefix}/{name}", name.encode())

        names = sorted(f"dir/{name}" for name in ("b", "a/deep", "a.txt", *AWKWARD))

        expected = [BlobInfo(uri=f"{prefix}/{name}", size_bytes=len(name.encode())) for name in names]
        assert await _names(store, f"{prefix}/dir") == expected
        assert await _names(store, f"{prefix}/dir/") == expected
        assert await _names(store, f"{prefix}/nothing") == []

    @_story
    async def test_deleting_is_final_and_repeatable(self, store: BlobStore, prefix: str) -> None:
        """Only the object named goes; deleting it again is no error."""
        await store.put(f"{prefix}/gone", b"1")
        await store.put(f"{prefix}/gone2", b"2")

        for _ in range(2):
            await store.delete(f"{prefix}/gone")

        assert [info.uri for info in await _names(store, prefix)] == [f"{prefix}/gone2"]
        assert not await store.exists(f"{prefix}/gone")

    @_story
    async def test_a_cancelled_write_leaves_no_part(self, store: BlobStore, prefix: str) -> None:
        """Whenever it is cancelled there is the old object or the new one."""
        uri, old, new = f"{prefix}/object", b"old" * MIB, b"new" * MIB
        await store.put(uri, old)

        for n_steps in range(4):
            writing = asyncio.ensure_future(store.put(uri, new))
            for _ in range(n_steps):
                await asyncio.sleep(0)
            writing.cancel()
            await asyncio.wait([writing])
            assert await store.get(uri) in {old, new}
        assert [info.uri for info in await _names(store, prefix)] == [uri]

    @_story
    async def test_a_presigned_url_is_a_url_or_none(self, store: BlobStore, prefix: str) -> None:
        """A store that cannot sign says so by ``None``, not by an error."""
        for method in ("GET", "PUT"):
            url = await store.presign(f"{prefix}/object", method=method, expires_s=60)
            assert url is None or url.startswith(("http://", "https://"))

    @_story
    async def test_any_loop_may_use_it(self, store: BlobStore, prefix: str) -> None:
        """User code reads from a thread with a loop of its own, while the engine's loop runs."""
        await store.put(f"{prefix}/object", b"1")

        assert await asyncio.to_thread(lambda: asyncio.run(store.get(f"{prefix}/object"))) == b"1"
        assert await store.get(f"{prefix}/object") == b"1"
