"""
``StorePlane``: the control plane of this machine: its store, and an engine for the time that a message takes.

What runs is driven by the process that started it. This one reads, and leaves messages in the inbox of whoever drives.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from time import time_ns
from types import MappingProxyType

import attrs

from plait.control.plane import FIRST, Waiting, answer_to
from plait.errors import AlreadyOver, NoSuchEntity
from plait_core.authoring.bundles import Bundle, bundle_uri
from plait_core.compiler.registering import register
from plait_core.engine import Engine, HostClock, Inspector, NodeState, output_prefix, waits_of
from plait_core.engine.sweeping import Sweeper
from plait_core.ir.events import Event
from plait_core.ir.executions import Closure
from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.ir.phases import TERMINAL_ATTEMPT, TERMINAL_EXECUTION, ExecutionPhase
from plait_core.ir.types import LiteralType
from plait_core.ir.workflows import Gate
from plait_core.ports.api import (
    EntityPage,
    ExecutionDetail,
    ExecutionPage,
    ExecutionSummary,
    NodeDetail,
    NodePage,
    ProjectList,
    ProjectRequest,
    RegisterReply,
    RegisterRequest,
    RerunPlan,
    SweepReply,
    SweepRequest,
)
from plait_core.ports.databases import (
    EVERY_NODE,
    AttemptRow,
    Database,
    ExecutionFilter,
    ExecutionOrder,
    NodeFilter,
    NodeRow,
    Page,
    Project,
)
from plait_core.ports.entity_lists import entity_page
from plait_core.ports.specs import BlobAccess
from plait_core.types.times import from_timestamp_ns
from plait_core.worker.logs import read_log

MANY = 20_000
"""How many attempts are read at once: to find a page, all before it are passed over."""


class StorePlane:
    """``ControlPlane`` over *database*, which somebody else opens and closes; *engine* opens an engine on the same store."""

    def __init__(
        self,
        database: Database,
        blobs: BlobAccess,
        blobs_root: str,
        engine: Callable[[], AbstractAsyncContextManager[Engine]],
        retention: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._blobs_root = blobs_root.rstrip("/")
        self._engine = engine
        self._inspector = Inspector(database)
        self._sweeper = Sweeper(database, blobs, blobs_root, HostClock(), retention)

    # ── projects ─────────────────────────────────────────────────────────────

    async def projects(self) -> ProjectList:
        return ProjectList(items=tuple(await self._database.accounts.projects()), domains=())

    async def put_project(self, project: str, request: ProjectRequest) -> Project:
        made = Project(id=project, **attrs.asdict(request, recurse=False))
        await self._database.accounts.put_project(made)
        return made

    # ── entities ─────────────────────────────────────────────────────────────

    async def upload_bundle(self, project: str, domain: str, bundle: Bundle) -> None:
        uri = bundle_uri(self._blobs_root, project, bundle.digest)
        await self._blobs(uri).put(uri, bundle.data, if_absent=True)

    async def register(self, project: str, domain: str, request: RegisterRequest) -> RegisterReply:
        return await register(request, self._database.registry, at_ns=time_ns())

    async def entities(
        self,
        kind: EntityKind,
        project: str,
        domain: str,
        *,
        name_contains: str = "",
        version: str = "",
        page: Page = FIRST,
    ) -> EntityPage:
        return await entity_page(
            self._database.registry,
            kind,
            project=project,
            domain=domain,
            name_contains=name_contains,
            version=version,
            page=page,
        )

    async def versions(
        self,
        kind: EntityKind,
        project: str,
        domain: str,
        name: str,
        *,
        page: Page = FIRST,
    ) -> EntityPage:
        return await entity_page(self._database.registry, kind, project=project, domain=domain, name=name, page=page)

    async def closure(self, id: EntityId) -> Closure:
        closure = await self._database.registry.closure(id)
        if closure is None:
            raise NoSuchEntity(what=f"{id.kind.value.replace('_', ' ')} {id.name!r} of version {id.version!r}")
        return closure

    async def activate(self, id: EntityId, *, is_active: bool) -> None:
        await self._database.registry.activate(id, is_active=is_active, at_ns=time_ns())

    # ── executions ───────────────────────────────────────────────────────────

    async def executions(
        self,
        where: ExecutionFilter,
        page: Page = FIRST,
        order: ExecutionOrder = ExecutionOrder.NEWEST,
        *,
        target: str = "",
    ) -> ExecutionPage:
        targets = await self._inspector.targets(where.project, where.domain, target) if target else ()
        stored = attrs.evolve(where, phases=(), targets=targets)  # INTERRUPTED is shown, and is not in the rows
        rows, token = await self._database.views.executions(stored, page, order)
        phases = [await self._inspector.phase(row) for row in rows]
        items = tuple(
            ExecutionSummary(row=row, phase=phase)
            for row, phase in zip(rows, phases, strict=True)
            if not where.phases or phase in where.phases
        )
        return ExecutionPage(items=items, token=token)

    async def execution(self, id: ExecutionId) -> ExecutionDetail:
        row = await self._inspector.row(id)
        return ExecutionDetail(
            row=row,
            phase=await self._inspector.phase(row),
            spec=await self._inspector.spec(id),
            outputs=await self._inspector.outputs(row),
            waits_for=await self._inspector.need(row),
        )

    async def execution_closure(self, id: ExecutionId) -> Closure:
        return await self._inspector.closure(id)

    async def rows(self, id: ExecutionId, where: NodeFilter = EVERY_NODE, page: Page = FIRST) -> NodePage:
        after = NodeId(page.token) if page.token else None
        rows = await self._database.views.nodes(id, where, after=after, limit=page.limit + 1)
        shown = rows[: page.limit]
        return NodePage(items=tuple(shown), token=shown[-1].node if len(rows) > len(shown) else "")

    async def node(self, id: ExecutionId, node: NodeId) -> NodeDetail | None:
        row = await self._database.views.node(id, node)
        if row is None:
            return None
        async with self._inspector.state(id) as state:
            return _node(row, state.nodes.get(node))

    async def nodes(
        self, id: ExecutionId, where: NodeFilter = EVERY_NODE, *, limit: int | None = None
    ) -> Sequence[NodeDetail]:
        rows = await self._database.views.nodes(id, where, limit=limit)
        async with self._inspector.state(id) as state:
            return [_node(row, state.nodes.get(row.node)) for row in rows]

    async def waits(self, id: ExecutionId) -> Sequence[Waiting]:
        async with self._inspector.state(id) as state:
            return [Waiting(wait.node, wait.what, _time(wait.until_ns), wait.signal) for wait in waits_of(state)]

    async def gates(self, id: ExecutionId) -> Mapping[str, LiteralType | None]:
        async with self._inspector.state(id) as state:
            targets = [gates[0].node.target for gates in state.waiting.values() if gates]
        return dict(answer for target in targets if isinstance(target, Gate) and (answer := answer_to(target)))

    async def attempts(
        self, id: ExecutionId, node: NodeId | None = None, *, limit: int | None = None
    ) -> Sequence[AttemptRow]:
        found: list[AttemptRow] = []
        nodes, after = None if node is None else [node], None
        while limit is None or len(found) < limit:
            n = MANY if limit is None else min(MANY, limit - len(found))
            rows = await self._database.views.attempts(id, nodes, after=after, limit=n)
            found += rows
            after = found[-1].place if found else None
            if len(rows) < n:
                break
        return found

    async def events(self, id: ExecutionId, *, after: int = 0) -> AsyncGenerator[Event, None]:
        async for events in self._inspector.follow(id, after=after):
            for event in events:
                yield event
            if not events and await self._is_interrupted(id):
                return

    async def _is_interrupted(self, id: ExecutionId) -> bool:
        """Whether nobody drives an execution any more, so that nothing happens until it is resumed."""
        return await self._inspector.phase(await self._inspector.row(id)) is ExecutionPhase.INTERRUPTED

    async def log(self, attempt: AttemptId, *, follows: bool = False) -> AsyncGenerator[bytes, None]:
        prefix, since = output_prefix(attempt, self._blobs_root), 0
        updates = self._inspector.follow(attempt.execution) if follows else None
        while True:
            is_over = await self._is_over(attempt)
            async for chunk in read_log(self._blobs, prefix, since=since):
                since = chunk.offset + len(chunk.data)
                yield chunk.data
            if updates is None or is_over or await self._is_interrupted(attempt.execution):
                return
            await anext(updates, None)

    async def _is_over(self, attempt: AttemptId) -> bool:
        row = await self._database.views.attempt(attempt.execution, attempt.node, attempt.n, element=attempt.element)
        return row is None or row.phase in TERMINAL_ATTEMPT

    async def abort(self, id: ExecutionId, *, reason: str) -> None:
        await self._check_unfinished(id)
        async with self._engine() as engine:
            await engine.abort(id, reason=reason)

    async def signal(self, id: ExecutionId, signal: str, value: Literal) -> None:
        await self._check_unfinished(id)
        async with self._engine() as engine:
            await engine.signal(id, signal, value)

    async def _check_unfinished(self, id: ExecutionId) -> None:
        row = await self._inspector.row(id)
        if row.phase in TERMINAL_EXECUTION:
            raise AlreadyOver(execution=id.name, phase=row.phase.value)

    async def archive(self, id: ExecutionId, *, is_archived: bool) -> None:
        await self._database.upkeep.archive(id, is_archived=is_archived)

    async def sweep(self, request: SweepRequest) -> SweepReply:
        return await self._sweeper.step(request)

    async def plan_rerun(self, id: ExecutionId, nodes: Sequence[NodeId]) -> RerunPlan:
        async with self._engine() as engine:
            return await engine.plan_rerun(id, nodes)


def _node(row: NodeRow, state: NodeState | None) -> NodeDetail:
    if state is None:
        return NodeDetail(row=row)
    outputs = state.outputs if state.is_terminal and not state.error else None
    return NodeDetail(row=row, inputs=_inputs(state), outputs=outputs, verdict=state.verdict, child=state.child)


def _inputs(state: NodeState) -> LiteralMap | None:
    with suppress(Exception):  # a binding that cannot be followed is the node's own error, which is shown
        return state.inputs()
    return None


def _time(ns: int | None) -> str | None:
    return None if ns is None else from_timestamp_ns(ns).isoformat().replace("+00:00", "Z")
