"""What the suites of all database ports stand on."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from plait_core.ports.clock import Clock
from plait_core.ports.databases import Database

_Item = TypeVar("_Item")

LONG_S = 30.0
"""A wait that is expected to end at once; a database that sleeps through it fails by taking so long."""


class ShiftedClock:
    """The host's clock, some way ahead: time passes when a test says so, and waits are real ones."""

    def __init__(self) -> None:
        self._ahead_ns = 0

    def pass_s(self, seconds: float) -> None:
        """Let *seconds* pass at once."""
        self._ahead_ns += int(seconds * 1e9)

    def now_ns(self) -> int:
        """Return the shifted time."""
        return time.time_ns() + self._ahead_ns

    async def sleep_until(self, at_ns: int) -> None:
        """Wait as long as the host's clock takes."""
        await asyncio.sleep((at_ns - self.now_ns()) / 1e9)


class DatabaseConformance:
    """What the suites have in common; ``clock`` is new for each test."""

    clock: ShiftedClock

    def make_database(self, directory: Path, clock: Clock) -> Database:
        """Make the database under test, empty and not yet open; it may keep its files in *directory*."""
        raise NotImplementedError


def story(test: Callable[[Any, Database], Coroutine[Any, Any, None]]) -> Callable[[Any, Path], None]:
    """Run a coroutine over a new database, as a test that pytest can call."""

    def run(self: DatabaseConformance, tmp_path: Path) -> None:
        asyncio.run(_play(self, test, tmp_path))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


async def _play(
    suite: DatabaseConformance, test: Callable[[Any, Database], Coroutine[Any, Any, None]], directory: Path
) -> None:
    suite.clock = ShiftedClock()
    database = suite.make_database(directory, suite.clock)
    await database.open()
    try:
        await test(suite, database)
    finally:
        await database.close()


async def all_pages(
    page: Callable[[str], Coroutine[Any, Any, tuple[Sequence[_Item], str]]], *, at_most: int = 20
) -> list[_Item]:
    """Follow tokens from the first page to the last."""
    shown: list[_Item] = []
    token = ""
    for _ in range(at_most):
        items, token = await page(token)
        shown += items
        if not token:
            return shown
    raise AssertionError(f"there are more than {at_most} pages")


async def at_once(waiting: Coroutine[Any, Any, None]) -> None:
    """Let something end well before its own timeout of ``LONG_S``."""
    try:
        await asyncio.wait_for(waiting, timeout=LONG_S / 2)
    except TimeoutError as error:
        raise AssertionError("the wait did not end") from error
