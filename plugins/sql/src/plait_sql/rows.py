"""
Read models as rows of tables, and back.

Called by the log, which writes them, and by the views. Columns stand in the order of the tuples made here.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from plait_core.errors.stores import NotReadable
from plait_core.ir.codec import dumps, loads
from plait_core.ir.executions import ExecutionMode, TaskError
from plait_core.ir.ids import AttemptId, EntityId, ExecutionId, NodeId
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ports.databases import AttemptRow, ExecutionRow, NodeRow
from plait_sql.connections import Row

NO_ELEMENT = -1
"""``element`` of attempts that are not of a map node: a part of a primary key cannot be absent."""

FIXED_COLUMNS = "target, mode, principal, created_at_ns"
STANDING_COLUMNS = "phase, pool, ended_at_ns, error, wake_at_ns, labels, is_archived"
EXECUTION_COLUMNS = f"{FIXED_COLUMNS}, updated_at_ns, {STANDING_COLUMNS}"
"""Of an execution: what never changes, when it last did, and what changes now and then."""

NODE_COLUMNS = (
    "node, definition, parent, phase, kind, entity, name, started_at_ns, ended_at_ns, error, cache, deck_uri, "
    "n_elements, n_elements_done"
)
ATTEMPT_COLUMNS = (
    "node, element, n, task, phase, executor, scheduled_at_ns, started_at_ns, ended_at_ns, error, deck_uri, message, "
    "is_cached"
)


def fixed_values(row: ExecutionRow) -> Row:
    """Return the values of ``FIXED_COLUMNS``."""
    return dump_entity(row.target), row.mode.value, row.principal, row.created_at_ns


def standing_values(row: ExecutionRow) -> Row:
    """Return the values of ``STANDING_COLUMNS``."""
    return (
        row.phase.value,
        row.pool,
        row.ended_at_ns,
        _dump_error(row.error),
        row.wake_at_ns,
        dumps(row.labels) if row.labels else None,
        row.is_archived,
    )


def execution_row(project: str, domain: str, name: str, *values: Any) -> ExecutionRow:
    """Make a row from project, domain, name and the values of ``EXECUTION_COLUMNS``."""
    target, mode, principal, created, updated, phase, pool, ended, error, wake, labels, is_archived = values
    return ExecutionRow(
        id=ExecutionId(project=project, domain=domain, name=name),
        target=load_entity(target),
        phase=ExecutionPhase(phase),
        mode=ExecutionMode(mode),
        principal=principal,
        pool=pool,
        created_at_ns=created,
        updated_at_ns=updated,
        ended_at_ns=ended,
        error=_load_error(error),
        wake_at_ns=wake,
        labels=_load_labels(labels),
        is_archived=bool(is_archived),
    )


def node_values(key: int, row: NodeRow, *, seq: int, index: int) -> Row:
    """Return the execution's key, the place of the row in the turn at *seq*, and the values of ``NODE_COLUMNS``."""
    return (
        key,
        seq,
        index,
        row.node,
        row.definition,
        row.parent,
        row.phase.value,
        row.kind,
        row.entity,
        _held(row.name),
        row.started_at_ns,
        row.ended_at_ns,
        _dump_error(row.error),
        row.cache,
        _held(row.deck_uri),
        row.n_elements,
        row.n_elements_done,
    )


def node_row(execution: ExecutionId, *values: Any) -> NodeRow:
    """Make a row from the values of ``NODE_COLUMNS``."""
    node, definition, parent, phase, kind, entity, name, started, ended, error, cache, deck_uri, n, n_done = values
    return NodeRow(
        execution=execution,
        node=NodeId(node),
        definition=NodeId(definition),
        parent=None if parent is None else NodeId(parent),
        phase=NodePhase(phase),
        kind=kind,
        entity=entity,
        name=name,
        started_at_ns=started,
        ended_at_ns=ended,
        error=_load_error(error),
        cache=cache,
        deck_uri=deck_uri,
        n_elements=n,
        n_elements_done=n_done,
    )


def attempt_values(key: int, row: AttemptRow) -> Row:
    """Return the execution's key and the values of ``ATTEMPT_COLUMNS``."""
    attempt = row.id
    return (
        key,
        attempt.node,
        NO_ELEMENT if attempt.element is None else attempt.element,
        attempt.n,
        dump_entity(attempt.task),
        row.phase.value,
        row.executor,
        row.scheduled_at_ns,
        row.started_at_ns,
        row.ended_at_ns,
        _dump_error(row.error),
        _held(row.deck_uri),
        _held(row.message),
        row.is_cached,
    )


def attempt_row(execution: ExecutionId, *values: Any) -> AttemptRow:
    """Make a row from the values of ``ATTEMPT_COLUMNS``."""
    node, element, n, task, phase, executor, scheduled, started, ended, error, deck_uri, message, is_cached = values
    return AttemptRow(
        id=AttemptId(
            execution=execution,
            node=NodeId(node),
            task=load_entity(task),
            element=None if element == NO_ELEMENT else element,
            n=n,
        ),
        phase=AttemptPhase(phase),
        executor=executor,
        scheduled_at_ns=scheduled,
        started_at_ns=started,
        ended_at_ns=ended,
        error=_load_error(error),
        deck_uri=deck_uri,
        message=message,
        is_cached=bool(is_cached),
    )


@lru_cache(maxsize=4096)
def dump_entity(entity: EntityId) -> bytes:
    """Dump an id; equal ids have equal bytes, so they can be compared where they are stored."""
    return dumps(entity)


@lru_cache(maxsize=4096)
def load_entity(data: bytes) -> EntityId:
    """Load what ``dump_entity`` made."""
    return loads(EntityId, data)


def _dump_error(error: TaskError | None) -> bytes | None:
    return None if error is None else dumps(error)


def _load_error(data: bytes | None) -> TaskError | None:
    try:
        return None if data is None else loads(TaskError, data)
    except NotReadable as error:
        return TaskError(code="NotReadable", message=error.problem)


def _load_labels(data: bytes | None) -> Mapping[str, str]:
    """Load labels; those of a row that an earlier release wrote as something else are no reason to show none of its page."""
    try:
        return loads(dict[str, str], data) if data else {}
    except NotReadable:
        return {}


def _held(text: str) -> str:
    """Return what tasks and workers say in a form that every database can hold: without NUL and halves of surrogate pairs."""
    if text.isprintable():
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
