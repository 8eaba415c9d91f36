"""The way of a person through the console in a real browser: launch, look, answer, see it end."""

import pytest
from playwright.async_api import expect

from plait_core.ir.ids import ExecutionId
from tests.plugins.server.console.browsing import Browsing
from tests.plugins.server.console.visiting import number

pytestmark = pytest.mark.anyio


async def test_execution_is_launched_answered_and_seen_to_end(browsing: Browsing) -> None:
    """From the form to the outputs; what happens meanwhile appears by itself."""
    page = await browsing.visitor("runner")
    await page.goto(browsing.launch_url("asking"))
    await page.get_by_label("x", exact=False).first.fill("3")
    await page.get_by_label("Name of the execution").fill("mine")
    await page.get_by_role("button", name="Launch").click()

    await expect(page.get_by_role("heading", name="mine")).to_be_visible()
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_label("sure n1 · gate: Succeeded")).to_be_visible()
    await page.evaluate("window.stays = 1")
    await browsing.serving.engine.signal(ExecutionId(name="mine"), "more", number(5))

    await expect(page.locator("h1 + .chip")).to_have_text("Succeeded")
    assert await page.title() == "Succeeded · mine · plait"
    assert await page.locator("[data-announce]").text_content() == "Execution mine: Succeeded"
    assert await page.evaluate("window.stays") == 1
    await page.get_by_role("link", name="Inputs & outputs").click()
    outputs = page.locator("section", has=page.get_by_role("heading", name="Outputs"))
    await expect(outputs.locator("dt", has_text="o0")).to_be_visible()
    await expect(outputs.locator("dd", has_text="9")).to_be_visible()
