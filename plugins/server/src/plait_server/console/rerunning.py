"""Running again from a node: first what would be reused and what run again, then, on request, the new execution."""

from starlette.responses import RedirectResponse, Response

from plait_core.ir.ids import NodeId
from plait_server.console.rendering import crumbs_of, page, place_of
from plait_server.console.visits import Visit
from plait_server.trust import open_to_start


async def rerun_plan(visit: Visit) -> Response:
    """Show, node by node, what running again from the node in the query would do."""
    node = NodeId(visit.query("node"))
    plan = await visit.server.engine.plan_rerun(visit.execution, (node,))
    here = visit.execution_url(visit.execution)
    return page(
        visit,
        "rerun.html",
        place=await place_of(visit, "executions"),
        crumbs=crumbs_of(visit, "executions", (visit.execution.name, here), ("Run again", "")),
        id=visit.execution,
        node=node,
        steps=plan.steps,
        n_reused=sum(step.is_reused for step in plan.steps),
        here=here,
    )


async def rerun(visit: Visit) -> Response:
    """Start the execution that was planned."""
    await open_to_start(visit.server, visit.project, visit.principal)
    node = NodeId(visit.typed().get("node", ""))
    execution = await visit.server.engine.rerun(
        visit.execution, (node,), principal=visit.principal.name, audit=visit.line_of_start
    )
    return RedirectResponse(visit.execution_url(execution), status_code=303)
