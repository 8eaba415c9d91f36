"""
The routes of the console: which page or action has which address, and who may ask for it.

``console_routes`` is what the app mounts. Whoever is not logged in is sent to log in; whatever changes something must come from our own
page and is a line in the audit trail; a refusal is a page that says what to do.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal, TypeAlias
from urllib.parse import quote, unquote

import attrs
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from plait_core.errors import PlaitError
from plait_core.ports.principals import EVERY_PROJECT
from plait_server.api.nodes import DECK_POLICY
from plait_server.auth import require, visitor_of
from plait_server.console import (
    actions,
    downloads,
    element_pages,
    entities,
    execution_lists,
    executions,
    launching,
    lists,
    logins,
    rerunning,
)
from plait_server.console.panels import panel_html
from plait_server.console.rendering import FOLDER, bare_page, crumbs_of, page, place_of
from plait_server.console.submissions import submitted
from plait_server.console.visits import SECTIONS, Visit
from plait_server.errors import NoSuchPath, UnknownDomain, UnknownProject
from plait_server.problems import problem_of
from plait_server.services import Server
from plait_server.sessions import CSRF_FIELD, check_csrf, csrf_mark

Handler: TypeAlias = Callable[[Visit], Awaitable[Response]]
Permission: TypeAlias = Literal["known", "viewer", "runner", "author", "admin"]

PREFIX = "/console"
PLACE = "plait_place"
"""Name of the cookie that says where the browser was last."""
PLACE_S = 90 * 86_400
HERE = "/projects/{project}/domains/{domain}"
ENTITY = f"{HERE}/{{section}}/{{name}}"
VERSION = f"{ENTITY}/versions/{{version}}"
EXECUTION = f"{HERE}/executions/{{execution}}"
ASSETS = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "forms.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}

_log = logging.getLogger("plait.server.console")


@attrs.frozen
class Page:
    """An address and what answers there; ``action`` is what the audit trail calls a change, ``takes_files`` says its form does."""

    path: str
    handler: Handler
    permission: Permission = "viewer"
    action: str = ""
    takes_files: bool = False


async def _panel(visit: Visit) -> Response:
    is_execution = "execution" in visit.request.path_params
    subject = visit.execution if is_execution else visit.entity
    kind = "execution" if is_execution else visit.entity.kind.value
    html = await panel_html(visit, visit.path("panel"), kind, subject)
    headers = {"Content-Security-Policy": DECK_POLICY, "X-Content-Type-Options": "nosniff"}
    return HTMLResponse(html, headers=headers)


PAGES = (
    Page("/", lists.projects_page, "known"),
    Page("/logout", logins.logout, "known", "logout"),
    Page("/tokens", lists.tokens_page, "admin"),
    Page("/audit", lists.audit_page, "admin"),
    Page(f"{HERE}/executions", execution_lists.executions_page),
    Page(EXECUTION, executions.execution_page),
    Page(f"{EXECUTION}/relaunch", launching.relaunch_form, "runner"),
    Page(f"{EXECUTION}/relaunch", launching.relaunch, "runner", "relaunch_execution", takes_files=True),
    Page(f"{EXECUTION}/abort", actions.abort, "runner", "abort_execution"),
    Page(f"{EXECUTION}/recover", actions.recover, "runner", "rerun_execution"),
    Page(f"{EXECUTION}/rerun", rerunning.rerun_plan, "runner"),
    Page(f"{EXECUTION}/rerun", rerunning.rerun, "runner", "rerun_execution"),
    Page(f"{EXECUTION}/archive", actions.archive, "runner", "archive_execution"),
    Page(f"{EXECUTION}/signals/{{signal}}", actions.send_signal, "runner", "signal_execution"),
    Page(f"{EXECUTION}/nodes/{{node}}/elements", element_pages.elements_page),
    Page(f"{EXECUTION}/logs/{{node}}/{{element:int}}/{{n:int}}", element_pages.log_page),
    Page(f"{EXECUTION}/panels/{{panel}}", _panel),
    Page(f"{HERE}/download", downloads.download),
    Page(f"{HERE}/{{section}}", lists.entities_page),
    Page(ENTITY, entities.newest_page),
    Page(VERSION, entities.version_page),
    Page(f"{VERSION}/activation", entities.activate, "author", "set_activation"),
    Page(f"{VERSION}/launch", launching.launch_form, "runner"),
    Page(f"{VERSION}/launch", launching.launch, "runner", "create_execution", takes_files=True),
    Page(f"{VERSION}/panels/{{panel}}", _panel),
)


def console_routes(server: Server) -> list[BaseRoute]:
    """Make the routes by which Starlette reaches the pages."""
    routes: list[BaseRoute] = [
        Route(f"{PREFIX}/static/{{file}}", _asset, methods=["GET"]),
        Route("/", _to_console, methods=["GET"]),
        Route(PREFIX, _to_last_place, methods=["GET"]),
        Route(f"{PREFIX}/login", _shown(partial(logins.login_form, server=server)), methods=["GET"]),
        Route(f"{PREFIX}/login", _shown(partial(logins.login, server=server)), methods=["POST"]),
    ]
    for it in (*PAGES, Page("/{rest:path}", _nothing, "known")):
        method = "POST" if it.action else "GET"
        routes.append(Route(PREFIX + it.path, _shown(_endpoint(it, server)), methods=[method]))
    return routes


def _shown(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Let whatever *endpoint* raises be a page, also for somebody who is not logged in."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:  # noqa: BLE001  # the boundary: people are answered with pages
            return await _refusal(request, None, error)

    return answer


def _endpoint(it: Page, server: Server) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        await server.prepare()
        principal = await visitor_of(request, server)
        if principal is None:
            return RedirectResponse(logins.login_url(request), status_code=303)
        request.state.principal = principal.name
        visit = Visit(server=server, request=request, principal=principal, csrf=csrf_mark(request, server, principal))
        try:
            await _check(it, visit)
            response = await (_changed(it, visit) if it.action else it.handler(visit))
        except PlaitError as error:
            return await _refusal(request, visit, error)
        _remember_place(visit, response)
        return response

    return answer


async def _changed(it: Page, visit: Visit) -> Response:
    """Do what a form of ours asks for."""
    settings, what = visit.server.settings, "max_upload_bytes" if it.takes_files else "max_body_bytes"
    limit_bytes = settings.max_upload_bytes if it.takes_files else settings.max_body_bytes
    async with submitted(visit.request, limit_bytes=limit_bytes, setting=what) as form:
        field = str(form.get(CSRF_FIELD, "")) or "-"
        check_csrf(visit.request, visit.server, visit.principal, field=field)
        return await it.handler(attrs.evolve(visit, action=it.action, form=dict(form)))


async def _check(it: Page, visit: Visit) -> None:
    """Refuse what is not there, and what the visitor may not see."""
    params = visit.request.path_params
    if it.permission != "known":
        require(visit.principal, it.permission, params.get("project", EVERY_PROJECT))
    if "domain" in params and visit.domain not in visit.domains:
        raise UnknownDomain(domain=visit.domain, known=visit.domains)
    if "project" in params and await visit.server.project(visit.project) is None:
        raise UnknownProject(project=visit.project)
    if "section" in params and params["section"] not in SECTIONS.values():
        raise NoSuchPath(path=visit.request.url.path)


async def _refusal(request: Request, visit: Visit | None, error: Exception) -> Response:
    request_id = request.state.request_id
    problem = problem_of(error, request_id=request_id)
    if problem.status >= 500:
        _log.error("page failed", exc_info=error, extra={"request": request_id})
    words = {"title": problem.title, "detail": problem.detail, "remedy": problem.remedy}
    base = f"{request.state.prefix}{PREFIX}"
    if visit is None:
        return bare_page("error.html", base, status=problem.status, **words)
    if not await _is_somewhere(visit):
        crumbs = [("Projects", f"{base}/"), (problem.title, "")]
        return page(visit, "error.html", status=problem.status, crumbs=crumbs, **words)
    section = request.path_params.get("section", "executions")
    return page(
        visit,
        "error.html",
        status=problem.status,
        place=await place_of(visit, section),
        crumbs=crumbs_of(visit, section, (problem.title, "")),
        **words,
    )


async def _is_somewhere(visit: Visit) -> bool:
    """Whether the path is below a project and domain that are there, and that the visitor may look at."""
    params = visit.request.path_params
    return (
        "domain" in params
        and visit.domain in visit.domains
        and visit.may("viewer")
        and params.get("section", "tasks") in SECTIONS.values()
        and await visit.server.project(visit.project) is not None
    )


async def _nothing(visit: Visit) -> Response:
    raise NoSuchPath(path=visit.request.url.path)


async def _asset(request: Request) -> Response:
    name = request.path_params["file"]
    if name not in ASSETS:
        return Response(status_code=404)
    headers = {"Cache-Control": "max-age=86400", "X-Content-Type-Options": "nosniff"}
    return FileResponse(FOLDER / "static" / name, media_type=ASSETS[name], headers=headers)


def _remember_place(visit: Visit, response: Response) -> None:
    """Let the browser keep which project and domain it looked at last."""
    if "domain" in visit.request.path_params:
        value = f"{quote(visit.project, safe='')}/{quote(visit.domain, safe='')}"
        response.set_cookie(PLACE, value, path=visit.base, max_age=PLACE_S, httponly=True, samesite="lax")


async def _to_console(request: Request) -> Response:
    """Lead whoever types the bare address to the pages."""
    return RedirectResponse(f"{request.state.prefix}{PREFIX}", status_code=307)


async def _to_last_place(request: Request) -> Response:
    """Lead to the executions of the project and domain that the browser looked at last, or to all projects."""
    base, (project, _, domain) = f"{request.state.prefix}{PREFIX}", request.cookies.get(PLACE, "").partition("/")
    if not (project and domain):
        return RedirectResponse(f"{base}/", status_code=307)
    parts = (quote(unquote(part), safe="") for part in (project, domain))
    return RedirectResponse(f"{base}/projects/{'/domains/'.join(parts)}/executions", status_code=307)
