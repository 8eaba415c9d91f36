"""Programs that embed the engine or the server, as the examples do it."""

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import httpx
import pytest

from plait_core.engine import Engine
from plait_core.plugins import Settings
from tests.acceptance.calling import EXAMPLES

pytestmark = pytest.mark.anyio

MEETING = """
from pathlib import Path
from time import sleep

from plait import task, workflow


@task
def meet(folder: str, x: int) -> int:
    (Path(folder) / f"here-{x}").touch()
    while len(list(Path(folder).glob("here-*"))) < 2:
        sleep(0.01)
    return x


@workflow
def wf(folder: str, x: int) -> int:
    return meet(folder=folder, x=x)
"""

KEY = {"X-Key": "open-sesame"}
HERE = "/plait/api/v1/projects/default/domains/development"


@pytest.fixture
def anyio_backend() -> str:
    """Engines run on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _examples_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)


@pytest.fixture
async def host(anyio_backend: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application that mounts the server, while it is up."""
    app = import_module("embedding_server").make_app(tmp_path)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport) as client:
        client.base_url = httpx.URL("http://localhost:8000")
        yield client


async def test_two_engines_share_nothing(tmp_path: Path) -> None:
    """Executions of the same name, at the same time, in a loop that was running before either."""
    prices, heard = await import_module("embedding_two_engines").main(tmp_path)

    assert prices == [7.5, 6.25]
    assert heard == [["north"], ["south"]]


async def test_engines_of_two_stores_tell_their_attempts_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although they have one home, and executions of one name at the same time; each attempt waits until it meets the other."""
    (tmp_path / "meeting.py").write_text(MEETING)
    monkeypatch.syspath_prepend(tmp_path)
    wf = import_module("meeting").wf
    stores = [f"sqlite:///{tmp_path}/{name}.db" for name in ("north", "south")]
    settings = [Settings(home=str(tmp_path), store=store, executors=("process",)) for store in stores]
    async with Engine(settings=settings[0]) as north, Engine(settings=settings[1]) as south:
        calls = [
            engine.call(wf, (), {"folder": str(tmp_path), "x": x}, name="same")
            for engine, x in ((north, 1), (south, 2))
        ]

        assert await asyncio.wait_for(asyncio.gather(*calls), 120) == [1, 2]


async def test_execution_that_the_host_starts_is_seen_under_the_prefix(host: httpx.AsyncClient) -> None:
    """It runs in a worker, and the API tells of it to the host's own users."""
    answer = await host.get("/", params={"key": "open-sesame", "name": "counted"})
    found = await host.get(f"{HERE}/executions/counted", headers=KEY)

    assert answer.text == "6 words; see http://localhost:8000/plait/console"
    assert found.status_code == 200
    assert "SUCCEEDED" in found.text


async def test_host_knows_its_users(host: httpx.AsyncClient) -> None:
    """Others are told that nobody knows them, and users only do what their role lets them."""
    known = await host.get("/plait/api/v1/identity", headers=KEY)
    unknown = await host.get("/plait/api/v1/identity", headers={"X-Key": "guess"})
    refused = await host.post("/plait/api/v1/tokens", headers=KEY, json={"principal": "eve", "roles": {"*": "admin"}})

    assert known.json()["principal"] == "ada"
    assert (unknown.status_code, refused.status_code) == (401, 403)


async def test_links_of_the_console_stay_under_the_prefix(host: httpx.AsyncClient) -> None:
    """A page has no link that leads out of it."""
    page = await host.get("/plait/console", follow_redirects=True)

    assert page.url.path.startswith("/plait/console/")
    assert 'href="/console' not in page.text
    assert "/plait/console/" in page.text
