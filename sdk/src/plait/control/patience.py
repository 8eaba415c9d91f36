"""
Patience: how long requests wait for a server that is away, and what they say of it meanwhile.

Shared by the requests, and perhaps the connections, of one command, so that an absence is told of once. Looking is worth a moment;
who follows an execution outlives the restart of a server.
"""

import asyncio
from collections.abc import Awaitable, Callable
from logging import getLogger
from time import monotonic

log = getLogger(__name__)

LOOKING_S = 10.0
FOLLOWING_S = 60.0
TOLD_AFTER_S = 2.0
PAUSES_S = (0.1, 0.3, 1.0, 2.0, 4.0)
"""Between the tries of one request; the last one holds for all that follow."""

LONGEST_PAUSE_S = 5.0
"""How long to rest at most, however long the server asks for."""


class Patience:
    """
    How long to wait for one server, in seconds, > 0.

    Args:
        limit_s: How long each absence may last.
        tell: Hears, once in an absence that lasts, what is waited for and why; a warning is logged by default.
        now_s: A clock that never goes back, in seconds.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        limit_s: float = LOOKING_S,
        *,
        tell: Callable[[str], None] = log.warning,
        now_s: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.limit_s = limit_s
        self.now_s = now_s
        self.sleep = sleep
        self._tell = tell
        self._has_told = False

    def note_answer(self) -> None:
        """The server is there, so that its next absence is another one."""
        self._has_told = False

    def tell_once(self, text: str) -> None:
        """Say *text*, unless something was said of this absence before."""
        if not self._has_told:
            self._has_told = True
            self._tell(text)


class Absence:
    """The wait of one request for the server at *endpoint*, which begins now."""

    def __init__(self, endpoint: str, patience: Patience) -> None:
        self._endpoint = endpoint
        self._patience = patience
        self._begun_at_s = patience.now_s()
        self._n_pauses = 0

    @property
    def lasted_s(self) -> float:
        """Since when it lasts."""
        return self._patience.now_s() - self._begun_at_s

    @property
    def left_s(self) -> float:
        """How much longer it may last, in seconds, >= 0."""
        return max(0.0, self._patience.limit_s - self.lasted_s)

    async def pause(self, why: str, *, asked_s: float = 0.0) -> bool:
        """Rest before the next try, for *asked_s* seconds if the server asks for more; ``False``, at once, when patience is at its end."""
        own_s = PAUSES_S[min(self._n_pauses, len(PAUSES_S) - 1)]
        pause_s = max(own_s, min(asked_s, LONGEST_PAUSE_S))
        self._n_pauses += 1
        if pause_s >= self.left_s:
            return False
        if self.lasted_s + pause_s >= TOLD_AFTER_S:
            silent_s = max(0.0, TOLD_AFTER_S - self.lasted_s)
            await self._patience.sleep(silent_s)
            self._patience.tell_once(f"waiting for the server at {self._endpoint}: {why}")
            pause_s -= silent_s
        await self._patience.sleep(pause_s)
        return True
