"""Options of executions: labels, annotations and whatever else a launch may choose."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import attrs

from plait_core.ir.tasks import SecurityContext

if TYPE_CHECKING:
    from plait_core.authoring.launch_plans import PlanOptions
    from plait_core.authoring.notifications import Notification


class Labels(dict[str, str]):
    """Labels of everything that an execution creates."""


class Annotations(dict[str, str]):
    """Annotations of everything that an execution creates."""


@attrs.frozen
class Options:
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

    def plan_options(self) -> "PlanOptions":
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
