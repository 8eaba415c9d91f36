"""
``ControlPlane``: what commands and clients ask about entities and executions, wherever these are kept.

Speaks in the documents of the API (``plait_core.ports.api``). A server implements it over HTTP, the store of this machine by reading its
own tables; whoever uses it need not know which.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol, TypeVar

import attrs

from plait.errors import NoSuchEntity, NotOnServer
from plait_core.authoring.bundles import Bundle
from plait_core.ir.events import Event
from plait_core.ir.executions import Closure
from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.interfaces import Parameter, TypedInterface
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.literals import Literal
from plait_core.ir.types import LiteralType, SimpleType
from plait_core.ir.workflows import Approve, Gate, WaitForInput
from plait_core.ports.api import (
    EntityPage,
    ExecutionDetail,
    ExecutionPage,
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
    ExecutionFilter,
    ExecutionOrder,
    NodeFilter,
    NodeRow,
    Page,
    Project,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

PAGE = 100
ROWS_AT_ONCE = 1000
"""Nodes or attempts that are asked for at the same time."""
FIRST = Page()
"""The first page of a list."""


class Waiting(NamedTuple):
    """What an unfinished node waits for, until when (ISO 8601) if that is known, and the signal that answers a gate."""

    node: NodeId
    what: str
    until: str | None
    signal: str


class ControlPlane(Protocol):
    """
    One place where entities are registered and executions are recorded.

    Every method raises ``UserError`` for what is not there or not allowed, and ``Retryable`` while the place cannot be reached.
    Cancelled, a method that changes something has done so wholly or not at all.
    """

    # ── projects ─────────────────────────────────────────────────────────────

    async def projects(self) -> ProjectList:
        """Return all projects that the caller may see."""
        ...

    async def put_project(self, project: str, request: ProjectRequest) -> Project:
        """Create a project, or replace what is said of it."""
        ...

    # ── entities ─────────────────────────────────────────────────────────────

    async def upload_bundle(self, project: str, domain: str, bundle: Bundle) -> None:
        """Store the code of entities, unless it is there already."""
        ...

    async def register(self, project: str, domain: str, request: RegisterRequest) -> RegisterReply:
        """Register closures, all or none."""
        ...

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
        """Return a page of the newest version of each entity, or of *version* of those that have it."""
        ...

    async def versions(
        self, kind: EntityKind, project: str, domain: str, name: str, *, page: Page = FIRST
    ) -> EntityPage:
        """Return a page of the versions of one entity, newest first."""
        ...

    async def closure(self, id: EntityId) -> Closure:
        """Return an entity with everything it reaches; its version is given."""
        ...

    async def activate(self, id: EntityId, *, is_active: bool) -> None:
        """Switch a version of a launch plan on or off."""
        ...

    # ── executions ───────────────────────────────────────────────────────────

    async def executions(
        self,
        where: ExecutionFilter,
        page: Page = FIRST,
        order: ExecutionOrder = ExecutionOrder.NEWEST,
        *,
        target: str = "",
    ) -> ExecutionPage:
        """Return a page of executions of one project and domain; those of *target* alone, an entity by name, in any version."""
        ...

    async def execution(self, id: ExecutionId) -> ExecutionDetail:
        """Return an execution."""
        ...

    async def execution_closure(self, id: ExecutionId) -> Closure:
        """Return the templates that an execution runs."""
        ...

    async def rows(self, id: ExecutionId, where: NodeFilter = EVERY_NODE, page: Page = FIRST) -> NodePage:
        """Return a page of where the nodes of an execution stand, in order of first appearance."""
        ...

    async def node(self, id: ExecutionId, node: NodeId) -> NodeDetail | None:
        """Return a node of an execution with its values; ``None`` when the execution has no such node, or not yet."""
        ...

    async def nodes(
        self, id: ExecutionId, where: NodeFilter = EVERY_NODE, *, limit: int | None = None
    ) -> Sequence[NodeDetail]:
        """Return the nodes of an execution with their values, in order of first appearance; at most *limit* of them."""
        ...

    async def waits(self, id: ExecutionId) -> Sequence[Waiting]:
        """Return what the unfinished nodes of an execution wait for."""
        ...

    async def gates(self, id: ExecutionId) -> Mapping[str, LiteralType | None]:
        """Return the gates that are open: id of the signal -> type of the answer, ``None`` where it is not known."""
        ...

    async def attempts(
        self, id: ExecutionId, node: NodeId | None = None, *, limit: int | None = None
    ) -> Sequence[AttemptRow]:
        """Return attempts of an execution, or of one node, ordered by node's appearance, element and n; at most *limit* of them."""
        ...

    def events(self, id: ExecutionId, *, after: int = 0) -> AsyncGenerator[Event, None]:
        """Yield what happens in an execution, from the event behind *after* on, until it has ended or nobody drives it."""
        ...

    def log(self, attempt: AttemptId, *, follows: bool = False) -> AsyncGenerator[bytes, None]:
        """Yield what an attempt has printed; with *follows*, also what it prints until it ends."""
        ...

    async def abort(self, id: ExecutionId, *, reason: str) -> None:
        """Ask an execution to end."""
        ...

    async def signal(self, id: ExecutionId, signal: str, value: Literal) -> None:
        """Hand a value to a gate."""
        ...

    async def archive(self, id: ExecutionId, *, is_archived: bool) -> None:
        """Hide an execution that has ended from lists, or show it again."""
        ...

    async def sweep(self, request: SweepRequest) -> SweepReply:
        """Take one step of putting away what is over."""
        ...

    async def plan_rerun(self, id: ExecutionId, nodes: Sequence[NodeId]) -> RerunPlan:
        """Say what starting again from *nodes* would reuse; without any, what recovering would."""
        ...


