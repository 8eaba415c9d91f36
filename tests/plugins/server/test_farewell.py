"""A server that stops answers what it was asked, and ends streams that would go on for ever."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Scope

from plait_server.farewell import Farewell

pytestmark = pytest.mark.anyio

BROKEN_OFF = "ASGI callable returned without completing response."
"""What uvicorn logs of an answer that its application leaves unfinished."""


async def for_ever(request: Request) -> Response:
    """Stream until the reader leaves."""

    async def ticks() -> AsyncIterator[str]:
        yield "tick"
        await asyncio.Event().wait()

    return StreamingResponse(ticks(), media_type=request.query_params["media"])


async def slowly(request: Request) -> Response:
    """Answer once the server is already stopping."""
    body = await request.body()
    await request.app.state.stopping.wait()
    return PlainTextResponse(body)


class Reader:
    """One request, and what is sent in answer."""

    def __init__(self, path: str, *, media: str = "text/event-stream") -> None:
        self.has_left = asyncio.Event()
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.scope: Scope = {"type": "http", "method": "POST", "path": path, "headers": []}
        self.scope["query_string"] = f"media={media}".encode()
        self._parts: list[Message] = [
            {"type": "http.request", "body": b"a", "more_body": True},
            {"type": "http.request", "body": b"b"},
        ]

    async def receive(self) -> Message:
        """Send the request, and stay on the line."""
        if self._parts:
            return self._parts.pop(0)
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def next(self, *, n: int) -> list[Message]:
        """Return the next *n* messages."""
        return [await self.sent.get() for _ in range(n)]


@pytest.fixture
def stopping() -> asyncio.Event:
    """Set when the server stops."""
    return asyncio.Event()


@pytest.fixture
def app(stopping: asyncio.Event) -> Farewell:
    """An application that has both kinds of answers."""
    inner = Starlette(routes=[Route(f"/{view.__name__}", view, methods=["POST"]) for view in (for_ever, slowly)])
    inner.state.stopping = stopping
    return Farewell(inner, stopping=stopping)


async def test_stream_of_events_is_ended(app: Farewell, stopping: asyncio.Event) -> None:
    """As an answer that is complete: the reader comes back to the next server."""
    reader = Reader("/for_ever")
    answering = asyncio.create_task(app(reader.scope, reader.receive, reader.sent.put))
    _, first = await reader.next(n=2)

    stopping.set()
    await asyncio.wait_for(answering, 60)

    assert first["body"] == b"tick"
    assert await reader.next(n=1) == [{"type": "http.response.body"}]


async def test_other_stream_is_broken_off(app: Farewell, stopping: asyncio.Event) -> None:
    """The reader of a log knows that there is more of it; and the log of the server has no complaint about that."""
    reader = Reader("/for_ever", media="text/plain")
    answering = asyncio.create_task(app(reader.scope, reader.receive, reader.sent.put))
    await reader.next(n=2)

    stopping.set()
    await asyncio.wait_for(answering, 60)

    assert reader.sent.empty()
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, BROKEN_OFF, None, None)
    assert not app.is_news(record)


async def test_request_is_answered(app: Farewell, stopping: asyncio.Event) -> None:
    """Its body is read to the end although the server is stopping."""
    reader = Reader("/slowly")
    stopping.set()

    await asyncio.wait_for(app(reader.scope, reader.receive, reader.sent.put), 60)

    start, body = await reader.next(n=2)
    assert (start["status"], body["body"]) == (200, b"ab")
    assert reader.sent.empty()


async def test_reader_who_leaves_first_is_let_go(app: Farewell) -> None:
    """The server goes on without."""
    reader = Reader("/for_ever")
    answering = asyncio.create_task(app(reader.scope, reader.receive, reader.sent.put))
    await reader.next(n=2)

    reader.has_left.set()

    await asyncio.wait_for(answering, 60)
