"""Bells: how those who wait hear of it."""

import asyncio
import threading

from plait_core.ports.bells import Bell


async def _listening(bell: Bell) -> "asyncio.Task[bool]":
    waiting = asyncio.create_task(bell.wait(asyncio.sleep(60)))
    await asyncio.sleep(0)
    return waiting


def test_who_waits_on_the_same_loop_goes_on_in_its_next_turn() -> None:
    """Nothing is handed from thread to thread when there is one."""

    async def run() -> bool:
        bell = Bell()
        waiting = await _listening(bell)
        bell.ring()
        await asyncio.sleep(0)
        return waiting.done() and waiting.result()

    assert asyncio.run(run())


def test_a_ring_from_another_thread_is_heard() -> None:
    """Whichever loop the listener is on."""

    async def run() -> bool:
        bell = Bell()
        waiting = await _listening(bell)
        ringing = threading.Thread(target=bell.ring)
        ringing.start()
        heard = await waiting
        ringing.join()
        return heard

    assert asyncio.run(run())


def test_patience_has_an_end() -> None:
    """Without a ring, the answer is no."""
    assert asyncio.run(Bell().wait(asyncio.sleep(0))) is False


class ClosingLoop(asyncio.SelectorEventLoop):
    """A loop that is closed a moment after somebody looked."""

    def call_soon_threadsafe(self, *_: object, **__: object) -> asyncio.Handle:
        raise RuntimeError("Event loop is closed")


def test_a_waiter_whose_loop_is_being_closed_keeps_no_other_from_hearing() -> None:
    """Whoever rings is a thread of a store, and serves everybody."""

    async def run() -> bool:
        bell = Bell()
        bell._waiting[closing.create_future()] = None
        waiting = await _listening(bell)
        ringing = threading.Thread(target=bell.ring)
        ringing.start()
        heard = await asyncio.wait_for(waiting, timeout=60)
        ringing.join()
        return heard

    closing = ClosingLoop()
    heard = asyncio.run(run())
    closing.close()

    assert heard
