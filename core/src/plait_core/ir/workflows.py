"""
Graphs: nodes, their targets, bindings, conditions, and ``WorkflowTemplate``.

References are by id, never by containment. A binding's promise with an empty node id means an
input of the enclosing workflow; there are no start and end nodes. Bindings of the arms of a
branch resolve in the workflow that encloses the branch.
"""

from enum import Enum
from typing import TypeAlias

import attrs

from plait_core.ir.ids import EntityId, NodeId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.json import Json
from plait_core.ir.literals import Literal
from plait_core.ir.shapes import Shape
from plait_core.ir.tasks import CachePolicy, ExtendedResources, ResourceSpec, RetryPolicy, SecurityContext
from plait_core.ir.types import LiteralType

WORKFLOW_INPUT = NodeId("")
"""The node id by which bindings name an input of the enclosing workflow."""

AttrPath: TypeAlias = tuple[str | int, ...]
"""Steps into a value: the first ones walk collection and map literals, the rest walk inside msgpack."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Promise(Shape):
    """The output *var* of *node*, or a part of it."""

    node: NodeId
    var: str
    path: AttrPath = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Const(Shape):
    """A value known when the graph was made."""

    value: Literal


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BindingCollection(Shape):
    """A list made of bindings."""

    items: tuple["BindingData", ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class BindingMap(Shape):
    """A mapping made of bindings; (key, binding) in order."""

    items: tuple[tuple[str, "BindingData"], ...]


BindingData: TypeAlias = Promise | Const | BindingCollection | BindingMap


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Binding(Shape):
    """Where the value of the variable *var* comes from."""

    var: str
    data: BindingData


class Comparison(Enum):
    """Operators between two operands of a condition."""

    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


class Conjunction(Enum):
    """How two conditions combine; both sides are side-effect free."""

    AND = "and"
    OR = "or"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Compare(Shape):
    """Two operands and an operator. An operand is a promise or a constant scalar."""

    left: Promise | Const
    operator: Comparison
    right: Promise | Const


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Combine(Shape):
    """Two conditions and a conjunction."""

    left: "Condition"
    operator: Conjunction
    right: "Condition"


Condition: TypeAlias = Compare | Combine


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TaskOverrides(Shape):
    """What a node changes about the task it runs; ``None`` leaves the task's own."""

    resources: ResourceSpec | None = None
    extended_resources: ExtendedResources | None = None
    container_image: str | None = None
    pod_template: Json = None
    task_config: Json = None


NO_OVERRIDES = TaskOverrides()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TaskRef(Shape):
    """Run a task."""

    id: EntityId
    overrides: TaskOverrides = NO_OVERRIDES


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SubWorkflowRef(Shape):
    """Run another workflow's nodes within this execution."""

    id: EntityId


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LaunchPlanRef(Shape):
    """Start an execution of its own and wait for it."""

    id: EntityId


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Arm(Shape):
    """A condition and the node that runs when it is the first to hold. The node's id is scoped to the branch."""

    condition: Condition
    node: "Node"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Branch(Shape):
    """If / elif / else. Without an else node, ``error`` is what the node fails with when nothing holds."""

    arms: tuple[Arm, ...]
    otherwise: "Node | None" = None
    error: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Approve(Shape):
    """Wait until somebody approves; inputs pass through as outputs."""

    signal_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WaitForInput(Shape):
    """Wait until somebody supplies a value of *type*, which becomes the output *output_var*."""

    signal_id: str
    type: LiteralType
    output_var: str = "o0"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Sleep(Shape):
    """Wait for a span of time, counted from the start of the node."""

    duration_ns: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Gate(Shape):
    """A node that waits for the world."""

    condition: Approve | WaitForInput | Sleep


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Array(Shape):
    """
    One node that runs *target* once per element of its list inputs.

    Inputs named in ``bound_inputs`` are handed whole to every element; every other input is a list and all lists
    must be equally long. ``parallelism``: ``None`` inherits the execution's limit, 0 is unlimited. With
    ``min_success_ratio`` below 1 or ``min_successes`` set, failed elements become None in the output list.
    """

    target: TaskRef | LaunchPlanRef
    bound_inputs: tuple[str, ...] = ()
    parallelism: int | None = None
    min_successes: int | None = None
    min_success_ratio: float | None = None
    run_all_sub_nodes: bool = False


NodeTarget: TypeAlias = TaskRef | SubWorkflowRef | LaunchPlanRef | Branch | Gate | Array


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodeMetadata(Shape):
    """
    What a node says about how it runs; it overrides the task's own word.

    ``retry`` and ``cache`` replace the task's policy when set; ``cache_enabled=False`` switches caching off.
    """

    name: str = ""
    timeout_ns: int | None = None
    retry: RetryPolicy | None = None
    interruptible: bool | None = None
    cache_enabled: bool | None = None
    cache: CachePolicy | None = None
    config: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SourceLine(Shape):
    """Where in the user's code something was written."""

    file: str
    line: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Node(Shape):
    """
    One step. ``upstream`` lists the nodes it waits for beyond those its bindings name.

    ``output_aliases`` are pairs (output variable, alias). ``source`` never takes part in digests or equality.
    """

    id: NodeId
    target: NodeTarget
    inputs: tuple[Binding, ...] = ()
    upstream: tuple[NodeId, ...] = ()
    metadata: NodeMetadata = NodeMetadata()
    output_aliases: tuple[tuple[str, str], ...] = ()
    source: SourceLine | None = attrs.field(default=None, eq=False)


class FailurePolicy(Enum):
    """What happens to running nodes when one has failed for good."""

    FAIL_IMMEDIATELY = "fail_immediately"
    FAIL_AFTER_EXECUTABLE_NODES_COMPLETE = "fail_after_executable_nodes_complete"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WorkflowTemplate(Shape):
    """A graph with an interface. ``failure_node`` stands beside ``nodes`` and its id is ``fn0``."""

    id: EntityId
    interface: TypedInterface
    nodes: tuple[Node, ...]
    outputs: tuple[Binding, ...] = ()
    failure_node: Node | None = None
    failure_policy: FailurePolicy = FailurePolicy.FAIL_IMMEDIATELY
    interruptible: bool = False
    tags: tuple[str, ...] = ()
    quality_of_service: str = ""
    short_description: str = ""
    long_description: str = ""
    security: SecurityContext = SecurityContext()
