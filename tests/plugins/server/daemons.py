"""Servers as ``plait serve`` runs them: in this process, or in one of their own; on ports that nobody else has."""

import asyncio
import atexit
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx

from plait_core.plugins import Plugins, Settings
from plait_server.daemon import PARTS, serve

LONGEST_START_S = 120.0
PATIENCE_S = 90.0
LOOK_S = 0.02
PLAIT = Path(sys.executable).with_name("plait")

_kept: list[socket.socket] = []
"""What is bound to the ports that were given away, until this process ends."""


def free_port() -> int:
    """
    Return a port of the loopback on which a server of this test, and nobody else, may listen.

    It stays bound here, without anybody listening: the system gives it neither to another process that asks for a port, nor to a
    connection that leaves this machine, and lets a server have it that says ``SO_REUSEADDR``, as ours do.
    """
    found = socket.socket()
    _kept.append(found)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(("127.0.0.1", 0))
    port: int = found.getsockname()[1]
    return port


@atexit.register
def _let_go() -> None:
    while _kept:
        _kept.pop().close()


@attrs.frozen
class Running:
    """A server that answers."""

    url: str
    home: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def token(self) -> str:
        """The administrator's token, as the CLI finds it."""
        port = self.url.rpartition(":")[2]
        return (self.home / "tokens" / f"localhost_{port}").read_text().strip()

    def client(self) -> httpx.Client:
        """Return a client of the API who is the administrator, and patient enough to wait for executions."""
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=self._headers, timeout=PATIENCE_S)

    def async_client(self) -> httpx.AsyncClient:
        """Return the same for a loop."""
        return httpx.AsyncClient(base_url=f"{self.url}/api/v1", headers=self._headers, timeout=PATIENCE_S)

    @property
    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@asynccontextmanager
async def served(home: Path, *, port: int = 0, **settings: Any) -> AsyncIterator[Running]:
    """Serve in this process what is in a database below *home*, and stop when the block ends."""
    port = port or free_port()
    plugins = Plugins.load(server_settings(home, port=port, **settings))
    serving = asyncio.create_task(serve(plugins))
    url = f"http://localhost:{port}"
    try:
        async with httpx.AsyncClient(base_url=url) as client:
            while not await _answers(client):
                if serving.done():
                    serving.result()
                await asyncio.sleep(LOOK_S)
        yield Running(url, home)
    finally:
        if not serving.done():
            serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def server_settings(home: Path, *, port: int, **settings: Any) -> Settings:
    """Return settings of a server on *port* with its database below *home*."""
    return Settings(home=str(home), executors=("process",), plugins={"server": {"port": port, **settings}})


@contextmanager
def server_process(
    home: Path,
    *,
    port: int = 0,
    parts: tuple[str, ...] = PARTS,
    variables: Mapping[str, str] | None = None,
    command: Path = PLAIT,
) -> Iterator[Running]:
    """Run ``plait serve`` in a process; it is killed when the block ends, unless it has ended by then."""
    port = port or free_port()
    words = [word for part in parts if parts != PARTS for word in ("--part", part)]
    with (home.with_suffix(".log")).open("ab") as log:
        process = subprocess.Popen(
            [command, "serve", "--port", str(port), *words],
            cwd=home.parent,
            stdout=log,
            stderr=log,
            env={**os.environ, "PLAIT_HOME": str(home), **(variables or {})},
        )
    running = Running(f"http://localhost:{port}", home, process)
    try:
        wait_ready(running, process, parts)
        yield running
    finally:
        process.kill()
        process.wait()


def wait_ready(running: Running, process: "subprocess.Popen[bytes]", parts: tuple[str, ...]) -> None:
    """Wait until the server in *process* is ready; one that listens nowhere says so in its log."""
    log, deadline = running.home.with_suffix(".log"), time.monotonic() + LONGEST_START_S
    while not (_is_ready(running.url) if "api" in parts else "an engine of pool" in log.read_text()):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(LOOK_S)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.TransportError:
        return False


def documents(text: str) -> list[Mapping[str, Any]]:
    """Read a log."""
    return [json.loads(line) for line in text.splitlines()]


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        await client.get("/api/v1/identity")
    except httpx.TransportError:
        return False
    return True
