"""Who of several runs goes on next, and for how long."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from plait_core.engine._floor import MOST_NS, MOST_WHEN_WANTED_NS, Floor, Share
from plait_core.testing.clocks import NOON_NS


class Watch:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOON_NS

    def now_ns(self) -> int:
        return self.now

    async def sleep_until(self, at_ns: int) -> None:
        raise NotImplementedError


class Play:
    """A floor, and runs that keep it for a while each time."""

    def __init__(self) -> None:
        self.clock = Watch()
        self.floor = Floor(self.clock)
        self.heard: list[str] = []

    async def speak(self, name: str, share: Share, took_ns: int = 100_000, times: int = 1) -> None:
        for _ in range(times):
            await self.floor.take(share)
            assert self.floor.is_still_of(share)
            self.heard.append(name)
            self.clock.now += took_ns


def busy(took_ns: int = 10**6) -> Share:
    """Return the share of a run that just had the floor for a while."""
    share = Share()
    share.charge(took_ns, NOON_NS)
    return share


def test_the_one_that_had_it_least_goes_next() -> None:
    """One that comes last is served before those that were busy for long; these take turns."""

    async def run() -> tuple[str, int]:
        play = Play()
        long = [asyncio.create_task(play.speak(name, busy(), times=3)) for name in "abcdefgh"]
        while len(play.heard) < 8:  # noqa: ASYNC110  # the loop’s turns are what is counted
            await asyncio.sleep(0)
        await play.speak("-", busy(10**5))
        before = len(play.heard) - 1
        await asyncio.gather(*long)
        return "".join(play.heard), before

    heard, before = asyncio.run(run())

    assert heard.replace("-", "") == "abcdefgh" * 3
    assert before <= 9


def test_the_rest_of_the_loop_has_a_turn_between_two_of_them() -> None:
    """However many wait, a callback waits for one."""

    async def run() -> int:
        play = Play()
        runs = [asyncio.create_task(play.speak("run", share)) for share in (busy() for _ in range(10))]
        for _ in range(3):
            await asyncio.sleep(0)
        before = len(play.heard)
        await asyncio.sleep(0)
        passed = len(play.heard) - before
        await asyncio.gather(*runs)
        return passed

    assert asyncio.run(run()) == 1


def test_what_was_long_ago_counts_less() -> None:
    """One that had much an hour ago is before one that had little just now."""
    once, now = Share(), Share()
    once.charge(10**9, NOON_NS)
    now.charge(10**6, NOON_NS)
    at_noon = now.had < once.had
    now.charge(10**6, NOON_NS + 3600 * 10**9)

    assert (at_noon, now.had < once.had) == (True, False)


def test_it_is_kept_for_less_time_when_others_wait() -> None:
    """A run that waits for nothing in between asks again, so that it does not keep the loop from others."""

    async def run() -> tuple[bool, bool, bool]:
        play, talker = Play(), busy()
        await play.floor.take(talker)
        play.clock.now += MOST_NS
        alone = play.floor.is_still_of(talker)
        waiting = asyncio.create_task(play.speak("other", busy()))
        await play.floor.take(talker)
        await waiting
        waiting = asyncio.create_task(play.speak("other", busy()))
        await play.floor.take(talker)
        again = asyncio.create_task(play.speak("another", busy()))
        play.clock.now += MOST_WHEN_WANTED_NS + 1
        before_anybody_asks = play.floor.is_still_of(talker)
        await asyncio.gather(waiting, again)
        return alone, before_anybody_asks, play.floor.is_still_of(talker)

    assert asyncio.run(run()) == (True, True, False)


def test_one_that_gave_up_is_passed_over() -> None:
    """Whoever is cancelled while it waits keeps nobody from going on."""

    async def run() -> list[str]:
        play = Play()
        first = asyncio.create_task(play.speak("first", busy()))
        waiting = [asyncio.create_task(play.speak(name, busy())) for name in ("second", "third")]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.gather(first, waiting[1])
        return play.heard

    assert asyncio.run(run()) == ["first", "third"]


def test_one_that_had_next_to_nothing_waits_for_nobody() -> None:
    """It goes on beside whoever has the floor, which then has to ask again; one that had a little more does not."""

    async def run() -> list[bool]:
        play, holder = Play(), busy(10**9)
        await play.floor.take(holder)
        more, less = (goes_on_at_once(play.floor.take(busy(10**9 // part))) for part in (31, 33))
        return [more, less, play.floor.is_still_of(holder)]

    assert asyncio.run(run()) == [False, True, False]


def goes_on_at_once(asking: Coroutine[Any, Any, None]) -> bool:
    try:
        asking.send(None)
    except StopIteration:
        return True
    asking.close()
    return False
