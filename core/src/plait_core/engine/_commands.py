"""
Commands: what the shell has to do, and has not heard the answer to yet.

Opened and closed by ``apply``; each is idempotent by its key, which is made of ids. Recovery carries out whatever
is still open.
"""

from typing import NamedTuple, TypeAlias

from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.workflows import AttrPath

Key: TypeAlias = tuple[str | int | None, ...]

TIMER = "timer"
"""What the keys of timers begin with."""


class Submit(NamedTuple):
    """Hand attempt *n* to its executor."""

    node: NodeId
    n: int
    element: int | None = None

    @property
    def key(self) -> Key:
        """Identify the attempt."""
        return ("attempt", self.node, self.element, self.n)


class SubmitElements(NamedTuple):
    """Hand first attempts of elements of a map node to their executor, in order, and report back in batches."""

    node: NodeId
    elements: range | tuple[int, ...]

    @property
    def key(self) -> Key:
        """Identify the batch by its first element."""
        return ("elements", self.node, self.elements[0])


class Cancel(NamedTuple):
    """Stop attempt *n*; a terminal report closes this. An abandoned attempt is one whose node has gone on without it."""

    node: NodeId
    n: int
    element: int | None = None
    is_abandoned: bool = False

    @property
    def key(self) -> Key:
        """Identify the attempt to stop."""
        return ("stop" if self.is_abandoned else "cancel", self.node, self.element, self.n)


class CancelElements(NamedTuple):
    """Stop whatever elements of a map node are submitted; each reports its own end."""

    node: NodeId
    elements: tuple[int, ...]

    @property
    def key(self) -> Key:
        """Identify the node."""
        return ("cancel", self.node)


class LoadValue(NamedTuple):
    """Read a part of an offloaded value."""

    node: NodeId
    uri: str
    path: AttrPath

    @property
    def key(self) -> Key:
        """Identify the part."""
        return ("load", self.node, self.uri, *self.path)


class LookUpReference(NamedTuple):
    """Ask what the node did in the execution that this one repeats."""

    node: NodeId

    @property
    def key(self) -> Key:
        """Identify the node."""
        return ("reference", self.node)


class LookUpCache(NamedTuple):
    """Ask the cache, and reserve the key where the task says so."""

    node: NodeId

    @property
    def key(self) -> Key:
        """Identify the node."""
        return ("cache", self.node)


class LookUpElements(NamedTuple):
    """Ask for outputs of elements of a map node that there are already, in one batch: in the reference, then in the cache."""

    node: NodeId
    elements: range | tuple[int, ...]

    @property
    def key(self) -> Key:
        """Identify the batch by its first element."""
        return ("cache", self.node, self.elements[0])


class StartChild(NamedTuple):
    """Start the execution of a launch plan, once, and report its end."""

    node: NodeId
    execution: ExecutionId
    element: int | None = None

    @property
    def key(self) -> Key:
        """Identify the child."""
        return ("child", self.node, self.element)


class AbortChild(NamedTuple):
    """Ask for the end of a child execution, whose end is still reported through ``StartChild``."""

    node: NodeId
    execution: ExecutionId
    element: int | None = None

    @property
    def key(self) -> Key:
        """Identify the child."""
        return ("abort", self.node, self.element)


class WaitUntil(NamedTuple):
    """Report when the time has come; *what* tells apart the timers of one node."""

    node: NodeId
    at_ns: int
    what: str
    element: int | None = None
    n: int = 0

    @property
    def key(self) -> Key:
        """Identify the timer."""
        return (TIMER, self.node, self.element, self.n, self.what)


class CompileFragment(NamedTuple):
    """Compile and place the graph that a dynamic task made."""

    node: NodeId
    n: int
    closure: str

    @property
    def key(self) -> Key:
        """Identify the attempt that made it."""
        return ("fragment", self.node, self.n)


class AssembleOutputs(NamedTuple):
    """Make one list of the outputs of a map node's elements, in blob storage if it is large."""

    node: NodeId

    @property
    def key(self) -> Key:
        """Identify the node."""
        return ("assemble", self.node)


Command: TypeAlias = (
    Submit
    | SubmitElements
    | Cancel
    | CancelElements
    | LoadValue
    | LookUpReference
    | LookUpCache
    | LookUpElements
    | StartChild
    | AbortChild
    | WaitUntil
    | CompileFragment
    | AssembleOutputs
)
