"""Options of executions: labels, annotations and whatever else a launch may choose."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypedDict

import attrs

from plait_core.ir.launch_plans import ConcurrencyPolicy
from plait_core.ir.shapes import Shape
from plait_core.ir.tasks import SecurityContext

if TYPE_CHECKING:
    from plait_core.authoring.notifications import Notification
    from plait_core.authoring.schedules import Schedule


class Labels(dict[str, str]):
    """Labels of everything that an execution creates."""


class Annotations(dict[str, str]):
    """Annotations of everything that an execution creates."""


class PlanOptions(TypedDict, total=False):
    """The properties of a launch plan besides its workflow and name."""

    default_inputs: Mapping[str, Any]
    """Inputs that an execution may still give otherwise."""
    fixed_inputs: Mapping[str, Any]
    """Inputs that nobody may give otherwise."""
    schedule: "Schedule | None"
    """When it fires, once it is active."""
    notifications: "Sequence[Notification] | None"
    """Whom to tell how executions end."""
    labels: Mapping[str, str] | None
    """Labels of all that executions make."""
    annotations: Mapping[str, str] | None
    """Annotations of the same."""
    envs: Mapping[str, str] | None
    """Environment variables of every attempt."""
    tags: Sequence[str]
    """Tags of executions."""
    raw_output_data_config: str
    """URI prefix below which values are stored."""
    max_parallelism: int | None
    """Attempts of one execution that may run at once."""
    security_context: SecurityContext | None
    """Who executions run as."""
    interruptible: bool | None
    """Whether attempts may run on machines that can be taken away."""
    overwrite_cache: bool | None
    """Whether executions ignore what is cached and replace it."""
    auto_activate: bool
    """Whether registering it makes it the active version."""
    concurrency: ConcurrencyPolicy | None
    """How many executions may run at once."""


@attrs.frozen(eq=False, repr=False)
class Options(Shape):
    """What a workflow's default launch plan, or one launch, says about executions."""

    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None
    raw_output_data_config: str = ""
    security_context: SecurityContext | None = None
    max_parallelism: int | None = None
    notifications: "Sequence[Notification] | None" = None
    disable_notifications: bool = False
    overwrite_cache: bool | None = None

    @classmethod
    def default_from(cls, k8s_service_account: str = "", raw_data_prefix: str = "") -> Self:
        """Run as *k8s_service_account* and store values below *raw_data_prefix*."""
        security = SecurityContext(service_account=k8s_service_account) if k8s_service_account else None
        return cls(security_context=security, raw_output_data_config=raw_data_prefix)

    def plan_options(self) -> PlanOptions:
        """Say it as properties of a launch plan."""
        return {
            "labels": self.labels,
            "annotations": self.annotations,
            "raw_output_data_config": self.raw_output_data_config,
            "security_context": self.security_context,
            "max_parallelism": self.max_parallelism,
            "notifications": () if self.disable_notifications else self.notifications,
            "overwrite_cache": self.overwrite_cache,
        }
