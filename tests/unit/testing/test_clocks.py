"""Time moves when the test says so, and in order."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from plait_core.testing.clocks import NOON_NS, VirtualClock

SECOND = 1_000_000_000


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, timeout=60))


def test_sleepers_wake_in_order_and_not_before_their_time() -> None:
    """Each sees the very time that it asked for."""

    async def story() -> None:
        clock, woken = VirtualClock(), list[tuple[str, int]]()

        async def sleeper(name: str, seconds: int) -> None:
            await clock.sleep_until(NOON_NS + seconds * SECOND)
            woken.append((name, (clock.now_ns() - NOON_NS) // SECOND))

        async with asyncio.TaskGroup() as group:
            for name, seconds in (("late", 9), ("first", 2), ("second", 2), ("past", -1)):
                group.create_task(sleeper(name, seconds))
            await clock.advance(1.5)
            assert woken == [("past", 0)]
            await clock.advance(1.5)
            assert woken[1:] == [("first", 2), ("second", 2)]
            assert clock.now_ns() == NOON_NS + 3 * SECOND
            assert clock.next_wake_ns == NOON_NS + 9 * SECOND
            await clock.advance(6)
            assert woken[-1] == ("late", 9)

    run(story())


def test_who_is_woken_may_sleep_again_within_the_same_advance() -> None:
    """A ticker that sleeps a second at a time ticks as often as seconds pass."""

    async def story() -> None:
        clock, ticks = VirtualClock(), list[int]()

        async def ticker() -> None:
            for second in range(1, 6):
                await clock.sleep_until(NOON_NS + second * SECOND)
                await asyncio.sleep(0)
                ticks.append((clock.now_ns() - NOON_NS) // SECOND)

        async with asyncio.TaskGroup() as group:
            group.create_task(ticker())
            await clock.advance(3)
            assert ticks == [1, 2, 3]
            await clock.run_until_idle()
            assert ticks == [1, 2, 3, 4, 5]
            assert clock.next_wake_ns is None

    run(story())


def test_cancelled_sleeper_is_forgotten() -> None:
    """Cancellation passes through and leaves nothing behind."""

    async def story() -> None:
        clock = VirtualClock()
        sleeper = asyncio.create_task(clock.sleep_until(NOON_NS + SECOND))
        await asyncio.sleep(0)

        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper

        assert clock.next_wake_ns is None

    run(story())


def test_endless_ticker_is_no_reason_to_hang() -> None:
    """A loop that sleeps for ever is told by the limit."""

    async def story() -> None:
        clock = VirtualClock()

        async def ticker() -> None:
            while True:
                await clock.sleep_until(clock.now_ns() + SECOND)

        ticking = asyncio.create_task(ticker())
        with pytest.raises(TimeoutError, match="still sleeps"):
            await clock.run_until_idle(limit_s=100)
        ticking.cancel()
        assert clock.now_ns() == NOON_NS + 100 * SECOND

    run(story())
