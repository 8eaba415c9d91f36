"""
A server for tests of clients: a real one on a free port of the loopback, in a thread of this process.

Executions run in worker processes, as on any server. Tasks' code reaches them as bundles alone.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import attrs
import uvicorn

from plait_core.engine import Engine
from plait_core.plugins import Plugins, Settings
from plait_server.app import create_app
from plait_server.credentials import make_token
from plait_server.settings import ServerSettings

STARTUP_S = 120.0


@attrs.frozen(kw_only=True)
class Served:
    """A server that runs: its address, tokens by role, and the settings by which a command line finds it."""

    url: str
    tokens: dict[str, str]
    home: Path

    def env(self, role: str = "admin") -> dict[str, str]:
        """Return the variables by which ``plait`` talks to the server as *role*."""
        return {"PLAIT_ENDPOINT": self.url, "PLAIT_TOKEN": self.tokens[role]}

    def settings(self, role: str = "admin") -> Settings:
        """Return the settings by which a ``Remote`` talks to the server as *role*."""
        return Settings(endpoint=self.url, token=self.tokens[role])


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """Serve what is kept below *home* until the block ends."""
    told: SimpleQueue[Served | BaseException] = SimpleQueue()
    server = _Server(home, told)
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    found = told.get(timeout=STARTUP_S)
    if isinstance(found, BaseException):
        raise found
    try:
        yield found
    finally:
        server.stop()
        thread.join(STARTUP_S)
        assert not thread.is_alive()


class _Server:
    def __init__(self, home: Path, told: "SimpleQueue[Served | BaseException]") -> None:
        self._home = home
        self._told = told
        self._http: uvicorn.Server | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  # belongs to the test that waits
            self._told.put(error)

    def stop(self) -> None:
        assert self._http is not None
        self._http.should_exit = True

    async def _serve(self) -> None:
        home = self._home
        settings = Settings(
            home=str(home), store=f"sqlite:///{home}/plait.db", blobs=f"file://{home}/blobs", executors=("process",)
        )
        engine = Engine(plugins=Plugins.load(settings), pool="tests", adopts=True)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with engine:
                app = create_app(engine, settings=ServerSettings(url=url))
                await app.state.server.prepare()
                tokens = {}
                for role, roles in {"admin": {"*": "admin"}, "viewer": {"default": "viewer"}}.items():
                    token, tokens[role] = make_token(role, roles, now_ns=engine.clock.now_ns())
                    await engine.database.accounts.put_token(token)
                self._http = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
                self._told.put(Served(url=url, tokens=tokens, home=home))
                await self._http.serve(sockets=[listener])
