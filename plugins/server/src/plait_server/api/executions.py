"""
Executions: start them, find them, look at them, and bring them to an end.

What is shown is read from the store, whichever engine drives the execution. What is asked of an execution is left for its owner.
"""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

import attrs
from starlette.requests import Request

from plait_core.ir.executions import Closure, ExecutionMode
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase
from plait_core.ports.api import (
    AbortRequest,
    ArchiveRequest,
    ExecutionDetail,
    ExecutionPage,
    ExecutionSummary,
    LaunchRequest,
    RelaunchRequest,
    RerunPlan,
    RerunRequest,
    SignalRequest,
)
from plait_core.ports.databases import AuditLine, ExecutionFilter, ExecutionOrder, ExecutionRow, Page
from plait_server.api.launching import check_launch, find_target
from plait_server.errors import ExecutionOver
from plait_server.routing import Call, Route
from plait_server.trust import open_to_start

HERE = "/projects/{project}/domains/{domain}"
ONE = f"{HERE}/executions/{{execution}}"
"""Where the operations on one execution are found."""
_IS_BOUND = attrs.validators.optional(attrs.validators.and_(attrs.validators.ge(0), attrs.validators.le((1 << 63) - 1)))


@attrs.frozen(kw_only=True)
class ExecutionQuery:
    """
    What a list is narrowed to, and how it is sorted.

    ``target`` is the name of a task, workflow or launch plan; ``kind`` says of which of these, and ``version`` in which version.
    ``phase`` may be repeated. ``principal`` is who started them. Bounds are half open: ``from`` belongs to what is wanted,
    ``before`` and ``below`` do not. Only what has ended has lasted some time.
    """

    phase: tuple[ExecutionPhase, ...] = ()
    target: str = ""
    kind: EntityKind | None = None
    version: str = ""
    name_contains: str = ""
    principal: str = ""
    created_from_ns: int | None = attrs.field(default=None, validator=_IS_BOUND)
    created_before_ns: int | None = attrs.field(default=None, validator=_IS_BOUND)
    lasted_from_ns: int | None = attrs.field(default=None, validator=_IS_BOUND)
    lasted_below_ns: int | None = attrs.field(default=None, validator=_IS_BOUND)
    include_archived: bool = False
    sort: ExecutionOrder = ExecutionOrder.NEWEST
    limit: int = attrs.field(default=50, validator=[attrs.validators.ge(1), attrs.validators.le(500)])
    token: str = ""


def execution_of(call: Call[Any, Any]) -> ExecutionId:
    """Return the execution that the path names."""
    return ExecutionId(project=call.project, domain=call.domain, name=call.path("execution"))


# ── looking ──────────────────────────────────────────────────────────────────


async def list_executions(call: Call[ExecutionQuery, None]) -> ExecutionPage:
    """List executions of a project and domain, a page at a time."""
    query, server = call.query, call.server
    targets: tuple[EntityId, ...] = ()
    if query.target:
        targets = await server.inspector.targets(
            call.project, call.domain, query.target, query.kind, version=query.version
        )
    where = ExecutionFilter(
        project=call.project,
        domain=call.domain,
        phases=query.phase,
        targets=targets,
        name_contains=query.name_contains,
        principal=query.principal,
        created_from_ns=query.created_from_ns,
        created_before_ns=query.created_before_ns,
        lasted_from_ns=query.lasted_from_ns,
        lasted_below_ns=query.lasted_below_ns,
        include_archived=query.include_archived,
    )
    page = Page(limit=query.limit, token=query.token)
    rows, token = await server.database.views.executions(where, page, query.sort)
    return ExecutionPage(items=tuple([await summary_of(call, row) for row in rows]), token=token)


async def summary_of(call: Call[Any, Any], row: ExecutionRow) -> ExecutionSummary:
    """Tell what lists show of an execution."""
    return ExecutionSummary(row=row, phase=await call.server.inspector.phase(row), url=_page_url(call, row.id))


@attrs.frozen(kw_only=True)
class WaitQuery:
    """How long to wait for the end of an execution before it is shown, in seconds."""

    wait_s: float = attrs.field(default=0.0, validator=[attrs.validators.ge(0), attrs.validators.le(60)])


