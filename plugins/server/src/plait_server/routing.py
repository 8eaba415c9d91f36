"""
Routes as data: what an operation is called, who may ask for it, what it reads and what it answers.

The Starlette routes, the checks before every handler and the OpenAPI document are all made from the same ``Route``, so none
of them can forget what another knows. A handler is an async function from a ``Call`` to its reply.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import attrs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from plait_core.ir.codec import to_json
from plait_core.ir.json import Json
from plait_core.ports.api import API_VERSION
from plait_core.ports.databases import AuditLine
from plait_core.ports.principals import EVERY_PROJECT, Principal
from plait_server.auth import authenticate, require
from plait_server.bodies import read_body
from plait_server.errors import UnknownDomain, UnknownProject
from plait_server.queries import parse_query
from plait_server.services import Server

PREFIX = f"/api/v{API_VERSION}"

Permission: TypeAlias = Literal["public", "signed", "known", "viewer", "runner", "author", "admin"]
"""
Who may ask: anybody; whoever has a signed URL, which the handler checks; whoever is known, and the handler looks closer; or a
role in the project of the path, for all projects where the path names none.
"""

NOBODY = Principal(name="", roles={})
"""Who asks for what is public or signed."""

QueryT = TypeVar("QueryT")
BodyT = TypeVar("BodyT")


@attrs.frozen
class NoQuery:
    """The query string of an operation that takes none."""


@attrs.define(kw_only=True, eq=False)
class Call(Generic[QueryT, BodyT]):
    """
    One request that has passed every check.

    A handler that changes something leaves the ``line`` of the audit trail in the transaction of its change, by handing it to the
    store; ``subject`` is what it speaks of, and a handler may be more precise than the path. It clears ``is_change`` when there is
    nothing to change after all.
    """

    server: Server
    request: Request
    principal: Principal
    query: QueryT
    body: BodyT
    action: str
    subject: str
    is_change: bool
    has_line: bool = False

    def line(self, detail: Json = None) -> AuditLine:
        """Return what the audit trail says of this request, to be left along with what it changes."""
        self.has_line = True
        return AuditLine(
            at_ns=self.server.clock.now_ns(),
            principal=self.principal.name,
            action=self.action,
            subject=self.subject,
            detail=detail,
        )

    def path(self, name: str) -> str:
        """Return what stands in the path for ``{name}``."""
        value: str = self.request.path_params[name]
        return value

    @property
    def project(self) -> str:
        """The project in the path."""
        return self.path("project")

    @property
    def domain(self) -> str:
        """The domain in the path."""
        return self.path("domain")

    def require(self, role: str, project: str) -> None:
        """Raise ``NotAllowed`` unless the caller has *role* in *project*."""
        require(self.principal, role, project)


Handler: TypeAlias = Callable[[Call[Any, Any]], Awaitable[Any]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


@attrs.frozen(kw_only=True, eq=False)
class Route:
    """
    One operation of the API.

    Attributes:
        method: ``GET``, ``POST``, ``PUT`` or ``DELETE``; all but the first are changes, and audited.
        path: Below ``/api/v1``; a project and domain in it are looked up before the handler is called.
        operation: Its name, unique: the OpenAPI operation id and the action in the audit trail.
        summary: One line for people.
        permission: Who may ask.
        handler: Answers; returns an object of class *reply*, ``None`` for an empty reply, or a ``Response`` of its own.
        query: attrs class of the query string.
        body: attrs class of the JSON body; a handler without one may read the request itself.
        reply: attrs class of the JSON reply.
        status: Of the reply.
        media: Type of a reply that is no JSON: ``text/plain``, ``text/event-stream``, …
        has_ranges: Whether a part of a reply that is no JSON can be asked for.
        takes: Type of a body that is no JSON, which the handler reads itself.
        refusals: Statuses of problems that are peculiar to it.
        is_change: Whether it changes anything; by default all but GET do.
    """

    method: str
    path: str
    operation: str
    summary: str
    permission: Permission
    handler: Handler
    query: type | None = None
    body: type | None = None
    reply: type | None = None
    status: int = 200
    media: str = "application/json"
    has_ranges: bool = False
    takes: str = ""
    refusals: tuple[int, ...] = ()
    is_change: bool = attrs.field(default=attrs.Factory(lambda self: self.method != "GET", takes_self=True))


def starlette_routes(routes: Iterable[Route], server: Server, *, prefix: str = PREFIX) -> list[StarletteRoute]:
    """Make the routes by which Starlette reaches the handlers: one for each path, in order of first appearance."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for route in routes:
        by_path.setdefault(prefix + route.path, {})[route.method] = _endpoint(route, server)
    return [StarletteRoute(path, _by_method(found), methods=list(found)) for path, found in by_path.items()]


def _by_method(endpoints: Mapping[str, Endpoint]) -> Endpoint:
    async def answer(request: Request) -> Response:
        if request.method != "HEAD":
            return await endpoints[request.method](request)
        whole = await endpoints["GET"](request)
        head = Response(status_code=whole.status_code)
        head.raw_headers = whole.raw_headers  # a stream is not begun: it might never end
        return head

    return answer


def json_response(value: Any, *, status: int = 200) -> Response:
    """Answer with an object of the API."""
    return Response(json.dumps(to_json(value)), status_code=status, media_type="application/json")


def _endpoint(route: Route, server: Server) -> Endpoint:
    async def answer(request: Request) -> Response:
        request.state.operation = route.operation
        await server.prepare()
        principal = await _admit(request, route, server)
        call = await _read(request, route, server, principal)
        reply = await route.handler(call)
        assert call.has_line or not call.is_change, f"{route.operation} leaves nothing in the audit trail"
        if isinstance(reply, Response):
            return reply
        return Response(status_code=route.status) if reply is None else json_response(reply, status=route.status)

    return answer


async def _admit(request: Request, route: Route, server: Server) -> Principal:
    """Return who asks, once it is clear that they may."""
    if route.permission in {"public", "signed"}:
        return NOBODY
    principal = await authenticate(request, server)
    request.state.principal = principal.name
    if route.permission != "known":
        require(principal, route.permission, request.path_params.get("project", EVERY_PROJECT))
    project, domain = request.path_params.get("project"), request.path_params.get("domain")
    if domain is not None:  # a path without a domain is about the project itself
        await check_place(server, str(project), domain)
    return principal


async def check_place(server: Server, project: str, domain: str) -> None:
    """Raise ``UnknownDomain`` or ``UnknownProject`` for a place that is not there."""
    if domain not in server.settings.domains:
        raise UnknownDomain(domain=domain, known=server.settings.domains)
    if await server.project(project) is None:
        raise UnknownProject(project=project)


async def _read(request: Request, route: Route, server: Server, principal: Principal) -> Call[Any, Any]:
    query: Any = parse_query(route.query or NoQuery, request.query_params)
    limit_bytes = server.settings.max_body_bytes
    body: Any = await read_body(request, route.body, limit_bytes=limit_bytes) if route.body else None
    return Call(
        server=server,
        request=request,
        principal=principal,
        query=query,
        body=body,
        action=route.operation,
        subject=request.url.path.partition(PREFIX)[2].lstrip("/"),
        is_change=route.is_change,
    )
