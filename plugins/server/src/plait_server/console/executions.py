"""
The page of an execution: what it is, where it stands, and one view of it at a time, with the details of a chosen node.

The first view must be there at once even when the log is long: the state that the log folds to is only asked for where
the rows of the read models do not say enough.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import attrs
from starlette.responses import Response

from plait_core.engine import ExecutionState, waits_of
from plait_core.errors import PlaitError
from plait_core.ir.events import Decision
from plait_core.ir.executions import CacheVerdict, Closure, ExecutionSpec, TaskError
from plait_core.ir.ids import AttemptId, EntityId, ExecutionId, NodeId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase, NodePhase
from plait_core.ir.tags import TAGS
from plait_core.ir.workflows import Array, Sleep
from plait_core.ports.databases import NODE_KINDS, ExecutionRow, NodeFilter, NodeRow
from plait_server.console.drawings import MOST_BOXES, draw
from plait_server.console.elements import Elements, elements_of
from plait_server.console.entities import interface_of, opened, toggle_of
from plait_server.console.gates import Question, questions_of
from plait_server.console.graphs import Box, Inside, graph_of
from plait_server.console.logs import deck_url, log_of, log_url
from plait_server.console.panels import panels_of
from plait_server.console.phases import WAITING_FOR_YOU, Look, look_of
from plait_server.console.rendering import crumbs_of, page, place_of
from plait_server.console.summaries import Try, try_of
from plait_server.console.timelines import Timeline, timeline_of
from plait_server.console.times import instant_text, span_text
from plait_server.console.trees import Branch, tree_of
from plait_server.console.values import Shown, show_all
from plait_server.console.visits import Visit

TABS = (("graph", "Graph"), ("nodes", "Nodes"), ("timeline", "Timeline"), ("io", "Inputs & outputs"))
ROWS = 200
"""How many nodes a page of the tree or of the timeline shows."""
HEAVY = 20_000
"""From so many elements on, the values of a map node are only looked up when somebody asks for them."""
NODE_PHASES = tuple((phase.value, look_of(phase).word) for phase in NodePhase)
KEPT = frozenset({"open", "from", "name", "kind", "phase"})
"""Parameters of the address that stay when a node is chosen."""
RECOVERABLE = frozenset({ExecutionPhase.FAILED, ExecutionPhase.ABORTED, ExecutionPhase.TIMED_OUT})


@attrs.frozen(kw_only=True)
class Sight:
    """What is known of an execution without folding its log; ``spec`` is without inputs."""

    row: ExecutionRow
    phase: ExecutionPhase
    spec: ExecutionSpec
    closure: Closure
    nodes: Sequence[NodeRow]

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen."""
        return self.row.phase in TERMINAL_EXECUTION

    @property
    def is_heavy(self) -> bool:
        """Whether folding its log takes longer than somebody would wait."""
        return any((row.n_elements or 0) >= HEAVY for row in self.nodes)


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
class Chosen:
    """The details of one node. ``inputs`` are ``None`` while they are not known, or were not looked up."""

    row: NodeRow
    error_text: str
    entity_url: str
    inputs: tuple[Shown, ...] | None
    outputs: tuple[Shown, ...]
    skips_values: bool
    verdict: CacheVerdict | None
    waits: tuple[str, ...]
    child: ExecutionId | None
    elements: Elements | None
    attempts: tuple[Try, ...]
    shown_attempt: AttemptId | None
    log: Sequence[tuple[str, str]]
    log_offset: int
    log_url: str
    deck_url: str


async def execution_page(visit: Visit, *, answered: Question | None = None, status: int = 200) -> Response:
    """Show an execution; *answered* is a question whose answer could not be read."""
    stream = await stream_of(visit)
    sight = await _look(visit)
    asked = _asks(sight)
    made, questions = await _from_state(visit, sight, asks=asked)
    if answered is not None:
        questions = tuple(answered if it.signal == answered.signal else it for it in questions)
    signals = {row.node for row in asked} if questions else set()
    looks = {row.node: WAITING_FOR_YOU if row.node in signals else look_of(row.phase) for row in sight.nodes}
    tab = visit.query("tab") if visit.query("tab") in dict(TABS) else "graph"
    node = await _chosen(visit, sight)
    return page(
        visit,
        "execution.html",
        status=status,
        place=await place_of(visit, "executions"),
        crumbs=crumbs_of(visit, "executions", (visit.execution.name, "")),
        **await _header(visit, sight, questions),
        address=_address(visit),
        tabs=TABS,
        tab=tab,
        looks=looks,
        node=node,
        node_link=_node_link(visit, tab),
        node_kinds=NODE_KINDS,
        node_phases=NODE_PHASES,
        panels=await panels_of(visit, "execution", visit.execution),
        **await _view(visit, sight, tab, made, looks),
        **stream,
    )


