"""
``ServerBlobs``: the blob storage behind a server, by signed URLs.

Implements what conversions ask of a blob store, so that a ``File`` in the outputs of an execution is read like any other, and one in
the inputs is uploaded. Every call has a connection of its own, because files are read from whatever event loop is at hand.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from plait.control.connection import Connection
from plait.control.server import ServerPlane
from plait.errors import NotOnServer, ServerRefused
from plait_core.errors.stores import BlobMissing
from plait_core.errors.values import NoStorage
from plait_core.ports.api import UploadRequest
from plait_core.ports.blobs import BlobInfo
from plait_core.ports.specs import BlobAccess
from plait_core.types.contexts import BlobStore

CHUNK_BYTES = 1 << 20
NOWHERE = "upload:"
"""What URIs of things begin with that are to be uploaded before there is a place for them; nothing is ever stored there."""
SERVED = frozenset({"file", "memory"})
"""Schemes that mean another thing on the server's machine than on this one."""


class UploadPlace(NamedTuple):
    """Where a client may put files: *base* is the prefix that a server gave to the uploads of *group*."""

    project: str
    domain: str
    group: str
    base: str


class ServerBlobs:
    """
    ``BlobStore`` over signed URLs of *project*; what is below *place* can be written, too.

    *connect* makes a connection. *others* finds the stores that this process reaches itself, for URIs that the server does not hand out.
    """

    def __init__(
        self, connect: Callable[[], Connection], project: str, others: BlobAccess, place: UploadPlace | None = None
    ) -> None:
        self._connect = connect
        self._project = project
        self._others = others
        self._place = place

    def access(self, uri: str) -> BlobStore:
        """Find the store of a URI: this one. Raises ``NoStorage`` for what nobody has a place for yet."""
        if uri.startswith(NOWHERE):
            raise NoStorage(uri=uri)
        return self

    # ── reading ──────────────────────────────────────────────────────────────

    async def get(self, uri: str) -> bytes:
        return b"".join([chunk async for chunk in self.stream(uri)])

    async def stream(self, uri: str, *, start: int = 0) -> AsyncIterator[bytes]:
        async with self._plane() as plane:
            try:
                ticket = await plane.download_ticket(self._project, uri)
            except ServerRefused as refused:
                chunks = self._elsewhere(uri, refused).stream(uri, start=start)
            else:
                if not ticket.url:
                    raise BlobMissing(uri=uri)
                chunks = plane.connection.read(plane.connection.signed(ticket.url), start=start)
            async for chunk in chunks:
                yield chunk

    async def download(self, uri: str, path: Path) -> None:
        with path.open("wb") as file:
            async for chunk in self.stream(uri):
                file.write(chunk)

    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        async with self._plane() as plane:
            try:
                names = (await plane.download_ticket(self._project, prefix)).names
            except NotOnServer:
                names = ()
            except ServerRefused as refused:
                async for info in self._elsewhere(prefix, refused).list(prefix):
                    yield BlobInfo(uri=info.uri, size_bytes=info.size_bytes)
                return
            for name in names:
                uri = f"{prefix.rstrip('/')}/{name}"
                found = await plane.download_ticket(self._project, uri)
                yield BlobInfo(uri=uri, size_bytes=found.size_bytes)

    async def exists(self, uri: str) -> bool:
        async with self._plane() as plane:
            try:
                return bool((await plane.download_ticket(self._project, uri)).url)
            except NotOnServer:
                return False

    # ── writing ──────────────────────────────────────────────────────────────

    async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool:
        if (place := self._place_of(uri)) is None:
            return await self._foreign(uri).put(uri, data, if_absent=if_absent)

        async def content() -> AsyncIterator[bytes]:
            yield data

        await self._upload(place, uri, sha256(data).hexdigest(), len(data), content)
        return True

    async def upload(self, path: Path, uri: str) -> None:
        if (place := self._place_of(uri)) is None:
            await self._foreign(uri).upload(path, uri)
            return

        async def content() -> AsyncIterator[bytes]:
            for chunk in _chunks_of(path):
                yield chunk

        digest, size_bytes = await asyncio.to_thread(_digest_of, path)
        await self._upload(place, uri, digest, size_bytes, content)

    async def _upload(
        self, place: UploadPlace, uri: str, digest: str, size_bytes: int, content: Callable[[], AsyncIterator[bytes]]
    ) -> None:
        request = UploadRequest(
            project=place.project,
            domain=place.domain,
            filename=uri.removeprefix(place.base),
            sha256=digest,
            size_bytes=size_bytes,
            group=place.group,
        )
        async with self._plane() as plane:
            ticket = await plane.upload_ticket(request)
            if ticket.url:
                await plane.connection.send("PUT", plane.connection.signed(ticket.url), content=content)

    def _place_of(self, uri: str) -> UploadPlace | None:
        return self._place if self._place is not None and uri.startswith(self._place.base) else None

    def _foreign(self, uri: str) -> BlobStore:
        if (other := self._other(uri)) is None:
            raise NoStorage(uri=uri)
        return other

    # ── reaching ─────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def _plane(self) -> AsyncIterator[ServerPlane]:
        async with self._connect() as connection:
            yield ServerPlane(connection)

    def _elsewhere(self, uri: str, refused: ServerRefused) -> BlobStore:
        """Return the store of a URI that the server does not hand out; raises what it said if there is none."""
        if (other := self._other(uri)) is not None:
            return other
        if isinstance(refused, NotOnServer):
            raise BlobMissing(uri=uri) from refused
        raise refused

    def _other(self, uri: str) -> BlobStore | None:
        return None if urlsplit(uri).scheme in SERVED else self._others(uri)


async def download_all(store: BlobStore, uri: str, path: Path) -> None:
    """Copy the object at *uri*, or all that are below it, to *path*, which does not exist and whose parent does."""
    if await store.exists(uri):
        await store.download(uri, path)
        return
    async for info in store.list(uri):
        below = path / info.uri.removeprefix(f"{uri.rstrip('/')}/")
        below.parent.mkdir(parents=True, exist_ok=True)
        await store.download(info.uri, below)


def _digest_of(path: Path) -> tuple[str, int]:
    """Return the sha256 of a file, and its size in bytes."""
    digest, size_bytes = sha256(), 0
    for chunk in _chunks_of(path):
        digest.update(chunk)
        size_bytes += len(chunk)
    return digest.hexdigest(), size_bytes


def _chunks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
