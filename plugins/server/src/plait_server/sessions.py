"""
Sessions: how browsers stay logged in.

A session is a sealed cookie that names a token; what the token may do is looked up with each request, and a session ends with it.
The cookie is out of reach of scripts, and other sites can send it only by leading somebody here; whatever changes something must
besides carry a mark that only our own pages know. Used by the console, and by ``plait_server.auth`` for requests that its pages make.
"""

from hmac import compare_digest
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from plait_core.ports.principals import Principal
from plait_server.credentials import find_token, principal_of
from plait_server.errors import ForgedRequest, SealBroken, SealExpired
from plait_server.services import Server

SESSION_S = 12 * 3600
LOGIN_S = 300
CSRF_HEADER = "X-Plait-CSRF"
CSRF_FIELD = "csrf"
"""Name of the hidden field in forms of the console."""


def cookie_name(server: Server) -> str:
    """Return the name of the session's cookie; two servers of one host, which share cookies, have two."""
    return f"plait_{server.signer.id}"


def begin_session(response: Response, request: Request, server: Server, token_id: str) -> None:
    """Let *response* log the browser in as the holder of a token."""
    expires_at_ns = server.clock.now_ns() + SESSION_S * 10**9
    response.set_cookie(
        cookie_name(server),
        server.signer.seal("session", {"token": token_id}, expires_at_ns=expires_at_ns),
        max_age=SESSION_S,
        path=request.state.prefix or "/",
        secure=request.url.scheme == "https" or server.settings.url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def end_session(response: Response, request: Request, server: Server) -> None:
    """Let *response* log the browser out."""
    response.delete_cookie(cookie_name(server), path=request.state.prefix or "/", httponly=True, samesite="lax")


async def session_of(request: Request, server: Server) -> Principal | None:
    """Return who is logged in, if anybody is and their token still holds."""
    now_ns = server.clock.now_ns()
    try:
        claims = server.signer.open("session", request.cookies.get(cookie_name(server), ""), now_ns=now_ns)
    except (SealBroken, SealExpired):
        return None
    token = await find_token(claims["token"], server.database.accounts, now_ns=now_ns)
    return principal_of(token) if token else None


# ── forged requests ──────────────────────────────────────────────────────────


def csrf_mark(request: Request, server: Server, principal: Principal) -> str:
    """Return what a page must send along with every change: for the session of *principal*, or for whom an authenticator knows."""
    if principal.token:
        return server.signer.mark("csrf", request.cookies.get(cookie_name(server), ""))
    return server.signer.mark("csrf of the known", principal.name)


def check_csrf(request: Request, server: Server, principal: Principal, *, field: str = "") -> None:
    """Raise ``ForgedRequest`` unless the request comes from our own page: by the mark in *field* or the header."""
    check_origin(request, server)
    given = field or request.headers.get(CSRF_HEADER, "")
    if not compare_digest(given.encode("utf-8", "replace"), csrf_mark(request, server, principal).encode()):
        raise ForgedRequest(reason="it does not carry the mark of this session")


def check_origin(request: Request, server: Server) -> None:
    """Raise ``ForgedRequest`` if a browser says that a page of another site sent the request."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise ForgedRequest(reason="it comes from another site")
    origin = request.headers.get("origin")
    own = {request.headers.get("host"), urlsplit(server.settings.url).netloc}  # a proxy may call us by another name
    if origin and urlsplit(origin).netloc not in own - {""}:
        raise ForgedRequest(reason=f"it comes from {origin}")


# ── links to log in ──────────────────────────────────────────────────────────


def login_ticket(server: Server, token_id: str) -> str:
    """Return what logs a browser in as the holder of a token, once and soon: ``/console/login?ticket=…``."""
    expires_at_ns = server.clock.now_ns() + LOGIN_S * 10**9
    return server.signer.seal("login", {"token": token_id}, expires_at_ns=expires_at_ns)


def redeem_ticket(server: Server, ticket: str) -> str:
    """Return the id of the token that *ticket* logs in. Raises ``SealBroken``, also for one that was used, ``SealExpired``."""
    claims = server.signer.open("login", ticket, now_ns=server.clock.now_ns())
    if not server.spend(ticket):
        raise SealBroken
    token_id: str = claims["token"]
    return token_id