async def get_execution(call: Call[WaitQuery, None]) -> ExecutionDetail:
    """Show an execution, with what was asked for and what came of it."""
    execution = execution_of(call)
    if call.query.wait_s:
        await _wait_end(call, execution)
    return await _detail(call, execution)


async def _wait_end(call: Call[WaitQuery, None], execution: ExecutionId) -> None:
    """Wait for the end as long as is asked, or until the reader leaves; a server that stops says of every reader that it has left."""
    if (await call.server.inspector.row(execution)).phase in TERMINAL_EXECUTION:
        return
    leaving = asyncio.create_task(_reader_leaves(call.request), name="reader")
    try:
        async with asyncio.timeout(None) as patience:
            leaving.add_done_callback(partial(_end, patience))
            await call.server.inspector.wait_end(execution, timeout_s=call.query.wait_s)
    except TimeoutError:
        if not leaving.done():
            raise
    finally:
        leaving.cancel()


def _end(patience: asyncio.Timeout, _: "asyncio.Task[None]") -> None:
    with suppress(RuntimeError):  # nobody waits any more
        patience.reschedule(0.0)


async def _reader_leaves(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _detail(call: Call[Any, Any], execution: ExecutionId) -> ExecutionDetail:
    inspector = call.server.inspector
    row = await inspector.row(execution)
    return ExecutionDetail(
        row=row,
        phase=await inspector.phase(row),
        spec=await inspector.spec(execution),
        outputs=await inspector.outputs(row),
        url=_page_url(call, execution),
        waits_for=await inspector.need(row),
    )


async def get_closure(call: Call[None, None]) -> Closure:
    """Show the templates that an execution runs."""
    return await call.server.inspector.closure(execution_of(call))


def _page_url(call: Call[Any, Any], execution: ExecutionId) -> str:
    """Return the address of an execution in the console, as the caller reaches the server."""
    root = call.server.settings.url or str(call.request.base_url)
    where = f"projects/{execution.project}/domains/{execution.domain}/executions/{execution.name}"
    return f"{root.rstrip('/')}/console/{where}"


# ── starting ─────────────────────────────────────────────────────────────────


async def create_execution(call: Call[None, LaunchRequest]) -> ExecutionDetail:
    """Start an execution of what is registered."""
    request = call.body
    check_launch(request.name, request.options)
    await open_to_start(call.server, call.project, call.principal)
    call.require("viewer", request.target.project)
    closure = await find_target(call.server.database.registry, request.target)
    execution = await call.server.engine.launch(
        closure,
        request.inputs,
        options=request.options,
        name=request.name,
        mode=ExecutionMode.MANUAL,
        principal=call.principal.name,
        project=call.project,
        domain=call.domain,
        audit=partial(_line, call),
    )
    return await _detail(call, execution)


async def relaunch_execution(call: Call[None, RelaunchRequest]) -> ExecutionDetail:
    """Start again what an execution ran, with its user inputs."""
    check_launch(call.body.name, call.body.options)
    await open_to_start(call.server, call.project, call.principal)
    execution = await call.server.engine.relaunch(
        execution_of(call),
        call.body.inputs,
        options=call.body.options,
        name=call.body.name,
        principal=call.principal.name,
        audit=partial(_line, call),
    )
    return await _detail(call, execution)


async def rerun_execution(call: Call[None, RerunRequest]) -> ExecutionDetail:
    """Start again from some nodes, reusing what does not depend on them; from none, what did not succeed runs again."""
    check_launch(call.body.name)
    await open_to_start(call.server, call.project, call.principal)
    execution = await call.server.engine.rerun(
        execution_of(call),
        call.body.nodes,
        name=call.body.name,
        principal=call.principal.name,
        audit=partial(_line, call),
    )
    return await _detail(call, execution)


@attrs.frozen(kw_only=True)
class RerunQuery:
    """The nodes to run again, repeated for each; none asks for a recovery."""

    node: tuple[NodeId, ...] = ()


async def plan_rerun(call: Call[RerunQuery, None]) -> RerunPlan:
    """Say, node by node, what starting again would reuse."""
    return await call.server.engine.plan_rerun(execution_of(call), call.query.node)


def _line(call: Call[Any, Any], execution: ExecutionId) -> AuditLine:
    return call.line({"started": execution.name})


# ── ending, answering, hiding ────────────────────────────────────────────────


async def abort_execution(call: Call[None, AbortRequest]) -> None:
    """Ask an execution to end; its attempts are stopped."""
    row = await _unfinished(call)
    reason, line = call.body.reason, call.line({"reason": call.body.reason})
    await call.server.engine.abort(row.id, reason=reason, principal=call.principal.name, audit=line)


async def signal_execution(call: Call[None, SignalRequest]) -> None:
    """Hand a value to a gate; one that comes early is kept."""
    row = await _unfinished(call)
    await call.server.engine.signal(
        row.id, call.path("signal"), call.body.value, principal=call.principal.name, audit=call.line()
    )


async def _unfinished(call: Call[Any, Any]) -> ExecutionRow:
    """Return the row of the execution in the path. Raises ``UnknownExecution``, and ``ExecutionOver`` when it has ended."""
    row = await call.server.inspector.row(execution_of(call))
    if row.phase in TERMINAL_EXECUTION:
        raise ExecutionOver(execution=row.id.name, phase=row.phase.value)
    return row


async def archive_execution(call: Call[None, ArchiveRequest]) -> ExecutionSummary:
    """Hide an execution from lists, or show it again."""
    execution = execution_of(call)
    await call.server.inspector.row(execution)
    is_archived, line = call.body.is_archived, call.line({"is_archived": call.body.is_archived})
    await call.server.database.upkeep.archive(execution, is_archived=is_archived, audit=line)
    return await summary_of(call, await call.server.inspector.row(execution))


ROUTES = (
    Route(
        method="POST",
        path=f"{HERE}/executions",
        operation="create_execution",
        summary="Start an execution of a registered task, workflow or launch plan.",
        permission="runner",
        handler=create_execution,
        body=LaunchRequest,
        reply=ExecutionDetail,
        status=201,
    ),
    Route(
        method="GET",
        path=f"{HERE}/executions",
        operation="list_executions",
        summary="List executions.",
        permission="viewer",
        handler=list_executions,
        query=ExecutionQuery,
        reply=ExecutionPage,
    ),
    Route(
        method="GET",
        path=ONE,
        operation="get_execution",
        summary="Show an execution; with wait_s, at its end or after so many seconds.",
        permission="viewer",
        handler=get_execution,
        query=WaitQuery,
        reply=ExecutionDetail,
    ),
    Route(
        method="GET",
        path=f"{ONE}/closure",
        operation="get_execution_closure",
        summary="Show the templates that an execution runs.",
        permission="viewer",
        handler=get_closure,
        reply=Closure,
    ),
    Route(
        method="POST",
        path=f"{ONE}/abort",
        operation="abort_execution",
        summary="End an execution, saying why.",
        permission="runner",
        handler=abort_execution,
        body=AbortRequest,
        status=202,
    ),
    Route(
        method="POST",
        path=f"{ONE}/relaunch",
        operation="relaunch_execution",
        summary="Start again what an execution ran, with its user inputs.",
        permission="runner",
        handler=relaunch_execution,
        body=RelaunchRequest,
        reply=ExecutionDetail,
        status=201,
    ),
    Route(
        method="GET",
        path=f"{ONE}/rerun",
        operation="plan_rerun",
        summary="Say what starting again from some nodes would reuse.",
        permission="viewer",
        handler=plan_rerun,
        query=RerunQuery,
        reply=RerunPlan,
        refusals=(422,),
    ),
    Route(
        method="POST",
        path=f"{ONE}/rerun",
        operation="rerun_execution",
        summary="Start again from some nodes, or recover what did not succeed.",
        permission="runner",
        handler=rerun_execution,
        body=RerunRequest,
        reply=ExecutionDetail,
        status=201,
    ),
    Route(
        method="POST",
        path=f"{ONE}/archive",
        operation="archive_execution",
        summary="Hide an execution from lists, or show it again.",
        permission="runner",
        handler=archive_execution,
        body=ArchiveRequest,
        reply=ExecutionSummary,
    ),
    Route(
        method="PUT",
        path=f"{ONE}/signals/{{signal}}",
        operation="signal_execution",
        summary="Hand a value to a gate of an execution.",
        permission="runner",
        handler=signal_execution,
        body=SignalRequest,
        status=202,
    ),
)
