"""
Authentication and permission: who sent a request, and whether they may do what it asks.

Called by ``plait_server.routing`` before the body of a request is read.
"""

from starlette.requests import Request

from plait_core.ports.principals import EVERY_PROJECT, Principal
from plait_server.credentials import recognise
from plait_server.errors import NotAllowed, NotAuthenticated
from plait_server.services import Server

SCHEME = "bearer"


async def authenticate(request: Request, server: Server) -> Principal:
    """Return who sent *request*. Raises ``NotAuthenticated``."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != SCHEME:
        raise NotAuthenticated
    principal = await recognise(text.strip(), server.database.accounts, now_ns=server.clock.now_ns())
    if principal is None:
        raise NotAuthenticated(reason="the token is unknown or has expired")
    return principal


def require(principal: Principal, role: str, project: str) -> None:
    """Raise ``NotAllowed`` unless *principal* has *role* in *project* (``*``: in every project)."""
    if not principal.may(role, project):
        place = "of all projects" if project == EVERY_PROJECT else f"of project {project!r}"
        raise NotAllowed(principal=principal.name, role=role, place=place)
