"""
Nodes and attempts of an execution, with their values, decks and logs.

Read from the views and the state that the log folds to. An execution may have 10 000 nodes and 100 000 attempts: they come in pages.
"""

from contextlib import suppress
from typing import Any

import attrs
from starlette.responses import Response

from plait_core.engine import NodeState, Wait, waits_of
from plait_core.errors import PlaitError
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.phases import NodePhase
from plait_core.ports.api import AttemptPage, NodeDetail, NodePage
from plait_core.ports.databases import NODE_KINDS, AttemptRow, NodeFilter
from plait_core.ports.pages import attempt_token, parse_attempt_token
from plait_core.types.times import from_timestamp_ns
from plait_server.api.executions import ONE, execution_of
from plait_server.errors import ForeignBlob, UnknownPart
from plait_server.pages import PageQuery
from plait_server.places import is_within
from plait_server.routing import Call, Route

ATTEMPT = f"{ONE}/attempts/{{node}}/{{n}}"

DECK_POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
)
"""Lets a deck show itself, and reach neither the server nor anything else: it is the work of user code."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NodesQuery(PageQuery):
    """
    A page of nodes, and what they are narrowed to.

    ``phase`` and ``kind`` may be repeated; ``name_contains`` is found in the id, the name or the entity of a node.
    """

    phase: tuple[NodePhase, ...] = ()
    kind: tuple[str, ...] = attrs.field(
        default=(), validator=attrs.validators.deep_iterable(attrs.validators.in_(NODE_KINDS))
    )
    name_contains: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptsQuery(PageQuery):
    """A page of the attempts of one node, or of all of them."""

    node: NodeId = NodeId("")


@attrs.frozen(kw_only=True)
class ElementQuery:
    """Which element of a map node is meant; none for other nodes."""

    element: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(0)))


async def list_nodes(call: Call[NodesQuery, None]) -> NodePage:
    """List nodes in order of first appearance, a page at a time."""
    execution, query = execution_of(call), call.query
    await call.server.inspector.row(execution)
    where = NodeFilter(phases=query.phase, kinds=query.kind, name_contains=query.name_contains)
    after = NodeId(query.token) if query.token else None
    rows = await call.server.database.views.nodes(execution, where, after=after, limit=query.limit + 1)
    shown = rows[: query.limit]
    return NodePage(items=tuple(shown), token=shown[-1].node if len(rows) > len(shown) else "")


async def get_node(call: Call[None, None]) -> NodeDetail:
    """Show a node with its values, what the cache said, and what it waits for."""
    execution, id_ = execution_of(call), NodeId(call.path("node"))
    inspector, views = call.server.inspector, call.server.database.views
    await inspector.row(execution)
    row = await views.node(execution, id_)
    if row is None:
        raise UnknownPart(execution=execution.name, part=f"node {id_!r}")
    async with inspector.state(execution) as state:
        node = state.nodes[id_]
        waits = [wait for wait in waits_of(state) if wait.node == id_]
        return NodeDetail(
            row=row,
            inputs=_inputs(node),
            outputs=node.outputs if node.is_terminal and not node.error else None,
            verdict=node.verdict,
            waits_for=tuple(map(_wait_text, waits)),
            signal=next((wait.signal for wait in waits if wait.signal), ""),
            child=node.child,
        )


def _inputs(node: NodeState) -> LiteralMap | None:
    with suppress(PlaitError):  # a binding that cannot be followed is the node's own error, which is shown
        return node.inputs()
    return None


def _wait_text(wait: Wait) -> str:
    return wait.what if wait.until_ns is None else f"{wait.what} until {from_timestamp_ns(wait.until_ns):%FT%TZ}"


async def list_attempts(call: Call[AttemptsQuery, None]) -> AttemptPage:
    """List attempts, a page at a time."""
    execution, query = execution_of(call), call.query
    await call.server.inspector.row(execution)
    rows = await call.server.database.views.attempts(
        execution,
        [query.node] if query.node else None,
        after=parse_attempt_token(query.token) if query.token else None,
        limit=query.limit + 1,
    )
    shown = rows[: query.limit]
    return AttemptPage(items=tuple(shown), token=attempt_token(shown[-1].place) if len(rows) > len(shown) else "")


async def get_deck(call: Call[ElementQuery, None]) -> Response:
    """Show the page that an attempt made of itself; it may do nothing but be looked at."""
    attempt = await find_attempt(call, element=call.query.element)
    if not attempt.deck_uri:
        raise UnknownPart(
            execution=attempt.id.execution.name, part=f"deck of attempt {attempt.id.n} of {attempt.id.node!r}"
        )
    if not is_within(attempt.deck_uri, call.server.blobs_root, call.project):  # the attempt says where it is
        raise ForeignBlob(uri=attempt.deck_uri[:200], project=call.project)
    html = await call.server.engine.blobs(attempt.deck_uri).get(attempt.deck_uri)
    headers = {"Content-Security-Policy": DECK_POLICY, "X-Content-Type-Options": "nosniff"}
    return Response(html, media_type="text/html", headers=headers)


async def find_attempt(call: Call[Any, None], *, element: int | None) -> AttemptRow:
    """Return the attempt that the path names. Raises ``UnknownExecution`` and ``UnknownPart``."""
    execution, node, n = execution_of(call), NodeId(call.path("node")), call.path("n")
    await call.server.inspector.row(execution)
    row = await _attempt(call, execution, node, n, element)
    if row is None:
        which = "" if element is None else f" of element {element}"
        raise UnknownPart(execution=execution.name, part=f"attempt {n}{which} of node {node!r}")
    return row


async def _attempt(
    call: Call[Any, None], execution: ExecutionId, node: NodeId, n: str, element: int | None
) -> AttemptRow | None:
    if not (n.isascii() and n.isdecimal() and len(n) < 10):
        return None
    return await call.server.database.views.attempt(execution, node, int(n), element=element)


ROUTES = (
    Route(
        method="GET",
        path=f"{ONE}/nodes",
        operation="list_nodes",
        summary="List nodes of an execution.",
        permission="viewer",
        handler=list_nodes,
        query=NodesQuery,
        reply=NodePage,
    ),
    Route(
        method="GET",
        path=f"{ONE}/nodes/{{node}}",
        operation="get_node",
        summary="Show a node with its values, and what it waits for.",
        permission="viewer",
        handler=get_node,
        reply=NodeDetail,
    ),
    Route(
        method="GET",
        path=f"{ONE}/attempts",
        operation="list_attempts",
        summary="List attempts of an execution, or of one of its nodes.",
        permission="viewer",
        handler=list_attempts,
        query=AttemptsQuery,
        reply=AttemptPage,
    ),
    Route(
        method="GET",
        path=f"{ATTEMPT}/deck",
        operation="get_deck",
        summary="Show the deck of an attempt.",
        permission="viewer",
        handler=get_deck,
        query=ElementQuery,
        media="text/html",
        refusals=(502,),
    ),
)
