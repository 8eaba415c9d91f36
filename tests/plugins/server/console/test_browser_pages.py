"""Every page in a real browser: nothing is refused by its policy, nothing overflows, nothing that users wrote runs."""

from collections.abc import Sequence

import pytest
from playwright.async_api import Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount

from plait_core.authoring.tracing import trace
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import Collection, Literal
from tests.plugins.server.console import browsing as opening
from tests.plugins.server.console import samples
from tests.plugins.server.console.browsing import Browsing
from tests.plugins.server.console.visiting import MODULE, ended, number, register
from tests.plugins.server.serving import Serving

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TABS = ("graph", "nodes", "timeline", "io")
LONG = "a" * 60
OPTIONS = ExecutionOptions(labels={samples.HOSTILE: samples.HOSTILE, "team": "a-very-long-label-" * 8})


async def filled(serving: Serving) -> Sequence[str]:
    """Run something of everything; returns the paths of all pages below the project and domain."""
    numbers = Literal(value=Collection(literals=tuple(number(n) for n in range(40))))
    await ended(serving, samples.sums, LONG, {"x": number(1)})
    await ended(serving, samples.broken, "bad")
    await ended(serving, samples.made, "made", {"n": number(4)})
    await ended(serving, samples.choice, "choice", {"age": number(20)})
    await ended(serving, samples.doubled, "map", {"xs": numbers})
    closure = trace(samples.reporting).closure
    await serving.engine.wait(await serving.engine.launch(closure, {}, options=OPTIONS, name="deck", principal="ada"))
    ask = await serving.engine.launch(trace(samples.asking).closure, {"x": number(1)}, name="ask")
    async for _ in serving.server.inspector.follow(ask):
        if len(await serving.engine.database.views.nodes(ask)) == 3:
            break
    runs = (LONG, "bad", "made", "choice", "map", "ask")
    return (
        *("executions", "workflows", "tasks", "launch_plans", "executions?name=nothing"),
        *(f"executions/{name}?tab={tab}&node=n0" for name in runs for tab in TABS),
        *(f"executions/deck?tab={tab}" for tab in TABS),
        "executions/map/nodes/n0/elements",
        "executions/map/nodes/n0/elements?failed=yes",
        "executions/map/logs/n0/3/0",
        "executions/bad/relaunch",
        "executions/bad/rerun?node=n0",
        *(f"workflows/{MODULE}.{name}" for name in ("sums", "typed", "asking")),
        f"tasks/{MODULE}.shout",
        f"launch_plans/{MODULE}.sums",
        f"workflows/{MODULE}.typed/versions/local/launch",
    )


async def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    width: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
async def test_pages_fit_and_are_accepted_by_the_browser(browsing: Browsing, width: int, scheme: str) -> None:
    """Whatever is on them: wide windows and narrow ones, dark and light; hostile text is only text."""
    paths = await filled(browsing.serving)
    size = {"width": width, "height": 800}
    page = await browsing.visitor("admin", viewport=size, color_scheme=scheme)
    too_wide = {}

    for url in (*map(browsing.here, paths), *(f"{browsing.url}/{path}" for path in ("", "tokens", "audit"))):
        answer = await page.goto(url)
        assert answer is not None
        assert answer.status == 200, url
        assert await page.evaluate("window.owned") is None, url
        if wider := await overflow(page):
            too_wide[url] = wider

    assert too_wide == {}


async def test_deck_runs_in_a_box_of_its_own(browsing: Browsing) -> None:
    """It shows itself and runs its script, and reaches neither the page, nor its cookie, nor the server."""
    await ended(browsing.serving, samples.reporting, "deck")
    page = await browsing.visitor("viewer", is_strict=False)  # the browser notes what the deck may not do
    async with page.expect_console_message(lambda it: "api/v1/projects" in it.text and "violates" in it.text):
        await page.goto(browsing.here("executions/deck?node=n0"))

    frame = page.frame_locator("iframe.deck")
    await expect(frame.get_by_role("heading", level=1).first).to_be_attached()
    inside = page.frames[1]
    assert await inside.evaluate("document.title") == "ran"
    assert await inside.evaluate("origin") == "null"
    assert await inside.evaluate("try { document.cookie } catch (it) { it.name }") == "SecurityError"
    assert await page.evaluate("window.owned") is None


async def test_console_works_under_a_prefix(chromium: None, serving: Serving) -> None:
    """Inside another application: its pages, their assets, the session, live events and forms."""
    await register(serving.engine)
    outer = Starlette(routes=[Mount("/tools/plait", serving.app)])
    async with opening.browsing(serving, outer, prefix="/tools/plait") as browsing:
        page = await browsing.visitor("runner")
        assert page.url == f"{browsing.url}/"
        await page.goto(browsing.launch_url("asking"))
        await page.locator("#input-x").fill("1")
        await page.get_by_role("button", name="Launch").click()
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Approve").click()
        await page.get_by_role("textbox", name="more").fill("5")
        await page.get_by_role("button", name="Send").click()
        await expect(page.locator("h1 + .chip")).to_have_text("Succeeded")

        cookies = await page.context.cookies()
        assert {cookie["path"] for cookie in cookies} == {"/tools/plait", "/tools/plait/console"}  # session, last place
        assert all(cookie["httpOnly"] and cookie["sameSite"] == "Lax" for cookie in cookies)
        assert browsing.url.startswith(page.url.partition("/projects")[0])


async def test_hundred_thousand_elements_are_shown_like_a_thousand(browsing: Browsing) -> None:
    """As a summary, and as a page of a table: a browser is sent as much, and draws as much."""
    page = await browsing.visitor("viewer")
    weights = {}

    for n in (1_000, 100_000):
        numbers = Literal(value=Collection(literals=tuple(number(x) for x in range(n))))
        await ended(browsing.serving, samples.doubled, f"map-{n}", {"xs": numbers})
        for path in (f"executions/map-{n}?node=n0", f"executions/map-{n}/nodes/n0/elements?from={n - 100}"):
            await page.goto(browsing.here(path))
            await expect(page.get_by_text(f"{n:,} elements: {n:,} ")).to_be_visible()
            weights[n, path.partition("/nodes")[1]] = await weight(page)

    await expect(page.get_by_role("link", name="Log of element 99999, attempt 0")).to_be_visible()
    for kind in ("", "/nodes"):
        for little, much in zip(weights[1_000, kind], weights[100_000, kind], strict=True):
            assert much <= 1.1 * little, weights


async def weight(page: Page) -> tuple[int, int]:
    """Return how many bytes a page has, and how many elements are drawn of it."""
    n_bytes: int = await page.evaluate("performance.getEntriesByType('navigation')[0].decodedBodySize")
    n_elements: int = await page.evaluate("document.getElementsByTagName('*').length")
    return n_bytes, n_elements
