"""Schedules: how far those of active launch plans have fired."""

from collections.abc import Sequence
from typing import Protocol

import attrs

from plait_core.ir.ids import EntityId
from plait_core.ir.shapes import Shape


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ScheduleState(Shape):
    """How far an active launch plan's schedule has fired."""

    launch_plan: EntityId
    activated_at_ns: int
    fired_until_ns: int


class Schedules(Protocol):
    """Progress of schedules."""

    async def states(self) -> Sequence[ScheduleState]:
        """Return the state of every active launch plan that has a schedule."""
        ...

    async def fired(self, launch_plan: EntityId, *, until_ns: int) -> None:
        """Remember that ticks up to *until_ns* are done; never goes back."""
        ...
