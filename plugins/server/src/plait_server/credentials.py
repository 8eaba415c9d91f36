"""
Tokens: ``<id>.<secret>``, of which the store keeps the id and the SHA-256 of the secret.

The secret has 256 bits, so a plain hash is enough: there is nothing to guess. It is shown once, by whoever makes it.
"""

import secrets
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest

from plait_core.ports.databases import Accounts, Token
from plait_core.ports.principals import Principal

_NOBODY = sha256(b"").hexdigest()
"""What a secret is compared with when there is no such token, so that both answers take as long."""


def make_token(
    principal: str, roles: Mapping[str, str], *, now_ns: int, expires_in_s: float | None = None
) -> tuple[Token, str]:
    """Return a token as the store keeps it, and the text that its holder sends."""
    id_, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    token = Token(
        id=id_,
        principal=principal,
        secret_hash=_hashed(secret),
        roles=roles,
        created_at_ns=now_ns,
        expires_at_ns=None if expires_in_s is None else now_ns + int(expires_in_s * 1e9),
    )
    return token, f"{id_}.{secret}"


async def recognise(text: str, accounts: Accounts, *, now_ns: int) -> Principal | None:
    """Return whose token *text* is, unless it is nobody's or has expired."""
    id_, _, secret = text.partition(".")
    token = await find_token(id_, accounts, now_ns=now_ns)
    is_right = compare_digest(token.secret_hash if token else _NOBODY, _hashed(secret))
    return principal_of(token) if token and is_right else None


async def find_token(id: str, accounts: Accounts, *, now_ns: int) -> Token | None:
    """Return the token with an id, while it is valid."""
    token = next((token for token in await accounts.tokens() if token.id == id), None)
    return token if token is not None and is_valid(token, now_ns=now_ns) else None


def is_valid(token: Token, *, now_ns: int) -> bool:
    """Say whether the time of *token* is not over."""
    return token.expires_at_ns is None or now_ns < token.expires_at_ns


def principal_of(token: Token) -> Principal:
    """Return who the holder of *token* is."""
    return Principal(name=token.principal, roles=token.roles, token=token.id)


def _hashed(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
