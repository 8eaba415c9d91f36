"""
Uploads: a ticket says what may be put where, and whoever has it may put just that, once and soon.

The place follows from the request and lies under the project's own prefix. Content is kept only when it has the digest and
the size that were announced, whole or not at all, and never in the place of something else. The line about the ticket is in the
audit trail before anything can be put.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

import attrs

from plait_core.authoring.bundles import LARGEST_BUNDLE_BYTES, bundle_uri
from plait_core.errors.stores import BlobUnavailable
from plait_core.ports.api import UploadRequest, UploadTicket
from plait_core.types.blocking import run
from plait_server.bodies import bounded
from plait_server.errors import ContentDiffers, MalformedRequest, PlaceTaken, SealBroken, TooLarge
from plait_server.places import input_uri, is_path
from plait_server.routing import PREFIX, Call, Route, check_place
from plait_server.services import Server

PURPOSE = "upload"
"""What seals of tickets are made for."""

PURPOSES = {"input": "runner", "bundle": "author"}
"""What may be uploaded, and by whom."""

AT_ONCE_BYTES = 8 << 20
"""Up to here content is stored in one piece, which no other can take the place of."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_GROUP = re.compile(r"[A-Za-z0-9_-]{16,64}")


async def create_upload(call: Call[None, UploadRequest]) -> UploadTicket:
    """Say where a file goes and by which URL it gets there; without a URL, it is there already."""
    server, request = call.server, call.body
    if faults := _faults(request):
        raise MalformedRequest(what="upload", faults=faults)
    call.require(PURPOSES[request.purpose], request.project)
    await check_place(server, request.project, request.domain)
    await server.open_project(request.project)
    limit_bytes = server.settings.max_upload_bytes
    if request.size_bytes > limit_bytes:
        raise TooLarge(limit_bytes=limit_bytes, setting="max_upload_bytes")
    uri = _uri(request, server.blobs_root)
    expires_at_ns = server.clock.now_ns() + int(server.settings.ticket_s * 1e9)
    if not request.group and await server.engine.blobs(uri).exists(uri):
        call.is_change = False
        return UploadTicket(uri=uri, url="", expires_at_ns=expires_at_ns)
    call.subject = f"uploads/{request.purpose}"
    await server.database.accounts.audit(call.line({"uri": uri, "size_bytes": request.size_bytes}))
    claims = {"uri": uri, "sha256": request.sha256, "size_bytes": request.size_bytes}
    seal = server.signer.seal(PURPOSE, claims, expires_at_ns=expires_at_ns)
    return UploadTicket(uri=uri, url=f"{call.request.state.prefix}{PREFIX}/uploads/{seal}", expires_at_ns=expires_at_ns)


def _faults(request: UploadRequest) -> tuple[str, ...]:
    is_bundle = request.purpose == "bundle"
    rules = {
        "$.sha256: 64 hexadecimal digits in lower case": _SHA256.fullmatch(request.sha256),
        "$.size_bytes: not below 0": request.size_bytes >= 0,
        "$.filename: a plain relative path of reasonable length": is_path(request.filename),
        f"$.purpose: one of {', '.join(PURPOSES)}": request.purpose in PURPOSES,
        "$.group: 16 to 64 letters, digits, '-' and '_'": not request.group or _GROUP.fullmatch(request.group),
        "$.group: none for a bundle": not (is_bundle and request.group),
        f"$.size_bytes: at most {LARGEST_BUNDLE_BYTES} for a bundle": not is_bundle
        or request.size_bytes <= LARGEST_BUNDLE_BYTES,
    }
    return tuple(rule for rule, is_kept in rules.items() if not is_kept)


def _uri(request: UploadRequest, root: str) -> str:
    if request.purpose == "bundle":
        return bundle_uri(root, request.project, request.sha256)
    folder = request.group or request.sha256
    return input_uri(root, request.project, request.domain, folder, request.filename)


# ── the content ──────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True)
class Announced:
    """What a ticket was made for."""

    uri: str
    sha256: str
    size_bytes: int


async def put_upload(call: Call[None, None]) -> None:
    """Take the content that a ticket announces."""
    server, ticket = call.server, call.path("ticket")
    claims = server.signer.open(PURPOSE, ticket, now_ns=server.clock.now_ns())
    if server.is_spent(ticket):
        raise SealBroken
    announced = Announced(**claims)
    call.subject = "uploads"
    async with _received(call, announced) as path:
        await _store(server, path, announced)
    server.spend(ticket)
    await server.database.accounts.audit(call.line({"uri": announced.uri, "size_bytes": announced.size_bytes}))


@asynccontextmanager
async def _received(call: Call[None, None], announced: Announced) -> AsyncIterator[Path]:
    """Receive the body into a file. Raises ``ContentDiffers``."""
    digest, size = sha256(), 0
    with _disk_of(announced.uri), NamedTemporaryFile() as file:
        try:
            async for chunk in bounded(call.request, limit_bytes=announced.size_bytes, setting="size_bytes"):
                digest.update(chunk)
                size += len(chunk)
                await asyncio.to_thread(file.write, chunk)
        except TooLarge as error:
            raise _differs(announced, f"more than {announced.size_bytes} bytes") from error
        if size != announced.size_bytes:
            raise _differs(announced, f"{size} bytes")
        if digest.hexdigest() != announced.sha256:
            raise _differs(announced, f"sha256 {digest.hexdigest()}")
        file.flush()
        yield Path(file.name)


async def _store(server: Server, path: Path, announced: Announced) -> None:
    """Put a file in its place. Raises ``PlaceTaken`` when something else is there."""
    uri = announced.uri
    blobs = server.engine.blobs(uri)
    if announced.size_bytes <= AT_ONCE_BYTES:
        is_new = await blobs.put(uri, await asyncio.to_thread(path.read_bytes), if_absent=True)
    elif is_new := not await blobs.exists(uri):
        await asyncio.to_thread(
            run, blobs.upload(path, uri)
        )  # a copy on this machine would hold up every other request
    if not is_new and await _digest_of(server, uri) != announced.sha256:
        raise PlaceTaken(uri=uri)


async def _digest_of(server: Server, uri: str) -> str:
    digest = sha256()
    async for chunk in server.engine.blobs(uri).stream(uri):
        digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _disk_of(uri: str) -> Iterator[None]:
    """Turn what a full disk says into an error that may pass."""
    try:
        yield
    except OSError as error:
        raise BlobUnavailable(uri=uri, detail=error.strerror or str(error)) from error


def _differs(announced: Announced, found: str) -> ContentDiffers:
    return ContentDiffers(announced=f"sha256 {announced.sha256} and {announced.size_bytes} bytes", found=found)


ROUTES = (
    Route(
        method="POST",
        path="/uploads",
        operation="create_upload",
        summary="Ask for a URL to upload a file to: runners for inputs, authors for source.",
        permission="known",
        handler=create_upload,
        body=UploadRequest,
        reply=UploadTicket,
        status=201,
        refusals=(502,),
    ),
    Route(
        method="PUT",
        path="/uploads/{ticket}",
        operation="put_upload",
        summary="Upload the content that a ticket was made for.",
        permission="signed",
        handler=put_upload,
        status=204,
        takes="application/octet-stream",
        refusals=(502,),
    ),
)
