"""
What the log of an execution is made of: decisions, each an event once it has a sequence number and a time.

Written by the engine only. Events record what was *decided*, so folding them needs no clock, no
plugin and no rule. ``node`` is always the unique run-time id; ``element`` is the index within a map node.
"""

from collections.abc import Mapping
from typing import TypeAlias

import attrs

from plait_core.ir.executions import CacheVerdict, ExecutionSpec, TaskError
from plait_core.ir.ids import EntityId, ExecutionId, NodeExecutionId, NodeId
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.ir.phases import AttemptPhase, ExecutionPhase, NodePhase
from plait_core.ir.shapes import Shape
from plait_core.ir.workflows import AttrPath

# ── the execution ────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionStarted(Shape):
    """
    The execution exists, with this code. Always the first event.

    ``placements`` maps the text of each task's id to the name of the executor that runs it.
    """

    spec: ExecutionSpec
    closure: str
    placements: Mapping[str, str]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LeaseTaken(Shape):
    """An engine became the owner."""

    owner: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AbortRequested(Shape):
    """Somebody asked for the end of it."""

    reason: str
    principal: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionEnded(Shape):
    """The last event of an execution."""

    phase: ExecutionPhase
    outputs: LiteralMap | None = None
    error: TaskError | None = None


# ── scopes: the top-level graph, sub-workflows and the graphs of dynamic tasks ───


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ScopeFailing(Shape):
    """A node of the graph run by *node* failed for good; ``node=""`` is the top-level graph."""

    node: NodeId
    error: TaskError


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FailureNodeStarted(Shape):
    """Everything else in the graph run by *node* has ended, and its failure node may start."""

    node: NodeId


