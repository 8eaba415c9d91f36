"""
Which executions of a project and domain change, as it happens.

What engines of this process commit is heard at once. What others commit is found by looking now and then at the newest executions
and at those that have not ended; of these, at most ``WATCHED`` are known at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase
from plait_core.ports.databases import Database, ExecutionFilter, ExecutionRow, Page

WATCHED = 100
LOOK_EVERY_S = 0.5
PAUSE_S = 0.1
"""How long at least between two looks, however much is going on."""

UNFINISHED = tuple(phase for phase in ExecutionPhase if phase not in TERMINAL_EXECUTION)


async def changes(
    database: Database, project: str, domain: str, *, look_every_s: float = LOOK_EVERY_S
) -> AsyncIterator[Sequence[ExecutionRow]]:
    """
    Yield the rows of executions that changed since the last time; an empty sequence when nothing did for *look_every_s*.

    The first sequence is empty, and comes at once: whatever happens from then on is told.
    """
    with database.log.listening(None) as bell:
        seen = {row.id: row.updated_at_ns for row in await _watched(database, project, domain)}
        yield ()
        while True:
            await bell.wait(asyncio.sleep(look_every_s))
            bell.hush()
            rows = await _watched(database, project, domain)
            found = {row.id for row in rows}
            rows += await _rows(database, (id_ for id_ in seen if id_ not in found))
            news = [row for row in rows if seen.get(row.id) != row.updated_at_ns]
            seen = {row.id: row.updated_at_ns for row in rows if row.id in found}
            yield news
            await asyncio.sleep(PAUSE_S)


async def _watched(database: Database, project: str, domain: str) -> list[ExecutionRow]:
    """Return the newest executions, and the newest of those that have not ended."""
    views, page = database.views, Page(limit=WATCHED)
    newest, _ = await views.executions(ExecutionFilter(project=project, domain=domain), page)
    unfinished, _ = await views.executions(ExecutionFilter(project=project, domain=domain, phases=UNFINISHED), page)
    return list({row.id: row for row in (*newest, *unfinished)}.values())


async def _rows(database: Database, executions: Iterable[ExecutionId]) -> list[ExecutionRow]:
    rows = [await database.views.execution(execution) for execution in executions]
    return [row for row in rows if row is not None]