async def stream_of(visit: Visit) -> dict[str, Any]:
    """
    Return where a page hears of news, under which names and after which event; nowhere once the execution is over.

    Asked before anything else is looked up, so that no event falls in between.
    """
    row = await visit.server.inspector.row(visit.execution)
    if row.phase in TERMINAL_EXECUTION:
        return {"events": ""}
    last = await visit.server.database.log.latest(visit.execution)
    url = visit.api_url(f"executions/{visit.execution.name}/events?brief=true")
    return {"events": url, "event_names": _EVENT_NAMES, "after": last.seq if last is not None else 0}


def error_text(error: TaskError) -> str:
    """Render an error in full; a traceback that ends with the message says it already."""
    trace = error.traceback.strip()
    if not trace or trace.endswith(error.message.strip()):
        return trace or error.message
    return f"{error.message}\n\n{trace}"


# ── what is known ────────────────────────────────────────────────────────────


async def _look(visit: Visit) -> Sight:
    inspector, execution = visit.server.inspector, visit.execution
    row = await inspector.row(execution)
    return Sight(
        row=row,
        phase=await inspector.phase(row),
        spec=await inspector.about(execution),
        closure=await inspector.closure(execution),
        nodes=await visit.server.database.views.nodes(execution),
    )


async def _from_state(
    visit: Visit, sight: Sight, *, asks: Sequence[NodeRow]
) -> tuple[dict[NodeId, Inside], tuple[Question, ...]]:
    """Return the graphs that nodes made while they ran, and what people are asked; looks into the state only for these."""
    kinds = {row.node: row.kind for row in sight.nodes}
    has_made = any(row.parent is not None and kinds.get(row.parent) == "task" for row in sight.nodes)
    if not has_made and not asks:
        return {}, ()
    async with visit.server.inspector.state(visit.execution) as state:
        return _made(state), tuple(questions_of(state)) if asks else ()


def _asks(sight: Sight) -> list[NodeRow]:
    """Return the gates that wait for a person."""
    sleeping = {
        node.id
        for workflow in sight.closure.workflows
        for node in workflow.nodes
        if isinstance(getattr(node.target, "condition", None), Sleep)
    }
    return [
        row
        for row in sight.nodes
        if row.kind == "gate"
        and row.phase is NodePhase.RUNNING
        and row.definition not in sleeping
        and not sight.is_over
    ]


def _made(state: ExecutionState) -> dict[NodeId, Inside]:
    return {
        node.id: Inside(
            closure=node.inner.closure.closure, workflow=node.inner.workflow.template, prefix=node.inner.prefix
        )
        for node in state.nodes.values()
        if node.inner is not None and node.inner.workflow is not None
    }


def _address(visit: Visit) -> str:
    """Return where the page is found, also when it answers a form."""
    query = visit.request.url.query
    return visit.execution_url(visit.execution) + (f"?{query}" if query else "")


# ── parts of the page ────────────────────────────────────────────────────────


async def _header(visit: Visit, sight: Sight, questions: Sequence[Question]) -> dict[str, Any]:
    row, here = sight.row, visit.execution_url(visit.execution)
    done = sum(1 for node in sight.nodes if node.ended_at_ns is not None)
    return {
        "id": visit.execution,
        "row": row,
        "look": look_of(sight.phase),
        "error": row.error if row.phase is not ExecutionPhase.ABORTED else None,
        "error_text": error_text(row.error) if row.error else "",
        "abort_reason": row.error.message if row.error and row.phase is ExecutionPhase.ABORTED else "",
        "is_over": sight.is_over,
        "may_run": visit.may("runner"),
        "may_recover": row.phase in RECOVERABLE,
        "gates": questions,
        "duration": span_text(row.created_at_ns, row.ended_at_ns, visit.now_ns()),
        "progress": f"{done} of {len(sight.nodes)} done" if sight.nodes else "none yet",
        "facts": _facts(visit, sight),
        "here": here,
        "target_url": visit.version_url(row.target),
        "relaunch_url": f"{here}/relaunch",
    }


