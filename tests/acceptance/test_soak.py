"""
A server that runs for long: it forgets what has ended, and carries a thousand executions at once.

Scaled down to what a test may take; what would grow shows after a few hundred executions.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.calling import Desk
from tests.plugins.server.daemons import PLAIT, Running, server_process

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

N_WARM, N_SOAK, N_CLIENTS = 300, 1_700, 16
N_IN_FLIGHT = 1_000

MOST_IDLE_MB = 120
MOST_GROWTH_MB = 8
"""What allocators and caches that are not yet full account for; a leak of 5 KB for each execution would exceed it."""

MOST_OF_A_COMMAND = 15
"""What the start of a server may cost, in starts of a command that does nothing; both in processor time of one machine."""

LONGEST_S = 300.0

FLOW = """
from plait import approve, task, workflow


@task
def add(x: int) -> int:
    return x + 1


@workflow
def quick(x: int) -> int:
    return add(x=add(x=x))


@workflow
def held(x: int) -> int:
    return add(x=approve(add(x=x), "go"))
"""

HERE = "/projects/default/domains/development/executions"
Act = Callable[[httpx.AsyncClient, int], Awaitable[None]]


@pytest.fixture
def anyio_backend() -> str:
    """The client's loop."""
    return "asyncio"


@pytest.fixture
def server(desk: Desk, tmp_path: Path) -> Iterator[Running]:
    """A server in a process of its own that knows the workflows."""
    with server_process(tmp_path / "home") as running:
        desk.write("flow.py", FLOW)
        env = {"PLAIT_HOME": str(running.home), "PLAIT_ENDPOINT": running.url}
        registered = desk.plait("register", "flow.py", "--version", "v1", env=env)
        assert registered.code == 0, registered.err
        yield running


async def test_idle_server_is_small_and_soon_there(tmp_path: Path) -> None:
    """Without workers, after its console and its API were asked for something."""
    command_s = min(cost_of_a_command() for _ in range(3))
    with server_process(tmp_path / "home") as running:
        took_s = cpu_s(running)
        async with running.async_client() as client:
            for path in ("/api/v1/identity", "/api/v1/projects", "/console", "/metrics", "/api/v1/openapi.json"):
                answer = await client.get(f"{running.url}{path}", follow_redirects=True)
                assert answer.is_success, path
        size_mb = resident_mb(running)

    assert took_s <= MOST_OF_A_COMMAND * command_s
    assert size_mb <= MOST_IDLE_MB


async def test_memory_is_flat(server: Running) -> None:
    """However many executions have ended."""
    async with server.async_client() as client:
        await repeat(see_through, client, range(N_WARM))
        warm_mb = resident_mb(server)
        await repeat(see_through, client, range(N_WARM, N_WARM + N_SOAK))

    assert resident_mb(server) - warm_mb <= MOST_GROWTH_MB


async def test_thousand_executions_are_in_flight(server: Running) -> None:
    """Each has begun, and waits for an answer; each is answered, and ends with its own value."""
    async with server.async_client() as client:
        await repeat(launch_held, client, range(N_IN_FLIGHT))
        await counted(client, "RUNNING", N_IN_FLIGHT)

        await repeat(let_go, client, range(N_IN_FLIGHT))
        await counted(client, "SUCCEEDED", N_IN_FLIGHT)

        values = [(await client.get(f"{HERE}/held-{n}")).json()["outputs"] for n in range(0, N_IN_FLIGHT, 97)]
    assert values == [{"o0": {"integer": n + 2}} for n in range(0, N_IN_FLIGHT, 97)]


async def repeat(act: Act, client: httpx.AsyncClient, numbers: range) -> None:
    """Have several clients call *act* with each of *numbers* once."""
    left = iter(numbers)

    async def go_on() -> None:
        for number in left:
            await act(client, number)

    async with asyncio.TaskGroup() as group:
        for _ in range(N_CLIENTS):
            group.create_task(go_on())


async def see_through(client: httpx.AsyncClient, number: int) -> None:
    """Launch an execution, and wait for its end."""
    name = f"quick-{number}"
    await launch(client, "flow.quick", name, number)
    found = (await client.get(f"{HERE}/{name}", params={"wait_s": 60})).json()
    assert found["outputs"] == {"o0": {"integer": number + 2}}


async def launch_held(client: httpx.AsyncClient, number: int) -> None:
    """Launch an execution that will wait."""
    await launch(client, "flow.held", f"held-{number}", number)


async def let_go(client: httpx.AsyncClient, number: int) -> None:
    """Approve what such an execution waits for."""
    answer = await client.put(f"{HERE}/held-{number}/signals/go", json={"value": {"boolean": True}})
    assert answer.is_success, answer.text


async def launch(client: httpx.AsyncClient, plan: str, name: str, x: int) -> None:
    """Launch an execution of a plan with one input."""
    target = {"kind": "launch_plan", "name": plan, "version": "v1"}
    answer = await client.post(HERE, json={"target": target, "name": name, "inputs": {"x": {"integer": x}}})
    assert answer.is_success, answer.text


async def counted(client: httpx.AsyncClient, phase: str, n: int) -> None:
    """Wait until so many executions have a phase."""
    deadline = time.monotonic() + LONGEST_S
    while (found := await count(client, phase)) != n:
        assert time.monotonic() < deadline, f"{found} are {phase}"
        await asyncio.sleep(0.1)


async def count(client: httpx.AsyncClient, phase: str) -> int:
    """Return how many executions have a phase, page by page."""
    n, token = 0, ""
    while True:
        answer = await client.get(HERE, params={"phase": phase, "limit": 500, "token": token})
        assert answer.is_success, answer.text
        found = answer.json()
        n, token = n + len(found["items"]), found.get("token", "")
        if not token:
            return n


def resident_mb(running: Running) -> float:
    """Return what the server's process has in memory."""
    assert running.process is not None
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def cost_of_a_command() -> float:
    """Return how long ``plait --version`` computes, in seconds."""
    before = os.times()
    subprocess.run([PLAIT, "--version"], check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def cpu_s(running: Running) -> float:
    """Return how long the server's process has computed, in seconds."""
    assert running.process is not None
    fields = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
