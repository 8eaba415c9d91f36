"""
Hosts: under which names the server may be addressed.

A page of another site can make a browser send requests to an address of this machine under a name of its own (DNS rebinding).
A server that only listens on the loopback therefore answers to its own names alone.
"""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from plait_server.errors import WrongHost
from plait_server.settings import ServerSettings

ANY = "*"
_OWN = ("localhost", "127.0.0.1", "::1")


class Hosts:
    """Middleware that refuses requests to other names."""

    def __init__(self, app: ASGIApp, *, allowed: Collection[str]) -> None:
        self._app, self._allowed = app, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on. Raises ``WrongHost``."""
        if scope["type"] == "http" and ANY not in self._allowed:
            found = Headers(scope=scope).get("host", "")
            if _name_of(found) not in self._allowed:
                raise WrongHost(host=found, allowed=tuple(self._allowed))
        await self._app(scope, receive, send)


def allowed_hosts(settings: ServerSettings) -> Collection[str]:
    """Return the names in the settings; by default those of the loopback, or any for a server that others can reach."""
    if settings.allowed_hosts:
        return settings.allowed_hosts
    if not is_loopback(settings.host):
        return (ANY,)
    own = (*_OWN, settings.host)
    return own if not settings.url else (*own, urlsplit(settings.url).hostname or "")


def is_loopback(host: str) -> bool:
    """Say whether *host* is an address that only this machine reaches."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name_of(host: str) -> str:
    """Return the name in a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
