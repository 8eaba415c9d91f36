"""A server behind a proxy that says who sends a request, and an authenticator that believes it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from plait_core.engine import Engine
from plait_core.errors import Retryable
from plait_core.hookspecs import hookimpl
from plait_core.plugins import Plugins, Settings
from plait_core.ports.principals import Principal
from plait_core.ports.specs import AuthenticatorSpec
from plait_core.testing.memory import MemoryDatabase
from plait_server.settings import ServerSettings
from tests.plugins.server.serving import Serving, serving

USER = "X-User"


class Silent(Retryable):
    """The directory of people does not answer."""

    problem = "the directory did not answer"
    remedy = "wait"


class Proxy:
    """Trusts what a proxy in front says: a name, and a role of it if not that of a viewer."""

    async def authenticate(self, headers: Mapping[str, str]) -> Principal | None:
        """Return the user of a header."""
        user, _, role = headers.get(USER.lower(), "").partition("/")
        if user == "nobody knows":
            raise Silent
        return Principal(name=user, roles={"default": role or "viewer"}) if user else None


class Offering:
    """A plugin as an object."""

    @hookimpl
    def plait_authenticators(self) -> Sequence[AuthenticatorSpec]:
        """Offer the proxy."""
        return (AuthenticatorSpec(name="proxy", factory=f"{__name__}:make_proxy"),)


def make_proxy(settings: Any) -> Proxy:
    """Make the authenticator."""
    return Proxy()


@asynccontextmanager
async def behind_proxy(home: Path, **settings: Any) -> AsyncIterator[Serving]:
    """Serve what is in memory to whom the proxy knows."""
    place = Settings(home=str(home), store="memory://", blobs=f"file://{home}/blobs")
    engine = Engine(plugins=Plugins.load(place, extra=[Offering()]), database=MemoryDatabase())
    async with serving(home, engine=engine, settings=ServerSettings(authenticators=("proxy",), **settings)) as made:
        yield made
