"""
Stimuli: what reaches an execution from outside. Each carries its time; ``decide`` never asks a clock.

Answers to commands, messages of the inbox, and calls over the task channel all arrive in this form.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from plait_core.ir.executions import CacheVerdict, ExecutionSpec, TaskError
from plait_core.ir.ids import EntityId, NodeExecutionId, NodeId
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.ir.phases import AttemptPhase
from plait_core.ir.units import Result
from plait_core.ir.workflows import AttrPath


class Launched(NamedTuple):
    """The execution is to begin."""

    at_ns: int
    spec: ExecutionSpec
    closure: str
    placements: Mapping[str, str]


class AttemptEnded(NamedTuple):
    """An attempt came back with a result."""

    at_ns: int
    node: NodeId
    n: int
    result: Result
    element: int | None = None
    fragment: str = ""
    """Digest under which the shell stored the result's fragment, where it has one."""


class AttemptGone(NamedTuple):
    """An attempt was lost, refused by its executor, or stopped on request (*is_cancelled*)."""

    at_ns: int
    node: NodeId
    n: int
    error: TaskError
    element: int | None = None
    is_cancelled: bool = False


class AttemptProgressed(NamedTuple):
    """An executor told of a phase on the way."""

    at_ns: int
    node: NodeId
    n: int
    phase: AttemptPhase
    message: str = ""
    element: int | None = None


class ElementsEnded(NamedTuple):
    """Elements of a map node that succeeded at their n-th attempt: (element, n, output)."""

    at_ns: int
    node: NodeId
    outcomes: Sequence[tuple[int, int, Literal | None]]


class ElementsLookedUp(NamedTuple):
    """
    Which outputs of elements of a map node there are already: (element, output) of the hits, and the misses.

    ``held`` are elements whose value somebody else is making.
    """

    at_ns: int
    node: NodeId
    hits: Sequence[tuple[int, Literal | None]]
    misses: tuple[int, ...]
    held: tuple[int, ...] = ()


class ReferenceLookedUp(NamedTuple):
    """What *source*, the node's counterpart, did in the reference; ``outputs`` where they can be reused."""

    at_ns: int
    node: NodeId
    source: NodeExecutionId | None = None
    outputs: LiteralMap | None = None
    deck_uri: str = ""
    checkpoint_uri: str = ""


class CacheLookedUp(NamedTuple):
    """What the cache said; with ``retry_at_ns``, another attempt is making the value."""

    at_ns: int
    node: NodeId
    verdict: CacheVerdict
    outputs: LiteralMap | None = None
    retry_at_ns: int | None = None


class ValueRead(NamedTuple):
    """A part of an offloaded value, or why it cannot be read."""

    at_ns: int
    node: NodeId
    uri: str
    path: AttrPath
    value: Literal | None
    error: TaskError | None = None


class TimerFired(NamedTuple):
    """A time has come."""

    at_ns: int
    node: NodeId
    what: str
    n: int = 0
    element: int | None = None


class ChildEnded(NamedTuple):
    """A child execution ended: outputs, or the error."""

    at_ns: int
    node: NodeId
    outputs: LiteralMap | None = None
    error: TaskError | None = None
    element: int | None = None


class FragmentChecked(NamedTuple):
    """The graph a dynamic task made was compiled and placed, or is faulty."""

    at_ns: int
    node: NodeId
    n: int
    closure: str
    placements: Mapping[str, str]
    error: TaskError | None = None


class OutputsAssembled(NamedTuple):
    """A map node's output list, or why it could not be stored."""

    at_ns: int
    node: NodeId
    output: Literal | None
    error: TaskError | None = None


class Signalled(NamedTuple):
    """A value for a gate."""

    at_ns: int
    signal_id: str
    value: Literal
    principal: str = ""


class AbortAsked(NamedTuple):
    """Somebody wants the execution to end."""

    at_ns: int
    reason: str
    principal: str = ""


class Called(NamedTuple):
    """A running eager task calls an entity."""

    at_ns: int
    node: NodeId
    n: int
    key: str
    target: EntityId
    inputs: LiteralMap
    closure: str
    placements: Mapping[str, str]


Stimulus: TypeAlias = (
    Launched
    | AttemptEnded
    | AttemptGone
    | AttemptProgressed
    | ElementsEnded
    | ElementsLookedUp
    | ReferenceLookedUp
    | CacheLookedUp
    | ValueRead
    | TimerFired
    | ChildEnded
    | FragmentChecked
    | OutputsAssembled
    | Signalled
    | AbortAsked
    | Called
)
