"""
Logs of attempts: what a task prints, as it stands in blob storage, from any byte on.

Executors store it while it is printed, whichever process they are in. A reader that follows gets more as it comes, until the attempt
has ended.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import attrs
from starlette.responses import StreamingResponse

from plait_core.engine import output_prefix
from plait_core.ir.ids import AttemptId
from plait_core.ir.phases import TERMINAL_ATTEMPT
from plait_core.worker.logs import end_of_log, read_log
from plait_server.api.nodes import ATTEMPT, find_attempt
from plait_server.routing import Call, Route

OFFSET = "Plait-Log-Offset"
"""Header of a reply: the offset behind what is stored, where a reader that does not follow goes on."""

LOOK_EVERY_S = 0.5


@attrs.frozen(kw_only=True)
class LogsQuery:
    """Which element of a map node is meant, from which byte on, and whether to wait for more."""

    element: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(0)))
    since: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    follow: bool = False


async def get_logs(call: Call[LogsQuery, None]) -> StreamingResponse:
    """Send what an attempt has printed."""
    query = call.query
    attempt = (await find_attempt(call, element=query.element)).id
    prefix = output_prefix(attempt, call.server.blobs_root)
    end = await end_of_log(call.server.engine.blobs, prefix)
    stored = _stored(call, prefix, query.since, end)
    first = await anext(stored, b"")  # what cannot be read is told before the answer begins
    behind = max(end, query.since)
    following = _following(call, attempt, prefix, behind) if query.follow else None
    content = _joined(first, stored, following)
    return StreamingResponse(content, media_type="text/plain", headers={OFFSET: str(behind)})


async def _joined(
    first: bytes, stored: AsyncIterator[bytes], following: AsyncIterator[bytes] | None
) -> AsyncIterator[bytes]:
    yield first
    async for data in stored:
        yield data
    if following is not None:
        async for data in following:
            yield data


async def _stored(call: Call[LogsQuery, None], prefix: str, since: int, end: int) -> AsyncIterator[bytes]:
    """Yield what was stored when the offset in the header was read, and no more."""
    async for chunk in read_log(call.server.engine.blobs, prefix, since=since):
        if chunk.offset >= end:
            return
        yield chunk.data[: end - chunk.offset]


async def _following(call: Call[LogsQuery, None], attempt: AttemptId, prefix: str, since: int) -> AsyncIterator[bytes]:
    while True:
        is_over = await _is_over(call, attempt)
        async for chunk in read_log(call.server.engine.blobs, prefix, since=since):
            since = chunk.offset + len(chunk.data)
            yield chunk.data
        if is_over:
            return
        await asyncio.sleep(LOOK_EVERY_S)


async def _is_over(call: Call[Any, None], attempt: AttemptId) -> bool:
    row = await call.server.database.views.attempt(attempt.execution, attempt.node, attempt.n, element=attempt.element)
    return row is None or row.phase in TERMINAL_ATTEMPT


ROUTES = (
    Route(
        method="GET",
        path=f"{ATTEMPT}/logs",
        operation="get_logs",
        summary="Read what an attempt has printed, and go on reading.",
        permission="viewer",
        handler=get_logs,
        query=LogsQuery,
        media="text/plain",
        refusals=(502,),
    ),
)
