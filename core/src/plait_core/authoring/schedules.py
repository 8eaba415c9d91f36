"""
Schedules of launch plans, as authors write them.

What they mean is a plugin's business and is checked when the plan is used.
"""

from datetime import timedelta
from typing import TypeAlias

import attrs

from plait_core.errors.authoring import InvalidOption
from plait_core.ir.json import Json
from plait_core.ir.launch_plans import ScheduleSpec


@attrs.frozen
class CronSchedule:
    """
    Five cron fields, or an alias such as ``hourly`` or ``@daily``, in *timezone*.

    ``offset`` is an ISO 8601 duration added to each fire time; ``kickoff_time_input_arg`` names the datetime input that receives it.
    """

    schedule: str
    kickoff_time_input_arg: str | None = None
    offset: str | None = None
    timezone: str = "UTC"

    def spec(self) -> ScheduleSpec:
        """Say it as the launch plan's template does."""
        spec: dict[str, Json] = {"schedule": self.schedule, "timezone": self.timezone}
        if self.offset:
            spec["offset"] = self.offset
        return ScheduleSpec(kind="cron", spec=spec, kickoff_input=self.kickoff_time_input_arg or "")


@attrs.frozen
class FixedRate:
    """Every *duration*, a whole number of minutes, counted from when the plan was activated."""

    duration: timedelta = attrs.field()
    kickoff_time_input_arg: str | None = None

    @duration.validator
    def _check_duration(self, _: object, duration: timedelta) -> None:
        if duration <= timedelta() or duration % timedelta(minutes=1):
            raise InvalidOption(
                declaration="FixedRate",
                option="duration",
                detail=f"is {duration}",
                expected="give a whole number of minutes, at least one",
            )

    def spec(self) -> ScheduleSpec:
        """Say it as the launch plan's template does, in the largest unit that fits."""
        unit, length = next(pair for pair in _UNITS if not self.duration % pair[1])
        spec: dict[str, Json] = {"value": self.duration // length, "unit": unit}
        return ScheduleSpec(kind="fixed_rate", spec=spec, kickoff_input=self.kickoff_time_input_arg or "")


Schedule: TypeAlias = CronSchedule | FixedRate

_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
