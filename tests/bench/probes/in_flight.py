"""
Print what it takes a server to have many executions in flight at once, and to end all of them.

Usage: ``in_flight.py N_EXECUTIONS``. Half of them wait for an answer, a quarter sleeps, and a quarter queues for the workers. All are
launched before the first one is answered.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from time import monotonic, perf_counter

import httpx

from tests.bench.probes.serving import HERE, PATIENCE_S, Server, launch_body, repeat, serving

N_EXECUTIONS = int(sys.argv[1]) // (5 if "BENCH_QUICK" in os.environ else 1)
KINDS = ("held", "asleep", "held", "quick")


async def see_all_through(server: Server) -> float:
    """Return the seconds from the first launch to the end of the last execution."""
    async with server.async_client() as client:

        async def launch(number: int) -> None:
            body = launch_body(f"flights.{kind_of(number)}", {"x": number}, name=name_of(number))
            (await client.post(HERE, json=body)).raise_for_status()

        async def answer(number: int) -> None:
            url = f"{HERE}/{name_of(number)}/signals/go"
            (await client.put(url, json={"value": {"boolean": True}})).raise_for_status()

        started = perf_counter()
        await repeat(launch, range(N_EXECUTIONS))
        await repeat(answer, (number for number in range(N_EXECUTIONS) if kind_of(number) == "held"))
        await all_succeeded(client)
        return perf_counter() - started


def kind_of(number: int) -> str:
    """Return the workflow of an execution."""
    return KINDS[number % len(KINDS)]


def name_of(number: int) -> str:
    """Return the name of an execution."""
    return f"flight-{number}"


async def all_succeeded(client: httpx.AsyncClient) -> None:
    """Wait until each has; exit when one did not."""
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        phases = await phases_of_all(client)
        if phases["SUCCEEDED"] == N_EXECUTIONS:
            return
        if phases["FAILED"]:
            break
        await asyncio.sleep(0.2)
    sys.exit(f"the executions are {dict(phases)}")


async def phases_of_all(client: httpx.AsyncClient) -> Counter[str]:
    """Count the executions by phase, page by page."""
    phases: Counter[str] = Counter()
    token, is_more = "", True
    while is_more:
        found = (await client.get(HERE, params={"limit": 500, "token": token})).raise_for_status().json()
        phases.update(item["phase"] for item in found["items"])
        token = found.get("token", "")
        is_more = bool(token)
    return phases


with serving() as server:
    server.register("flights.py")
    seconds = asyncio.run(see_all_through(server))
    print(json.dumps({"seconds": seconds, "peak_mb": server.peak_mb()}))
