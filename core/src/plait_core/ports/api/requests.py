"""What is asked of executions: to start, to repeat, to end, to go on."""

import attrs

from plait_core.ir.ids import EntityId, NodeId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.ir.shapes import Shape


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LaunchRequest(Shape):
    """
    Start an execution in the project and domain of the URL.

    ``target`` without a version is the newest one, or, of a launch plan, the active one. ``name`` is made up when empty.
    """

    target: EntityId
    inputs: LiteralMap = attrs.field(factory=dict)
    options: ExecutionOptions = ExecutionOptions()
    name: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RelaunchRequest(Shape):
    """
    Start again what an execution ran, with its user inputs; ``inputs`` replace those of the same name.

    Its options hold but for those that ``options`` set; whether the cache is overwritten is asked for each time.
    """

    inputs: LiteralMap = attrs.field(factory=dict)
    options: ExecutionOptions = ExecutionOptions()
    name: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RerunRequest(Shape):
    """
    Start again from *nodes* (ids of the workflow's own nodes), reusing what does not depend on them.

    No nodes means to recover: everything that did not succeed is run again.
    """

    nodes: tuple[NodeId, ...] = ()
    name: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RerunStep(Shape):
    """What would become of one node: reused or run again, and why."""

    node: NodeId
    name: str
    is_reused: bool
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RerunPlan(Shape):
    """What a rerun would do, node by node in topological order."""

    steps: tuple[RerunStep, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AbortRequest(Shape):
    """End an execution, saying why."""

    reason: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ArchiveRequest(Shape):
    """Hide an execution from lists, or show it again."""

    is_archived: bool = True


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SignalRequest(Shape):
    """Hand a value to a gate."""

    value: Literal
