"""
The stored form of a state: its fields as they are, with ids where the state has objects.

Written and read by ``_snapshots``. Nothing here is a promise: a snapshot of another version is left aside.
"""

from collections.abc import Mapping

import attrs

from plait_core.ir.executions import CacheVerdict, ExecutionSpec, TaskError
from plait_core.ir.ids import EntityId, ExecutionId, NodeId
from plait_core.ir.literals import Literal
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ir.workflows import AttrPath

VERSION = 2
"""To be raised with every change to the fields of the state, or to what they mean."""


@attrs.frozen(kw_only=True)
class ScopeRecord:
    """A ``Scope``; *closure* is a digest, *workflow* is missing where an eager task has called a node."""

    prefix: str
    closure: str
    workflow: EntityId | None
    inputs: Mapping[str, Literal]
    pending: Mapping[NodeId, int]
    remaining: int
    live: int
    error: TaskError | None
    has_run_failure_node: bool


@attrs.frozen(kw_only=True)
class ArrayRecord:
    """An ``ArrayState``."""

    size: int
    needed: int
    parallelism: int
    phases: bytes
    outputs: tuple[Literal | None, ...]
    cursor: int
    running: int
    n_succeeded: int
    n_failed: int
    retries: tuple[tuple[int, tuple[int, int, int]], ...]
    children: tuple[tuple[int, ExecutionId], ...]
    last_error: TaskError | None


@attrs.frozen(kw_only=True)
class NodeRecord:
    """A ``NodeState``; *definition* is its id in the graph of *owner*, or among the arms of the branch *parent*."""

    id: NodeId
    definition: NodeId
    owner: NodeId | None
    parent: NodeId | None
    calls: EntityId | None
    called_in: ScopeRecord | None
    phase: NodePhase
    outputs: Mapping[str, Literal]
    error: TaskError | None
    attempt: int | None
    attempt_phase: AttemptPhase | None
    user_failures: int
    system_failures: int
    verdict: CacheVerdict | None
    wants: tuple[tuple[str, AttrPath, Literal | None], ...] | None
    array: ArrayRecord | None
    inner: ScopeRecord | None
    child: ExecutionId | None
    arm: NodeId | None
    called: tuple[NodeId, ...] | None
    is_cancelling: bool
    has_place: bool
    is_failure_node: bool
    repeats: bool | None
    checkpoint: str
    deck_uri: str
    given: Mapping[str, Literal] | None
    queued_at_ns: int
    started_at_ns: int | None
    ended_at_ns: int | None
    scheduled_at_ns: int


@attrs.frozen(kw_only=True)
class CommandRecord:
    """A command, with the fields that its *kind* has; elements that are a range are stored as its *span*."""

    kind: str
    node: NodeId
    n: int = 0
    element: int | None = None
    elements: tuple[int, ...] = ()
    span: tuple[int, int] | None = None
    is_abandoned: bool = False
    uri: str = ""
    path: AttrPath = ()
    execution: ExecutionId | None = None
    at_ns: int = 0
    what: str = ""
    closure: str = ""


@attrs.frozen(kw_only=True)
class StateRecord:
    """An ``ExecutionState``."""

    spec: ExecutionSpec | None
    owner: str
    phase: ExecutionPhase
    seq: int
    placements: Mapping[str, str]
    nodes: tuple[NodeRecord, ...]
    ready: tuple[NodeId, ...]
    ready_tasks: tuple[NodeId, ...]
    arrays: tuple[NodeId, ...]
    settled: tuple[NodeId, ...]
    n_stopping: int
    running_tasks: int
    max_parallelism: int
    open: tuple[CommandRecord, ...]
    signals: Mapping[str, Literal]
    waiting: Mapping[str, tuple[NodeId, ...]]
    outputs: Mapping[str, Literal] | None
    error: TaskError | None
    abort_reason: str | None
    created_at_ns: int
    ended_at_ns: int | None
