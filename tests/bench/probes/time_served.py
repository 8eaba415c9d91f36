"""
Print how long an execution takes through a server, from the request that launches it to the answer that it has ended.

Usage: ``time_served.py MODULE WORKFLOW N_ITEMS``. The workflow takes one integer. Tasks run in the server's worker processes, on
SQLite or in the database that ``DATABASE_URL`` names, with the durability a server has by default. The first execution, for which
workers start, is not counted.
"""

import json
import os
import sys
from statistics import median
from time import perf_counter

from tests.bench.probes.serving import launch_body, see_through, serving

ENOUGH_S = 1.0
FEWEST_RUNS = 1 if "BENCH_QUICK" in os.environ else 3

module, workflow, n_items = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.environ["N_ITEMS"] = str(n_items)
database = os.environ.get("DATABASE_URL", "")

with serving(**({"PLAIT_STORE": database} if database else {})) as server:
    server.register(f"{module}.py")
    body = launch_body(f"{module}.{workflow}", {"x": 0})
    with server.client() as client:
        see_through(client, body)
        seconds: list[float] = []
        while len(seconds) < FEWEST_RUNS or sum(seconds) < ENOUGH_S:
            started = perf_counter()
            see_through(client, body)
            seconds.append(perf_counter() - started)

print(json.dumps({"s_per_item": median(seconds) / n_items}))
