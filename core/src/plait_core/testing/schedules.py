"""
What every kind of schedule has to do: a suite for pytest.

Subclassed by the tests, or the ``conformance`` module, of a plugin that offers schedules. The scheduler asks a
schedule for ticks after the last one it fired, possibly in another process and after months; these tests hold
what it then relies on.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import islice

import pytest

from plait_core.errors.schedules import InvalidSchedule
from plait_core.ir.json import Json
from plait_core.ports.schedules import Schedule

_SECOND_NS = 1_000_000_000
_ANCHOR_NS = 1_774_600_245 * _SECOND_NS
"""2026-03-27 08:30:45 UTC: on no round minute, and two days before clocks change in Europe."""
_N_TICKS = 40


class ScheduleConformance:
    """Say how a schedule is made from a spec, and give specs that fit and specs that do not."""

    def make(self, spec: Mapping[str, Json]) -> Schedule:
        """Parse *spec*, as the factory of the descriptor does."""
        raise NotImplementedError

    def valid_specs(self) -> Sequence[Mapping[str, Json]]:
        """Return specs of unlike schedules, each with at least 40 ticks to come."""
        raise NotImplementedError

    def invalid_specs(self) -> Sequence[Mapping[str, Json]]:
        """Return specs that have to be refused."""
        raise NotImplementedError

    def test_ticks_come_after_the_time_asked_for_and_ascend(self) -> None:
        """No tick is fired twice, and none is fired late because an earlier one came after it."""
        for spec in self.valid_specs():
            ticks = self._ticks(spec)

            assert ticks[0] > _ANCHOR_NS
            assert ticks == sorted(set(ticks))

    def test_ticks_go_on_from_any_of_them(self) -> None:
        """A scheduler that restarts after a tick fires what it would have fired without the restart."""
        for spec in self.valid_specs():
            ticks = self._ticks(spec)

            for n, tick in enumerate(ticks[:-1]):
                assert self._ticks(spec, after_ns=tick, n=1) == [ticks[n + 1]]

    def test_tick_is_found_from_just_before_it(self) -> None:
        """The border is exact to the nanosecond: strictly after, and not a second more."""
        for spec in self.valid_specs():
            ticks = self._ticks(spec)

            for tick in ticks:
                assert self._ticks(spec, after_ns=tick - 1, n=1) == [tick]

    def test_iterators_do_not_disturb_each_other(self) -> None:
        """One parsed schedule serves the scheduler and a preview at the same time."""
        for spec in self.valid_specs():
            schedule = self.make(spec)
            first = schedule.ticks(after_ns=_ANCHOR_NS, anchor_ns=_ANCHOR_NS)
            head = list(islice(first, 3))
            second = list(islice(schedule.ticks(after_ns=_ANCHOR_NS, anchor_ns=_ANCHOR_NS), 6))

            assert head + list(islice(first, 3)) == second

    def test_one_spec_makes_one_schedule(self) -> None:
        """Parsing reads the spec and nothing else, and leaves it alone."""
        for spec in self.valid_specs():
            before = deepcopy(dict(spec))

            assert self._ticks(spec) == self._ticks(spec)
            assert self.make(spec).describe() == self.make(spec).describe()
            assert dict(spec) == before

    def test_schedule_says_what_it_does_in_one_line(self) -> None:
        """Lists of launch plans show the words."""
        for spec in self.valid_specs():
            words = self.make(spec).describe()

            assert words.strip() == words != ""
            assert "\n" not in words

    def test_spec_that_does_not_fit_is_refused(self) -> None:
        """A schedule that would never fire, or not as meant, is refused when it is parsed."""
        for spec in self.invalid_specs():
            with pytest.raises(InvalidSchedule):
                self.make(spec)

    def _ticks(self, spec: Mapping[str, Json], *, after_ns: int = _ANCHOR_NS, n: int = _N_TICKS) -> list[int]:
        return list(islice(self.make(spec).ticks(after_ns=after_ns, anchor_ns=_ANCHOR_NS), n))
