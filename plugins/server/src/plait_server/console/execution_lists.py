"""The list of executions of a project and domain: what it is narrowed to, a chart, and a row for each."""

import attrs
from starlette.responses import Response

from plait_core.ir.ids import EntityId
from plait_core.ir.phases import ExecutionPhase
from plait_core.ports.databases import ExecutionFilter, Page
from plait_server.console.charts import chart_of
from plait_server.console.lists import PAGE_SIZE, next_page_url
from plait_server.console.phases import look_of
from plait_server.console.rendering import crumbs_of, page, place_of
from plait_server.console.summaries import summary_of
from plait_server.console.times import SECOND
from plait_server.console.visits import Visit

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
PHASES = tuple((phase.value, look_of(phase).word) for phase in ExecutionPhase if phase.value != "INTERRUPTED")
PERIODS = {
    "1h": ("The last hour", _HOUR),
    "24h": ("The last 24 hours", 24 * _HOUR),
    "48h": ("The last 48 hours", 48 * _HOUR),
    "7d": ("The last 7 days", 7 * _DAY),
    "30d": ("The last 30 days", 30 * _DAY),
    "365d": ("The last 365 days", 365 * _DAY),
}
"""How long ago executions may have started: what the page calls it, and seconds."""
LENGTHS = {
    "0-1m": ("Less than 1 min", None, _MINUTE),
    "1m-1h": ("1 min to 1 h", _MINUTE, _HOUR),
    "1h-3h": ("1 h to 3 h", _HOUR, 3 * _HOUR),
    "3h-": ("3 h and more", 3 * _HOUR, None),
}
"""How long they may have taken: what the page calls it, and seconds from and below which."""


@attrs.frozen(kw_only=True)
class ExecutionQuery:
    """What the list of executions is narrowed to, as it was typed."""

    name: str
    target: str
    version: str
    phase: str
    started: str
    lasted: str
    mine: bool
    archived: bool

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return any(attrs.astuple(self))

    def filter(self, visit: Visit, targets: tuple[EntityId, ...]) -> ExecutionFilter:
        """What is listed; a phase, period or length that there is not narrows nothing."""
        _, period_s = PERIODS.get(self.started, ("", None))
        _, from_s, below_s = LENGTHS.get(self.lasted, ("", None, None))
        return ExecutionFilter(
            project=visit.project,
            domain=visit.domain,
            phases=(ExecutionPhase(self.phase),) if self.phase in dict(PHASES) else (),
            targets=targets,
            name_contains=self.name,
            principal=visit.principal.name if self.mine else "",
            created_from_ns=visit.now_ns() - period_s * SECOND if period_s is not None else None,
            lasted_from_ns=from_s * SECOND if from_s is not None else None,
            lasted_below_ns=below_s * SECOND if below_s is not None else None,
            include_archived=self.archived,
        )


async def executions_page(visit: Visit) -> Response:
    """List executions of a project and domain, newest first."""
    query, token = _query(visit), visit.query("token")
    targets: tuple[EntityId, ...] = ()
    if query.target:
        inspector = visit.server.inspector
        targets = await inspector.targets(visit.project, visit.domain, query.target, version=query.version)
    where = query.filter(visit, targets)
    rows, following = await visit.server.database.views.executions(where, Page(limit=PAGE_SIZE, token=token))
    items = [await summary_of(visit, row) for row in rows]
    return page(
        visit,
        "executions.html",
        place=await place_of(visit, "executions"),
        crumbs=crumbs_of(visit, "executions"),
        query=query,
        items=items,
        chart=chart_of(items, visit.now_ns()),
        targets=sorted({item.row.target.name for item in items}),
        phase_choices=PHASES,
        period_choices=[(value, words) for value, (words, _) in PERIODS.items()],
        length_choices=[(value, words) for value, (words, _, _) in LENGTHS.items()],
        next_url=next_page_url(visit, following),
        first_url=next_page_url(visit, "", is_first=True),
        is_first=not token,
        events="" if token else visit.api_url("events"),
        event_names="execution",
    )


def _query(visit: Visit) -> ExecutionQuery:
    return ExecutionQuery(
        name=visit.query("name").strip(),
        target=visit.query("target").strip(),
        version=visit.query("version").strip(),
        phase=visit.query("phase"),
        started=visit.query("started"),
        lasted=visit.query("lasted"),
        mine=visit.query("mine") == "yes",
        archived=visit.query("archived") == "yes",
    )
