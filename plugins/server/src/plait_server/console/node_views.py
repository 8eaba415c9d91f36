"""
The views of an execution that show its nodes: graph, list and timeline.

Each reads the rows that it shows and no others. The graph of an execution with more nodes than anybody can look at is drawn
closed, if at all, beside a table of what its nodes run.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import attrs

from plait_core.engine import ExecutionState
from plait_core.ir.executions import Closure
from plait_core.ir.ids import NodeId
from plait_core.ir.phases import NodePhase
from plait_core.ports.databases import NODE_KINDS, NodeFilter, NodeRow
from plait_server.console.drawings import MOST_BOXES, Drawing, draw
from plait_server.console.entities import OPENS_ALL, opened, toggle_of
from plait_server.console.graphs import Box, Inside, count_nodes, graph_of
from plait_server.console.phases import Look, look_of
from plait_server.console.sights import Sight
from plait_server.console.timelines import Timeline, timeline_of
from plait_server.console.trees import Branch, tree_of
from plait_server.console.visits import Visit

ROWS = 200
"""How many nodes a page of the list or of the timeline shows."""
MANY_NODES = 1000
"""With more nodes than this, a graph takes the rows of its boxes alone, and of what tasks made only what somebody opens."""
MOST_ATTEMPTS = 5 * ROWS
"""How many attempts a page of the timeline shows at most."""
NODE_PHASES = tuple((phase.value, look_of(phase).word) for phase in NodePhase)
KEPT = frozenset({"open", "token", "name", "kind", "phase"})
"""Parameters of the address that stay when a node is chosen."""


@attrs.frozen(kw_only=True)
class NodeQuery:
    """What the nodes on a page are narrowed to, as it was typed."""

    name: str
    kind: str
    phase: str

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.name or self.kind or self.phase)

    @property
    def filter(self) -> NodeFilter:
        """What is shown; a kind or phase that there is not narrows nothing."""
        return NodeFilter(
            name_contains=self.name,
            kinds=(self.kind,) if self.kind in NODE_KINDS else (),
            phases=(NodePhase(self.phase),) if self.phase in dict(NODE_PHASES) else (),
        )


@attrs.frozen(kw_only=True)
class Group:
    """The nodes of one execution that run the same: how many, how many of them stand where, and where each are listed."""

    kind: str
    entity: str
    n: int
    n_elements: int
    url: str
    parts: tuple[tuple[Look, int, str], ...]


async def node_view(visit: Visit, sight: Sight, tab: str) -> tuple[dict[str, Any], Sequence[NodeRow]]:
    """Return what the template of a view takes, and the rows that it shows."""
    if tab == "graph":
        return await _graph(visit, sight)
    query = _query(visit)
    after, views = visit.query("token"), visit.server.database.views
    found = await views.nodes(visit.execution, query.filter, after=NodeId(after) if after else None, limit=ROWS + 1)
    rows, goes_on = found[:ROWS], len(found) > ROWS
    branches = tree_of(rows)
    kept = {name: value for name, value in visit.request.query_params.items() if name not in {"token", "node"}}
    n_all = len(rows)
    if goes_on or after:
        n_all = sum(count.n for count in await views.count_nodes(visit.execution, query.filter))
    shown = {
        "nodes_query": query,
        "nodes_next": f"?{urlencode(kept | {'token': rows[-1].node})}" if goes_on else "",
        "nodes_first": f"?{urlencode(kept)}",
        "nodes_token": after,
        "nodes_shown": f"{len(rows):,} of {n_all:,}",
    }
    if tab == "timeline":
        return {"timeline": await _timeline(visit, sight, branches), **shown}, rows
    return {"branches": branches, **shown}, rows


def node_link(visit: Visit, tab: str) -> Callable[[NodeId | None], str]:
    """Return a function from a node to the address of the page with its panel, and from none to that without one."""
    here = visit.execution_url(visit.execution)
    kept = {name: value for name, value in visit.request.query_params.items() if name in KEPT}
    return lambda node: f"{here}?{urlencode({'tab': tab, **kept} | ({'node': node} if node else {}))}"


def _query(visit: Visit) -> NodeQuery:
    return NodeQuery(name=visit.query("name").strip(), kind=visit.query("kind"), phase=visit.query("phase"))


async def _timeline(visit: Visit, sight: Sight, branches: Sequence[Branch]) -> Timeline:
    tried = [branch.row.node for branch in branches if branch.row.n_elements is None]
    attempts = await visit.server.database.views.attempts(visit.execution, tried, limit=MOST_ATTEMPTS)
    until_ns = sight.row.ended_at_ns or visit.now_ns()
    return timeline_of(branches, attempts, began_ns=sight.row.created_at_ns, until_ns=until_ns)


# ── the graph ────────────────────────────────────────────────────────────────


async def _graph(visit: Visit, sight: Sight) -> tuple[dict[str, Any], Sequence[NodeRow]]:
    closure = await visit.server.inspector.closure(visit.execution)
    views, has_many = visit.server.database.views, sight.n_nodes > MANY_NODES
    rows = () if has_many else await views.nodes(visit.execution)
    made = await _made(visit) if _needs_made(visit, closure, rows, has_many=has_many) else {}
    drawing, n_boxes = _drawn(visit, closure, made, has_many=has_many)
    shown = {
        "drawing": drawing,
        "n_boxes": n_boxes,
        "groups": _groups(visit, sight) if has_many or drawing is None else (),
        "opens_made": has_many and not made and any(task.metadata.is_dynamic for task in closure.tasks),
    }
    if drawing is None:
        return shown, ()
    if has_many:
        rows = await views.nodes(visit.execution, NodeFilter(nodes=tuple(_keys(drawing))))
    link, there = node_link(visit, "graph"), {row.node for row in rows}

    def box_link(box: Box) -> str:
        return link(box.key) if box.key in there else "#canvas"

    toggle = toggle_of(visit, drawing, visit.execution_url(visit.execution))
    return {**shown, "graph_link": box_link, "graph_toggle": toggle}, rows


def _drawn(
    visit: Visit, closure: Closure, made: Mapping[NodeId, Inside], *, has_many: bool
) -> tuple[Drawing | None, int]:
    """Draw the graph, unless it has too many boxes; returns how many it has, too."""
    main = closure.workflow_by_id[closure.main]
    if len(main.nodes) > MOST_BOXES:
        return None, len(main.nodes)
    is_small = not has_many and count_nodes(closure, main) <= OPENS_ALL
    graph = graph_of(closure, main, is_open=opened(visit, is_small=is_small), made=made)
    return draw(graph) if graph.n_boxes <= MOST_BOXES else None, graph.n_boxes


def _needs_made(visit: Visit, closure: Closure, rows: Sequence[NodeRow], *, has_many: bool) -> bool:
    """Whether to look into the state for the graphs that nodes made while they ran."""
    if has_many:
        return "open" in visit.request.query_params and any(task.metadata.is_dynamic for task in closure.tasks)
    kinds = {row.node: row.kind for row in rows}
    return any(row.parent is not None and kinds.get(row.parent) == "task" for row in rows)


async def _made(visit: Visit) -> Mapping[NodeId, Inside]:
    async with visit.server.inspector.state(visit.execution) as state:
        return _graphs_in(state)


def _graphs_in(state: ExecutionState) -> Mapping[NodeId, Inside]:
    return {
        node.id: Inside(
            closure=node.inner.closure.closure, workflow=node.inner.workflow.template, prefix=node.inner.prefix
        )
        for node in state.nodes.values()
        if node.inner is not None and node.inner.workflow is not None
    }


def _keys(drawing: Drawing) -> list[NodeId]:
    """Return the keys of all boxes, those inside others among them."""
    keys = []
    for placed in drawing.boxes:
        keys += [placed.box.key, *(_keys(placed.inner) if placed.inner is not None else ())]
    return keys


def _groups(visit: Visit, sight: Sight) -> list[Group]:
    """Say what the nodes of an execution run and where they stand, the most first."""
    here = visit.execution_url(visit.execution)

    def url(**narrowed: str) -> str:
        return f"{here}?{urlencode({'tab': 'nodes', **{key: value for key, value in narrowed.items() if value}})}"

    groups = []
    for kind, entity in dict.fromkeys((count.kind, count.entity) for count in sight.counts):
        counts = [count for count in sight.counts if (count.kind, count.entity) == (kind, entity)]
        parts = [(look_of(it.phase), it.n, url(kind=kind, name=entity, phase=it.phase.value)) for it in counts]
        group = Group(
            kind=kind,
            entity=entity,
            n=sum(count.n for count in counts),
            n_elements=sum(count.n_elements for count in counts),
            url=url(kind=kind, name=entity),
            parts=tuple(parts),
        )
        groups.append(group)
    return sorted(groups, key=lambda group: -group.n)
