"""
Downloads: a ticket lets whoever has it read one object of a project, for a while.

Objects are handed out as they are and never shown as pages of ours: what executions store is the work of user code.
"""

from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from plait_core.errors.stores import BlobMissing
from plait_core.ports.api import DownloadRequest, DownloadTicket
from plait_core.ports.blobs import BlobInfo, BlobStore
from plait_server.errors import ForeignBlob
from plait_server.places import is_within
from plait_server.routing import PREFIX, Call, Route
from plait_server.services import Server

PURPOSE = "download"
"""What seals of tickets are made for."""

MEDIA_TYPE = "application/octet-stream"
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Accept-Ranges": "bytes",
}


async def create_download(call: Call[None, DownloadRequest]) -> DownloadTicket:
    """Say by which URL a blob can be read, or which blobs there are below a URI."""
    call.is_change = False
    call.require("viewer", call.body.project)
    return await download_ticket(call.server, call.body.uri, call.body.project, prefix=call.request.state.prefix)


async def download_ticket(server: Server, uri: str, project: str, *, prefix: str) -> DownloadTicket:
    """Make a ticket for what *project* has at *uri*, on a server under *prefix*. Raises ``ForeignBlob`` and ``BlobMissing``."""
    if not is_within(uri, server.blobs_root, project):
        raise ForeignBlob(uri=uri[:200], project=project)
    expires_at_ns = server.clock.now_ns() + int(server.settings.ticket_s * 1e9)
    blobs = server.engine.blobs(uri)
    if not await blobs.exists(uri):
        return await _listing(blobs, uri, expires_at_ns)
    info = await _info(blobs, uri)
    url = await blobs.presign(uri, method="GET", expires_s=server.settings.ticket_s)
    if url is None:
        claims = {"uri": uri, "size_bytes": info.size_bytes}
        seal = server.signer.seal(PURPOSE, claims, expires_at_ns=expires_at_ns)
        url = f"{prefix}{PREFIX}/downloads/{seal}"
    return DownloadTicket(url=url, size_bytes=info.size_bytes, expires_at_ns=expires_at_ns)


async def _info(blobs: BlobStore, uri: str) -> BlobInfo:
    """Look an object up in the listing of the prefix that it has."""
    async for info in blobs.list(uri.rpartition("/")[0]):
        if info.uri == uri:
            return info
    raise BlobMissing(uri=uri)


async def _listing(blobs: BlobStore, prefix: str, expires_at_ns: int) -> DownloadTicket:
    found = [info async for info in blobs.list(prefix)]
    if not found:
        raise BlobMissing(uri=prefix)
    return DownloadTicket(
        url="",
        size_bytes=sum(info.size_bytes for info in found),
        expires_at_ns=expires_at_ns,
        names=tuple(info.uri.removeprefix(f"{prefix}/") for info in found),
    )


async def get_download(call: Call[None, None]) -> Response:
    """Send the object that a ticket names, from the byte that a Range header asks for."""
    server = call.server
    claims = server.signer.open(PURPOSE, call.path("ticket"), now_ns=server.clock.now_ns())
    uri, size_bytes = str(claims["uri"]), int(claims["size_bytes"])
    start = 0 if "if-range" in call.request.headers else _start(call.request.headers.get("range", ""), size_bytes)
    chunks = server.engine.blobs(uri).stream(uri, start=start)
    first = await anext(chunks, b"")  # what is missing is told before the answer begins
    headers = {
        **HEADERS,
        "Content-Length": str(size_bytes - start),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(uri.rpartition('/')[2], safe='')}",
    }
    if start:
        headers["Content-Range"] = f"bytes {start}-{size_bytes - 1}/{size_bytes}"
    return StreamingResponse(
        _joined(first, chunks), status_code=206 if start else 200, media_type=MEDIA_TYPE, headers=headers
    )


def _start(header: str, size_bytes: int) -> int:
    """Return where an open range begins; any other range is answered with the whole, as RFC 9110 allows, and so is one on conditions."""
    unit, _, text = header.partition("=")
    text = text.removesuffix("-")
    is_open = header.endswith("-") and unit == "bytes" and text.isascii() and text.isdecimal() and len(text) < 19
    return int(text) if is_open and int(text) < size_bytes else 0


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


ROUTES = (
    Route(
        method="POST",
        path="/downloads",
        operation="create_download",
        summary="Ask for a URL to download a blob from, as a viewer of its project.",
        permission="known",
        handler=create_download,
        body=DownloadRequest,
        reply=DownloadTicket,
        refusals=(502,),
    ),
    Route(
        method="GET",
        path="/downloads/{ticket}",
        operation="get_download",
        summary="Download what a ticket was made for.",
        permission="signed",
        handler=get_download,
        media=MEDIA_TYPE,
        has_ranges=True,
        refusals=(502,),
    ),
)
