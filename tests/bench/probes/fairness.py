"""
Print how long an execution of one task takes alone, and beside ten executions of many tasks, on four slots.

Usage: ``fairness.py N_TASKS TASK_S``: of each of the ten, and how long each task takes. Both figures are medians of several; the crowd
still runs when the last of them has ended.
"""

import json
import os
import sys
from statistics import median
from time import perf_counter, sleep

import httpx

from tests.bench.probes.serving import HERE, launch_body, see_through, serving

os.environ["N_ITEMS"], os.environ["TASK_S"] = sys.argv[1:]  # the server inherits them
N_CROWDS, N_SLOTS, N_TRIES = 10, 4, 7
ALONE = launch_body("flights.alone", {"x": 0})


def median_s(client: httpx.Client, pause_s: float = 0.0) -> float:
    """Return how long one task takes, from its launch to the answer that it has ended."""
    seconds = []
    for _ in range(N_TRIES):
        started = perf_counter()
        see_through(client, ALONE)
        seconds.append(perf_counter() - started)
        sleep(pause_s)
    return median(seconds)


def is_crowded(client: httpx.Client) -> bool:
    """Whether all of the ten still run."""
    found = client.get(HERE, params={"phase": "RUNNING"}).raise_for_status().json()
    return len(found["items"]) == N_CROWDS


with serving(PLAIT_PLUGINS__LOCAL__CONCURRENCY=str(N_SLOTS)) as server:
    server.register("flights.py")
    with server.client() as client:
        see_through(client, ALONE)
        alone_s = median_s(client)
        for _ in range(N_CROWDS):
            client.post(HERE, json=launch_body("flights.crowd", {"x": 0})).raise_for_status()
        sleep(0.5)  # until all of them have begun
        crowded_s = median_s(client, pause_s=0.05)
        if not is_crowded(client):
            sys.exit("some of the crowd ended too early; give each more tasks")

print(json.dumps({"alone_s": alone_s, "crowded_s": crowded_s}))
