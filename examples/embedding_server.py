"""
The server inside an application of yours: plait's API and console under a prefix, for the users that you know already.

    python examples/embedding_server.py          # then open http://localhost:8000/?key=open-sesame
    plait run examples/embedding_server.py wf
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from plait import task, workflow
from plait_core.engine import Engine
from plait_core.hookspecs import hookimpl
from plait_core.plugins import Plugins, Settings
from plait_core.ports.principals import Principal
from plait_core.ports.specs import AuthenticatorSpec
from plait_server.app import create_app
from plait_server.settings import ServerSettings

USERS = {"open-sesame": "ada"}
"""Who has which key; your application knows its users from a database, or from the proxy in front of it."""


@task
def words(text: str) -> int:
    """Count."""
    return len(text.split())


@workflow
def wf(text: str = "the cat sat on the mat") -> int:
    """Measure a text."""
    return words(text=text)


class Keys:
    """Recognises whoever sends the key of a user of ours: an ``Authenticator``."""

    async def authenticate(self, headers: Mapping[str, str]) -> Principal | None:
        """Let users look at everything and start executions in the project that is theirs."""
        user = USERS.get(headers.get("x-key", ""))
        return Principal(name=user, roles={"*": "viewer", "default": "runner"}) if user else None


class OurUsers:
    """A plugin as an object: it offers plait our way to recognise people."""

    @hookimpl
    def plait_authenticators(self) -> Sequence[AuthenticatorSpec]:
        """Offer it by name."""
        return (AuthenticatorSpec(name="keys", factory=f"{__name__}:make_keys"),)


def make_keys(settings: Any) -> Keys:
    """Make the authenticator; plait calls this when the first request comes."""
    return Keys()


def make_app(home: Path, *, origin: str = "http://localhost:8000") -> Starlette:
    """Make an application that has a page of its own, and plait under ``/plait``."""
    settings = Settings(home=str(home), executors=("process",))
    engine = Engine(plugins=Plugins.load(settings, extra=[OurUsers()]), pool="ours", adopts=True)
    plait = create_app(engine, settings=ServerSettings(url=f"{origin}/plait", authenticators=("keys",)))

    async def count(request: Request) -> Response:
        """Run the workflow for whoever asks, and answer when it has ended."""
        if request.query_params.get("key") not in USERS:
            return PlainTextResponse("say /?key=…", status_code=401)
        n = await engine.call(wf, (), {}, name=request.query_params.get("name", ""))
        return PlainTextResponse(f"{n} words; see {origin}/plait/console")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with engine:
            yield

    return Starlette(routes=[Route("/", count), Mount("/plait", plait)], lifespan=lifespan)


if __name__ == "__main__":
    import uvicorn

    with TemporaryDirectory() as folder:
        uvicorn.run(make_app(Path(folder)), host="127.0.0.1", port=8000)
