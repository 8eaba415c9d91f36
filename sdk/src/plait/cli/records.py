"""
Executions as documents: what ``plait get`` and ``plait explain`` show, as text or as JSON.

Made of what a control plane tells, so that a server's executions look like those of this machine. Nothing is changed.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plait.cli.documents import of_error, of_values, time_text
from plait.control.plane import ControlPlane, first
from plait_core.ir.executions import CacheStatus, CacheVerdict, TaskError
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.json import Json
from plait_core.ir.phases import AttemptPhase, ExecutionPhase
from plait_core.ports.api import ExecutionDetail, ExecutionSummary, NodeDetail
from plait_core.ports.databases import AttemptRow, ExecutionFilter, ExecutionOrder, NodeFilter, NodeRow

if TYPE_CHECKING:
    from plait_core.ports.databases import ExecutionRow


async def list_executions(
    plane: ControlPlane,
    where: ExecutionFilter,
    order: ExecutionOrder = ExecutionOrder.NEWEST,
    *,
    limit: int,
    target: str = "",
) -> list[dict[str, Any]]:
    """Return the first executions in *order*, at most *limit*; those of *target* alone where one is named."""
    found = await first(limit, lambda page: plane.executions(where, page, order, target=target))
    return [summary(one) for one in found]


def summary(shown: ExecutionSummary | ExecutionDetail) -> dict[str, Any]:
    """Render what a list shows of an execution."""
    row: ExecutionRow = shown.row
    document: dict[str, Any] = {
        "name": row.id.name,
        "project": row.id.project,
        "domain": row.id.domain,
        "phase": shown.phase.value,
        "target": row.target.name,
        "version": row.target.version,
        "kind": row.target.kind.value,
        "mode": row.mode.value,
        "principal": row.principal,
        "labels": dict(row.labels),
        "created_at": time_text(row.created_at_ns),
        "ended_at": _time(row.ended_at_ns),
        "duration_s": _duration_s(row.created_at_ns, row.ended_at_ns),
        "error": of_error(row.error),
    }
    if shown.url:
        document["url"] = shown.url
    if shown.phase is ExecutionPhase.INTERRUPTED:
        document["resume"] = f"plait run --resume {row.id.name}"
    return document


async def list_nodes(
    plane: ControlPlane, execution: ExecutionId, where: NodeFilter, *, limit: int
) -> list[dict[str, Any]]:
    """
    Return where the nodes of an execution stand, at most *limit* of them.

    Raises what the control plane says when there is no such execution.
    """
    await plane.execution(execution)
    return [row_document(row) for row in await first(limit, lambda page: plane.rows(execution, where, page))]


async def execution_document(
    plane: ControlPlane, execution: ExecutionId, *, limit: int | None = None
) -> dict[str, Any]:
    """
    Render an execution with its nodes and attempts: all of them, or the first *limit* of each, and ``is_cut`` says that there are more.

    Raises what the control plane says when there is none.
    """
    detail = await plane.execution(execution)
    document = summary(detail)
    asked = None if limit is None else limit + 1
    rows, nodes = await plane.attempts(execution, limit=asked), await plane.nodes(execution, limit=asked)
    attempts: dict[NodeId, list[AttemptRow]] = {}
    for row in rows[:limit]:
        attempts.setdefault(row.id.node, []).append(row)
    document["inputs"] = of_values(detail.spec.inputs)
    document["outputs"] = of_values(detail.outputs)
    if detail.waits_for:
        document["waits_for"] = detail.waits_for
    document["nodes"] = [node_document(node, attempts.get(node.row.node, ())) for node in nodes[:limit]]
    if limit is not None and max(len(rows), len(nodes)) > limit:
        document["is_cut"] = True
    return document


def node_document(node: NodeDetail, attempts: Sequence[AttemptRow]) -> dict[str, Any]:
    """Render a node with its values and attempts."""
    return {
        **row_document(node.row),
        "inputs": of_values(node.inputs),
        "outputs": of_values(node.outputs),
        "cache": _cache(node.verdict),
        "child": None if node.child is None else str(node.child),
        "attempts": [_attempt(attempt) for attempt in attempts],
    }


def row_document(row: NodeRow) -> dict[str, Any]:
    """Render where a node stands."""
    document: dict[str, Any] = {
        "id": row.node,
        "definition": row.definition,
        "parent": row.parent,
        "name": row.name,
        "kind": row.kind,
        "entity": row.entity,
        "phase": row.phase.value,
        "started_at": _time(row.started_at_ns),
        "ended_at": _time(row.ended_at_ns),
        "duration_s": _duration_s(row.started_at_ns, row.ended_at_ns),
        "error": of_error(row.error),
    }
    if row.n_elements is not None:
        document |= {"n_elements": row.n_elements, "n_elements_done": row.n_elements_done}
    return document


async def place_of_failure(plane: ControlPlane, execution: ExecutionId, error: TaskError) -> str:
    """Say which node failed, or which element of one, and how often it was tried; empty when that is not known."""
    node = await plane.node(execution, NodeId(error.node)) if error.node else None
    if node is None:
        return ""
    failed = node.row
    place = f"{failed.kind} {failed.entity or failed.name} at node {failed.node}"
    attempts = await plane.attempts(execution, failed.node)
    like = [row for row in attempts if row.error and row.error.message == error.message]
    if not like:
        return place
    # others of a map may have met the same error, and were ended because of this one
    last = next((row.id for row in reversed(like) if row.phase is AttemptPhase.FAILED), like[-1].id)
    element = "" if last.element is None else f"element {last.element} of "
    times = f", tried {last.n + 1} times," if last.n else ""
    return f"{element}{place}{times}"


def _cache(verdict: CacheVerdict | None) -> Mapping[str, Json] | None:
    if verdict is None or verdict.status is CacheStatus.DISABLED:
        return None
    return {"status": verdict.status.value, "reason": verdict.reason, "source": verdict.source, "key": verdict.key}


def _attempt(row: AttemptRow) -> dict[str, Any]:
    return {
        "n": row.id.n,
        "element": row.id.element,
        "phase": row.phase.value,
        "executor": row.executor,
        "is_cached": row.is_cached,
        "scheduled_at": time_text(row.scheduled_at_ns),
        "started_at": _time(row.started_at_ns),
        "ended_at": _time(row.ended_at_ns),
        "duration_s": _duration_s(row.started_at_ns, row.ended_at_ns),
        "message": row.message,
        "error": of_error(row.error),
    }


def _time(ns: int | None) -> str | None:
    return None if ns is None else time_text(ns)


def _duration_s(start_ns: int | None, end_ns: int | None) -> float | None:
    return None if start_ns is None or end_ns is None else (end_ns - start_ns) / 1e9
