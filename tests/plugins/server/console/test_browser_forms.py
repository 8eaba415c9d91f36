"""Inputs with fields are typed into fields in a real browser; the text that is sent stays JSON, and can be typed, too."""

import json
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from plait_core.ir.ids import ExecutionId
from tests.plugins.server.console.browsing import Browsing

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def opened(browsing: Browsing, workflow: str, *, is_strict: bool = True) -> Page:
    page = await browsing.visitor("runner", is_strict=is_strict)
    await page.goto(browsing.launch_url(workflow))
    return page


async def sent(page: Page, name: str) -> Any:
    """Return what the text of an input says now."""
    return json.loads(await page.locator(f"#input-{name}").input_value())


def fields_of(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True).first


async def test_struct_is_typed_into_its_fields(browsing: Browsing) -> None:
    """Those inside others, lists, maps, choices, and what may be left out; defaults are filled in."""
    page = await opened(browsing, "planned")
    form = fields_of(page, "plan")
    await expect(page.locator("#input-plan")).to_be_hidden()
    assert await sent(page, "plan") == {
        "title": "",
        "limits": {"high": 9},
        "steps": [],
        "weights": {"a": 0.5},
        "note": None,
        "size": 3,
    }

    await form.get_by_label("title").fill("a “title”")
    await form.get_by_label("mode").select_option("full")
    await form.get_by_label("low").fill("12345678901234567890123")
    await form.get_by_role("button", name="Add to steps").click()
    await expect(page.locator('[id="input-plan.form.steps.1.low"]')).to_be_focused()
    await page.keyboard.type("7")
    await form.get_by_role("button", name="Add to steps").click()
    await form.get_by_role("button", name="Remove item 2 of steps").click()
    await expect(form.get_by_role("button", name="Add to steps")).to_be_focused()
    await form.get_by_role("button", name="Remove entry 1 of weights").click()
    await form.get_by_role("button", name="Add to weights").click()
    await page.keyboard.type("b")
    await form.get_by_label("value").fill("1.5")
    await form.get_by_label("Give note").check()
    await form.get_by_label("note", exact=False).last.fill("mine")
    await form.get_by_label("size").select_option("string")
    await page.locator('[id="input-plan.form.size.1"]').fill("large")

    assert await sent(page, "plan") == {
        "title": "a “title”",
        "mode": "full",
        "limits": {"low": 12345678901234567890123, "high": 9},
        "steps": [{"low": 7, "high": 9}],
        "weights": {"b": 1.5},
        "note": "mine",
        "size": "large",
    }
    await form.get_by_label("low").first.fill("1")
    await page.get_by_label("Name of the execution").fill("mine")
    await page.get_by_role("button", name="Launch").click()
    await expect(page.locator("h1 + .chip")).to_have_text("Succeeded")
    spec = await browsing.serving.server.inspector.spec(ExecutionId(name="mine"))
    assert set(spec.inputs) == {"plan"}


async def test_faults_come_back_with_the_fields_as_they_were(browsing: Browsing) -> None:
    """Each says which field is meant."""
    page = await opened(browsing, "planned", is_strict=False)  # the browser notes that the form was refused
    form = fields_of(page, "plan")
    await form.get_by_label("title").fill("kept")
    await form.get_by_label("low").fill("many")
    await page.get_by_role("button", name="Launch").click()

    await expect(page.locator("#input-plan-fault")).to_contain_text('limits.low: "many" is not a whole number')
    await expect(page.locator("#input-plan-fault")).to_contain_text("mode missing")
    await expect(fields_of(page, "plan").get_by_label("title")).to_have_value("kept")
    await expect(fields_of(page, "plan").get_by_label("low")).to_have_value("many")


async def test_json_can_be_typed_instead(browsing: Browsing) -> None:
    """And comes back into fields, unless it is none, or does not fit them."""
    page = await opened(browsing, "typed")
    area = page.locator("#input-tags")
    box = page.locator(".field", has=area)
    await box.get_by_role("button", name="Edit as JSON").click()
    await expect(area).to_be_focused()
    for wrong in ('["a", ', '{"a": 1}'):
        await area.fill(wrong)
        await box.get_by_role("button", name="Edit in fields").click()
        await expect(box.get_by_text("does not fit the fields")).to_be_visible()
        await expect(area).to_be_visible()
    await area.fill('["a", "b"]')
    await box.get_by_role("button", name="Edit in fields").click()

    await expect(area).to_be_hidden()
    await expect(box.get_by_label("item 1 *")).to_have_value("a")
    await expect(box.get_by_label("item 2 *")).to_have_value("b")


async def test_form_without_script_is_text(browsing: Browsing) -> None:
    """What is sent is the same."""
    page = await browsing.visitor("runner", java_script_enabled=False)
    await page.goto(browsing.launch_url("planned"))
    await page.locator("#input-plan").fill('{"title": "t", "mode": "fast", "limits": {"low": 1}, "steps": []}')
    await page.get_by_label("Name of the execution").fill("plain")
    await page.get_by_role("button", name="Launch").click()

    await expect(page.get_by_role("heading", name="plain")).to_be_visible()
