"""What people do in the console, in a real browser: with the mouse, with the keyboard, while the server goes away and comes back."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from plait_core.authoring.tracing import trace
from plait_core.engine import output_prefix
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.literals import Literal, LiteralMap, Primitive
from plait_core.ir.types import SimpleType
from plait_core.worker.logs import STDERR, STDOUT, LogWriter
from tests.plugins.server.console import samples
from tests.plugins.server.console.browsing import Browsing, Listening
from tests.plugins.server.console.visiting import MODULE, WORKFLOWS, ended, number
from tests.plugins.server.serving import Serving

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ASK = ExecutionId(name="ask")
WAIT = ExecutionId(name="wait")


def text(value: str) -> Literal:
    return Literal(value=Primitive(kind=SimpleType.STRING, value=value))


async def launched(serving: Serving, workflow: object, name: str, inputs: LiteralMap) -> None:
    """Launch a sample that does not end by itself, and wait until it has come to where it stops."""
    execution = await serving.engine.launch(trace(workflow).closure, inputs, name=name, principal="ada")  # type: ignore[arg-type]  # of several signatures
    async for _ in serving.server.inspector.follow(execution):
        rows = await serving.engine.database.views.nodes(execution)
        if any(row.phase.value == "RUNNING" and row.kind in {"gate", "task"} for row in rows):
            return


async def test_form_takes_every_type(browsing: Browsing, tmp_path: Path) -> None:
    """What is missing or does not fit is told beside its field, and what was typed is still there."""
    page = await browsing.visitor("runner", is_strict=False)  # the browser notes the 422
    await page.goto(browsing.launch_url("typed"))
    fields = {
        "count": "3",
        "share": "much",
        "name": "ada",
        "limits": '{"low": 1}',
        "tags": '["a", "b"]',
        "sizes": '{"a": 1}',
        "begin": "2026-01-31 12:00",
        "span": "1h30m",
    }
    while await (buttons := page.get_by_role("button", name="Edit as JSON")).count():
        await buttons.first.click()
    for name, typed in fields.items():
        await page.locator(f"#input-{name}").fill(typed)
    await page.locator("#input-is_on").select_option("true")
    await page.locator("#input-mode").select_option("full")
    await page.get_by_role("button", name="Launch").click()
    await expect(page.get_by_text("'much' is no number")).to_be_visible()
    await expect(page.locator("#input-sizes")).to_have_value('{"a": 1}')
    await page.locator("#input-share").fill("0.5")
    await page.get_by_role("button", name="Launch").click()

    await expect(page.locator("h1 + .chip")).to_have_text("Succeeded")
    await page.get_by_role("link", name="Inputs & outputs").click()
    for shown in ("1 h 30 min", "2026-01-31T12:00:00Z", "full", '{"low": 1', "None"):
        await expect(page.locator("dd").filter(has_text=shown).first).to_be_visible()


async def test_file_goes_up_with_the_form_and_comes_down_again(browsing: Browsing, tmp_path: Path) -> None:
    """Under its own name, as an attachment."""
    source = tmp_path / "numbers.txt"
    source.write_text("1 2 3")
    page = await browsing.visitor("runner")
    await page.goto(browsing.launch_url("reading"))
    await page.get_by_label("File for source").set_input_files(source)
    await page.get_by_role("button", name="Launch").click()
    await expect(page.locator("h1 + .chip")).to_have_text("Succeeded")
    await page.get_by_role("link", name="Inputs & outputs").click()

    async with page.expect_download() as coming:
        await page.get_by_role("link", name="numbers.txt").click()
    download = await coming.value

    assert download.suggested_filename == "numbers.txt"
    await download.save_as(tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_bytes() == source.read_bytes()


async def test_execution_is_aborted_with_a_reason(browsing: Browsing) -> None:
    """The page says so, and offers to run it again."""
    await launched(browsing.serving, samples.asking, "ask", {"x": number(1)})
    page = await browsing.visitor("runner")
    await page.goto(browsing.here("executions/ask"))

    await page.locator("summary", has_text="Abort").click()
    await page.get_by_label("Reason").fill("wrong data")
    await page.get_by_role("button", name="Abort this execution").click()

    await expect(page.locator("h1 + .chip")).to_have_text("Aborted")
    await expect(page.get_by_text("Aborted: wrong data")).to_be_visible()
    await expect(page.get_by_role("button", name="Recover")).to_be_visible()


async def test_answer_that_does_not_fit_is_told_and_the_page_goes_on(browsing: Browsing) -> None:
    """With what was typed; what happens afterwards still appears by itself."""
    await launched(browsing.serving, samples.asking, "ask", {"x": number(1)})
    page = await browsing.visitor("runner", is_strict=False)  # the browser notes the 422
    await page.goto(browsing.here("executions/ask"))
    await page.get_by_role("textbox", name="more").fill("lots")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("'lots' is no whole number")).to_be_visible()

    await browsing.serving.engine.signal(ASK, "more", number(5))
    await browsing.serving.engine.signal(ASK, "sure", Literal(value=Primitive(kind=SimpleType.BOOLEAN, value=True)))
    await page.locator("h1").click()

    await expect(page.locator("h1 + .chip")).to_have_text("Succeeded")


async def test_log_is_followed_while_it_is_written(browsing: Browsing, tmp_path: Path) -> None:
    """What is there comes with the page, what follows as it is stored; markup in it stays text. The deck comes with the end."""
    await launched(browsing.serving, samples.waiting, "wait", {"path": text(str(tmp_path / "done"))})
    (attempt,) = await browsing.serving.engine.database.views.attempts(WAIT, [NodeId("n0")])
    writer = LogWriter(output_prefix(attempt.id, browsing.serving.server.blobs_root), limit_bytes=1 << 20)

    async def printed(stream: str, line: str) -> None:
        writer.feed(stream, line.encode())
        writer.finish()
        uri, piece = writer.take() or ("", b"")
        await browsing.serving.engine.blobs(uri).put(uri, piece)

    await printed(STDERR, "first ⸺ line\n")
    page = await browsing.visitor("viewer")
    await page.goto(browsing.here("executions/wait?tab=nodes&node=n0"))
    log = page.get_by_role("log")
    await expect(log.locator(".stderr")).to_have_text("first ⸺ line\n")
    await printed(STDOUT, f"{samples.HOSTILE}\n")
    await expect(log).to_contain_text(samples.HOSTILE)
    await printed(STDOUT, "last\n")
    await expect(page.locator("iframe.deck")).to_have_count(0)
    (tmp_path / "done").touch()

    await expect(page.locator("h1 + .chip")).to_have_text("Succeeded")
    await expect(page.locator("iframe.deck")).to_be_visible()
    # whoever follows a log looks twice a second, and may look after the page has told the end
    await expect(log).to_contain_text("last")
    assert await log.text_content() == f"first ⸺ line\n{samples.HOSTILE}\nlast\n"


async def test_list_shows_what_is_launched_elsewhere(browsing: Browsing) -> None:
    """Without a reload, and keeps the focus where it was."""
    await ended(browsing.serving, samples.sums, "first", {"x": number(1)})
    page = await browsing.visitor("viewer")
    await page.goto(browsing.here("executions"))
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await page.get_by_role("link", name="first").focus()

    await ended(browsing.serving, samples.broken, "second")

    row = page.get_by_role("row").filter(has_text="second")
    await expect(row).to_contain_text("Failed")
    await expect(page.get_by_role("link", name="first")).to_be_focused()


async def test_page_catches_up_when_the_server_comes_back(browsing: Browsing) -> None:
    """It says that it is cut off, and afterwards shows what was missed."""
    await launched(browsing.serving, samples.asking, "ask", {"x": number(1)})
    async with Listening(browsing.serving.app) as first:
        page = await browsing.visitor(
            "runner", is_strict=False, url=f"{first.origin}/console"
        )  # the browser notes what fails
        await page.goto(f"{first.origin}/console/projects/default/domains/development/executions/ask")
        await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await expect(page.get_by_text("Reconnecting")).to_be_visible()

    await browsing.serving.engine.signal(ASK, "more", number(5))
    await browsing.serving.engine.signal(ASK, "sure", Literal(value=Primitive(kind=SimpleType.BOOLEAN, value=True)))
    async with Listening(browsing.serving.app, port=first.port):
        await expect(page.locator("h1 + .chip")).to_have_text("Succeeded")


async def test_page_that_nobody_looks_at_holds_no_connection(browsing: Browsing) -> None:
    """A browser has few for one host; when somebody looks again, the page is up to date."""
    await launched(browsing.serving, samples.asking, "ask", {"x": number(1)})
    page = await browsing.visitor("viewer")
    await page.goto(browsing.here("executions/ask"))
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    hide = "it => { Object.defineProperty(document, 'hidden', { value: it, configurable: true });"
    hide += " document.dispatchEvent(new Event('visibilitychange')) }"

    async with page.expect_event("requestfailed", lambda it: "/ask/events" in it.url):
        await page.evaluate(hide, arg=True)
    await browsing.serving.engine.abort(ASK, reason="enough")
    await browsing.serving.engine.wait(ASK)
    assert await page.locator("h1 + .chip").text_content() == "Running"
    await page.evaluate(hide, arg=False)

    await expect(page.locator("h1 + .chip")).to_have_text("Aborted")


async def test_keyboard_is_enough(browsing: Browsing) -> None:
    """Log in, skip to the content, search, open and leave a menu, choose a node, close it."""
    await launched(browsing.serving, samples.asking, "ask", {"x": number(1)})
    page = await (await browsing.browser.new_context()).new_page()
    await page.goto(browsing.here("executions"))
    await expect(page.locator("#token")).to_be_focused()
    await page.keyboard.type(browsing.serving.tokens["runner"])
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="Executions")).to_be_visible()
    await page.wait_for_load_state()
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("/")
    await page.keyboard.type("ask")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("name=ask"))
    await page.wait_for_load_state()
    await page.get_by_role("link", name="ask", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/executions/ask$"))
    await page.wait_for_load_state()
    await page.locator("summary", has_text="Abort").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Reason")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Reason")).to_be_hidden()
    await expect(page.locator("summary", has_text="Abort")).to_be_focused()
    await page.get_by_role("link", name="sure n1").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("complementary", name="Node n1")).to_be_visible()
    await page.get_by_role("link", name="Close node n1").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("complementary", name="Node n1")).to_be_hidden()


@pytest.mark.parametrize("tab", ["nodes", "timeline"])
async def test_node_that_is_chosen_stays_in_view(browsing: Browsing, tab: str) -> None:
    """Far down a long list, with its panel beside it; another page of the list begins at its top."""
    await ended(browsing.serving, samples.made, "made", {"n": number(120)})
    page = await browsing.visitor("viewer", viewport={"width": 1280, "height": 700})
    await page.goto(browsing.here(f"executions/made?tab={tab}"))
    row = page.locator('a[href$="node=n0-0-n90"]')
    await row.click()

    await expect(page).to_have_url(re.compile("node=n0-0-n90"))
    await expect(page.get_by_role("complementary", name="Node n0-0-n90")).to_be_in_viewport()
    await expect(row).to_be_in_viewport()
    await page.get_by_role("link", name="Close node n0-0-n90").click()
    await expect(page.locator(".panel")).to_have_count(0)
    await expect(row).to_be_in_viewport()


async def test_relaunch_and_recover_lead_to_new_executions(browsing: Browsing) -> None:
    """Which say what they repeat."""
    await ended(browsing.serving, samples.broken, "bad")
    page = await browsing.visitor("runner")
    await page.goto(browsing.here("executions/bad"))
    await page.get_by_role("button", name="Recover").click()
    await expect(page.locator("h1 + .chip")).to_have_text("Failed")
    await expect(page.get_by_role("link", name="bad", exact=True)).to_be_visible()

    await page.get_by_role("link", name="Relaunch").click()
    await page.locator("#input-text").fill("nothing")
    await page.get_by_role("button", name="Launch").click()

    await expect(page.locator("#error-text")).to_contain_text("cannot do nothing")


async def test_viewer_is_offered_nothing_to_change(browsing: Browsing) -> None:
    """Neither on executions that ask, nor on workflows."""
    await launched(browsing.serving, samples.asking, "ask", {"x": number(1)})
    page = await browsing.visitor("viewer")

    for path in ("executions/ask", f"{WORKFLOWS.rpartition('/')[2]}/{MODULE}.sums"):
        await page.goto(browsing.here(path))
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert await page.get_by_role("button").all_inner_texts() == ["Log out", "", "Fit", ""]
        assert await page.get_by_role("link", name=re.compile("Launch$|Relaunch")).count() == 0
