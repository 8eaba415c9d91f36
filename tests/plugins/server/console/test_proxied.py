"""People whom an authenticator knows enter the console without a token, and are as safe there as others."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.plugins.server.console import samples
from tests.plugins.server.console.visiting import EXECUTIONS, ended, number, register
from tests.plugins.server.proxied import USER, behind_proxy
from tests.plugins.server.registered import problem
from tests.plugins.server.serving import ORIGIN, Serving, client_of

pytestmark = pytest.mark.anyio

ARCHIVE = f"{EXECUTIONS}/mine/archive"


@pytest.fixture
async def proxied(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Serving]:
    """A server that asks a proxy, over a registry with samples and one execution."""
    async with behind_proxy(tmp_path) as made:
        await register(made.engine)
        await ended(made, samples.sums, "mine", {"x": number(1)})
        yield made


@asynccontextmanager
async def visitor(serving: Serving, user: str) -> AsyncIterator[httpx.AsyncClient]:
    """Visit the console as somebody whom the proxy names."""
    async with client_of(serving.app, prefix="/console") as client:
        client.headers[USER] = user
        yield client


async def mark_on(client: httpx.AsyncClient) -> str:
    """Return the mark that forms on the page of the execution carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', (await client.get(f"{EXECUTIONS}/mine")).text)
    assert found is not None
    return found[1]


async def test_whoever_the_proxy_names_is_in(proxied: Serving) -> None:
    """Under that name, with the roles that the authenticator gives; nobody else is."""
    async with visitor(proxied, "ada") as ada, visitor(proxied, "") as nobody:
        page = await ada.get(EXECUTIONS)
        launch = await ada.get(f"{EXECUTIONS}/mine/relaunch")
        stream = await ada.get(f"{ORIGIN}/api/v1{EXECUTIONS}/mine")
        other = await nobody.get(EXECUTIONS)

    assert page.status_code == stream.status_code == 200
    assert '<span class="muted">ada</span>' in page.text
    assert "Log out" not in page.text
    assert launch.status_code == 403
    assert other.headers["location"].startswith("/console/login")


async def test_forms_need_the_mark_of_whoever_sends_them(proxied: Serving) -> None:
    """That of somebody else, or none, or a page of another site, changes nothing; the trail names who did."""
    async with visitor(proxied, "ada/runner") as ada, visitor(proxied, "eve/runner") as eve:
        own, other = await mark_on(ada), await mark_on(eve)
        assert own != other
        forged = [
            await ada.post(ARCHIVE, data={"csrf": other, "archived": "yes"}),
            await ada.post(ARCHIVE, data={"archived": "yes"}),
            await ada.post(ARCHIVE, data={"csrf": own, "archived": "yes"}, headers={"Origin": "https://evil.example"}),
        ]
        done = await ada.post(ARCHIVE, data={"csrf": own, "archived": "yes"})

    assert [answer.status_code for answer in forged] == [403] * 3
    assert done.status_code == 303
    lines = (await proxied.admin.get("/audit")).json()["items"]
    assert [(line["principal"], line["action"]) for line in lines] == [("ada", "archive_execution")]


async def test_token_is_stronger_than_the_proxy(proxied: Serving) -> None:
    """Whoever logs in is that one until they log out, and then again whom the proxy names."""
    async with visitor(proxied, "ada") as client:
        welcome = await client.get("/login")
        await client.post("/login", data={"token": proxied.tokens["admin"]})
        admin = await client.get("/tokens")
        mark = re.search(r'name="csrf" value="([^"]+)"', admin.text)
        assert mark is not None
        bye = await client.post("/logout", data={"csrf": mark[1]})
        after = await client.get("/tokens")

    assert "You are known here as <b>ada</b>" in welcome.text
    assert (admin.status_code, bye.status_code, after.status_code) == (200, 303, 403)


async def test_way_out_is_that_of_the_proxy(tmp_path: Path) -> None:
    """Where settings name it; the server cannot end what it did not begin."""
    async with behind_proxy(tmp_path, logout_url="/oauth2/sign_out") as served, visitor(served, "ada") as ada:
        page = await ada.get("/")

    assert '<a class="button quiet" href="/oauth2/sign_out">' in page.text
    assert 'action="/console/logout"' not in page.text


async def test_proxy_that_cannot_tell_is_a_page(proxied: Serving) -> None:
    """Who visits may try again."""
    async with visitor(proxied, "nobody knows") as client:
        answer = await client.get(EXECUTIONS)

    assert answer.status_code == 503
    assert "<h1>" in answer.text


async def test_second_who_starts_tasks_is_refused_while_they_run_as_the_server(proxied: Serving) -> None:
    """Here as with tokens: whoever is alone may, and who comes then is told what to set."""
    accounts = proxied.engine.database.accounts
    async with visitor(proxied, "ada/runner") as ada, visitor(proxied, "eve/runner") as eve:
        form, place = {"csrf": await mark_on(ada), "input-x": "1"}, f"{EXECUTIONS}/mine/relaunch"
        besides_tokens = await ada.post(place, data=form)
        for token in await accounts.tokens():
            await accounts.delete_token(token.id)
        alone = await ada.post(place, data=form)
        second = await eve.post(f"{ORIGIN}/api/v1{EXECUTIONS}/mine/relaunch", json={})

    assert "run_as" in besides_tokens.text
    assert alone.status_code == 303, alone.text
    assert problem(second) == (409, "SharedIdentity")
