"""Tokens are made and taken back by administrators; the store knows the hash of each alone."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
import pytest

from plait_core.engine import Engine
from plait_core.plugins import Plugins, Settings
from plait_core.testing.memory import MemoryDatabase
from plait_server.settings import ServerSettings
from tests.plugins.server import serving as making
from tests.plugins.server.registered import problem
from tests.plugins.server.serving import Serving, client_of

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def running_as(user: str | Mapping[str, str], home: Path) -> AsyncIterator[Serving]:
    """Make a server whose attempts have the rights of a user, or of a user by project."""
    settings = Settings(
        home=str(home),
        store="memory://",
        blobs=f"file://{home}/blobs",
        executors=("process",),
        plugins={"local": {"run_as": user}},
    )
    engine = Engine(plugins=Plugins.load(settings), database=MemoryDatabase())
    async with making.serving(home, engine=engine) as made:
        yield made


@pytest.fixture
async def isolating(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Serving]:
    """A server whose attempts have the rights of another user."""
    async with running_as("nobody", tmp_path) as made:
        yield made


async def test_token_works_until_it_is_deleted(isolating: Serving) -> None:
    """Its secret is told once, and kept by nobody."""
    made = await isolating.admin.post("/tokens", json={"principal": "ada", "roles": {"default": "runner"}})
    secret = made.json()["secret"]

    async with client_of(isolating.app, secret) as ada:
        before = await ada.get("/identity")
        deleted = await isolating.admin.delete(f"/tokens/{made.json()['info']['id']}")
        after = await ada.get("/identity")

    assert made.status_code == 201
    assert before.json()["principal"] == "ada"
    assert (deleted.status_code, after.status_code) == (204, 401)
    assert secret not in (await isolating.admin.get("/tokens")).text
    assert secret not in (await isolating.admin.get("/audit")).text


async def test_store_keeps_the_hash_of_a_secret(isolating: Serving) -> None:
    """Who reads the store can log in as nobody."""
    made = (await isolating.admin.post("/tokens", json={"principal": "ada", "roles": {"*": "viewer"}})).json()

    kept = {token.id: token for token in await isolating.engine.database.accounts.tokens()}[made["info"]["id"]]

    secret = made["secret"].partition(".")[2]
    assert kept.secret_hash == sha256(secret.encode()).hexdigest()
    assert secret not in str(attrs.asdict(kept))


async def test_token_expires(isolating: Serving) -> None:
    """When it was told to."""
    made = await isolating.admin.post(
        "/tokens", json={"principal": "ada", "roles": {"default": "viewer"}, "expires_in_s": 1e-9}
    )

    async with client_of(isolating.app, made.json()["secret"]) as ada:
        assert problem(await ada.get("/identity")) == (401, "NotAuthenticated")


@pytest.mark.parametrize(
    "body",
    [
        {"principal": "", "roles": {"default": "viewer"}},
        {"principal": "a\nb", "roles": {"default": "viewer"}},
        {"principal": "x" * 129, "roles": {"default": "viewer"}},
        {"principal": "ada", "roles": {}},
        {"principal": "ada", "roles": {"default": "king"}},
        {"principal": "ada", "roles": {"default": "viewer"}, "expires_in_s": 0},
        {"principal": "ada", "roles": {"default": "viewer"}, "expires_in_s": "NaN"},
        {"principal": "ada", "roles": {"default": "viewer"}, "expires_in_s": "Infinity"},
    ],
)
async def test_token_that_does_not_fit_is_refused(isolating: Serving, body: Any) -> None:
    """And not made."""
    before = await isolating.engine.database.accounts.tokens()

    answer = await isolating.admin.post("/tokens", json=body)

    assert problem(answer) == (400, "MalformedRequest")
    assert await isolating.engine.database.accounts.tokens() == before


async def test_unknown_token_is_not_deleted(isolating: Serving) -> None:
    """A slip of the hand is told."""
    assert problem(await isolating.admin.delete("/tokens/nothing")) == (404, "UnknownToken")


async def test_second_principal_cannot_start_what_runs_as_the_server(serving: Serving) -> None:
    """Tasks of one could read what belongs to the other; whoever only looks is no danger."""
    runner = await serving.admin.post("/tokens", json={"principal": "ada", "roles": {"default": "runner"}})
    viewer = await serving.admin.post("/tokens", json={"principal": "ada", "roles": {"default": "viewer"}})

    assert problem(runner) == (409, "SharedIdentity")
    assert "inline" in runner.json()["detail"]
    assert viewer.status_code == 201


@pytest.mark.parametrize("user", [str(os.geteuid()), {"*": "nobody", "billing": str(os.geteuid())}])
async def test_naming_the_servers_own_user_isolates_nobody(user: str | Mapping[str, str], tmp_path: Path) -> None:
    """Its number is as good as its name; and tasks of one project that run as the server reach those of all."""
    async with running_as(user, tmp_path) as serving:
        await serving.admin.post("/tokens", json={"principal": "ada", "roles": {"default": "runner"}})
        second = await serving.admin.post("/tokens", json={"principal": "bob", "roles": {"default": "runner"}})

    assert problem(second) == (409, "SharedIdentity")


async def test_first_principal_may_have_many_tokens(tmp_path: Path) -> None:
    """Each is the same person."""
    async with making.serving(tmp_path, settings=ServerSettings()) as serving:
        accounts = serving.engine.database.accounts
        for token in await accounts.tokens():
            if token.principal != "admin":
                await accounts.delete_token(token.id)

        answer = await serving.admin.post("/tokens", json={"principal": "admin", "roles": {"*": "runner"}})

    assert answer.status_code == 201


async def test_tokens_come_in_pages(serving: Serving) -> None:
    """Ordered by id, each once."""
    whole = [one["id"] for one in (await serving.admin.get("/tokens")).json()["items"]]
    first = (await serving.admin.get("/tokens", params={"limit": 2})).json()
    second = (await serving.admin.get("/tokens", params={"token": first["token"]})).json()

    assert whole == sorted(whole)
    assert [one["id"] for page in (first, second) for one in page["items"]] == whole
    assert (len(first["items"]), second.get("token")) == (2, None)
