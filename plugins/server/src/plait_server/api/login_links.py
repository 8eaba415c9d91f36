"""Links that log a browser in as whoever asks for them: made for people who have a token in their terminal."""

from urllib.parse import urlencode

from plait_core.ports.api import LoginLink, LoginLinkRequest
from plait_server.errors import NotAllowed
from plait_server.routing import Call, Route
from plait_server.sessions import LOGIN_S, login_ticket


async def create_login_link(call: Call[None, LoginLinkRequest]) -> LoginLink:
    """Make a link that works once, and soon; a session is that of a token."""
    server, token = call.server, call.principal.token
    if not token:
        raise NotAllowed(principal=call.principal.name, role="the holder of a token", place="of this server")
    call.subject = f"tokens/{token}"
    await server.database.accounts.audit(call.line())
    console = f"{call.request.state.prefix}/console"
    query = {"ticket": login_ticket(server, token)} | (
        {"next": f"{console}/{call.body.page}"} if call.body.page else {}
    )
    return LoginLink(url=f"{console}/login?{urlencode(query)}", expires_at_ns=server.clock.now_ns() + LOGIN_S * 10**9)


ROUTES = (
    Route(
        method="POST",
        path="/login_links",
        operation="create_login_link",
        summary="Make a link that logs a browser in to the console.",
        permission="known",
        handler=create_login_link,
        body=LoginLinkRequest,
        reply=LoginLink,
        status=201,
    ),
)
