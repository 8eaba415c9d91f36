"""
Tabs and the page they make: what a deck is made of.

Filled by user code through ``Deck`` and by the worker with the default tabs. HTML given by the author is kept as it is;
names are escaped. A tab of the same name replaces the earlier one in its place.
"""

from html import escape

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font-family: system-ui, sans-serif; margin: 0; }}
nav {{ display: flex; flex-wrap: wrap; gap: .25rem; padding: .5rem 1rem; border-bottom: 1px solid #8886; }}
nav a {{ padding: .25rem .75rem; color: inherit; text-decoration: none; border-radius: .25rem; }}
nav a:hover, nav a:focus {{ background: #8883; }}
section {{ padding: 1rem; display: none; overflow-x: auto; }}
section:target, main:not(:has(:target)) section:first-child {{ display: block; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: .25rem .75rem; border: 1px solid #8886; text-align: left; }}
</style></head><body><nav>{links}</nav><main>{sections}</main></body></html>
"""


class Tab:
    """A named piece of HTML that grows."""

    def __init__(self, name: str, html: str = "") -> None:
        """Start with *html*."""
        self.name = name
        self._parts = [html] if html else []

    def append(self, html: str) -> "Tab":
        """Add *html*, unescaped, below what is there."""
        self._parts.append(html)
        return self

    @property
    def html(self) -> str:
        """All of it, one part per line."""
        return "\n".join(self._parts)


class DeckPage(str):
    """A deck as one HTML document, which notebooks display."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


def page(title: str, tabs: list[Tab]) -> DeckPage:
    """Make one self-contained document of *tabs*; it works offline and without scripts."""
    links = "".join(f'<a href="#tab-{i}">{escape(tab.name)}</a>' for i, tab in enumerate(tabs))
    sections = "".join(
        f'<section id="tab-{i}" aria-label="{escape(tab.name)}">{tab.html}</section>' for i, tab in enumerate(tabs)
    )
    return DeckPage(PAGE.format(title=escape(title), links=links, sections=sections))
