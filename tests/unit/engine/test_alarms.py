"""How a run that waits again and again is woken in time."""

import asyncio

from plait_core.engine._alarms import Alarm
from plait_core.testing.clocks import NOON_NS, VirtualClock

SECOND_NS = 10**9


def test_a_later_time_leaves_the_timer_as_it_is() -> None:
    """It rings at the first time that it was set to, whereupon it can be set again."""

    async def run() -> list[int]:
        clock, rung = VirtualClock(), list[int]()
        alarm = Alarm(clock, lambda: rung.append((clock.now_ns() - NOON_NS) // SECOND_NS))
        for seconds in (3, 5, 9):
            alarm.set(NOON_NS + seconds * SECOND_NS)
        await clock.advance(10)
        alarm.set(NOON_NS + 12 * SECOND_NS)
        await clock.advance(10)
        return rung

    assert asyncio.run(run()) == [3, 12]


def test_an_earlier_time_replaces_a_later_one() -> None:
    """It rings once, at the earlier."""

    async def run() -> tuple[list[int], int | None]:
        clock, rung = VirtualClock(), list[int]()
        alarm = Alarm(clock, lambda: rung.append((clock.now_ns() - NOON_NS) // SECOND_NS))
        alarm.set(NOON_NS + 5 * SECOND_NS)
        await clock.advance(1)
        alarm.set(NOON_NS + 2 * SECOND_NS)
        await clock.advance(10)
        return rung, clock.next_wake_ns

    assert asyncio.run(run()) == ([2], None)


def test_one_that_is_stopped_does_not_ring() -> None:
    """Nothing of it is left in the clock."""

    async def run() -> tuple[list[int], int | None]:
        clock, rung = VirtualClock(), list[int]()
        alarm = Alarm(clock, lambda: rung.append(0))
        alarm.set(NOON_NS + SECOND_NS)
        await clock.advance(0)
        alarm.stop()
        await clock.advance(2)
        return rung, clock.next_wake_ns

    assert asyncio.run(run()) == ([], None)
