"""
Farewell: how a server that stops ends what it is answering.

Called by the daemon. A request that has been read is answered to its end. A stream of events would go on for ever, so its handler
is told that the reader has left, and the reader that the answer is complete; browsers then ask again, and find the next server.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Farewell:
    """Middleware that ends streams once *stopping* is set."""

    def __init__(self, app: ASGIApp, *, stopping: asyncio.Event) -> None:
        self._app, self._stopping = app, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_read = has_begun = is_complete = False

        async def receive_or_leave() -> Message:
            nonlocal is_read
            if is_read:
                return await self._leave(receive)
            message = await receive()
            is_read = not message.get("more_body", False)
            return message

        async def send_noting(message: Message) -> None:
            nonlocal has_begun, is_complete
            has_begun = True
            is_complete = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        await self._app(scope, receive_or_leave, send_noting)
        if has_begun and not is_complete:
            await send({"type": "http.response.body"})

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
