"""
The pages about elements of a map node: their attempts as a table, those that failed, and the log of one.

The table comes from the read models, a page at a time, however many elements there are; ``?from=ELEMENT`` begins at any. Which of
them failed only the state of the execution knows; it is folded when somebody asks.
"""

from collections.abc import Sequence
from itertools import islice
from urllib.parse import urlencode

from starlette.responses import Response

from plait_core.engine import NodeState
from plait_core.ir.ids import AttemptId, NodeId
from plait_core.ports.databases import AttemptPlace, AttemptRow, NodeRow
from plait_core.ports.pages import attempt_token, parse_attempt_token
from plait_server.console.elements import elements_of
from plait_server.console.executions import stream_of
from plait_server.console.logs import log_of, log_url
from plait_server.console.rendering import crumbs_of, page, place_of
from plait_server.console.summaries import try_of
from plait_server.console.visits import Visit
from plait_server.errors import UnknownPart

ATTEMPTS = 100
"""How many attempts a page shows."""
LAST = (1 << 63) - 1
"""Behind every attempt of an element."""


async def elements_page(visit: Visit) -> Response:
    """List the attempts of the elements of a map node, or the last ones of those that failed."""
    stream = await stream_of(visit)
    row, is_failed = await _node(visit), visit.query("failed") == "yes"
    after = _after(visit, row.node)
    n_failed: int | None = None
    if is_failed:
        n_failed, rows = await _failed(visit, row, after)
    else:
        rows = await visit.server.database.views.attempts(visit.execution, [row.node], after=after, limit=ATTEMPTS + 1)
    shown = rows[:ATTEMPTS]
    here = visit.execution_url(visit.execution)
    kept = {"failed": "yes"} if is_failed else {}
    return page(
        visit,
        "elements.html",
        place=await place_of(visit, "executions"),
        crumbs=crumbs_of(visit, "executions", (visit.execution.name, here), (f"elements of {row.node}", "")),
        id=visit.execution,
        row=row,
        here=f"{here}?{urlencode({'node': row.node})}",
        elements=elements_of(row, n_failed=n_failed),
        is_failed=is_failed,
        attempts=[try_of(visit, it, f"{here}/logs/{_attempt_path(it.id)}") for it in shown],
        asked=visit.query("from"),
        is_first=after is None,
        first_url=f"?{urlencode(kept)}",
        next_url=f"?{urlencode(kept | {'token': attempt_token(shown[-1].place)})}" if len(rows) > ATTEMPTS else "",
        **stream,
    )


async def log_page(visit: Visit) -> Response:
    """Show the log of one attempt of an element."""
    element, n = int(visit.path("element")), int(visit.path("n"))
    node = NodeId(visit.path("node"))
    row = await visit.server.database.views.attempt(visit.execution, node, n, element=element)
    if row is None:
        raise UnknownPart(execution=visit.execution.name, part=f"attempt {n} of element {element} of node {node!r}")
    log, offset = await log_of(visit, row.id)
    here = visit.execution_url(visit.execution)
    crumbs = ((visit.execution.name, here), (f"elements of {node}", f"{here}/nodes/{node}/elements"), ("Log", ""))
    return page(
        visit,
        "log.html",
        place=await place_of(visit, "executions"),
        crumbs=crumbs_of(visit, "executions", *crumbs),
        id=visit.execution,
        words=f"attempt {n} of element {element} of {node}",
        log=log,
        log_offset=offset,
        log_url=log_url(visit, row.id),
    )


async def _node(visit: Visit) -> NodeRow:
    await visit.server.inspector.row(visit.execution)
    found = await visit.server.database.views.node(visit.execution, NodeId(visit.path("node")))
    if found is None:
        raise UnknownPart(execution=visit.execution.name, part=f"node {visit.path('node')!r}")
    return found


def _after(visit: Visit, node: NodeId) -> AttemptPlace | None:
    """Return the place that the page begins behind. Raises ``NotReadable`` for a token that no page gave."""
    if token := visit.query("token"):
        return parse_attempt_token(token)
    text = visit.query("from").strip()
    is_number = text.isascii() and text.isdecimal() and len(text) < 12
    return (node, int(text) - 1, LAST) if is_number and int(text) else None


async def _failed(visit: Visit, row: NodeRow, after: AttemptPlace | None) -> tuple[int, Sequence[AttemptRow]]:
    """Return how many elements failed, and the last attempts of some of them: one more than a page shows, if there is one."""
    _, last, _ = after or (row.node, -1, LAST)
    async with visit.server.inspector.state(visit.execution) as state:
        node = state.nodes.get(row.node)
        n_failed, tries = _last_tries(node, -1 if last is None else last) if node is not None else (0, [])
    views, found = visit.server.database.views, list[AttemptRow]()
    for element, n in tries:
        attempt = await views.attempt(visit.execution, row.node, n, element=element)
        found += [attempt] if attempt is not None else []
    return n_failed, found


def _last_tries(node: NodeState, last: int) -> tuple[int, list[tuple[int, int]]]:
    """Return how many elements failed, and (element, n) of those behind *last*."""
    array = node.array
    if array is None:
        return 0, []
    elements = islice((element for element in array.failed() if element > last), ATTEMPTS + 1)
    return array.n_failed, [(element, array.attempt_of(element)) for element in elements]


def _attempt_path(attempt: AttemptId) -> str:
    return f"{attempt.node}/{attempt.element}/{attempt.n}"
