"""Decks: tabs, the page they make, and how values are shown."""

import asyncio
from typing import Annotated, Any

import attrs
import pytest

from plait_core.authoring.contexts import ExecutionContext, entered
from plait_core.authoring.decks import Deck, DeckField
from plait_core.authoring.renderers import SourceCodeRenderer, TableRenderer, TopFrameRenderer, render
from plait_core.authoring.tabs import Tab, page
from plait_core.ir.tasks import TaskMetadata
from plait_core.testing.memory import MemoryBlobStore
from tests.unit.authoring.test_contexts import UNIT, holds_password, make_context


class Frame:
    """Something that notebooks display."""

    def __init__(self, n_rows: int) -> None:
        self.n_rows = n_rows

    def head(self, n: int) -> "Frame":
        return Frame(min(n, self.n_rows))

    def _repr_html_(self) -> str:
        return f"<table>{self.n_rows} rows</table>"


class Shout:
    def to_html(self, value: Any) -> str:
        return f"<h1>{value}!</h1>"


def test_tabs_collect_in_order() -> None:
    """Each deck is a tab of the current context; one of the same name takes the place of the earlier one."""
    context = make_context()

    with entered(context):
        Deck("first", "a")
        Deck("second", "b").append("c")
        Deck("first", "d")
        context.default_deck.append("e")

    assert [(tab.name, tab.html) for tab in context.decks.values()] == [
        ("first", "d"),
        ("second", "b\nc"),
        ("Default", "e"),
    ]


def test_page_escapes_names_and_keeps_html() -> None:
    """Markup of the author is shown as it is; a name cannot break the page."""
    html = page("<title>", [Tab("a<b", "<b>bold</b>")])

    assert "&lt;title&gt;" in html
    assert ">a&lt;b</a>" in html
    assert "<b>bold</b>" in html
    assert html._repr_html_() == html


def test_deck_of_the_context_displays_itself() -> None:
    """`get_deck` gives the page that a notebook shows."""
    context = make_context()

    with entered(context):
        Deck("numbers", "<p>42</p>")

    assert "<p>42</p>" in context.get_deck()._repr_html_()


def test_publish_stores_the_page_while_the_task_goes_on() -> None:
    """Somebody who looks at the deck sees what there is so far."""
    store = MemoryBlobStore()
    template = attrs.evolve(UNIT.template, metadata=TaskMetadata(generates_deck=True))
    unit = attrs.evolve(UNIT, template=template, output_prefix="memory://out")
    context = ExecutionContext(unit, blobs=lambda uri: store, ask_secret=holds_password, started_at_ns=0)

    with entered(context):
        Deck("half", "<p>half way</p>")
        Deck.publish()

    assert b"half way" in asyncio.run(store.get("memory://out/deck.html"))


def test_publish_without_deck_warns() -> None:
    """A task that was declared without a deck learns what to write."""
    with entered(make_context()), pytest.warns(UserWarning, match="enable_deck=True"):
        Deck.publish()


def test_fields_are_named_as_their_tabs() -> None:
    """The names are those that users choose by and see."""
    assert [field.value for field in DeckField] == ["Source Code", "Dependencies", "Timeline", "Input", "Output"]


@pytest.mark.parametrize(
    ("value", "declared", "html"),
    [
        ("a < b", str, "<pre>a &lt; b</pre>"),
        (Frame(3), Frame, "<table>3 rows</table>"),
        (Frame(30), Annotated[Frame, TopFrameRenderer(max_rows=5)], "<table>5 rows</table>"),
        ("hi", Annotated[str, "no renderer", Shout()], "<h1>hi!</h1>"),
    ],
)
def test_value_is_shown_by_its_renderer(value: Any, declared: Any, html: str) -> None:
    """The annotated renderer, else what notebooks show, else text."""
    assert render(value, declared) == html


def test_source_and_tables_are_escaped() -> None:
    """Text that looks like markup stays text."""
    assert SourceCodeRenderer().to_html("a < b") == "<pre><code>a &lt; b</code></pre>"
    assert "<td>&lt;x&gt;</td>" in TableRenderer("Name").to_html([("<x>",)])
