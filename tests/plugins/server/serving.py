"""A server in memory, and clients with tokens of each role."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import attrs
import httpx
from starlette.applications import Starlette

from plait_core.engine import Engine
from plait_core.plugins import Plugins, Settings
from plait_core.ports.principals import ROLES
from plait_core.testing.memory import MemoryDatabase
from plait_server.app import create_app
from plait_server.credentials import make_token
from plait_server.services import Server
from plait_server.settings import ServerSettings

ORIGIN = "http://localhost:30080"
PROJECT = "default"
HERE = f"/projects/{PROJECT}/domains/development"
"""What paths of the project and domain that always exist begin with."""

DEFAULTS = ServerSettings()

ROLES_OF: Mapping[str, Mapping[str, str]] = {
    **{role: {PROJECT: role} for role in ROLES},
    "admin": {"*": "admin"},
    "stranger": {"elsewhere": "admin"},
}
"""Who has a token: one of each role, and an administrator of another project."""


@attrs.frozen
class Serving:
    """A running server; ``viewer`` … ``admin``, ``stranger`` and ``nobody`` are clients of its API."""

    app: Starlette
    engine: Engine
    clients: Mapping[str, httpx.AsyncClient]
    tokens: Mapping[str, str]

    @property
    def server(self) -> Server:
        """What the handlers work with."""
        server: Server = self.app.state.server
        return server

    def __getattr__(self, name: str) -> httpx.AsyncClient:
        """Return the client of a role: ``serving.viewer``."""
        try:
            return self.clients[name]
        except KeyError:
            raise AttributeError(name) from None


@asynccontextmanager
async def serving(
    home: Path, *, settings: ServerSettings = DEFAULTS, engine: Engine | None = None
) -> AsyncIterator[Serving]:
    """Serve what is in memory below *home*."""
    engine = engine or make_engine(home)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(engine)
        app = create_app(engine, settings=settings)
        tokens = await make_tokens(engine)
        clients = {
            name: await stack.enter_async_context(client_of(app, token))
            for name, token in {**tokens, "nobody": ""}.items()
        }
        yield Serving(app, engine, clients, tokens)


def make_engine(home: Path) -> Engine:
    """Make an engine that keeps nothing but blobs, and those below *home*."""
    settings = Settings(home=str(home), store="memory://", blobs=f"file://{home}/blobs")
    return Engine(plugins=Plugins.load(settings), database=MemoryDatabase())


def make_durable_engine(home: Path) -> Engine:
    """Make an engine that keeps everything below *home*."""
    settings = Settings(home=str(home), store=f"sqlite:///{home}/plait.db", blobs=f"file://{home}/blobs")
    return Engine(plugins=Plugins.load(settings))


async def make_tokens(engine: Engine) -> Mapping[str, str]:
    """Give everybody of ``ROLES_OF`` a token."""
    texts = {}
    for name, roles in ROLES_OF.items():
        token, texts[name] = make_token(name, roles, now_ns=engine.clock.now_ns())
        await engine.database.accounts.put_token(token)
    return texts


def client_of(app: Starlette, token: str = "", *, prefix: str = "/api/v1") -> httpx.AsyncClient:
    """Make a client of *app* whose paths are below *prefix*."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=f"{ORIGIN}{prefix}", headers=headers
    )
