"""
Files of executions, for whoever looks at them: handed out as they are, never shown as pages of ours.

Only what lies in the server's own storage under the project of the path can be asked for.
"""

from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from plait_core.errors.stores import BlobMissing
from plait_server.console.visits import Visit

AREAS = ("raw", "meta")
"""The parts of storage in which values of executions are kept, each by project."""

POLICY = "sandbox; default-src 'none'"


async def download(visit: Visit) -> Response:
    """Send a file. Raises ``BlobMissing`` also for what lies elsewhere."""
    uri = visit.query("uri")
    if not is_within(uri, visit.server.blobs_root, visit.project):
        raise BlobMissing(uri=uri)
    chunks = visit.server.engine.blobs(uri).stream(uri)
    first = await anext(chunks, b"")  # what is missing is told before the answer begins
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(uri.rpartition('/')[2], safe='')}",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_joined(first, chunks), media_type="application/octet-stream", headers=headers)


def is_within(uri: str, root: str, project: str) -> bool:
    """Say whether *uri* names something in the storage at *root* that belongs to *project*."""
    rest = uri.removeprefix(f"{root}/")
    area, _, below = rest.partition("/")
    parts = below.split("/")
    return rest != uri and area in AREAS and len(parts) > 1 and parts[0] == project and not {"", ".", ".."} & {*parts}


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
