"""
Print how long a page of executions takes to list while many are stored: the median, for the slowest of several filters and orders.

Usage: ``lists.py N_EXECUTIONS``. They are put into SQLite by the store's own code before the server starts.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

from plait_core.ir.events import ExecutionEnded
from plait_core.ir.executions import ExecutionMode
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId
from plait_core.ir.phases import ExecutionPhase
from plait_core.plugins import Plugins, Settings
from plait_core.ports.databases import Append, ExecutionRow
from tests.bench.probes.serving import HERE, serving

N_EXECUTIONS = int(sys.argv[1])
AT_ONCE, N_TRIES = 2000, 9
BEGAN_NS, SECOND_NS = 1_790_000_000_000_000_000, 10**9
STORE = f"sqlite:///{Path(os.environ['PLAIT_HOME']).resolve()}/lists.db"
TARGETS = [EntityId(kind=EntityKind.WORKFLOW, name=f"shop.w{n}", version="v1") for n in range(20)]
PHASES = (*[ExecutionPhase.SUCCEEDED] * 97, *[ExecutionPhase.FAILED] * 2, ExecutionPhase.ABORTED)
DEEP = f"{BEGAN_NS + N_EXECUTIONS // 2 * SECOND_NS}/default/development/x"
LISTS: tuple[dict[str, str], ...] = (
    {},
    {"limit": "500"},
    {"token": DEEP},
    {"sort": "created_at"},
    {"sort": "-name"},
    {"phase": "FAILED"},
    {"phase": "FAILED", "token": DEEP},
    {"phase": "RUNNING"},
    {"target": "shop.w7"},
    {"target": "shop.w7", "phase": "ABORTED"},
    {"name_contains": "abc"},
    {"name_contains": "nothing has this"},
)


async def fill() -> None:
    """Store executions that have ended, half of them in the project that is listed."""
    database = Plugins.load(Settings.discover(overrides={"store": STORE})).database(STORE)
    await database.open()
    random = Random(1)
    for first in range(0, N_EXECUTIONS, AT_ONCE):
        await database.log.append([ended(n, random) for n in range(first, min(first + AT_ONCE, N_EXECUTIONS))])
    await database.close()


def ended(n: int, random: Random) -> Append:
    """Make what an execution leaves that has ended."""
    at_ns = BEGAN_NS + n * SECOND_NS
    phase = random.choice(PHASES)
    execution = ExecutionId(project="default" if n % 2 else f"p{n % 7}", name=f"f{random.getrandbits(76):019x}")
    row = ExecutionRow(
        id=execution,
        target=random.choice(TARGETS),
        phase=phase,
        mode=ExecutionMode.MANUAL,
        principal="ada",
        pool="default",
        created_at_ns=at_ns,
        updated_at_ns=at_ns,
        ended_at_ns=at_ns,
    )
    decisions = (ExecutionEnded(phase=phase),)
    return Append(execution=execution, owner="", first_seq=1, at_ns=at_ns, decisions=decisions, row=row)


asyncio.run(fill())
slowest_s = 0.0
with serving(PLAIT_STORE=STORE) as server, server.client() as client:
    for query in LISTS:
        seconds = []
        for _ in range(N_TRIES):
            started = perf_counter()
            client.get(HERE, params=query).raise_for_status()
            seconds.append(perf_counter() - started)
        slowest_s = max(slowest_s, median(seconds))

print(json.dumps({"seconds": slowest_s}))
