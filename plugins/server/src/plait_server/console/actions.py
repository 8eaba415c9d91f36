"""What the buttons of an execution's page do: abort, recover, archive, answer a gate."""

from starlette.responses import RedirectResponse, Response

from plait_core.ir.phases import TERMINAL_EXECUTION
from plait_server.console.executions import execution_page
from plait_server.console.gates import answer, questions_of
from plait_server.console.visits import Visit
from plait_server.errors import ExecutionOver, UnknownPart
from plait_server.trust import open_to_start


async def abort(visit: Visit) -> Response:
    """Ask the execution to end, with the reason that was given."""
    await _check_unfinished(visit)
    reason = visit.typed().get("reason", "").strip()
    line = visit.line({"reason": reason})
    await visit.server.engine.abort(visit.execution, reason=reason, principal=visit.principal.name, audit=line)
    return _back(visit)


async def recover(visit: Visit) -> Response:
    """Start an execution that takes over what succeeded and runs the rest again."""
    await open_to_start(visit.server, visit.project, visit.principal)
    execution = await visit.server.engine.recover(
        visit.execution, principal=visit.principal.name, audit=visit.line_of_start
    )
    return RedirectResponse(visit.execution_url(execution), status_code=303)


async def archive(visit: Visit) -> Response:
    """Hide the execution from lists, or show it again."""
    await visit.server.inspector.row(visit.execution)
    is_archived = visit.typed().get("archived") == "yes"
    line = visit.line({"is_archived": is_archived})
    await visit.server.database.upkeep.archive(visit.execution, is_archived=is_archived, audit=line)
    return _back(visit)


async def send_signal(visit: Visit) -> Response:
    """Answer a gate; an answer that does not fit comes back with the page."""
    await _check_unfinished(visit)
    signal, text = visit.path("signal"), visit.typed().get("value", "")
    async with visit.server.inspector.state(visit.execution) as state:
        question = next((it for it in questions_of(state) if it.signal == signal), None)
    if question is None:
        raise UnknownPart(execution=visit.execution.name, part=f"question {signal!r} that waits for an answer")
    question, value = answer(question, text)
    if value is None:
        return await execution_page(visit, answered=question, status=422)
    principal = visit.principal.name
    await visit.server.engine.signal(visit.execution, signal, value, principal=principal, audit=visit.line())
    return _back(visit)


async def _check_unfinished(visit: Visit) -> None:
    row = await visit.server.inspector.row(visit.execution)
    if row.phase in TERMINAL_EXECUTION:
        raise ExecutionOver(execution=row.id.name, phase=row.phase.value)


def _back(visit: Visit) -> Response:
    return RedirectResponse(visit.execution_url(visit.execution), status_code=303)
