"""Executions, and what was tried, as tables show them."""

from collections.abc import Sequence

import attrs

from plait_core.ir.ids import LOCAL_VERSION, EntityId, EntityKind
from plait_core.ports.databases import AttemptRow, ExecutionFilter, ExecutionRow, Page
from plait_server.console.phases import Look, look_of
from plait_server.console.times import span_text
from plait_server.console.visits import Visit

VERSIONS_LOOKED_AT = 200
"""Of how many versions of an entity, the newest, executions are looked for."""


@attrs.frozen(kw_only=True)
class Summary:
    """An execution as a row of a table."""

    row: ExecutionRow
    look: Look
    duration: str


@attrs.frozen(kw_only=True)
class Try:
    """An attempt as a row of a table."""

    row: AttemptRow
    look: Look
    duration: str
    log_url: str = ""


async def summary_of(visit: Visit, row: ExecutionRow) -> Summary:
    """Summarise an execution."""
    phase = await visit.server.inspector.phase(row)
    duration = span_text(row.created_at_ns, row.ended_at_ns, visit.now_ns())
    return Summary(row=row, look=look_of(phase), duration=duration)


async def runs_of(visit: Visit, targets: Sequence[EntityId], *, limit: int) -> list[Summary]:
    """Return the latest executions of some entities."""
    where = ExecutionFilter(project=visit.project, domain=visit.domain, targets=tuple(targets))
    rows, _ = await visit.server.database.views.executions(where, Page(limit=limit))
    return [await summary_of(visit, row) for row in rows]


async def versions_of(visit: Visit, kind: EntityKind, name: str) -> list[EntityId]:
    """Return the ids of an entity that executions may name: its versions, and that of unregistered code."""
    place = {"project": visit.project, "domain": visit.domain, "name": name}
    found, _ = await visit.server.database.registry.list(kind, **place, page=Page(limit=VERSIONS_LOOKED_AT))
    return [*found, EntityId(kind=kind, version=LOCAL_VERSION, **place)]


def try_of(visit: Visit, row: AttemptRow, log_url: str = "") -> Try:
    """Show an attempt."""
    duration = span_text(row.started_at_ns, row.ended_at_ns, visit.now_ns())
    return Try(row=row, look=look_of(row.phase), duration=duration, log_url=log_url)
