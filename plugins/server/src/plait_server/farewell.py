"""
Farewell: how a server that stops ends what it is answering.

Called by the daemon. A request that has been read is answered to its end. A stream would go on for ever, so its handler is told that
the reader has left. The reader of events is told that the answer is complete; browsers then ask again, and find the next server. Any
other stream is broken off: the reader of a log would take the end of the answer for that of the log.
"""

import asyncio
import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EVENTS = "text/event-stream"
_BROKEN_OFF = "ASGI callable returned without completing response."
"""What the web server logs of a stream that is broken off, which here is meant."""


class Farewell:
    """Middleware that ends streams once *stopping* is set."""

    def __init__(self, app: ASGIApp, *, stopping: asyncio.Event) -> None:
        self._app, self._stopping = app, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_read = is_unfinished_stream_of_events = False

        async def receive_or_leave() -> Message:
            nonlocal is_read
            if is_read:
                return await self._leave(receive)
            message = await receive()
            is_read = not message.get("more_body", False)
            return message

        async def send_noting(message: Message) -> None:
            nonlocal is_unfinished_stream_of_events
            if message["type"] == "http.response.start":
                media_type = Headers(raw=message["headers"]).get("content-type", "")
                is_unfinished_stream_of_events = media_type.startswith(_EVENTS)
            elif not message.get("more_body", False):
                is_unfinished_stream_of_events = False
            await send(message)

        await self._app(scope, receive_or_leave, send_noting)
        if is_unfinished_stream_of_events:
            await send({"type": "http.response.body"})

    def is_news(self, record: logging.LogRecord) -> bool:
        """Say whether a record of the web server tells more than that a stream was broken off."""
        return not (self._stopping.is_set() and record.msg == _BROKEN_OFF)

    async def _leave(self, receive: Receive) -> Message:
        """Wait until the reader leaves, or the server stops."""
        leaving = asyncio.ensure_future(receive())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((leaving, stopping), return_when=asyncio.FIRST_COMPLETED)
            return leaving.result() if leaving.done() else {"type": "http.disconnect"}
        finally:
            leaving.cancel()
            stopping.cancel()
