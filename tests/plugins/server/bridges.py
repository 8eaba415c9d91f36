"""A bridge to an app whose engine runs on a loop of its own, for clients that bring theirs."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plait_server.settings import ServerSettings
from tests.plugins.server.serving import Serving, serving

T = TypeVar("T")


class Bridge:
    """The ASGI application *app*, which runs on *loop* whoever calls it."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self._app, self._loop = app, loop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request over, and messages to and fro."""
        theirs = asyncio.get_running_loop()

        async def receive_there() -> Message:
            return await over(receive(), theirs)

        async def send_there(message: Message) -> None:
            await over(send(message), theirs)

        await over(self._app(scope, receive_there, send_there), self._loop)


async def over(work: Awaitable[T], loop: asyncio.AbstractEventLoop) -> T:
    """Await something on another loop."""

    async def awaited() -> T:
        return await work

    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(awaited(), loop))


@contextmanager
def bridged(
    home: Path, prepare: Callable[[Serving], Awaitable[None]], *, settings: ServerSettings
) -> Iterator[tuple[Serving, Bridge]]:
    """Serve below *home*, prepared, from a thread; the app is reached over the bridge."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        context = serving(home, settings=settings)
        made = asyncio.run_coroutine_threadsafe(_entered(context, prepare), loop).result(60)
        try:
            yield made, Bridge(made.app, loop)
        finally:
            asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _entered(context: Any, prepare: Callable[[Serving], Awaitable[None]]) -> Serving:
    made: Serving = await context.__aenter__()
    await prepare(made)
    return made
