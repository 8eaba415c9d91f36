"""
Executions as documents: what ``plait get`` and ``plait explain`` show, as text or as JSON.

Read from the store's views and, for values and verdicts, from the state that the log folds to. Nothing is changed.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from plait.cli.documents import of_error, of_values, time_text
from plait_core.engine import Inspector, NodeState
from plait_core.ir.executions import CacheStatus, CacheVerdict
from plait_core.ir.ids import ExecutionId
from plait_core.ir.json import Json
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import AttemptRow, Database, ExecutionFilter, ExecutionRow, NodeRow, Page

_PAGE = 100


async def list_executions(
    database: Database, where: ExecutionFilter, *, phases: Sequence[ExecutionPhase], limit: int
) -> list[dict[str, Any]]:
    """Return the newest executions, at most *limit*, in one of *phases* as they are shown, or in any when there are none."""
    inspector = Inspector(database)
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        rows, token = await database.views.executions(where, Page(limit=_PAGE, token=token))
        for row in rows:
            phase = await inspector.phase(row)
            if not phases or phase in phases:
                found.append(summary(row, phase))
                if len(found) == limit:
                    return found
        if not token:
            return found


def summary(row: ExecutionRow, phase: ExecutionPhase) -> dict[str, Any]:
    """Render what a list shows of an execution."""
    document: dict[str, Any] = {
        "name": row.id.name,
        "project": row.id.project,
        "domain": row.id.domain,
        "phase": phase.value,
        "target": row.target.name,
        "kind": row.target.kind.value,
        "mode": row.mode.value,
        "principal": row.principal,
        "labels": dict(row.labels),
        "created_at": time_text(row.created_at_ns),
        "ended_at": _time(row.ended_at_ns),
        "duration_s": _duration_s(row.created_at_ns, row.ended_at_ns),
        "error": of_error(row.error),
    }
    if phase is ExecutionPhase.INTERRUPTED:
        document["resume"] = f"plait run --resume {row.id.name}"
    return document


async def execution_document(database: Database, inspector: Inspector, execution: ExecutionId) -> dict[str, Any]:
    """
    Render an execution with all its nodes and attempts.

    Raises:
        UnknownExecution: there is none.
    """
    row = await inspector.row(execution)
    document = summary(row, await inspector.phase(row))
    nodes = await database.views.nodes(execution)
    attempts = [await database.views.attempts(execution, node.node) for node in nodes]
    async with inspector.state(execution) as state:
        document["inputs"] = of_values(state.spec.inputs) if state.spec is not None else None
        document["outputs"] = of_values(state.outputs)
        document["nodes"] = [
            _node(node, state.nodes.get(node.node), its) for node, its in zip(nodes, attempts, strict=True)
        ]
    return document


def _node(row: NodeRow, state: NodeState | None, attempts: Sequence[AttemptRow]) -> dict[str, Any]:
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
        "inputs": _inputs(state),
        "outputs": of_values(state.outputs) if state is not None else None,
        "cache": _cache(state.verdict if state is not None else None),
        "error": of_error(row.error),
        "attempts": [_attempt(attempt) for attempt in attempts],
    }
    if row.n_elements is not None:
        document |= {"n_elements": row.n_elements, "n_elements_done": row.n_elements_done}
    return document


def _inputs(state: NodeState | None) -> dict[str, Any] | None:
    """Render what a node was given; ``None`` while that is not known."""
    if state is None:
        return None
    with suppress(Exception):  # a binding that cannot be followed is the node's own error, which is shown
        return of_values(state.inputs())
    return None


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
