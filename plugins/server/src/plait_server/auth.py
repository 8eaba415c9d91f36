"""
Authentication and permission: who sent a request, and whether they may do what it asks.

Called by ``plait_server.routing`` before the body of a request is read. Callers are known by a token, by an authenticator of a
plugin, or by the session of a browser, in this order.
"""

import logging

from starlette.requests import Request

from plait_core.ports.principals import EVERY_PROJECT, Principal
from plait_server.credentials import recognise
from plait_server.errors import NotAllowed, NotAuthenticated
from plait_server.services import Server
from plait_server.sessions import check_csrf, session_of

SCHEME = "bearer"
SAFE_METHODS = frozenset({"GET", "HEAD"})

_log = logging.getLogger("plait.server.auth")


async def authenticate(request: Request, server: Server) -> Principal:
    """Return who sent *request*. Raises ``NotAuthenticated``, and ``ForgedRequest`` for one that a browser was tricked into."""
    principal = await _from_header(request, server)
    if principal is None and "authorization" not in request.headers:
        principal = await session_of(request, server)
        if principal and request.method not in SAFE_METHODS:
            check_csrf(request, server)
    if principal is None:
        raise _unknown(request)
    return principal


def require(principal: Principal, role: str, project: str) -> None:
    """Raise ``NotAllowed`` unless *principal* has *role* in *project* (``*``: in every project)."""
    if not principal.may(role, project):
        place = "of all projects" if project == EVERY_PROJECT else f"of project {project!r}"
        raise NotAllowed(principal=principal.name, role=role, place=place)


async def _from_header(request: Request, server: Server) -> Principal | None:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == SCHEME:
        principal = await recognise(text.strip(), server.database.accounts, now_ns=server.clock.now_ns())
        if principal:
            return principal
    for authenticator in server.authenticators:
        found = await authenticator.authenticate(dict(request.headers))
        if found:
            return found
    return None


def _unknown(request: Request) -> NotAuthenticated:
    if "authorization" not in request.headers:
        return NotAuthenticated()
    _log.warning("unknown credential", extra={"request": request.state.request_id})
    return NotAuthenticated(reason="the credential is unknown or has expired")
