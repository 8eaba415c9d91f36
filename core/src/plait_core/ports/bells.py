"""
Bells: how a store tells those of its own process who wait that something arrived.

Used by the implementations of ``Inbox`` and ``EventLog``. A ring is remembered until ``hush``, so none is missed between looking and
waiting; it may come from any thread and reaches waiters on any loop.
"""

from collections.abc import Awaitable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from plait_core.ir.ids import ExecutionId

if TYPE_CHECKING:
    import asyncio


class Bell:
    """One bell for one listener."""

    def __init__(self) -> None:
        self._has_rung = False
        self._waiting: dict[asyncio.Future[None], None] = {}  # in order of coming, which a set would not keep

    def ring(self) -> None:
        """Wake whoever waits, and whoever waits next."""
        self._has_rung = True
        for heard in tuple(self._waiting):
            loop = heard.get_loop()
            if loop is _loop_here():
                _settle(heard)
            else:
                with suppress(RuntimeError):  # closed, or just being closed: nobody waits there any more
                    loop.call_soon_threadsafe(_settle, heard)

    def hush(self) -> None:
        """Forget past rings; called before looking at what has arrived."""
        self._has_rung = False

    async def wait(self, patience: Awaitable[None]) -> bool:
        """Return True once it rings, or False when *patience* is over; what is left of that is cancelled."""
        import asyncio  # whoever loads plugins pays for this module, and waits for nothing

        heard = asyncio.get_running_loop().create_future()
        patient = asyncio.ensure_future(patience)
        patient.add_done_callback(lambda _: _settle(heard))
        self._waiting[heard] = None
        try:
            if not self._has_rung:
                await heard
            return self._has_rung
        finally:
            del self._waiting[heard]
            patient.cancel()


class Bells:
    """The bells of those who wait for events: of one execution, or of any."""

    def __init__(self) -> None:
        self._bells: dict[ExecutionId | None, dict[Bell, None]] = {}

    @contextmanager
    def listening(self, execution: ExecutionId | None) -> Generator[Bell, None, None]:
        """Make a bell that is rung for *execution*, or for every one when that is ``None``."""
        bell = Bell()
        self._bells.setdefault(execution, {})[bell] = None
        try:
            yield bell
        finally:
            del self._bells[execution][bell]
            if not self._bells[execution]:
                del self._bells[execution]

    def ring(self, execution: ExecutionId) -> None:
        """Ring for *execution*; next to nothing when nobody listens."""
        if self._bells:
            for bell in (*self._bells.get(execution, ()), *self._bells.get(None, ())):
                bell.ring()


def _loop_here() -> "asyncio.AbstractEventLoop | None":
    """Return the loop that runs in this thread."""
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _settle(heard: "asyncio.Future[None]") -> None:
    if not heard.done():
        heard.set_result(None)
