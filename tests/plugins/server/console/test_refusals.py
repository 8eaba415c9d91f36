"""What the console refuses, and that a refusal is a page that says what to do: forged, oversized, foreign, unknown, not allowed."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from plait_core.errors.stores import StoreUnavailable
from plait_core.ports.databases import ExecutionFilter, Page
from plait_server.console import routes as pages
from plait_server.settings import ServerSettings
from tests.plugins.server import serving as making
from tests.plugins.server.console import samples
from tests.plugins.server.console.visiting import (
    EXECUTIONS,
    MODULE,
    WORKFLOWS,
    csrf_of,
    ended,
    logged_in,
    number,
    register,
)
from tests.plugins.server.serving import HERE, ORIGIN, Serving, client_of

pytestmark = pytest.mark.anyio

LAUNCH = f"{WORKFLOWS}/{MODULE}.sums/versions/local/launch"
PLACES: Mapping[str, str] = {
    "project": "default",
    "domain": "development",
    "section": "launch_plans",
    "name": f"{MODULE}.sums",
    "version": "local",
    "execution": "good",
    "signal": "sure",
}
CHANGES = [page for page in pages.PAGES if page.action]


async def n_executions(serving: Serving) -> int:
    rows, _ = await serving.engine.database.views.executions(ExecutionFilter(), Page())
    return len(rows)


@pytest.mark.parametrize("page", CHANGES, ids=[page.path for page in CHANGES])
async def test_nothing_changes_without_the_mark_of_the_session(serving: Serving, page: pages.Page) -> None:
    """Whatever the role; the trail has no line of it."""
    await register(serving.engine)
    await ended(serving, samples.sums, "good", {"x": number(1)})
    async with logged_in(serving, "admin") as browser:
        answer = await browser.post(page.path.format(**PLACES), data={"csrf": "guess", "reason": "x"})

    lines, _ = await serving.engine.database.accounts.audited(Page())
    assert answer.status_code == 403
    assert "<h1>Forged request</h1>" in answer.text
    assert (list(lines), await n_executions(serving)) == ([], 1)


@pytest.mark.parametrize("page", CHANGES, ids=[page.path for page in CHANGES])
async def test_viewer_changes_nothing(serving: Serving, page: pages.Page) -> None:
    """Also one who knows the addresses and has a mark."""
    if page.path == "/logout":
        return
    await register(serving.engine)
    await ended(serving, samples.sums, "good", {"x": number(1)})
    async with logged_in(serving, "viewer") as browser:
        mark = csrf_of(await browser.get("/"))
        answer = await browser.post(page.path.format(**PLACES), data=mark)

    assert answer.status_code == 403
    assert "<h1>Not allowed</h1>" in answer.text


async def test_page_of_another_site_changes_nothing(console: httpx.AsyncClient) -> None:
    """Even if it has got hold of the mark: the browser says where a request comes from."""
    form = csrf_of(await console.get(LAUNCH))

    foreign = await console.post(LAUNCH, data={**form, "input-x": "3"}, headers={"Origin": "https://evil.example"})
    own = await console.post(LAUNCH, data={**form, "input-x": "3"}, headers={"Origin": ORIGIN})

    assert foreign.status_code == 403
    assert "https://evil.example" in foreign.text
    assert own.status_code == 303


async def test_page_of_another_site_logs_nobody_in(serving: Serving) -> None:
    """Into an account of its choice."""
    async with client_of(serving.app, prefix="/console") as browser:
        answer = await browser.post(
            "/login", data={"token": serving.tokens["viewer"]}, headers={"Origin": "https://evil.example"}
        )

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "<h1>Forged request</h1>" in answer.text


async def test_proxy_may_speak_for_the_outer_address(tmp_path: Path, anyio_backend: str) -> None:
    """Forms come from there; the cookie travels only encrypted when that is how people reach the console."""
    settings = ServerSettings(url="https://plait.example/tools")
    async with making.serving(tmp_path, settings=settings) as serving, client_of(serving.app, prefix="/console") as one:
        form = {"token": serving.tokens["viewer"]}
        outer = await one.post("/login", data=form, headers={"Origin": "https://plait.example"})
        nowhere = await one.post("/login", data=form, headers={"Origin": "null"})

    assert (outer.status_code, nowhere.status_code) == (303, 403)
    assert "Secure" in outer.headers["set-cookie"]


async def test_session_is_no_key_to_the_api_without_its_mark(console: httpx.AsyncClient) -> None:
    """Pages read with it; a change must carry the mark in a header."""
    url = httpx.URL(f"{ORIGIN}/api/v1/login_links")
    mark = csrf_of(await console.get("/"))["csrf"]

    assert (await console.get(url.copy_with(path="/api/v1/identity"))).status_code == 200
    assert (await console.post(url, json={})).status_code == 403
    assert (await console.post(url, json={}, headers={"X-Plait-CSRF": mark})).status_code == 201


async def test_form_of_somebody_unknown_is_short(serving: Serving) -> None:
    """Nothing that is longer is read, let alone stored."""
    async with client_of(serving.app, prefix="/console") as browser:
        answer = await browser.post("/login", data={"token": "a" * 70_000})

    assert answer.status_code == 413
    assert "<h1>Too large</h1>" in answer.text


async def test_upload_ends_where_it_is_too_large(tmp_path: Path, anyio_backend: str) -> None:
    """Nothing of it is stored, and nothing launched."""
    async with making.serving(tmp_path, settings=ServerSettings(max_upload_bytes=10_000)) as serving:
        await register(serving.engine)
        url = f"{WORKFLOWS}/{MODULE}.reading/versions/local/launch"
        async with logged_in(serving, "runner") as browser:
            form = csrf_of(await browser.get(url))
            answer = await browser.post(url, data=form, files={"file-source": ("big", b"x" * 20_000)})

        assert answer.status_code == 413
        assert "max_upload_bytes" in answer.text
        assert await n_executions(serving) == 0
        assert not (tmp_path / "blobs" / "raw").exists()


async def test_what_is_no_form_is_refused(console: httpx.AsyncClient) -> None:
    """As the caller's fault."""
    answer = await console.post(LAUNCH, content=b"--x", headers={"Content-Type": "multipart/form-data"})

    assert answer.status_code == 400
    assert "<h1>Malformed request</h1>" in answer.text


