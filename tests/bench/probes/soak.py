"""
Print by how much the memory of a server grows with each thousand executions that have ended.

Usage: ``soak.py N_EXECUTIONS``. Some are run before that, so that caches are full and allocators have their pages.
"""

import asyncio
import json
import os
import sys

from tests.bench.probes.serving import HERE, Server, launch_body, repeat, serving

N_EXECUTIONS = int(sys.argv[1]) // (3 if "BENCH_QUICK" in os.environ else 1)
N_WARM = 1000


async def growth_mb(server: Server) -> float:
    """Return the growth for each thousand."""
    async with server.async_client() as client:

        async def see_through(number: int) -> None:
            body = launch_body("flights.quick", {"x": number}, name=f"soak-{number}")
            (await client.post(HERE, json=body)).raise_for_status()
            found = (await client.get(f"{HERE}/soak-{number}", params={"wait_s": 60})).raise_for_status().json()
            if found["outputs"] != {"o0": {"integer": number + 2}}:
                sys.exit(f"execution soak-{number} is {found['phase']}: {found['outputs']}")

        await repeat(see_through, range(N_WARM))
        warm_mb = server.resident_mb()
        await repeat(see_through, range(N_WARM, N_WARM + N_EXECUTIONS))
        grown_mb = server.resident_mb() - warm_mb
        return grown_mb / N_EXECUTIONS * 1000


with serving() as server:
    server.register("flights.py")
    print(json.dumps({"growth_mb": asyncio.run(growth_mb(server))}))
