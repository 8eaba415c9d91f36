"""
The embedded engine: what runs an entity that is called in plain Python.

Installed by ``import plait``. Runs are held in memory, or recorded like those of ``plait run`` when ``PLAIT_RECORD=1``. Without a
running event loop the calling thread drives the engine and runs sync bodies itself, so a debugger and a stack trace see the caller; with one
(Jupyter, ASGI), the engine's loop lives in a thread of its own and sync bodies come back to the caller. Engines are closed when the
process ends.
"""

import asyncio
import atexit
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plait_core.engine import Engine

Job = Callable[[], None]


class Embedded:
    """Engines of this process, opened on first use: one per way of driving it."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._runner: asyncio.Runner | None = None
        self._engine: Engine | None = None
        self._thread: LoopThread | None = None

    def call(self, entity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Run *entity* to its end and return native values, or a coroutine that does for an async entity in a running loop."""
        if not _is_in_loop():
            return self._drive(entity, args, kwargs)
        if getattr(entity, "is_async", False):
            return self._await(entity, args, kwargs)
        if self._thread is None:
            self._thread = LoopThread()
        return self._thread.call(entity, args, kwargs)

    def _drive(self, entity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if threading.current_thread() is not threading.main_thread():
            with asyncio.Runner() as runner:
                return runner.run(_call_once(entity, args, kwargs))
        if self._runner is None:
            self._runner = asyncio.Runner()
            atexit.register(self._close, self._runner)
        return self._runner.run(self._call(entity, args, kwargs))

    def _close(self, runner: asyncio.Runner) -> None:
        if self._engine is not None:
            runner.run(self._engine.__aexit__())
        runner.close()

    async def _call(self, entity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if self._engine is None:
            self._engine = await open_engine().__aenter__()
        return await self._engine.call(entity, args, kwargs)

    async def _await(self, entity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        async with open_engine() as engine:
            return await engine.call(entity, args, kwargs)


def _is_in_loop() -> bool:
    """Tell by itself, so that what a task raises has no ``RuntimeError`` of asyncio for its context."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _call_once(entity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    async with open_engine() as engine:
        return await engine.call(entity, args, kwargs)


class LoopThread:
    """An event loop with an engine in a daemon thread; sync bodies run in the thread that called."""

    def __init__(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._engine: Engine | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="plait engine", daemon=True)
        self._thread.start()
        atexit.register(self._close)

    def call(self, entity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Run *entity* to its end, running the bodies of its sync tasks here meanwhile."""
        done: Future[Any] = asyncio.run_coroutine_threadsafe(self._call(entity, args, kwargs), self._loop)
        done.add_done_callback(lambda _: self._jobs.put(None))
        while (job := self._jobs.get()) is not None:
            job()
        return done.result()

    async def _call(self, entity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if self._engine is None:
            self._engine = await open_engine().__aenter__()
            self._engine.run_bodies_in(self._send)
        return await self._engine.call(entity, args, kwargs)

    def _close(self) -> None:
        if self._engine is not None:
            asyncio.run_coroutine_threadsafe(self._engine.__aexit__(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _send(self, body: Callable[[], Any]) -> Any:
        """Have the calling thread run *body*, and wait for what it returns."""
        answer: asyncio.Future[Any] = self._loop.create_future()

        def job() -> None:
            try:
                value = body()
            except BaseException as error:  # noqa: BLE001  # belongs to whoever waits
                self._loop.call_soon_threadsafe(answer.set_exception, error)
            else:
                self._loop.call_soon_threadsafe(answer.set_result, value)

        self._jobs.put(job)
        return await answer


def open_engine() -> "Engine":
    """Make the engine that plain calls use: in memory, or recording if ``PLAIT_RECORD=1``."""
    from plait_core.authoring.typesystem import process_types
    from plait_core.engine import Engine
    from plait_core.plugins import process_plugins

    plugins, types = process_plugins(), process_types()
    if os.environ.get("PLAIT_RECORD") == "1":
        return Engine(plugins=plugins, types=types)
    from plait_core.testing.memory import MemoryDatabase

    return Engine(plugins=plugins, types=types, database=MemoryDatabase(has_views=False))
