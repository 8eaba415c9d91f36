"""Callers are known by a token, by the session of a browser, or by an authenticator of a plugin, in this order."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from plait_core.ports.principals import Principal
from plait_server.sessions import CSRF_HEADER, csrf_mark
from tests.plugins.server.proxied import USER, behind_proxy
from tests.plugins.server.registered import problem
from tests.plugins.server.serving import ORIGIN, Serving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def proxied(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Serving]:
    """A server that asks a proxy."""
    async with behind_proxy(tmp_path) as made:
        yield made


async def identity(client: httpx.AsyncClient, **headers: str) -> str:
    """Return whom the server takes a client for."""
    answer = await client.get("/identity", headers={name.replace("_", "-"): value for name, value in headers.items()})
    name: str = answer.json()["principal"]
    return name


async def test_plugin_may_know_callers(proxied: Serving) -> None:
    """Whoever has no token of the server's own."""
    assert await identity(proxied.nobody, x_user="ada") == "ada"
    assert await identity(proxied.viewer, x_user="ada") == "viewer"
    assert problem(await proxied.nobody.get("/identity")) == (401, "NotAuthenticated")
    assert problem(await proxied.nobody.get("/tokens", headers={"X-User": "ada"})) == (403, "NotAllowed")


async def test_plugin_that_cannot_tell_is_no_refusal_for_ever(proxied: Serving) -> None:
    """Who asks may try again."""
    answer = await proxied.nobody.get("/identity", headers={"X-User": "nobody knows"})

    assert problem(answer) == (503, "Unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_browser_that_a_plugin_knows_is_not_tricked(proxied: Serving) -> None:
    """What a page of another site makes it send changes nothing; programs, which send no origin, need no mark."""
    path, known = "/projects/default", {USER: "ada/admin"}
    every = {USER: "ada/admin", "Authorization": "Basic YWRhOng="}
    tricks = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]

    forged = [
        await proxied.nobody.put(path, json={}, headers={**who, **trick}) for trick in tricks for who in (known, every)
    ]
    own = [await proxied.nobody.put(path, json={}, headers={**known, **more}) for more in ({}, {"Origin": ORIGIN})]

    assert [problem(answer) for answer in forged] == [(403, "ForgedRequest")] * 6
    assert [answer.status_code for answer in own] == [200, 200]


# ── browsers ─────────────────────────────────────────────────────────────────


@pytest.fixture
async def browser(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is logged in to the console, and calls the API."""
    async with httpx.AsyncClient(transport=serving.nobody._transport, base_url=ORIGIN) as client:
        answer = await client.post("/console/login", data={"token": serving.tokens["admin"]})
        assert answer.status_code == 303, answer.text
        yield client


def mark_of(browser: httpx.AsyncClient, serving: Serving) -> str:
    """Return what our own pages send along with every change."""
    from starlette.requests import Request

    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    request = Request({"type": "http", "headers": [(b"cookie", cookies.encode())]})
    return csrf_mark(request, serving.server, Principal(name="admin", roles={}, token="t"))


async def test_session_of_a_browser_is_enough_to_look(browser: httpx.AsyncClient) -> None:
    """It is that of the token it was begun with."""
    assert (await browser.get("/api/v1/identity")).json()["principal"] == "admin"


async def test_session_of_a_browser_is_not_enough_to_change(browser: httpx.AsyncClient, serving: Serving) -> None:
    """A page of another site could have sent the request; ours send a mark along."""
    path, mark = "/api/v1/projects/ml", mark_of(browser, serving)
    guesses: list[dict[str, str]] = [{}, {CSRF_HEADER: "guess"}, {CSRF_HEADER: mark, "Origin": "https://evil.example"}]

    forged = [await browser.put(path, json={}, headers=headers) for headers in guesses]
    own = await browser.put(path, json={}, headers={CSRF_HEADER: mark, "Origin": ORIGIN})

    assert [problem(answer) for answer in forged] == [(403, "ForgedRequest")] * 3
    assert own.status_code == 200, own.text


async def test_wrong_token_is_not_made_up_for_by_a_session(browser: httpx.AsyncClient) -> None:
    """Who says who they are is taken at their word."""
    answer = await browser.get("/api/v1/identity", headers={"Authorization": "Bearer a.b"})

    assert problem(answer) == (401, "NotAuthenticated")


async def test_session_ends_with_its_token(browser: httpx.AsyncClient, serving: Serving) -> None:
    """Whatever the cookie says."""
    id_ = serving.tokens["admin"].partition(".")[0]
    await serving.engine.database.accounts.delete_token(id_)

    assert problem(await browser.get("/api/v1/identity")) == (401, "NotAuthenticated")