class _Page(Protocol[T_co]):
    @property
    def items(self) -> Sequence[T_co]: ...
    @property
    def token(self) -> str: ...


async def first(n: int, ask: Callable[[Page], Awaitable[_Page[T]]]) -> list[T]:
    """Return the first *n* items of a list that *ask* returns page by page."""
    return (await _read(ask, n, at_once=PAGE))[:n]


async def every_row(plane: ControlPlane, id: ExecutionId, where: NodeFilter = EVERY_NODE) -> list[NodeRow]:
    """Return where the nodes of an execution stand, in order of first appearance."""
    return await _read(lambda page: plane.rows(id, where, page), None, at_once=ROWS_AT_ONCE)


async def _read(ask: Callable[[Page], Awaitable[_Page[T]]], n: int | None, *, at_once: int) -> list[T]:
    """Return at least the first *n* items of a list, if there are so many, or all of it."""
    found: list[T] = []
    token = ""
    while n is None or len(found) < n:
        page = await ask(Page(limit=at_once if n is None else min(at_once, n - len(found)), token=token))
        found += page.items
        token = page.token
        if not token:
            break
    return found


async def resolved(plane: ControlPlane, id: EntityId, *, prefers_active: bool = True) -> EntityId | None:
    """
    Return *id* with a version: its own, or else the active one of a launch plan if that is preferred, or else the newest.

    ``None`` when nothing is registered under its name.
    """
    if id.version:
        return id

    async def ask(page: Page) -> EntityPage:
        return await plane.versions(id.kind, id.project, id.domain, id.name, page=page)

    try:
        newest = await first(1, ask)
    except NotOnServer:
        return None
    if not newest:
        return None
    active = newest[0].active_version if prefers_active else ""
    return attrs.evolve(id, version=active or newest[0].id.version)


def interface_of(closure: Closure) -> TypedInterface:
    """Return what goes into, and comes out of, the entity that *closure* is about."""
    main = closure.main
    match main.kind:
        case EntityKind.TASK:
            return closure.task_by_id[main].interface
        case EntityKind.WORKFLOW:
            return closure.workflow_by_id[main].interface
        case EntityKind.LAUNCH_PLAN:
            return interface_of_plan(closure.launch_plan_by_id[main])


def interface_of_plan(plan: LaunchPlanTemplate) -> TypedInterface:
    """Return what may still go into, and what comes out of, a launch plan."""
    inputs = tuple(parameter.variable for parameter in plan.parameters)
    return TypedInterface(inputs=inputs, outputs=plan.expected_outputs)


async def parameters_of(plane: ControlPlane, closure: Closure) -> Sequence[Parameter]:
    """
    Return what may be given to the entity that *closure* is about, with the defaults.

    Those of a workflow are in the launch plan of its own name; a registered task has none.
    """
    main = closure.main
    if main.kind is EntityKind.LAUNCH_PLAN:
        return _open_parameters(closure.launch_plan_by_id[main])
    known: Mapping[str, Parameter] = {}
    if main.kind is EntityKind.WORKFLOW:
        own = attrs.evolve(main, kind=EntityKind.LAUNCH_PLAN)
        with suppress(NoSuchEntity, NotOnServer):  # without it every input is required
            plan = (await plane.closure(own)).launch_plan_by_id[own]
            known = {parameter.variable.name: parameter for parameter in _open_parameters(plan)}
    return [known.get(it.name, Parameter(variable=it)) for it in interface_of(closure).inputs]


def _open_parameters(plan: LaunchPlanTemplate) -> Sequence[Parameter]:
    return [parameter for parameter in plan.parameters if parameter.variable.name not in plan.fixed_inputs]


def gates_of(closure: Closure) -> Mapping[str, LiteralType]:
    """Return the gates that *closure* declares: id of the signal -> type of the answer."""
    found = {}
    for workflow in closure.workflows:
        for node in workflow.nodes:
            if isinstance(node.target, Gate) and (answer := answer_to(node.target)) is not None:
                signal_id, type_ = answer
                found[signal_id] = type_
    return found


def answer_to(gate: Gate) -> tuple[str, LiteralType] | None:
    """Return the id of the signal that answers *gate*, and its type; ``None`` for one that waits for time alone."""
    match gate.condition:
        case Approve(signal_id=signal_id):
            return signal_id, LiteralType(type=SimpleType.BOOLEAN)
        case WaitForInput(signal_id=signal_id, type=type_):
            return signal_id, type_
    return None
