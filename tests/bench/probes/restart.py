"""
Print how long an engine that starts again takes until it submits something new, while a cluster holds what it submitted before.

Usage: ``restart.py N_NODES``. An engine submits nine tenths of the nodes of one execution, none of which ends, and closes. In a new
process, another one opens the same SQLite database: it finds the execution, folds its log, asks the cluster for every attempt, and
submits those that are left. Measured from the making of that engine.
"""

import asyncio
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter

from plait_core.engine import Engine
from plait_core.ir.ids import AttemptId
from plait_core.ir.units import Unit
from plait_core.plugins import Settings
from plait_core.ports.executors import Performed, Report
from plait_core.testing.clocks import HostClock
from plait_core.testing.cluster import CLUSTER_SPEC, Cluster, ClusterExecutor, Weather
from plait_server.daemon import look_for_garbage_now_and_then

N_NODES = int(sys.argv[1])
os.environ["N_ITEMS"] = str(N_NODES)
SUBMITTED = Path("submitted")
Submitted = Sequence[tuple[AttemptId, bytes]]


class Pods:
    """Machines on which whatever was begun runs and runs."""

    def __init__(self, n: int) -> None:
        self._n = n
        self.are_running = asyncio.Event()

    async def run(self, _: Unit) -> Performed:
        """Never end."""
        self._n -= 1
        if self._n == 0:
            self.are_running.set()
        await asyncio.Event().wait()
        raise AssertionError


class Watched(ClusterExecutor):
    """An executor that says when it got its first new attempt, and its last one."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.cluster = cluster
        self.first, self.full = asyncio.Event(), asyncio.Event()

    async def submit(self, unit: Unit) -> Report | None:
        report = await super().submit(unit)
        self.first.set()
        if len(self.cluster.pods) == self.cluster.weather.quota:
            self.full.set()
        return report


def engine_of(executor: Watched) -> Engine:
    """Make an engine as a server has it."""
    settings = Settings.discover(overrides={"store": f"sqlite:///{Path.cwd()}/restart.db", "durability": "full"})
    return Engine(settings=settings, executors=[(CLUSTER_SPEC, executor)], pool="bench", adopts=True)


async def submit_most() -> Submitted:
    """Have an engine submit nine tenths of the nodes, close it, and return what it submitted."""
    cluster = Cluster(Pods(0).run, clock=HostClock(), weather=Weather(quota=N_NODES * 9 // 10))
    executor = Watched(cluster)
    async with engine_of(executor) as engine:
        await engine.launch(import_module("fan_ints").fan, {})
        await executor.full.wait()
    await cluster.close()
    return [(pod.attempt, pod.unit) for pod in cluster.pods.values()]


async def first_submit_s(submitted: Submitted) -> float:
    """Return how long another engine takes until it submits one of the rest."""
    pods = Pods(len(submitted))
    cluster = Cluster(pods.run, clock=HostClock(), weather=Weather(quota=N_NODES))
    for attempt, unit in submitted:
        cluster.create(attempt, unit)
    await pods.are_running.wait()
    executor = Watched(cluster)
    look_for_garbage_now_and_then()  # as servers do
    started = perf_counter()
    async with engine_of(executor):
        await executor.first.wait()
        seconds = perf_counter() - started
        await executor.full.wait()
    await cluster.close()
    return seconds


if "before" in sys.argv:
    SUBMITTED.write_bytes(pickle.dumps(asyncio.run(submit_most())))
else:
    subprocess.run([sys.executable, *sys.argv, "before"], check=True)
    print(json.dumps({"seconds": asyncio.run(first_submit_s(pickle.loads(SUBMITTED.read_bytes())))}))
