"""Logging in, by a link or by a token, and out."""

from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from plait_server.auth import visitor_of
from plait_server.console.rendering import bare_page
from plait_server.console.submissions import submitted
from plait_server.console.visits import Visit
from plait_server.credentials import recognise
from plait_server.errors import SealBroken, SealExpired
from plait_server.services import Server
from plait_server.sessions import begin_session, check_origin, end_session, redeem_ticket

MAX_FORM_BYTES = 64 << 10
"""How long a form of somebody who is not known may be."""


async def login_form(request: Request, server: Server) -> Response:
    """Show the form, or log in whoever followed a link that is still good."""
    await server.prepare()
    ticket, wanted = request.query_params.get("ticket", ""), request.query_params.get("next", "")
    if not ticket:
        known = await visitor_of(request, server)
        return _form(request, _ours(request, wanted), "", known=known.name if known else "")
    try:
        token_id = redeem_ticket(server, ticket)
    except (SealBroken, SealExpired):
        return _form(request, wanted, "This link was used already, or is too old. Paste a token instead.", status=401)
    return _welcome(request, server, token_id, wanted)


async def login(request: Request, server: Server) -> Response:
    """Log in by a token."""
    await server.prepare()
    check_origin(request, server)
    async with submitted(request, limit_bytes=MAX_FORM_BYTES) as form:
        text, wanted = str(form.get("token", "")).strip(), str(form.get("next", ""))
    principal = await recognise(text, server.database.accounts, now_ns=server.clock.now_ns())
    if principal is None:
        return _form(request, wanted, "This token is unknown or has expired.", status=401)
    return _welcome(request, server, principal.token, wanted)


async def logout(visit: Visit) -> Response:
    """Log out."""
    response = RedirectResponse(f"{visit.base}/login", status_code=303)
    end_session(response, visit.request, visit.server)
    await visit.server.database.accounts.audit(visit.line())
    return response


def login_url(request: Request) -> str:
    """Return where somebody who is not logged in is sent, to come back to the page they asked for."""
    if request.method != "GET":
        return f"{_base(request)}/login"
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"{_base(request)}/login?next={quote(wanted, safe='/')}"


def _ours(request: Request, wanted: str) -> str:
    """Return the page that somebody wanted, if it is one of ours, else the first one."""
    base = _base(request)
    parts = urlsplit(wanted)
    stays = not parts.scheme and not parts.netloc and "\\" not in wanted and "/../" not in wanted
    return wanted if stays and wanted.startswith(f"{base}/") else f"{base}/"


def _welcome(request: Request, server: Server, token_id: str, wanted: str) -> Response:
    response = RedirectResponse(_ours(request, wanted), status_code=303)
    begin_session(response, request, server, token_id)
    return response


def _form(request: Request, wanted: str, fault: str, *, status: int = 200, known: str = "") -> Response:
    return bare_page("login.html", _base(request), status=status, fault=fault, next=wanted, known=known)


def _base(request: Request) -> str:
    prefix: str = request.state.prefix
    return f"{prefix}/console"
