"""A server answers to its own names: pages of other sites cannot reach it under one of theirs."""

from pathlib import Path

import pytest

from plait_server.settings import ServerSettings
from tests.plugins.server.serving import Serving, client_of, make_engine, serving

pytestmark = pytest.mark.anyio

LOOPBACK = ServerSettings()
NAMED = ServerSettings(allowed_hosts=("plait.example.org",))
PROXIED = ServerSettings(url="https://plait.example.org/plait")
REACHABLE = ServerSettings(host="0.0.0.0")
IPV6 = ServerSettings(host="::1")


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        (LOOPBACK, "localhost"),
        (LOOPBACK, "localhost:30080"),
        (LOOPBACK, "127.0.0.1:30080"),
        (LOOPBACK, "[::1]:30080"),
        (LOOPBACK, "LOCALHOST:30080"),
        (IPV6, "[::1]:30080"),
        (NAMED, "plait.example.org"),
        (PROXIED, "plait.example.org"),
        (PROXIED, "localhost:30080"),
        (REACHABLE, "10.0.0.7:30080"),
    ],
)
async def test_server_answers_to_its_names(tmp_path: Path, settings: ServerSettings, host: str) -> None:
    """With any port, for a proxy may have another one."""
    assert await _status(tmp_path, settings, host) == 200


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        (LOOPBACK, "evil.example.org"),
        (LOOPBACK, "localhost.evil.example.org"),
        (LOOPBACK, "evil.example.org:30080"),
        (LOOPBACK, "127.0.0.1.evil.example.org"),
        (LOOPBACK, "[::1"),
        (LOOPBACK, ""),
        (NAMED, "localhost"),
        (PROXIED, "example.org"),
    ],
)
async def test_server_refuses_other_names(tmp_path: Path, settings: ServerSettings, host: str) -> None:
    """Whatever is asked of it, and however a browser was brought to ask."""
    assert await _status(tmp_path, settings, host) == 421


async def test_refusal_says_how_to_allow_a_name(serving: Serving) -> None:
    """To an owner who put a proxy in front."""
    answer = await serving.nobody.get("/healthz", headers={"Host": "plait.example.org"})

    assert answer.headers["content-type"] == "application/problem+json"
    assert "allowed_hosts" in answer.json()["remedy"]


async def _status(home: Path, settings: ServerSettings, host: str) -> int:
    async with (
        serving(home, settings=settings, engine=make_engine(home)) as made,
        client_of(made.app, prefix="") as client,
    ):
        return (await client.get("/healthz", headers={"Host": host})).status_code
