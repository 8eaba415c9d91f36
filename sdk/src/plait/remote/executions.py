"""
Executions and entities as a client holds them.

An execution is a picture of how it stood when it was last looked at; ``Remote.sync`` and ``Remote.wait`` look again and change it in place.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from plait.control.plane import interface_of
from plait.errors import OutputsNotReady
from plait.remote.values import LiteralsResolver
from plait_core.errors.engine import ExecutionFailed
from plait_core.ir.executions import Closure, TaskError
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.phases import TERMINAL_EXECUTION, TERMINAL_NODE, ExecutionPhase, NodePhase
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.workflows import WorkflowTemplate
from plait_core.ports.api import ExecutionDetail
from plait_core.ports.databases import AttemptRow


@attrs.frozen(kw_only=True)
class RemoteEntity:
    """A task, workflow or launch plan as it is registered; ``closure`` holds everything it reaches."""

    id: EntityId
    closure: Closure = attrs.field(repr=False, eq=False)

    @property
    def name(self) -> str:
        """Its registered name."""
        return self.id.name

    @cached_property
    def interface(self) -> TypedInterface:
        """What goes in and what comes out."""
        return interface_of(self.closure)

    @property
    def template(self) -> TaskTemplate | WorkflowTemplate | LaunchPlanTemplate:
        """Its own template."""
        match self.id.kind:
            case EntityKind.TASK:
                return self.closure.task_by_id[self.id]
            case EntityKind.WORKFLOW:
                return self.closure.workflow_by_id[self.id]
            case EntityKind.LAUNCH_PLAN:
                return self.closure.launch_plan_by_id[self.id]


@attrs.frozen(kw_only=True)
class RemoteNode:
    """
    A node of an execution as it stood when it was last looked at.

    ``attempts`` are those of its task, in the order of elements and tries; ``child`` is the execution that the node of a launch plan has
    started, with nodes of its own. ``signal`` is the id by which a gate is answered.
    """

    id: NodeId
    name: str
    kind: str
    entity: str
    phase: NodePhase
    error: TaskError | None = None
    inputs: LiteralsResolver | None = attrs.field(default=None, eq=False)
    outputs: LiteralsResolver | None = attrs.field(default=None, eq=False)
    cache: str = ""
    signal: str = ""
    waits_for: Sequence[str] = ()
    attempts: Sequence[AttemptRow] = ()
    child: "RemoteExecution | None" = attrs.field(default=None, eq=False)

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.phase in TERMINAL_NODE


@attrs.define(kw_only=True, eq=False, repr=False)
class RemoteExecution:
    """
    An execution as it stood when it was last looked at.

    ``nodes`` are there once ``sync`` or ``wait`` was asked for them. ``python_types`` are the types of outputs that the caller knows.
    """

    detail: ExecutionDetail
    inputs: LiteralsResolver
    nodes: Mapping[NodeId, RemoteNode] = attrs.field(factory=dict)
    python_types: Mapping[str, Any] = attrs.field(factory=dict)
    _outputs: LiteralsResolver | None = None

    def __repr__(self) -> str:
        return f"RemoteExecution({str(self.id)!r}, {self.phase.value})"

    @property
    def id(self) -> ExecutionId:
        """Where it belongs, and its name."""
        return self.detail.row.id

    @property
    def name(self) -> str:
        """Its name, unique in its project and domain."""
        return self.id.name

    @property
    def target(self) -> EntityId:
        """What it runs."""
        return self.detail.row.target

    @property
    def phase(self) -> ExecutionPhase:
        """Where it stands."""
        return self.detail.phase

    @property
    def error(self) -> TaskError | None:
        """Why it failed, if it did."""
        return self.detail.row.error

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.phase in TERMINAL_EXECUTION

    @property
    def is_successful(self) -> bool:
        """Whether it has succeeded."""
        return self.phase is ExecutionPhase.SUCCEEDED

    @property
    def url(self) -> str:
        """Its page in the console."""
        return self.detail.url

    @property
    def outputs(self) -> LiteralsResolver:
        """
        What came of it, as Python values by name.

        Raises ``OutputsNotReady`` while it runs, and ``ExecutionFailed`` if it ended otherwise than by success.
        """
        if self._outputs is not None:
            return self._outputs
        if not self.is_done:
            raise OutputsNotReady(execution=self.name, phase=self.phase.value)
        error = self.error
        raise ExecutionFailed(
            execution=str(self.id),
            phase=self.phase.value,
            code=error.code if error else "",
            message=error.message if error else "",
            node=error.node if error else "",
            traceback=error.traceback if error else "",
        )

    def see(self, detail: ExecutionDetail, outputs: LiteralsResolver | None) -> None:
        """Become the picture of how it stands now."""
        self.detail, self._outputs = detail, outputs
