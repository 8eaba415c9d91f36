"""
Live events (server-sent events): what happens in an execution, and which executions of a project and domain change.

The log is the source, whichever engine writes it. A reader is sent what it asks for next and nothing is kept for it, so a slow one
costs nothing. ``id`` is the event's number in the log: a browser that reconnects sends it back and misses nothing.
"""

import json
import logging
from collections.abc import AsyncIterator, Sequence

import attrs
from starlette.responses import StreamingResponse

from plait_core.errors import Retryable
from plait_core.ir.codec import to_json
from plait_core.ir.events import Event
from plait_core.ir.ids import ExecutionId
from plait_core.ir.tags import TAGS
from plait_core.ports.api import ExecutionSummary
from plait_server.api.changes import changes
from plait_server.api.executions import HERE, ONE, execution_of, summary_of
from plait_server.errors import MalformedRequest
from plait_server.routing import Call, Route

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

HEARTBEAT_AFTER = 20
"""So many looks without news later, a comment tells proxies and readers that the line is alive."""

LAST_EVENT_ID = "Last-Event-ID"

_log = logging.getLogger("plait.server")


@attrs.frozen(kw_only=True)
class EventsQuery:
    """
    What a reader wants to hear.

    Attributes:
        after: The event that it has seen last, where its header ``Last-Event-ID`` does not say it.
        brief: Whether names and ids of events are enough; what they hold may be large.
    """

    after: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    brief: bool = False


async def stream_execution(call: Call[EventsQuery, None]) -> StreamingResponse:
    """Send the events of an execution, from the one after ``Last-Event-ID`` on, until it has ended."""
    execution, after = execution_of(call), _last_event_id(call)
    await call.server.inspector.row(execution)
    return StreamingResponse(_unless_broken(_events(call, execution, after)), media_type=MEDIA_TYPE, headers=HEADERS)


async def _events(call: Call[EventsQuery, None], execution: ExecutionId, after: int) -> AsyncIterator[str]:
    yield ":\n\n"
    n_idle = 0
    async for events in call.server.inspector.follow(execution, after=after):
        n_idle = 0 if events else n_idle + 1
        if events:
            yield "".join(_message(event, brief=call.query.brief) for event in events)
        elif n_idle % HEARTBEAT_AFTER == 0:
            yield ":\n\n"
    row = await call.server.inspector.row(execution)
    yield _render("end", {"phase": row.phase.value})


def _message(event: Event, *, brief: bool) -> str:
    if brief:
        return f"id: {event.seq}\n{_render(str(TAGS[type(event.decision)]), {})}"
    document = to_json(event)
    assert isinstance(document, dict)
    (tag,) = document["decision"]
    return f"id: {event.seq}\n{_render(tag, document)}"


async def stream_changes(call: Call[None, None]) -> StreamingResponse:
    """Send executions of a project and domain as they begin, move on and end; never ends by itself."""
    return StreamingResponse(_unless_broken(_changes(call)), media_type=MEDIA_TYPE, headers=HEADERS)


async def _changes(call: Call[None, None]) -> AsyncIterator[str]:
    n_idle = 0
    async for rows in changes(call.server.database, call.project, call.domain):
        summaries: Sequence[ExecutionSummary] = [await summary_of(call, row) for row in rows]
        n_idle = 0 if summaries else n_idle + 1
        if summaries:
            yield "".join(_render("execution", to_json(summary)) for summary in summaries)
        elif n_idle % HEARTBEAT_AFTER == 1:
            yield ":\n\n"


async def _unless_broken(messages: AsyncIterator[str]) -> AsyncIterator[str]:
    """End a stream whose store has gone away; a reader who has not heard of the end comes back."""
    try:
        async for message in messages:
            yield message
    except Retryable as busy:
        _log.warning("a stream of events breaks off: %s", type(busy).__name__)


def _render(name: str, document: object) -> str:
    return f"event: {name}\ndata: {json.dumps(document)}\n\n"


def _last_event_id(call: Call[EventsQuery, None]) -> int:
    text = call.request.headers.get(LAST_EVENT_ID)
    if text is None:
        return call.query.after
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise MalformedRequest(
            what=f"header {LAST_EVENT_ID}", faults=(f"expected the id of an event, found {text[:40]!r}",)
        )
    return int(text)


ROUTES = (
    Route(
        method="GET",
        path=f"{ONE}/events",
        operation="stream_execution",
        summary="Follow the events of an execution.",
        permission="viewer",
        handler=stream_execution,
        query=EventsQuery,
        media=MEDIA_TYPE,
    ),
    Route(
        method="GET",
        path=f"{HERE}/events",
        operation="stream_changes",
        summary="Follow which executions change.",
        permission="viewer",
        handler=stream_changes,
        media=MEDIA_TYPE,
    ),
)
