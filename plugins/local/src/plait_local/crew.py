"""
The crew: the workers of one executor. Starts them, keeps those that have nothing to do, and lets them go.

A worker goes when it has stood idle for long, when it has grown, after so many attempts, when a task left something behind in it,
and when its place is needed for one that was started for other code or another environment.
"""

import asyncio
import signal
from pathlib import Path
from typing import Any, Protocol

from plait_core.ir.executions import TaskError
from plait_core.ports.specs import ExecutorContext, SettingsTable
from plait_core.worker.limits import CPU_SECONDS, OPEN_FILES, PROCESSES
from plait_core.worker.serving import Outfit
from plait_local.crashes import frozen_error, memory_error
from plait_local.launching import Key
from plait_local.rights import WORK, give_folder
from plait_local.settings import LocalSettings, in_bytes
from plait_local.traces import Traces
from plait_local.vitals import is_stopped, resident_bytes
from plait_local.warm import Owner, WarmWorker

LOOK_S = 0.25
"""How often workers are looked after."""


class Employer(Owner, Protocol):
    """The executor that workers work for."""

    def verdict_on(self, worker: WarmWorker, verdict: TaskError) -> None:
        """Take word why a worker is about to be killed."""
        ...

    def memory_limit_of(self, worker: WarmWorker) -> int:
        """Return how much memory the attempt of a worker may take; 0 for no limit."""
        ...


class Crew:
    """Workers, busy and idle; the one that was idle for the shortest time is taken first."""

    def __init__(self, employer: Employer, context: ExecutorContext, settings: LocalSettings, traces: Traces) -> None:
        self._employer = employer
        self._context = context
        self._settings = settings
        self._traces = traces
        self._most_bytes = in_bytes(settings.worker_memory)
        self._workers: list[WarmWorker] = []
        self._is_watched = False

    def worker_for(self, key: Key) -> WarmWorker:
        """Return a worker that has nothing to do, a new one if need be. Raises ``OSError`` when none can be started."""
        idle = [worker for worker in self._workers if worker.is_free]
        fitting = [worker for worker in idle if worker.key == key]
        if fitting:
            return max(fitting, key=lambda worker: worker.idle_since)
        n_present = sum(not worker.is_retired for worker in self._workers)
        if idle and n_present >= self._settings.concurrency:
            min(idle, key=lambda worker: worker.idle_since).retire()
        return self._start(key)

    def forget(self, worker: WarmWorker) -> None:
        """Know that a worker has ended."""
        self._workers.remove(worker)

    async def leave(self) -> None:
        """Store what workers have printed so far and hang up; those that have an attempt end it by themselves."""
        for worker in self._workers:
            await worker.outputs.leave()
            worker.hang_up()

    def _start(self, key: Key) -> WarmWorker:
        settings = self._settings
        folder = self._traces.new_worker()
        store = self._context.blobs
        worker = WarmWorker(self._employer, key, folder, settings, lambda uri, piece: store(uri).put(uri, piece))
        allowances = {CPU_SECONDS: settings.cpu_s, OPEN_FILES: settings.open_files, PROCESSES: settings.processes}
        worker.equip(
            Outfit(
                results=folder.path,
                sign=folder.sign,
                orphan_s=settings.orphan_s,
                nice=settings.nice,
                settings=self._host_of(key),
                bundle=key.bundle,
                workplace=f"{folder.path}/{WORK}" if key.has_workplace else "",
                log_bytes=in_bytes(settings.log_limit),
                allowances={name: limit for name, limit in allowances.items() if limit is not None},
            )
        )
        self._workers.append(worker)
        if not self._is_watched:
            self._is_watched = True
            self._traces.clear()
            self._employer.spawn(self._watch())
        return worker

    def _host_of(self, key: Key) -> SettingsTable | None:
        """Return the settings of a worker: another user has a home of its own, and nothing to do with the store or with further users."""
        host, user = self._context.host, key.user
        if user is None:
            return host
        home = Path(self._context.directory, "homes", user.pw_name)
        give_folder(home, user)
        if host is None:
            return None
        plugins: dict[str, Any] = {**host["plugins"]}  # type: ignore[dict-item]  # settings as plain values
        plugins["local"] = {**plugins.get("local", {}), "run_as": ""}
        return {**host, "home": str(home), "store": "memory://", "plugins": plugins}

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while self._workers:
            await asyncio.sleep(LOOK_S)
            for worker in [*self._workers]:
                self._weigh(worker)
                if worker.is_busy:
                    self._look_after(worker, loop.time())
                elif worker.is_worn or loop.time() - worker.idle_since > self._settings.idle_s:
                    worker.retire()
        self._is_watched = False

    def _look_after(self, worker: WarmWorker, now: float) -> None:
        """End a worker that stands still; one that computes for long without a word is left alone, for the system says that it lives."""
        if not is_stopped(worker.pid):
            worker.stopped_at = None
        elif worker.stopped_at is None:
            worker.stopped_at = now
        elif now - worker.stopped_at > self._settings.frozen_s:
            self._kill(worker, frozen_error(self._settings.frozen_s, at_ns=self._context.clock.now_ns()))

    def _weigh(self, worker: WarmWorker) -> None:
        """End an attempt that holds more memory than it may, and know a worker that has grown."""
        limit = self._employer.memory_limit_of(worker)
        if not (limit or self._most_bytes):
            return
        held = resident_bytes(worker.pid)
        if limit and held > limit + worker.resident_before:
            self._kill(worker, memory_error(limit, at_ns=self._context.clock.now_ns()))
        elif self._most_bytes and held > self._most_bytes:
            worker.is_worn = True

    def _kill(self, worker: WarmWorker, verdict: TaskError) -> None:
        self._employer.verdict_on(worker, verdict)
        worker.stop(signal.SIGKILL)