# ── nodes ────────────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeStarted(Shape):
    """A sub-workflow's graph opens, or a map node learns its length (``None`` for other nodes)."""

    node: NodeId
    n_elements: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeSucceeded(Shape):
    """
    Outputs are bound. Successors may start.

    ``n`` is the attempt that produced them, ``None`` for nodes without attempts and for cached outputs.
    """

    node: NodeId
    outputs: LiteralMap
    n: int | None = None
    phase: NodePhase = NodePhase.SUCCEEDED
    cache: CacheVerdict | None = None
    deck_uri: str = ""
    started_at_ns: int = 0
    ended_at_ns: int = 0


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeEnded(Shape):
    """The node ended without outputs: FAILED, ABORTED, SKIPPED or TIMED_OUT."""

    node: NodeId
    phase: NodePhase
    error: TaskError | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CancelRequested(Shape):
    """What the node has running is to be stopped; it ends when that is confirmed."""

    node: NodeId
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BranchTaken(Shape):
    """The arm that runs; the number of arms means the else node, -1 that nothing held."""

    node: NodeId
    arm: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class GateOpened(Shape):
    """A gate began to wait, until *due_at_ns* at the latest (for a sleep: exactly)."""

    node: NodeId
    due_at_ns: int | None
    signal_id: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ValueRequested(Shape):
    """The node cannot start before these parts of large values are read: (input variable, source uri, path)."""

    node: NodeId
    values: tuple[tuple[str, str, AttrPath], ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ValueLoaded(Shape):
    """One of the requested parts."""

    node: NodeId
    uri: str
    path: AttrPath
    value: Literal


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ChildStarted(Shape):
    """A launch plan's execution is to be started on behalf of the node, with the node's inputs."""

    node: NodeId
    execution: ExecutionId
    element: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ChildCalled(Shape):
    """An eager task called *target*; *child* is the run-time id of the node that runs it."""

    node: NodeId
    n: int
    child: NodeId
    target: EntityId
    inputs: LiteralMap
    closure: str
    placements: Mapping[str, str]


# ── reuse of an earlier execution ────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ReuseRequested(Shape):
    """The reference is to be asked what the node did there, before anything of it runs."""

    node: NodeId


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeRecovered(Shape):
    """The outputs that the node had in an earlier execution are bound, as *source* made them. Successors may start."""

    node: NodeId
    outputs: LiteralMap
    source: NodeExecutionId
    deck_uri: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ReuseDeclined(Shape):
    """
    The node runs again.

    ``has_begun``: the reference had begun it, so what is inside may be reused. ``checkpoint_uri`` is where its last attempt saved.
    """

    node: NodeId
    has_begun: bool = False
    checkpoint_uri: str = ""


# ── attempts ─────────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CacheRequested(Shape):
    """The cache is to be asked before anything runs."""

    node: NodeId
    element: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CacheAnswered(Shape):
    """What it said. With ``wait_until_ns``, another attempt holds the reservation and the cache is asked again then."""

    node: NodeId
    verdict: CacheVerdict
    element: int | None = None
    wait_until_ns: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptScheduled(Shape):
    """Attempt *n* is to be submitted, not before *due_at_ns* where that is given."""

    node: NodeId
    n: int
    element: int | None = None
    due_at_ns: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptDue(Shape):
    """The time of a delayed attempt has come."""

    node: NodeId
    n: int
    element: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptMoved(Shape):
    """An executor reported progress."""

    node: NodeId
    n: int
    phase: AttemptPhase
    element: int | None = None
    message: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptFailed(Shape):
    """
    The attempt is over; what follows (a retry, the end of the node) is an event of its own.

    ``is_abandoned``: it may still be running and is to be stopped, but its result no longer counts.
    """

    node: NodeId
    n: int
    error: TaskError
    phase: AttemptPhase
    element: int | None = None
    deck_uri: str = ""
    checkpoint_uri: str = ""
    started_at_ns: int = 0
    ended_at_ns: int = 0
    is_abandoned: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptStopped(Shape):
    """An abandoned attempt is confirmed to have stopped."""

    node: NodeId
    n: int
    element: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FragmentReceived(Shape):
    """A dynamic task made a graph, stored under this digest; it is to be compiled."""

    node: NodeId
    n: int
    closure: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FragmentCompiled(Shape):
    """The graph is sound and opens under the node."""

    node: NodeId
    n: int
    closure: str
    placements: Mapping[str, str]


# ── elements of a map node, in batches ───────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ElementsScheduled(Shape):
    """The elements ``start <= i < stop`` begin: the cache is asked where the task is cached, else they are submitted."""

    node: NodeId
    start: int
    stop: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ElementsMissed(Shape):
    """The cache does not hold these elements; they are to be submitted. It is asked again for those that are ``held`` by others."""

    node: NodeId
    elements: tuple[int, ...]
    held: tuple[int, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ElementsSucceeded(Shape):
    """Outputs of elements, in order of arrival: (element, n, output or ``None``, was it cached)."""

    node: NodeId
    outcomes: tuple[tuple[int, int, Literal | None, bool], ...]


# ── people ───────────────────────────────────────────────────────────────────


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SignalReceived(Shape):
    """A value arrived for a gate; for an approval it is a boolean."""

    signal_id: str
    value: Literal
    principal: str = ""


Decision: TypeAlias = (
    ExecutionStarted
    | LeaseTaken
    | AbortRequested
    | ExecutionEnded
    | ScopeFailing
    | FailureNodeStarted
    | NodeStarted
    | NodeSucceeded
    | NodeEnded
    | CancelRequested
    | BranchTaken
    | GateOpened
    | ValueRequested
    | ValueLoaded
    | ChildStarted
    | ChildCalled
    | ReuseRequested
    | NodeRecovered
    | ReuseDeclined
    | CacheRequested
    | CacheAnswered
    | AttemptScheduled
    | AttemptDue
    | AttemptMoved
    | AttemptFailed
    | AttemptStopped
    | FragmentReceived
    | FragmentCompiled
    | ElementsScheduled
    | ElementsMissed
    | ElementsSucceeded
    | SignalReceived
)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Event(Shape):
    """A decision in its place: ``seq`` counts from 1 per execution without gaps and is the log's fence."""

    seq: int
    at_ns: int
    decision: Decision
