"""Executions, and what was tried, as tables show them."""

import attrs

from plait_core.ir.executions import TaskError
from plait_core.ir.ids import EntityId
from plait_core.ports.databases import AttemptRow, ExecutionFilter, ExecutionRow, Page
from plait_server.console.phases import Look, look_of
from plait_server.console.times import span_text
from plait_server.console.visits import Visit


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


async def runs_of(visit: Visit, entity: EntityId, *, limit: int) -> list[Summary]:
    """Return the latest executions of an entity, in any version."""
    targets = await visit.server.inspector.targets(visit.project, visit.domain, entity.name, entity.kind)
    where = ExecutionFilter(project=visit.project, domain=visit.domain, targets=targets)
    rows, _ = await visit.server.database.views.executions(where, Page(limit=limit))
    return [await summary_of(visit, row) for row in rows]


def error_text(error: TaskError) -> str:
    """Render an error in full; a traceback that ends with the message says it already."""
    trace = error.traceback.strip()
    if not trace or trace.endswith(error.message.strip()):
        return trace or error.message
    return f"{error.message}\n\n{trace}"


def try_of(visit: Visit, row: AttemptRow, log_url: str = "") -> Try:
    """Show an attempt."""
    duration = span_text(row.started_at_ns, row.ended_at_ns, visit.now_ns())
    return Try(row=row, look=look_of(row.phase), duration=duration, log_url=log_url)
