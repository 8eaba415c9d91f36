"""Schedules: when something fires."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from plait_core.ir.json import Json


class Schedule(Protocol):
    """One parsed schedule: pure, and the same for the same spec."""

    def ticks(self, *, after_ns: int, anchor_ns: int) -> Iterator[int]:
        """
        Yield fire times strictly after *after_ns*, ascending, without end unless the schedule ends.

        *anchor_ns* is when the schedule was activated; rates count from it, calendars ignore it.
        """
        ...

    def describe(self) -> str:
        """Say it in words: ``every 5 minutes``, ``at 09:00 on weekdays (Europe/Berlin)``."""
        ...


class ScheduleFactory(Protocol):
    """Parses the ``spec`` of a ``ScheduleSpec``; raises ``InvalidSchedule`` naming the field."""

    def __call__(self, spec: Mapping[str, Json]) -> Schedule: ...
