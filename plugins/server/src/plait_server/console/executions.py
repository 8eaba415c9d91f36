"""
The page of an execution: what it is, where it stands, and one view of it at a time, with the panel of a chosen node.

The first view must be there at once, however many nodes and elements there are and however long the log is.
"""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from plait_core.ir.events import Decision
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase
from plait_core.ir.tags import TAGS
from plait_core.ports.databases import NODE_KINDS
from plait_server.console.entities import interface_of
from plait_server.console.gates import Question
from plait_server.console.node_panels import chosen_node
from plait_server.console.node_views import NODE_PHASES, node_link, node_view
from plait_server.console.panels import panels_of
from plait_server.console.phases import WAITING_FOR_YOU, look_of
from plait_server.console.rendering import crumbs_of, page, place_of
from plait_server.console.sights import Sight, asked_of_people, look_at
from plait_server.console.summaries import error_text
from plait_server.console.times import instant_text, span_text
from plait_server.console.values import show_all
from plait_server.console.visits import Visit

TABS = (("graph", "Graph"), ("nodes", "Nodes"), ("timeline", "Timeline"), ("io", "Inputs & outputs"))
RECOVERABLE = frozenset({ExecutionPhase.FAILED, ExecutionPhase.ABORTED, ExecutionPhase.TIMED_OUT})
_EVENT_NAMES = " ".join(sorted(str(TAGS[kind]) for kind in Decision.__args__))


async def execution_page(visit: Visit, *, answered: Question | None = None, status: int = 200) -> Response:
    """Show an execution; *answered* is a question whose answer could not be read."""
    stream = await stream_of(visit)
    sight = await look_at(visit)
    asking, questions = await asked_of_people(visit, sight)
    if answered is not None:
        questions = tuple(answered if it.signal == answered.signal else it for it in questions)
    tab = visit.query("tab") if visit.query("tab") in dict(TABS) else "graph"
    node = await chosen_node(visit, sight)
    view, rows = (await _values(visit, sight), ()) if tab == "io" else await node_view(visit, sight, tab)
    looks = {row.node: look_of(row.phase) for row in (*rows, *([node.row] if node is not None else ()))}
    looks |= {row.node: WAITING_FOR_YOU for row in asking if row.node in looks}
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
        legend=sorted(dict.fromkeys(looks[row.node] for row in rows), key=lambda look: look.word),
        node=node,
        node_link=node_link(visit, tab),
        node_kinds=NODE_KINDS,
        node_phases=NODE_PHASES,
        panels=await panels_of(visit, "execution", visit.execution),
        **view,
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


def _address(visit: Visit) -> str:
    """Return where the page is found, also when it answers a form."""
    query = visit.request.url.query
    return visit.execution_url(visit.execution) + (f"?{query}" if query else "")


async def _header(visit: Visit, sight: Sight, questions: Sequence[Question]) -> dict[str, Any]:
    row, here = sight.row, visit.execution_url(visit.execution)
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
        "progress": f"{sight.n_done:,} of {sight.n_nodes:,} done" if sight.n_nodes else "none yet",
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


async def _values(visit: Visit, sight: Sight) -> dict[str, Any]:
    inspector = visit.server.inspector
    interface = interface_of(await inspector.closure(visit.execution), sight.spec.target)
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
