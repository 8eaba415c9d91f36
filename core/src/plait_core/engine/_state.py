"""
The state of one execution: what folding its log yields.

Owned by one engine and changed by ``apply`` alone; the rules only read it. Everything here can be rebuilt from the log
and the closures it names. Nodes exist once they may start, so a state is as large as what has happened.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import attrs

from plait_core.compiler.closures import CompiledClosure
from plait_core.compiler.linking import CompiledWorkflow
from plait_core.engine._bindings import resolve_inputs
from plait_core.engine._commands import Command, Key
from plait_core.engine._outputs import Outputs
from plait_core.ir.executions import CacheVerdict, ExecutionSpec, TaskError
from plait_core.ir.ids import EntityId, ExecutionId, NodeId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.literals import NOTHING, ErrorValue, Literal, LiteralMap
from plait_core.ir.phases import (
    TERMINAL_ATTEMPT,
    TERMINAL_EXECUTION,
    TERMINAL_NODE,
    AttemptPhase,
    ExecutionPhase,
    NodePhase,
)
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.types import LiteralType, SimpleType, UnionType
from plait_core.ir.workflows import Array, AttrPath, Node, SubWorkflowRef, TaskRef

Library: TypeAlias = Mapping[str, CompiledClosure]
"""Compiled closures by digest; the shell fills it before it folds an event that names one."""

WAITING, SCHEDULED, SUCCEEDED, FAILED, STOPPED = range(5)
"""Phases of an element, one byte each."""

TOP = NodeId("")
"""Stands for the owner of the top-level graph."""


@attrs.define(eq=False, repr=False)
class Scope:
    """
    One opened graph: the top level, a sub-workflow, what a dynamic task made, or the children of an eager task.

    ``pending`` counts, per definition id, the upstream nodes that are not done; ``live`` counts nodes that may start or
    have started and are not terminal; ``remaining`` counts nodes that are not done.
    """

    prefix: str
    owner: "NodeState"
    closure: CompiledClosure
    workflow: CompiledWorkflow | None
    inputs: LiteralMap
    pending: dict[NodeId, int]
    remaining: int
    live: int = 0
    nodes: dict[NodeId, "NodeState"] = attrs.field(factory=dict)
    error: TaskError | None = None
    has_run_failure_node: bool = False

    @property
    def id(self) -> NodeId:
        """The run-time id of the node that owns the graph, or ``TOP``."""
        return self.owner.id

    def output(self, node: NodeId, var: str) -> Literal:
        """Look up an output of a finished node, or an input of the graph (``node == ""``)."""
        return self.nodes[node].outputs[var] if node else self.inputs[var]


@attrs.define(eq=False, repr=False)
class ArrayState:
    """The elements of a map node: one byte each; attempts, errors and timers are kept only for those that have any."""

    size: int
    needed: int
    parallelism: int
    phases: bytearray
    outputs: Outputs
    cursor: int = 0
    running: int = 0
    n_succeeded: int = 0
    n_failed: int = 0
    retries: dict[int, tuple[int, int, int]] = attrs.field(factory=dict)
    """Element -> (present attempt, user failures, system failures), for elements that were retried."""
    children: dict[int, ExecutionId] = attrs.field(factory=dict)
    last_error: TaskError | None = None

    def attempt_of(self, element: int) -> int:
        """Return the number of the element's present attempt."""
        return self.retries[element][0] if element in self.retries else 0

    def failed(self) -> Iterator[int]:
        """Yield the elements that failed for good, in order."""
        element = self.phases.find(FAILED)
        while element >= 0:
            yield element
            element = self.phases.find(FAILED, element + 1)

    @property
    def n_done(self) -> int:
        """How many elements are terminal."""
        return self.n_succeeded + self.n_failed

    @property
    def is_hopeless(self) -> bool:
        """Whether so many elements failed that the node cannot succeed."""
        return self.size - self.n_failed < self.needed