@pytest.mark.parametrize(
    "filename", ["../../../etc/passwd", "..\\..\\boot.ini", "a%2F..%2Fb?x#y", "..", ".hidden", "é" * 200]
)
async def test_uploaded_file_has_a_plain_name(serving: Serving, console: httpx.AsyncClient, filename: str) -> None:
    """It lies where inputs of the project lie, whatever it was called."""
    url = f"{WORKFLOWS}/{MODULE}.reading/versions/local/launch"
    form = csrf_of(await console.get(url))

    answer = await console.post(url, data=form, files={"file-source": (filename, b"1 2 3")})

    assert answer.status_code == 303, answer.text
    (stored,) = [info.uri async for info in serving.engine.blobs("file:").list(f"{serving.server.blobs_root}/raw")]
    place = stored.removeprefix(f"{serving.server.blobs_root}/raw/default/development/inputs/")
    assert place.count("/") == 1
    assert not place.rpartition("/")[2].startswith(".")


@pytest.mark.parametrize(
    "path",
    [
        "raw/other/development/x/n0/0/secret",
        "raw/default/../other/secret",
        "secret",
        "../secret",
        "raw/default//etc/passwd",
    ],
)
async def test_files_of_others_are_not_handed_out(serving: Serving, console: httpx.AsyncClient, path: str) -> None:
    """Not even when they exist."""
    root = serving.server.blobs_root
    await serving.engine.blobs(root).put(f"{root}/raw/other/development/x/n0/0/secret", b"x")

    answer = await console.get(f"{HERE}/download", params={"uri": f"{root}/{path}"})

    assert answer.status_code in {403, 404}
    assert "location" not in answer.headers


async def test_addresses_that_lead_nowhere_are_pages(console: httpx.AsyncClient, serving: Serving) -> None:
    """For whoever is logged in; others are asked to log in first."""
    async with client_of(serving.app, prefix="/console") as stranger:
        answer = await stranger.get("/no/such/page")

    assert answer.status_code == 303
    assert (await console.get("/no/such/page")).status_code == 404
    assert "<h1>No such path</h1>" in (await console.get("/no/such/page")).text


async def test_form_sent_after_the_session_ended_leads_to_the_login(serving: Serving) -> None:
    """And not back to an address that only takes forms."""
    async with client_of(serving.app, prefix="/console") as browser:
        answer = await browser.post(f"{EXECUTIONS}/good/abort", data={})

    assert answer.headers["location"] == "/console/login"


async def test_store_that_is_away_is_told_on_a_page(
    serving: Serving, console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word about where it is."""

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable(url="postgresql://db.internal/plait", detail="refused")

    monkeypatch.setattr(type(serving.engine.database.views), "executions", away)
    one = await console.get(EXECUTIONS)
    monkeypatch.setattr(type(serving.engine.database.accounts), "tokens", away)
    other = await console.get(EXECUTIONS)

    assert (one.status_code, other.status_code) == (503, 503)
    assert "<h1>Unavailable</h1>" in one.text
    assert "<h1>Unavailable</h1>" in other.text
    assert "db.internal" not in one.text + other.text


async def test_failure_of_ours_is_a_page_with_a_number(
    serving: Serving, console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under which the log has the rest."""

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(type(serving.engine.database.views), "executions", broken)
    answer = await console.get(EXECUTIONS)

    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    assert "of ours" not in answer.text
