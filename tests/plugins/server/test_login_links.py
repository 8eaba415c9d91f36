"""Somebody with a token in a terminal gets a link that logs their browser in, once."""

import pytest

from tests.plugins.server.serving import HERE, Serving, client_of

pytestmark = pytest.mark.anyio


async def test_link_logs_in_whoever_asked_for_it(serving: Serving) -> None:
    """It leads to the page that was asked for; the audit trail knows of it."""
    answer = await serving.viewer.post("/login_links", json={"page": f"{HERE[1:]}/executions"})
    async with client_of(serving.app, prefix="") as browser:
        welcome = await browser.get(answer.json()["url"])
        page = await browser.get(welcome.headers["location"])

    assert answer.status_code == 201
    assert welcome.headers["location"] == f"/console{HERE}/executions"
    assert page.status_code == 200
    assert "viewer" in page.text


async def test_link_works_once(serving: Serving) -> None:
    """Whoever finds it in a history afterwards is asked for a token, and led to the page when they have one."""
    url = (await serving.viewer.post("/login_links", json={"page": "tokens"})).json()["url"]
    async with client_of(serving.app, prefix="") as browser, client_of(serving.app, prefix="") as other:
        await browser.get(url)
        again = await other.get(url)

    assert again.status_code == 401
    assert "This link was used already" in again.text
    assert 'name="next" value="/console/tokens"' in again.text
    assert "set-cookie" not in again.headers


async def test_link_leads_nowhere_but_into_the_console(serving: Serving) -> None:
    """Whatever page is asked for."""
    url = (await serving.viewer.post("/login_links", json={"page": "..//evil.example/"})).json()["url"]
    async with client_of(serving.app, prefix="") as browser:
        welcome = await browser.get(url)

    assert welcome.headers["location"] == "/console/"


async def test_stranger_gets_no_link(serving: Serving) -> None:
    """Only who is known has somebody to log in as."""
    assert (await serving.nobody.post("/login_links", json={})).status_code == 401
