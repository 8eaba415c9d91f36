"""
A server as ``plait serve`` runs it, in a process of its own with a home below the working directory, and what probes ask of it.

Used by the probes that measure through HTTP; prints nothing.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

PLAIT = str(Path(sys.executable).parent / "plait")
HERE = "/projects/default/domains/development/executions"
LONGEST_START_S, PATIENCE_S, LOOK_S = 30.0, 300.0, 0.02


class Server:
    """A server that answers, as its administrator knows it."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.url = f"http://localhost:{port}"
        self.process = process
        self._token = Path(os.environ["PLAIT_HOME"], "tokens", f"localhost_{port}")

    def client(self) -> httpx.Client:
        """Return a client of the API."""
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=self._headers, timeout=PATIENCE_S)

    def async_client(self) -> httpx.AsyncClient:
        """Return the same for a loop."""
        return httpx.AsyncClient(base_url=f"{self.url}/api/v1", headers=self._headers, timeout=PATIENCE_S)

    def register(self, file: str) -> None:
        """Register a file of workflows with version ``v1``."""
        command = [PLAIT, "register", file, "--version", "v1"]
        subprocess.run(command, env={**os.environ, "PLAIT_ENDPOINT": self.url}, stdout=subprocess.DEVNULL, check=True)

    def resident_mb(self) -> float:
        """Return what the server's process has in memory, without its workers."""
        return self._memory_mb("VmRSS")

    def peak_mb(self) -> float:
        """Return the most that the server's process ever had in memory."""
        return self._memory_mb("VmHWM")

    def _memory_mb(self, which: str) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(which))

    @property
    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token.read_text().strip()}"}


@contextmanager
def serving(**variables: str) -> Iterator[Server]:
    """Run a server with *variables* until the block ends."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Path("server.log").open("ab") as log:
        process = subprocess.Popen(
            [PLAIT, "serve", "--port", str(port)], stdout=log, stderr=log, env={**os.environ, **variables}
        )
    try:
        server = Server(process, port)
        _wait_ready(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def launch_body(plan: str, inputs: Mapping[str, int], name: str = "") -> Mapping[str, Any]:
    """Return the request that launches a registered plan with integers."""
    return {
        "target": {"kind": "launch_plan", "name": plan, "version": "v1"},
        "inputs": {key: {"integer": value} for key, value in inputs.items()},
        **({"name": name} if name else {}),
    }


def see_through(client: httpx.Client, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Launch an execution, wait for its end, and return it; exit when it did not succeed."""
    launched = client.post(HERE, json=body).raise_for_status().json()
    name = launched["row"]["id"]["name"]
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        found = client.get(f"{HERE}/{name}", params={"wait_s": 60}).raise_for_status().json()
        if found["phase"] == "SUCCEEDED":
            return dict(found)
        if found["row"].get("ended_at_ns"):
            break
    sys.exit(f"execution {name} is {found['phase']}: {found['row'].get('error')}")


async def repeat(act: Callable[[int], Awaitable[None]], numbers: Iterable[int], *, n_clients: int = 16) -> None:
    """Have several clients call *act* with each of *numbers* once."""
    left = iter(numbers)

    async def go_on() -> None:
        for number in left:
            await act(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(n_clients):
            group.create_task(go_on())


def _wait_ready(server: Server) -> None:
    deadline = monotonic() + LONGEST_START_S
    while not _is_ready(server.url):
        if server.process.poll() is not None or monotonic() > deadline:
            sys.exit(f"the server does not answer:\n{Path('server.log').read_text()}")
        sleep(LOOK_S)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.TransportError:
        return False
