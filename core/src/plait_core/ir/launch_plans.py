"""Launch plans: a workflow with inputs, a schedule, and the options of the executions it starts."""

from collections.abc import Mapping
from enum import Enum

import attrs

from plait_core.ir.ids import EntityId
from plait_core.ir.interfaces import Parameter, Variable
from plait_core.ir.json import Json
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.shapes import Shape
from plait_core.ir.tasks import SecurityContext


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ScheduleSpec(Shape):
    """
    When a plan fires. ``kind`` selects the schedule (a plugin), ``spec`` is its own JSON.

    ``kickoff_input`` names the datetime input that receives the scheduled time; empty for none.
    """

    kind: str
    spec: Mapping[str, Json]
    kickoff_input: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NotificationSpec(Shape):
    """Whom to tell about which terminal phases. ``kind`` selects the notifier (a plugin)."""

    kind: str
    phases: tuple[ExecutionPhase, ...]
    spec: Mapping[str, Json]


class ConcurrencyBehavior(Enum):
    """What happens to an execution that would exceed the limit."""

    SKIP = "skip"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConcurrencyPolicy(Shape):
    """At most *max_concurrency* executions of the plan, over all its versions, run at once."""

    max_concurrency: int
    behavior: ConcurrencyBehavior = ConcurrencyBehavior.SKIP


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ExecutionOptions(Shape):
    """Options of an execution: a launch plan gives defaults, a launch request overrides them key by key."""

    labels: Mapping[str, str] = attrs.field(factory=dict)
    annotations: Mapping[str, str] = attrs.field(factory=dict)
    envs: Mapping[str, str] = attrs.field(factory=dict)
    tags: tuple[str, ...] = ()
    security: SecurityContext | None = None
    raw_data_prefix: str = ""
    max_parallelism: int | None = None
    interruptible: bool | None = None
    overwrite_cache: bool | None = None
    notifications: tuple[NotificationSpec, ...] | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LaunchPlanTemplate(Shape):
    """
    A named partial invocation of a workflow.

    ``parameters`` are what an execution may still give, with defaults; ``fixed_inputs`` may not be overridden.
    """

    id: EntityId
    workflow: EntityId
    parameters: tuple[Parameter, ...] = ()
    fixed_inputs: LiteralMap = attrs.field(factory=dict)
    expected_outputs: tuple[Variable, ...] = ()
    schedule: ScheduleSpec | None = None
    options: ExecutionOptions = ExecutionOptions()
    concurrency: ConcurrencyPolicy | None = None
    auto_activate: bool = False