def _facts(visit: Visit, sight: Sight) -> list[tuple[str, str, str]]:
    """Return what else is to be said of an execution: (name, text, address)."""
    spec, facts = sight.spec, list[tuple[str, str, str]]()
    if spec.parent is not None:
        execution = spec.parent.execution
        facts.append(("Started by", f"{execution.name}, node {spec.parent.node}", visit.execution_url(execution)))
    if spec.reference is not None:
        facts.append(("Repeats", spec.reference.name, visit.execution_url(spec.reference)))
    if spec.scheduled_at_ns is not None:
        facts.append(("Scheduled for", instant_text(spec.scheduled_at_ns), ""))
    facts += [(name, text, "") for name, text in _option_facts(spec.options) if text]
    return facts


def _option_facts(options: ExecutionOptions) -> list[tuple[str, str]]:
    """Return the options of an execution as (name, text); of variables the names alone, whose values may be secrets."""
    parallelism = options.max_parallelism
    limits = {None: "", 0: "as many as there are"}
    return [
        ("Tasks at once", limits.get(parallelism, str(parallelism))),
        ("Cache", "overwritten" if options.overwrite_cache else ""),
        ("Interruptible", {None: "", True: "yes", False: "no"}[options.interruptible]),
        ("Service account", options.security.service_account if options.security is not None else ""),
        ("Raw data", options.raw_data_prefix),
        ("Variables", ", ".join(options.envs)),
        ("Tags", ", ".join(options.tags)),
        ("Annotations", ", ".join(f"{key}={value}" for key, value in sorted(options.annotations.items()))),
    ]


async def _view(
    visit: Visit, sight: Sight, tab: str, made: Mapping[NodeId, Inside], looks: Mapping[NodeId, Look]
) -> dict[str, Any]:
    match tab:
        case "graph":
            return _graph(visit, sight, made, looks)
        case "io":
            return await _values(visit, sight)
    query = _node_query(visit)
    branches, pager = _paged(visit, tree_of([row for row in sight.nodes if query.filter.wants(row)]))
    if tab == "timeline":
        return {"timeline": await _timeline(visit, sight, branches), "nodes_query": query, **pager}
    return {"branches": branches, "nodes_query": query, **pager}


def _graph(visit: Visit, sight: Sight, made: Mapping[NodeId, Inside], looks: Mapping[NodeId, Look]) -> dict[str, Any]:
    main = sight.closure.workflow_by_id[sight.closure.main]
    is_open = opened(visit, sight.closure, main)
    graph = graph_of(sight.closure, main, is_open=is_open, made=made)
    if graph.n_boxes > MOST_BOXES:
        return {"drawing": None, "n_boxes": graph.n_boxes}
    drawing = draw(graph)
    link = _node_link(visit, "graph")

    def box_link(box: Box) -> str:
        return link(box.key) if box.key in looks else "#canvas"

    return {
        "drawing": drawing,
        "graph_link": box_link,
        "graph_toggle": toggle_of(visit, drawing, visit.execution_url(visit.execution)),
        "legend": sorted(dict.fromkeys(looks.values()), key=lambda look: look.word),
    }


async def _values(visit: Visit, sight: Sight) -> dict[str, Any]:
    interface = interface_of(sight.closure, sight.spec.target)
    inspector = visit.server.inspector
    spec, outputs = await inspector.spec(visit.execution), await inspector.outputs(sight.row)
    return {
        "inputs": show_all(spec.inputs, interface.inputs),
        "outputs": show_all(outputs or {}, interface.outputs),
        "snippet": _snippet(visit),
    }


def _snippet(visit: Visit) -> str:
    """Return what fetches the execution in Python, from wherever the page was reached."""
    execution = visit.execution
    endpoint = (visit.server.settings.url or str(visit.request.base_url)).rstrip("/")
    return (
        "from plait import Remote\n\n"
        f"remote = Remote({endpoint!r}, {execution.project!r}, {execution.domain!r})\n"
        f"execution = remote.fetch_execution({execution.name!r})\n"
        "remote.wait(execution).outputs"
    )


async def _timeline(visit: Visit, sight: Sight, branches: Sequence[Branch]) -> Timeline:
    views, execution = visit.server.database.views, visit.execution
    is_small = not any(row.n_elements for row in sight.nodes)
    attempts = await views.attempts(execution, limit=1000) if is_small else ()
    until_ns = sight.row.ended_at_ns or visit.now_ns()
    return timeline_of(branches, attempts, began_ns=sight.row.created_at_ns, until_ns=until_ns)


