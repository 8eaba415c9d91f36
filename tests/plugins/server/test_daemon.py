"""A server listens where it is told, says so, and stops when it is asked to."""

import asyncio
import logging
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from plait_core.errors.stores import StoreReadOnly, StoreTooNew
from plait_core.plugins import Plugins, Settings
from plait_server.daemon import ENGINE, serve
from plait_server.daemon import server_settings as with_defaults
from plait_server.daemon_errors import AddressTaken
from tests.plugins.server.daemons import PATIENCE_S, free_port, served, server_settings

pytestmark = pytest.mark.anyio


async def test_server_says_where_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And lets the administrator in, with the token that it made."""
    caplog.set_level(logging.INFO)

    async with served(tmp_path / "home") as running, running.async_client() as client:
        identity = (await client.get("/identity")).json()

    assert f"plait serves at {running.url}" in caplog.messages
    assert identity["roles"] == {"*": "admin"}


def token_files(home: Path) -> set[str]:
    return {path.name for path in (home / "tokens").glob("*_*")}


async def test_token_of_a_port_that_was_free_goes_with_the_server(tmp_path: Path) -> None:
    """Nobody would find its files again; that of a port that was asked for stays for the next server."""
    home = tmp_path / "home"
    plugins = Plugins.load(Settings(home=str(home), executors=("process",), plugins={"server": {"port": 0}}))
    async with served(home) as running:
        kept = token_files(home)
        assert f"localhost_{running.url.rpartition(':')[2]}" in kept
    stopping = asyncio.create_task(serve(plugins))
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await asyncio.sleep(0.01)
            if token_files(home) > kept:
                break
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(stopping, PATIENCE_S)

    assert token_files(home) == kept
    with closing(sqlite3.connect(home / "plait.db")) as store:
        assert store.execute("SELECT count(*) FROM tokens").fetchone() == (1,)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_server_stops_when_asked_to(tmp_path: Path, number: signal.Signals) -> None:
    """Whoever asks by whichever signal: ``kill``, a service manager, or Ctrl-C."""
    port = free_port()
    serving = asyncio.create_task(serve(Plugins.load(server_settings(tmp_path / "home", port=port))))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await _answered(client)

        os.kill(os.getpid(), number)
        await asyncio.wait_for(serving, PATIENCE_S)

        with pytest.raises(httpx.ConnectError):
            await client.get("/healthz")


async def test_stream_does_not_keep_a_server_from_stopping(tmp_path: Path) -> None:
    """Whoever follows events sees the stream end."""
    async with served(tmp_path / "home") as running, running.async_client() as client:
        following = client.stream("GET", "/projects/default/domains/development/events", timeout=PATIENCE_S)
        async with following as events:
            chunks = events.aiter_bytes()
            await anext(chunks)

            os.kill(os.getpid(), signal.SIGTERM)

            assert [chunk async for chunk in chunks] == []


async def test_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    """Which says what to do; the store is not even opened."""
    async with served(tmp_path / "first") as running:
        port = int(running.url.rpartition(":")[2])

        with pytest.raises(AddressTaken) as raised:
            await serve(Plugins.load(server_settings(tmp_path / "second", port=port)))

    assert raised.value.port == port
    assert not (tmp_path / "second").exists()


async def test_store_that_cannot_be_opened_ends_the_server(tmp_path: Path) -> None:
    """Before it answers anybody."""
    (tmp_path / "home" / "plait.db").mkdir(parents=True)

    with pytest.raises(StoreReadOnly):
        await serve(Plugins.load(server_settings(tmp_path / "home", port=free_port())))


async def test_store_of_a_later_release_ends_the_server(tmp_path: Path) -> None:
    """Which says so, and writes nothing."""
    async with served(tmp_path / "home"):
        pass
    with closing(sqlite3.connect(tmp_path / "home" / "plait.db", isolation_level=None)) as database:
        database.execute("INSERT INTO migrations VALUES (999, 0, 999)")

    with pytest.raises(StoreTooNew) as raised:
        await serve(Plugins.load(server_settings(tmp_path / "home", port=free_port())))

    assert raised.value.found == 999


async def test_engine_alone_listens_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It drives executions of the database that it shares with those who do."""
    caplog.set_level(logging.INFO)
    port = free_port()
    serving = asyncio.create_task(serve(Plugins.load(server_settings(tmp_path / "home", port=port)), parts=(ENGINE,)))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await _logged(caplog, "an engine of pool default runs")

        with pytest.raises(httpx.ConnectError):
            await client.get("/healthz")

    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(serving, PATIENCE_S)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ("full", ("process",))),
        ({"PLAIT_DURABILITY": "normal"}, ("normal", ("process",))),
        ({"PLAIT_EXECUTORS": "docker"}, ("full", ("docker",))),
    ],
)
def test_server_is_more_careful_than_a_laptop(
    tmp_path: Path, variables: dict[str, str], expected: tuple[str, tuple[str, ...]]
) -> None:
    """Unless settings say otherwise: a power cut loses nothing, and tasks run in processes of their own."""
    settings = with_defaults(Settings.discover(tmp_path, env=variables))

    assert (settings.durability, settings.executors) == expected


async def _logged(caplog: pytest.LogCaptureFixture, message: str) -> None:
    while message not in caplog.messages:  # noqa: ASYNC110  # nothing else tells
        await asyncio.sleep(0.01)


async def _answered(client: httpx.AsyncClient) -> None:
    while True:
        try:
            await client.get("/api/v1/identity")
        except httpx.TransportError:
            await asyncio.sleep(0.01)
        else:
            return
