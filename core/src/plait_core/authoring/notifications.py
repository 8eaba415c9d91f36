"""
Notifications: whom to tell about the end of executions.

Delivery is a plugin's business and never fails an execution.
"""

from collections.abc import Sequence
from typing import ClassVar

import attrs

from plait_core.errors.authoring import InvalidOption
from plait_core.ir.json import Json
from plait_core.ir.launch_plans import NotificationSpec
from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase


def _phases(given: Sequence[ExecutionPhase]) -> tuple[ExecutionPhase, ...]:
    return tuple(given)


def _texts(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(given)


@attrs.frozen
class Notification:
    """Tell somebody when an execution ends in one of *phases*."""

    kind: ClassVar[str]

    phases: Sequence[ExecutionPhase] = attrs.field(converter=_phases)

    @phases.validator
    def _check_phases(self, _: object, phases: tuple[ExecutionPhase, ...]) -> None:
        if not phases or not TERMINAL_EXECUTION.issuperset(phases):
            raise InvalidOption(
                declaration=type(self).__name__,
                option="phases",
                detail=f"are {[getattr(phase, 'value', phase) for phase in phases]}",
                expected=f"name some of: {', '.join(sorted(phase.value for phase in TERMINAL_EXECUTION))}",
            )

    def spec(self) -> NotificationSpec:
        """Say it as the launch plan's template does."""
        return NotificationSpec(kind=self.kind, phases=tuple(self.phases), spec=self._details())

    def _details(self) -> dict[str, Json]:
        raise NotImplementedError


@attrs.frozen
class Email(Notification):
    """By e-mail."""

    kind: ClassVar[str] = "email"

    recipients_email: Sequence[str] = attrs.field(converter=_texts)

    def _details(self) -> dict[str, Json]:
        return {"recipients": list(self.recipients_email)}


@attrs.frozen
class PagerDuty(Email):
    """By an e-mail that opens an incident at PagerDuty."""

    kind: ClassVar[str] = "pager_duty"


@attrs.frozen
class Slack(Notification):
    """By a message to Slack: through an incoming *webhook*, or to the e-mail addresses of channels."""

    kind: ClassVar[str] = "slack"

    recipients_email: Sequence[str] = attrs.field(default=(), converter=_texts)
    webhook: str = ""

    def _details(self) -> dict[str, Json]:
        return {"recipients": list(self.recipients_email), "webhook": self.webhook}
