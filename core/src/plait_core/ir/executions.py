"""Executions: what was asked for, with which code, and how attempts fail."""

from collections.abc import Mapping
from enum import Enum
from functools import cached_property

import attrs

from plait_core.ir.ids import EntityId, ExecutionId, NodeExecutionId, NodeId
from plait_core.ir.launch_plans import ExecutionOptions, LaunchPlanTemplate
from plait_core.ir.literals import LiteralMap
from plait_core.ir.shapes import Shape
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.workflows import WorkflowTemplate


class ExecutionMode(Enum):
    """Who asked for an execution."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    SYSTEM = "system"
    RELAUNCH = "relaunch"
    CHILD_WORKFLOW = "child_workflow"
    RECOVERED = "recovered"
    TRIGGER = "trigger"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionSpec(Shape):
    """
    What was asked for.

    ``user_inputs`` is what the caller gave, kept for relaunching; ``inputs`` has defaults and fixed values merged in.
    ``reference`` is the execution that this one repeats. With ``reuses``, what succeeded there is taken over, but for the
    nodes of the workflow that ``rerun`` names and what depends on them.
    """

    target: EntityId
    user_inputs: LiteralMap
    inputs: LiteralMap
    options: ExecutionOptions = ExecutionOptions()
    mode: ExecutionMode = ExecutionMode.MANUAL
    principal: str = ""
    nesting: int = 0
    parent: NodeExecutionId | None = None
    reference: ExecutionId | None = None
    scheduled_at_ns: int | None = None
    reuses: bool = False
    rerun: tuple[NodeId, ...] = ()


@attrs.frozen(kw_only=True, eq=False, repr=False, slots=False)
class Closure(Shape):
    """
    An entity with every template it can reach; ids are unique in each part.

    A dynamic task returns one too: the graph it made, whose ``main`` is a workflow with the task's outputs.
    """

    main: EntityId
    tasks: tuple[TaskTemplate, ...] = ()
    workflows: tuple[WorkflowTemplate, ...] = ()
    launch_plans: tuple[LaunchPlanTemplate, ...] = ()

    @cached_property
    def task_by_id(self) -> Mapping[EntityId, TaskTemplate]:
        """Task id -> template."""
        return {template.id: template for template in self.tasks}

    @cached_property
    def workflow_by_id(self) -> Mapping[EntityId, WorkflowTemplate]:
        """Workflow id -> template."""
        return {template.id: template for template in self.workflows}

    @cached_property
    def launch_plan_by_id(self) -> Mapping[EntityId, LaunchPlanTemplate]:
        """Launch plan id -> template."""
        return {template.id: template for template in self.launch_plans}


class Fault(Enum):
    """Whose fault a failure is; with ``recoverable``, it decides which retry budget pays."""

    USER = "user"
    SYSTEM = "system"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TaskError(Shape):
    """
    Why an attempt, node or execution failed.

    ``message`` is for people and ends without a newline; ``traceback`` holds the user's frames only.
    ``exception`` is the qualified name of the Python class (``builtins:ValueError``), empty for other causes.
    """

    code: str
    message: str
    fault: Fault = Fault.USER
    is_recoverable: bool = True
    traceback: str = ""
    exception: str = ""
    node: str = ""
    worker: str = ""
    at_ns: int = 0


class CacheStatus(Enum):
    """What the cache had to do with a node."""

    DISABLED = "disabled"
    MISS = "miss"
    HIT = "hit"
    POPULATED = "populated"
    LOOKUP_FAILURE = "lookup_failure"
    PUT_FAILURE = "put_failure"
    SKIPPED = "skipped"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CacheVerdict(Shape):
    """What a look-up found, why, and where a hit came from. ``reason`` reads ``input x changed``, ``VANISHED``, …."""

    status: CacheStatus
    key: str = ""
    reason: str = ""
    source: str = ""