@attrs.define(eq=False, repr=False)
class NodeState:
    """One node of one execution that may start, has started, or is done."""

    id: NodeId
    node: Node
    scope: Scope | None
    """The graph it belongs to; ``None`` for the root alone."""
    parent: "NodeState | None" = None
    """The branch whose arm this is, or the eager task that called it."""
    phase: NodePhase = NodePhase.QUEUED
    outputs: LiteralMap = attrs.field(factory=dict)
    error: TaskError | None = None
    attempt: int | None = None
    attempt_phase: AttemptPhase | None = None
    user_failures: int = 0
    system_failures: int = 0
    verdict: CacheVerdict | None = None
    wants: dict[tuple[str, AttrPath], Literal | None] | None = None
    array: ArrayState | None = None
    inner: Scope | None = None
    child: ExecutionId | None = None
    arm: "NodeState | None" = None
    called: list["NodeState"] | None = None
    """What an eager task has called, in order of first call."""
    commands: set[Key] = attrs.field(factory=set)
    """Keys of the node's open commands."""
    is_cancelling: bool = False
    has_place: bool = False
    """Whether it takes one of the execution's parallel places."""
    is_failure_node: bool = False
    repeats: bool | None = None
    """Whether it does again what the reference had begun with the same inputs; ``None`` unless the reference was asked."""
    checkpoint: str = ""
    deck_uri: str = ""
    given: LiteralMap | None = None
    """Inputs that were handed over rather than bound: those of an eager task's children."""
    queued_at_ns: int = 0
    started_at_ns: int | None = None
    ended_at_ns: int | None = None
    scheduled_at_ns: int = 0
    """When the present attempt was scheduled."""
    replaced_scheduled_at_ns: int = 0
    """When the attempt before it was: its row is written after the turn in which this one followed, and nobody asks later."""
    _template: TaskTemplate | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the node's phase can change no more."""
        return self.phase in TERMINAL_NODE

    @property
    def graph(self) -> Scope:
        """The graph the node belongs to."""
        assert self.scope is not None
        return self.scope

    def inputs(self) -> dict[str, Literal]:
        """Resolve what the node is given; raises ``Unread`` or ``NoSuchPart``."""
        if self.given is not None:
            return dict(self.given)
        inputs = resolve_inputs(self.node.inputs, self.graph.output, self.loaded)
        return inputs if not self.is_failure_node else {**self._told(), **inputs}

    def _told(self) -> dict[str, Literal]:
        """What a failure node is given beyond its bindings: the error, and nothing for what else is left open."""
        error = self.graph.error
        failed = NodeId(error.node if error is not None else "")
        message = error.message if error is not None else ""
        told = Literal(value=ErrorValue(failed_node_id=failed, message=message))
        types = self._interface.input_types
        return {name: told if _takes_error(type_) else NOTHING for name, type_ in types.items()}

    @property
    def _interface(self) -> TypedInterface:
        target, closure = self.node.target, self.graph.closure.closure
        if isinstance(target, SubWorkflowRef):
            return closure.workflow_by_id[target.id].interface
        return self.template.interface

    @property
    def loaded(self) -> dict[tuple[str, AttrPath], Literal]:
        """The parts of offloaded values that have been read for this node."""
        return {key: value for key, value in self.wants.items() if value is not None} if self.wants else {}

    @property
    def template(self) -> TaskTemplate:
        """The task that the node, or each of its elements, runs; looked up once."""
        if self._template is None:
            target = self.node.target
            if isinstance(target, Array):
                target = target.target
            assert isinstance(target, TaskRef)
            self._template = self.graph.closure.closure.task_by_id[target.id]
        return self._template

    @property
    def has_attempt(self) -> bool:
        """Whether an attempt has been scheduled and is not over."""
        return self.attempt_phase is not None and self.attempt_phase not in TERMINAL_ATTEMPT


def _takes_error(type_: LiteralType) -> bool:
    if isinstance(type_.type, UnionType):
        return any(_takes_error(variant) for variant in type_.type.variants)
    return type_.type is SimpleType.ERROR


@attrs.define(eq=False, repr=False)
class ExecutionState:
    """
    One execution.

    ``ready`` and ``ready_tasks`` hold nodes that may start, ``arrays`` map nodes whose elements moved, ``settled`` graphs whose
    last live node has ended; all in order, and an entry may be stale. ``open`` maps the key of every unanswered command to it; ``fresh`` lists those opened since the shell last looked.
    """

    id: ExecutionId
    library: Library
    spec: ExecutionSpec | None = None
    owner: str = ""
    phase: ExecutionPhase = ExecutionPhase.QUEUED
    seq: int = 0
    root: NodeState | None = None
    """Owns the top-level graph; its id is ``TOP`` and it is never shown."""
    placements: dict[str, str] = attrs.field(factory=dict)
    nodes: dict[NodeId, NodeState] = attrs.field(factory=dict)
    ready: deque[NodeState] = attrs.field(factory=deque)
    ready_tasks: deque[NodeState] = attrs.field(factory=deque)
    arrays: deque[NodeState] = attrs.field(factory=deque)
    settled: deque[Scope] = attrs.field(factory=deque)
    n_stopping: int = 0
    """How many attempts and nodes have been asked to stop and have not confirmed it."""
    running_tasks: int = 0
    max_parallelism: int = 0
    open: dict[Key, Command] = attrs.field(factory=dict)
    n_timers: int = 0
    """How many of the open commands are timers."""
    fresh: list[Command] = attrs.field(factory=list)
    signals: dict[str, Literal] = attrs.field(factory=dict)
    waiting: dict[str, list[NodeState]] = attrs.field(factory=dict)
    """Signal id -> the gates that wait for it."""
    outputs: LiteralMap | None = None
    error: TaskError | None = None
    abort_reason: str | None = None
    created_at_ns: int = 0
    ended_at_ns: int | None = None

    _executors: dict[EntityId, str] = attrs.field(factory=dict)
    text: str = attrs.field(init=False)
    """The execution's id as text: what its blobs are stored under."""

    def __attrs_post_init__(self) -> None:
        """Render the id once."""
        self.text = str(self.id)

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more can happen."""
        return self.phase in TERMINAL_EXECUTION

    def executor_of(self, task: EntityId) -> str:
        """Return the name of the executor that a task was placed on; empty for none."""
        name = self._executors.get(task)
        if name is None:
            name = self._executors[task] = self.placements.get(str(task), "")
        return name
