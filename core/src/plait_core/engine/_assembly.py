"""
Assembly: the parts of one engine while it is open.

Made by ``Engine``. Parts are put together in order and taken apart the other way round; where one of them fails, nothing is left
open.
"""

import asyncio
import os
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import uuid4

import attrs

from plait_core.authoring.entities import Entity
from plait_core.authoring.secret_values import asking
from plait_core.engine._channels import EngineChannel
from plait_core.engine._children import Children
from plait_core.engine._driving import Driving
from plait_core.engine._executors import Executors, Makers, chosen_executors, connector_makers, executor_makers
from plait_core.engine._leases import Lessee
from plait_core.engine._patience import PatientDatabase
from plait_core.engine._services import Services
from plait_core.errors.running import AttemptSuperseded
from plait_core.ir.ids import AttemptId, EntityId
from plait_core.ir.units import Unit
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database
from plait_core.ports.executors import Executor, Performed, Report
from plait_core.ports.specs import BlobAccess, ExecutorContext, ExecutorSpec
from plait_core.types import TypeEngine
from plait_core.worker import WorkerServices, perform


@attrs.frozen(kw_only=True, eq=False)
class Plan:
    """
    What an engine is to be made of.

    ``database``, ``blobs`` and ``executors`` are used in place of what settings name. ``entities`` are those of this process, which
    attempts in it run. An engine ``adopts`` what others of its ``pool`` leave.
    """

    plugins: Plugins
    settings: Settings
    types: TypeEngine
    clock: Clock
    pool: str
    adopts: bool
    entities: Mapping[EntityId, Entity[Any, Any]]
    database: Database | None = None
    blobs: BlobAccess | None = None
    executors: Sequence[tuple[ExecutorSpec, Executor]] | None = None


class Assembly:
    """What is there while an engine is open."""

    database: Database
    services: Services
    worker: WorkerServices
    driving: Driving
    lessee: Lessee

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._tasks: list[asyncio.Task[None]] = []
        self._gives_lease_up = True

    async def open(self, children: Children, *, owns: bool) -> None:
        """
        Connect to the store, take the lease of an engine that *owns* executions, and begin what goes on beside them.

        Executors are made when a unit needs them. Runs ask *children* about other executions.
        """
        async with AsyncExitStack() as parts:
            await self._put_together(parts, children, owns=owns)
            self._parts = parts.pop_all()

    async def close(self, *, gives_lease_up: bool = True) -> None:
        """Take everything apart; a lease that is not given up runs out by itself."""
        self._gives_lease_up = gives_lease_up
        await self._parts.aclose()

    async def _put_together(self, parts: AsyncExitStack, children: Children, *, owns: bool) -> None:
        plan = self._plan
        specs = [spec for spec, _ in plan.executors or ()] or chosen_executors(
            plan.plugins, plan.settings, pool=plan.pool
        )
        database = self.database = plan.database or plan.plugins.database(plan.settings.store)
        parts.push_async_callback(database.close)
        await database.open()
        blobs = plan.blobs or plan.plugins.blob_store
        executors = Executors(self._makers(specs, blobs), self._hear)
        self.services = Services(
            plugins=plan.plugins,
            types=plan.types,
            database=PatientDatabase(database, plan.clock) if database.is_durable else database,
            blobs=blobs,
            blobs_root=plan.settings.blobs.rstrip("/"),
            clock=plan.clock,
            executors=executors,
            executor_specs=specs,
            pool=plan.pool,
            owner=uuid4().hex,
            cache_mode=plan.settings.cache,
            lets_sleepers_go=plan.adopts and database.is_durable,
        )
        self.worker = WorkerServices(
            plugins=plan.plugins,
            types=plan.types,
            blobs=blobs,
            secrets=asking(plan.plugins.secret_providers),
            entities=plan.entities,
            channel=self.channel,
            worker=f"inline:{os.getpid()}",
        )
        self.driving = self._driving(children)
        self.lessee = Lessee(
            database, plan.clock, owner=self.services.owner, pool=plan.pool, on_theft=self._look_at_owners
        )
        parts.push_async_callback(self._leave_lease)
        if owns:
            await self.lessee.start()
        parts.push_async_callback(executors.close)
        parts.push_async_callback(self.driving.close)
        parts.push_async_callback(self._stop_tasks)
        for name, work in self.driving.chores():
            self._go_on(name, work)

    def _driving(self, children: Children) -> Driving:
        if not self._plan.adopts:
            return Driving(self.services, children)
        from plait_core.engine._adopting import Adopting

        return Adopting(self.services, children)

    async def _leave_lease(self) -> None:
        await self.lessee.stop(releases=self._gives_lease_up)

    # ── what goes on beside executions ───────────────────────────────────────

    def _go_on(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work, name=name))

    def _look_at_owners(self) -> None:
        self._go_on("owners", self.driving.look_at_owners())

    async def _stop_tasks(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ── executors ────────────────────────────────────────────────────────────

    def _makers(self, specs: Sequence[ExecutorSpec], blobs: BlobAccess) -> Makers:
        plan = self._plan

        def context(name: str) -> ExecutorContext:
            return ExecutorContext(
                perform=self._perform,
                blobs=blobs,
                clock=plan.clock,
                settings=plan.plugins.executor_settings(name),
                directory=_directory(plan.settings, name),
                host=plan.plugins.worker_settings(),
                secrets=self.worker.secrets.ask,
                channel=self.channel,
            )

        connectors = connector_makers(plan.plugins, clock=plan.clock, blobs=blobs, prefix=plan.settings.blobs)
        if plan.executors is None:
            return {**connectors, **executor_makers(plan.plugins, specs, context)}
        return {**connectors, **{spec.name: partial(_itself, executor) for spec, executor in plan.executors}}

    def _hear(self, report: Report) -> None:
        self.driving.hear(report)

    def _perform(self, unit: Unit) -> Awaitable[Performed]:
        return perform(unit, self.worker)

    def channel(self, attempt: AttemptId) -> EngineChannel:
        """Return the line of an attempt to the run that owns it. Raises ``AttemptSuperseded``."""
        run = self.driving.runs.get(attempt.execution)
        if run is None:  # another engine has the execution, or nobody
            raise AttemptSuperseded(attempt=str(attempt))
        return EngineChannel(run, attempt)


def _directory(settings: Settings, executor: str) -> str:
    """Say where *executor* keeps what it knows of attempts: apart for each store, for two may have executions of one name."""
    return f"{settings.home}/executors/{executor}/{sha256(settings.store.encode()).hexdigest()[:12]}"


def _itself(executor: Executor) -> Executor:
    return executor
