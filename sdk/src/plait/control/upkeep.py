"""
Upkeep: which executions and templates of a store are of no more use, and their end.

Called by ``plait gc``. What is cached or registered is of use, and so is every template that a remaining execution runs, of which its log
tells.
"""

from collections.abc import AsyncIterator, Sequence

import attrs

from plait_core.ir.ids import ExecutionId
from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_core.ports.databases import (
    Database,
    ExecutionFilter,
    ExecutionOrder,
    ExecutionRow,
    Page,
    StoredClosure,
)

MANY = 500


@attrs.frozen(kw_only=True)
class Rubbish:
    """What may go: executions that have ended, and closures that none of the others runs."""

    executions: Sequence[ExecutionRow]
    closures: Sequence[StoredClosure]


async def find_rubbish(database: Database, project: str, domain: str, *, ended_before_ns: int) -> Rubbish:
    """Look for what may go: of *project* and *domain*, or of all where these are empty."""
    old: list[ExecutionRow] = []
    used: set[str] = set()
    async for row in _executions(database):
        is_here = row.id.project == (project or row.id.project) and row.id.domain == (domain or row.id.domain)
        ended_at_ns = row.ended_at_ns if row.phase in TERMINAL_EXECUTION else None
        if is_here and ended_at_ns is not None and ended_at_ns <= ended_before_ns:
            old.append(row)
        else:
            used |= await _closures_of(database, row.id)
    stored = await database.upkeep.closures()
    unused = [closure for closure in stored if closure.digest not in used and closure.put_at_ns <= ended_before_ns]
    return Rubbish(executions=old, closures=unused)


async def delete(database: Database, rubbish: Rubbish, *, put_before_ns: int) -> None:
    """Delete it, but for what has come into use again since *put_before_ns*."""
    ids = [row.id for row in rubbish.executions]
    for start in range(0, len(ids), MANY):
        await database.upkeep.delete(ids[start : start + MANY])
    await database.upkeep.delete_closures([one.digest for one in rubbish.closures], put_before_ns=put_before_ns)


async def _executions(database: Database) -> AsyncIterator[ExecutionRow]:
    where, token = ExecutionFilter(include_archived=True), ""
    while True:
        rows, token = await database.views.executions(where, Page(limit=MANY, token=token), ExecutionOrder.OLDEST)
        for row in rows:
            yield row
        if not token:
            return


async def _closures_of(database: Database, execution: ExecutionId) -> set[str]:
    """Return the digests of all templates that the log of *execution* names."""
    found: set[str] = set()
    after = 0
    while events := await database.log.read(execution, after=after, limit=MANY):
        found.update(digest for event in events if (digest := getattr(event.decision, "closure", "")))
        after = events[-1].seq
    return found
