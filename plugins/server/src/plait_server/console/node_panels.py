"""The panel of a node that was chosen: its values, what it waits for, its error, its attempts with their logs, its deck."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import attrs

from plait_core.engine import waits_of
from plait_core.errors import PlaitError
from plait_core.ir.executions import CacheVerdict, Closure
from plait_core.ir.ids import AttemptId, EntityId, ExecutionId, NodeId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.workflows import Array
from plait_core.ports.databases import NodeRow
from plait_server.console.elements import Elements, elements_of
from plait_server.console.entities import interface_of
from plait_server.console.logs import deck_url, log_of, log_url
from plait_server.console.sights import Sight
from plait_server.console.summaries import Try, error_text, try_of
from plait_server.console.values import Shown, show_all
from plait_server.console.visits import Visit


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


async def chosen_node(visit: Visit, sight: Sight) -> Chosen | None:
    """Return the details of the node that the address names, if there is one."""
    name, views = visit.query("node"), visit.server.database.views
    row = await views.node(visit.execution, NodeId(name)) if name else None
    if row is None:
        return None
    skips_values = sight.is_heavy and visit.query("values") != "yes"
    details = {} if skips_values else await _details(visit, row)
    attempts = () if row.n_elements is not None else await views.attempts(visit.execution, [row.node])
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
