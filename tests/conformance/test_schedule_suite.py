"""
The suite for schedules catches schedules that are broken, each in its own way.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import pytest

from plait_core.errors.schedules import InvalidSchedule
from plait_core.ir.json import Json
from plait_core.testing.schedules import ScheduleConformance as Suite

MINUTE_NS = 60_000_000_000


class EveryMinutes:
    """A sound schedule, which the broken ones differ from."""

    def __init__(self, n: int) -> None:
        self.period_ns = n * MINUTE_NS

    def ticks(self, *, after_ns: int, anchor_ns: int) -> Iterator[int]:
        start = max(0, (after_ns - anchor_ns) // self.period_ns)
        return (anchor_ns + n * self.period_ns for n in count(start + 1))

    def describe(self) -> str:
        return "now and then"


class IncludesTheTimeAsked(EveryMinutes):
    def ticks(self, *, after_ns: int, anchor_ns: int) -> Iterator[int]:
        return super().ticks(after_ns=after_ns - self.period_ns, anchor_ns=anchor_ns - self.period_ns)


class CountsFromTheTimeAsked(EveryMinutes):
    def ticks(self, *, after_ns: int, anchor_ns: int) -> Iterator[int]:
        return super().ticks(after_ns=after_ns, anchor_ns=after_ns)


class RoundsToSeconds(EveryMinutes):
    def ticks(self, *, after_ns: int, anchor_ns: int) -> Iterator[int]:
        rounded_ns = -(-after_ns // 1_000_000_000) * 1_000_000_000
        return super().ticks(after_ns=rounded_ns, anchor_ns=anchor_ns)


class Remembers(EveryMinutes):
    last_ns = 0

    def ticks(self, *, after_ns: int, anchor_ns: int) -> Iterator[int]:
        self.last_ns = after_ns
        while True:
            self.last_ns = next(super().ticks(after_ns=self.last_ns, anchor_ns=anchor_ns))
            yield self.last_ns


class FiresTwice(EveryMinutes):
    def ticks(self, *, after_ns: int, anchor_ns: int) -> Iterator[int]:
        for tick in super().ticks(after_ns=after_ns, anchor_ns=anchor_ns):
            yield from (tick, tick)


class SaysNothing(EveryMinutes):
    def describe(self) -> str:
        return ""


class OfMinutes(Suite):
    """The suite applied to one class of schedule."""

    schedule: type[EveryMinutes] = EveryMinutes

    def make(self, spec: Mapping[str, Json]) -> EveryMinutes:
        n = spec.get("n")
        if not isinstance(n, int) or n < 1:
            raise InvalidSchedule(field="n", value=str(n), reason="it is no count", advice="count")
        return self.schedule(n)

    def valid_specs(self) -> Sequence[Mapping[str, Json]]:
        return [{"n": 1}, {"n": 7}]

    def invalid_specs(self) -> Sequence[Mapping[str, Json]]:
        return [{}, {"n": 0}]


class TestSoundSchedule(OfMinutes):
    """A sound schedule passes."""


class Lenient(OfMinutes):
    """A factory that takes anything."""

    def make(self, spec: Mapping[str, Json]) -> EveryMinutes:
        return EveryMinutes(3)


def of(broken: type[EveryMinutes]) -> type[OfMinutes]:
    return type(f"Of{broken.__name__}", (OfMinutes,), {"schedule": broken})


@pytest.mark.parametrize(
    ("suite", "test"),
    [
        (of(IncludesTheTimeAsked), "test_ticks_come_after_the_time_asked_for_and_ascend"),
        (of(FiresTwice), "test_ticks_come_after_the_time_asked_for_and_ascend"),
        (of(CountsFromTheTimeAsked), "test_tick_is_found_from_just_before_it"),
        (of(RoundsToSeconds), "test_tick_is_found_from_just_before_it"),
        (of(FiresTwice), "test_ticks_go_on_from_any_of_them"),
        (of(Remembers), "test_iterators_do_not_disturb_each_other"),
        (of(SaysNothing), "test_schedule_says_what_it_does_in_one_line"),
        (Lenient, "test_spec_that_does_not_fit_is_refused"),
    ],
)
def test_broken_schedule_is_caught(suite: type[Suite], test: str) -> None:
    """The test that is about the fault fails."""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(suite(), test)()
