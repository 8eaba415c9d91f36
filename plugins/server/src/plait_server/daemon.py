"""
The daemon: an engine and the HTTP API in one process, or each in a process of its own.

Called by ``plait serve``, which ``plait demo start`` runs in the background. It stops on SIGTERM and SIGINT: requests end, the engine
gives its executions up, and whoever starts next goes on with them.
"""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
import uvicorn

from plait_core.engine import Engine
from plait_core.plugins import Plugins, Settings, install_process_plugins
from plait_server.addresses import listening
from plait_server.admin_tokens import admin_token_paths, ensure_admin_token, forget_admin_token
from plait_server.app import create_app
from plait_server.farewell import Farewell
from plait_server.hosts import is_loopback
from plait_server.journal import log_as_json
from plait_server.settings import ServerSettings

API = "api"
ENGINE = "engine"
PARTS = (API, ENGINE)
"""What a server consists of; processes that share a database may divide it among themselves."""

GOODBYE_S = 5
"""How long requests that are being answered may take once the server was asked to stop."""

SERVER_DEFAULTS: Mapping[str, Any] = {"durability": "full", "executors": ("process",)}
"""What a server uses where settings say nothing: commits outlive a power cut, and tasks run in other processes."""

ALLOCATIONS_PER_LOOK = 10_000
"""How many objects may come up, beyond those that went, before the youngest are searched for garbage; by default it is 700."""

log = logging.getLogger("plait.server")


def run(settings: Settings, *, parts: Collection[str] = PARTS) -> None:
    """Make this process a server, until it is asked to stop."""
    log_as_json()
    plugins = Plugins.load(server_settings(settings))
    Path(plugins.settings.home).mkdir(parents=True, exist_ok=True)  # it is ours, whoever gets the folders in it
    install_process_plugins(plugins)
    look_for_garbage_now_and_then()
    asyncio.run(serve(plugins, parts=parts))


def look_for_garbage_now_and_then() -> None:
    """
    Have the interpreter look for cycles, which ``plait`` puts off as most of its commands are short, and less often than it would.

    A server holds many objects, few of which are ever part of a cycle; at the interpreter's own pace, the search took 40 % of the
    time in which an execution of 10 000 nodes is read.
    """
    gc.freeze()  # what is there now stays
    gc.set_threshold(ALLOCATIONS_PER_LOOK)
    gc.enable()


def server_settings(settings: Settings) -> Settings:
    """Return *settings* with what a server uses where they say nothing."""
    unsaid = {key: value for key, value in SERVER_DEFAULTS.items() if settings.origin(key) == "default"}
    return attrs.evolve(settings, **unsaid)


async def serve(plugins: Plugins, *, parts: Collection[str] = PARTS) -> None:
    """
    Serve until SIGTERM or SIGINT.

    Args:
        plugins: With the settings of the process.
        parts: Which of ``PARTS`` this process is.

    Raises:
        AddressTaken: somebody listens there already.
    """
    settings: ServerSettings = plugins.settings_for("server")
    engine = Engine(plugins=plugins, pool=settings.pool, adopts=ENGINE in parts, leaves_to_others=ENGINE not in parts)
    stopping = asyncio.Event()
    with _stopped_by_signals(stopping):
        if API not in parts:
            async with engine:
                log.info("an engine of pool %s runs", settings.pool)
                await stopping.wait()
            log.info("stopped")
            return
        with listening(settings.host, settings.port) as listener:
            port, takes_any_port = listener.getsockname()[1], not settings.port
            settings = attrs.evolve(settings, port=port, url=settings.url or _origin(settings.host, port))
            async with engine:
                app = create_app(engine, settings=settings)
                paths = admin_token_paths(plugins.settings.home, settings)
                token = await ensure_admin_token(app.state.server, paths)
                log.info("plait serves at %s", settings.url, extra={"token_file": str(paths[0])})
                await _answer(Farewell(app, stopping=stopping), listener, stopping)
                if takes_any_port:
                    await forget_admin_token(app.state.server, paths, token)
    log.info("stopped")


def _origin(host: str, port: int) -> str:
    return f"http://{'localhost' if is_loopback(host) else host}:{port}"


async def _answer(app: Farewell, listener: socket.socket, stopping: asyncio.Event) -> None:
    """Answer requests until *stopping* is set."""
    logging.getLogger("uvicorn.error").addFilter(app.is_news)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=GOODBYE_S)
    server = _Server(config)
    answering = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    asked = asyncio.create_task(stopping.wait(), name="stop")
    await asyncio.wait((answering, asked), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    server.should_exit = True
    await answering


class _Server(uvicorn.Server):
    """uvicorn, leaving signals to us: its own handlers would end the process before the engine has closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _stopped_by_signals(stopping: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    with suppress(RuntimeError):  # only a main thread hears signals; elsewhere the caller cancels
        for number in numbers:
            loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        with suppress(RuntimeError):
            for number in numbers:
                loop.remove_signal_handler(number)
