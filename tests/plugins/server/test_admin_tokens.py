"""The administrator's token is made once, is kept from others, and is found by every name of the server."""

import asyncio
from pathlib import Path

import pytest

from plait_server.admin_tokens import admin_token_paths, ensure_admin_token
from plait_server.credentials import recognise
from plait_server.settings import ServerSettings
from tests.plugins.server.serving import Serving

pytestmark = pytest.mark.anyio


async def test_token_is_that_of_an_administrator(serving: Serving, tmp_path: Path) -> None:
    """And its file is readable by its owner alone."""
    path = tmp_path / "tokens" / "localhost_1"

    await ensure_admin_token(serving.server, [path])

    principal = await recognise(path.read_text().strip(), serving.server.database.accounts, now_ns=0)
    assert principal is not None
    assert (principal.name, principal.roles) == ("admin", {"*": "admin"})
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_token_that_is_valid_stays(serving: Serving, tmp_path: Path) -> None:
    """Servers that start at once agree on one, and a later start changes nothing."""
    paths = [tmp_path / "tokens" / name for name in ("localhost_1", "127.0.0.1_1")]

    first, second = await asyncio.gather(*(ensure_admin_token(serving.server, paths) for _ in range(2)))
    kept = paths[0].read_text()
    third = await ensure_admin_token(serving.server, paths)

    assert first == second == third
    assert [path.read_text() for path in paths] == [kept, kept]


@pytest.mark.parametrize("text", ["", "garbage", "a.b"])
async def test_token_of_another_store_is_replaced(serving: Serving, tmp_path: Path, text: str) -> None:
    """A store that was deleted leaves a token that means nothing any more."""
    path = tmp_path / "tokens" / "localhost_1"
    path.parent.mkdir()
    path.write_text(text)

    await ensure_admin_token(serving.server, [path])

    assert await recognise(path.read_text().strip(), serving.server.database.accounts, now_ns=0)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (ServerSettings(url="http://localhost:30080"), ["localhost_30080", "127.0.0.1_30080", "::1_30080"]),
        (ServerSettings(host="10.0.0.7", port=80), ["10.0.0.7_80"]),
        (
            ServerSettings(host="10.0.0.7", url="https://plait.example.org/x"),
            ["plait.example.org_443", "10.0.0.7_30080"],
        ),
        (ServerSettings(host="10.0.0.7", url="http://plait.example.org"), ["plait.example.org_80", "10.0.0.7_30080"]),
    ],
)
async def test_token_is_kept_for_every_name_of_the_server(settings: ServerSettings, names: list[str]) -> None:
    """Whatever clients call a server on this machine, they find its token."""
    assert [path.name for path in admin_token_paths("/home", settings)] == names
