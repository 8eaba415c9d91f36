"""
Authentication and permission: who sent a request, and whether they may do what it asks.

Called by ``plait_server.routing`` before the body of a request is read, and by the console for each page. Callers are known by a
token, by the session of a browser, which somebody began with a token, or by an authenticator of a plugin, in this order. What
browsers send along by themselves is believed only of requests that our own pages make.
"""

import logging

import attrs
from starlette.requests import Request

from plait_core.ports.principals import EVERY_PROJECT, Principal
from plait_server.credentials import recognise
from plait_server.errors import NotAllowed, NotAuthenticated
from plait_server.services import Server
from plait_server.sessions import check_csrf, check_origin, session_of

SCHEME = "bearer"
SAFE_METHODS = frozenset({"GET", "HEAD"})

_log = logging.getLogger("plait.server.auth")


async def authenticate(request: Request, server: Server) -> Principal:
    """Return who sent *request*. Raises ``NotAuthenticated``, and ``ForgedRequest`` for one that a browser was tricked into."""
    scheme, text = _credential(request)
    if scheme == SCHEME:
        holder = await recognise(text, server.database.accounts, now_ns=server.clock.now_ns())
        if holder is not None:
            return holder
    principal = await (_from_plugin if scheme == SCHEME else visitor_of)(request, server)
    if principal is None:
        raise _unknown(request)
    if request.method not in SAFE_METHODS:
        if principal.token:
            check_csrf(request, server, principal)
        else:
            check_origin(request, server)
    return principal


async def visitor_of(request: Request, server: Server) -> Principal | None:
    """Return who visits with a browser: whoever logged in, or else whom an authenticator knows by what their requests carry."""
    return await session_of(request, server) or await _from_plugin(request, server)


def require(principal: Principal, role: str, project: str) -> None:
    """Raise ``NotAllowed`` unless *principal* has *role* in *project* (``*``: in every project)."""
    if not principal.may(role, project):
        place = "of all projects" if project == EVERY_PROJECT else f"of project {project!r}"
        raise NotAllowed(principal=principal.name, role=role, place=place)


def _credential(request: Request) -> tuple[str, str]:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return scheme.lower(), text.strip()


async def _from_plugin(request: Request, server: Server) -> Principal | None:
    for authenticator in server.authenticators:
        found = await authenticator.authenticate(dict(request.headers))
        if found:
            return attrs.evolve(found, token="")  # a session is that of a token, which nobody else gives
    return None


def _unknown(request: Request) -> NotAuthenticated:
    if "authorization" not in request.headers:
        return NotAuthenticated()
    _log.warning("unknown credential", extra={"request": request.state.request_id})
    return NotAuthenticated(reason="the credential is unknown or has expired")