def _node_query(visit: Visit) -> NodeQuery:
    return NodeQuery(name=visit.query("name").strip(), kind=visit.query("kind"), phase=visit.query("phase"))


def _paged(visit: Visit, branches: Sequence[Branch]) -> tuple[Sequence[Branch], dict[str, Any]]:
    """Return the nodes that the page shows, and what leads to the others."""
    text = visit.query("from")
    start = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0
    kept = {name: value for name, value in visit.request.query_params.items() if name not in {"from", "node"}}
    following = f"?{urlencode(kept | {'from': start + ROWS})}" if len(branches) > start + ROWS else ""
    return branches[start : start + ROWS], {
        "nodes_next": following,
        "nodes_first": f"?{urlencode(kept)}",
        "nodes_from": start,
        "n_nodes": len(branches),
    }


def _node_link(visit: Visit, tab: str) -> Callable[[NodeId], str]:
    here = visit.execution_url(visit.execution)
    kept = {name: value for name, value in visit.request.query_params.items() if name in KEPT}
    return lambda node: f"{here}?{urlencode({'tab': tab, **kept, 'node': node})}"


# ── one node ─────────────────────────────────────────────────────────────────


async def _chosen(visit: Visit, sight: Sight) -> Chosen | None:
    """Return the details of the node that the address names, if there is one."""
    row = next((row for row in sight.nodes if row.node == visit.query("node")), None)
    if row is None:
        return None
    skips_values = sight.is_heavy and visit.query("values") != "yes"
    details = {} if skips_values else await _details(visit, row)
    attempts = (
        () if row.n_elements is not None else await visit.server.database.views.attempts(visit.execution, [row.node])
    )
    tries = tuple(try_of(visit, attempt) for attempt in attempts)
    wanted = visit.query("attempt")
    shown = next((it.row for it in tries if str(it.row.id.n) == wanted), tries[-1].row if tries else None)
    log, offset = await log_of(visit, shown.id) if shown is not None else ([], 0)
    entity = shown.id.task if shown is not None else details.get("entity")
    return Chosen(
        row=row,
        error_text=error_text(row.error) if row.error else "",
        entity_url=visit.version_url(entity) if entity is not None else "",
        inputs=details.get("inputs"),
        outputs=details.get("outputs", ()),
        skips_values=skips_values,
        verdict=details.get("verdict"),
        waits=details.get("waits", ()),
        child=details.get("child"),
        elements=elements_of(row, n_failed=details.get("n_failed")),
        attempts=tries,
        shown_attempt=shown.id if shown is not None else None,
        log=log,
        log_offset=offset,
        log_url=log_url(visit, shown.id) if shown is not None else "",
        deck_url=deck_url(visit, shown.id) if shown is not None and shown.deck_uri else "",
    )


async def _details(visit: Visit, row: NodeRow) -> dict[str, Any]:
    """Look up what only the state of the execution knows of a node."""
    async with visit.server.inspector.state(visit.execution) as state:
        node = state.nodes.get(row.node)
        if node is None:
            return {}
        inputs: LiteralMap | None = None
        with suppress(PlaitError):  # a binding that cannot be followed is the node's own error, which is shown
            inputs = node.inputs()
        entity: EntityId | None = getattr(node.node.target, "id", None)
        known = node.graph.closure.closure
        interface = None if entity is None else _interface(known, entity)
        return {
            "entity": getattr(node.node.target.target, "id", None) if isinstance(node.node.target, Array) else entity,
            "inputs": None if inputs is None else show_all(inputs, interface.inputs if interface else ()),
            "outputs": show_all(node.outputs, interface.outputs if interface else ()) if node.is_terminal else (),
            "verdict": node.verdict,
            "waits": tuple(dict.fromkeys(wait.what for wait in waits_of(state) if wait.node == row.node)),
            "child": node.child,
            "n_failed": node.array.n_failed if node.array is not None else None,
        }


def _interface(closure: Closure, entity: EntityId) -> Any:
    known = (closure.task_by_id, closure.workflow_by_id, closure.launch_plan_by_id)
    return interface_of(closure, entity) if any(entity in templates for templates in known) else None


_EVENT_NAMES = " ".join(sorted(str(TAGS[kind]) for kind in Decision.__args__))
