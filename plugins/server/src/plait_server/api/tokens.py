"""Tokens: what callers identify themselves with. Only administrators of all projects make and see them."""

import math

from plait_core.ports.api import NewToken, TokenInfo, TokenList, TokenRequest
from plait_core.ports.databases import Token
from plait_core.ports.principals import ROLES
from plait_server.credentials import make_token
from plait_server.errors import MalformedRequest, UnknownToken
from plait_server.pages import ShortListQuery, page_by_id
from plait_server.routing import Call, Route
from plait_server.trust import check_principals

MAX_LIFE_S = 100 * 366 * 86400.0


async def list_tokens(call: Call[ShortListQuery, None]) -> TokenList:
    """List tokens, without their secrets."""
    tokens = await call.server.database.accounts.tokens()
    shown, token = page_by_id(tokens, lambda one: one.id, call.query)
    return TokenList(items=tuple(map(_info, shown)), token=token)


async def create_token(call: Call[None, TokenRequest]) -> NewToken:
    """Make a token."""
    server, body = call.server, call.body
    if faults := _faults(body):
        raise MalformedRequest(what="token", faults=faults)
    await check_principals(server, adding=body.principal, roles=body.roles)
    token, secret = make_token(body.principal, body.roles, now_ns=server.clock.now_ns(), expires_in_s=body.expires_in_s)
    call.subject = f"tokens/{token.id}"
    line = call.line({"principal": token.principal, "roles": dict(token.roles)})
    await server.database.accounts.put_token(token, audit=line)
    return NewToken(info=_info(token), secret=secret)


async def delete_token(call: Call[None, None]) -> None:
    """Delete a token; it and the sessions that were begun with it are unknown from now on."""
    id_, accounts = call.path("token"), call.server.database.accounts
    if id_ not in {token.id for token in await accounts.tokens()}:
        raise UnknownToken(token=id_)
    await accounts.delete_token(id_, audit=call.line())


def _info(token: Token) -> TokenInfo:
    return TokenInfo(
        id=token.id,
        principal=token.principal,
        roles=token.roles,
        created_at_ns=token.created_at_ns,
        expires_at_ns=token.expires_at_ns,
    )


def _faults(body: TokenRequest) -> tuple[str, ...]:
    life_s = 1.0 if body.expires_in_s is None else body.expires_in_s
    rules = {
        "$.principal: 1 to 128 printable characters": 0 < len(body.principal) <= 128 and body.principal.isprintable(),
        "$.roles: at least one": body.roles,
        f"$.expires_in_s: above 0, and at most {MAX_LIFE_S:.0f}": math.isfinite(life_s) and 0 < life_s <= MAX_LIFE_S,
        **{f"$.roles: {project[:80]!r} is no project": project.isprintable() for project in body.roles},
        **{f"$.roles[{project!r}]: one of {', '.join(ROLES)}": role in ROLES for project, role in body.roles.items()},
    }
    return tuple(rule for rule, is_kept in rules.items() if not is_kept)


ROUTES = (
    Route(
        method="GET",
        path="/tokens",
        operation="list_tokens",
        summary="Tokens, without their secrets.",
        permission="admin",
        handler=list_tokens,
        query=ShortListQuery,
        reply=TokenList,
    ),
    Route(
        method="POST",
        path="/tokens",
        operation="create_token",
        summary="Make a token; its secret is in this reply and nowhere else.",
        permission="admin",
        handler=create_token,
        body=TokenRequest,
        reply=NewToken,
        status=201,
    ),
    Route(
        method="DELETE",
        path="/tokens/{token}",
        operation="delete_token",
        summary="Delete a token.",
        permission="admin",
        handler=delete_token,
        status=204,
    ),
)
