"""
Rounds: what an engine does again and again beside its executions, and what must not be given up because it failed once.

Used by whatever has a task of its own that nobody waits for. A store that does not answer is asked again after the delay that it names;
anything else that breaks is a bug, which is told in the log and must not make the engine deaf.
"""

import logging
from collections.abc import Awaitable, Callable

from plait_core.errors import Retryable
from plait_core.ports.clock import Clock

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""How long to wait after what nobody expected: twice as long each time."""

log = logging.getLogger("plait.engine")


async def repeat(act: Callable[[], Awaitable[None]], clock: Clock, *, owner: str) -> None:
    """Carry out *act* for ever, on behalf of the engine *owner*."""
    while True:
        await insist(act, clock, owner=owner)


async def insist(act: Callable[[], Awaitable[object]], clock: Clock, *, owner: str) -> None:
    """Carry out *act*, again and again until it does not fail, on behalf of the engine *owner*."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            await act()
        except Retryable as busy:
            log.warning("%s", busy, extra={"owner": owner})
            await _pause(busy.delay_s, clock)
        except Exception:
            log.exception(
                "this is tried again in %g s, and may need a restart or an upgrade", pause_s, extra={"owner": owner}
            )
            await _pause(pause_s, clock)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        else:
            return


async def _pause(seconds: float, clock: Clock) -> None:
    await clock.sleep_until(clock.now_ns() + int(seconds * 1e9))
