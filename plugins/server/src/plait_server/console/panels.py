"""
Panels of plugins: what they add to the pages of executions, workflows, tasks and launch plans.

A panel is an object with a ``title`` and an async method ``html(context)``, where *context* is a ``PanelContext``; its factory
takes no arguments. What it returns is shown in a sandboxed frame of its own: it may style itself and run scripts, and reaches
neither the page around it nor the server. A panel that returns an empty text is left out.
"""

import logging
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import attrs

from plait_core.ir.ids import EntityId, ExecutionId
from plait_core.ports.databases import Database
from plait_core.ports.specs import BlobAccess, ConsolePanelSpec
from plait_server.console.visits import SECTIONS, Visit

PAGES = ("execution", "workflow", "task", "launch_plan")
"""What ``ConsolePanelSpec.page`` may name."""

_log = logging.getLogger("plait.server.console")


@attrs.frozen(kw_only=True)
class PanelContext:
    """What a panel may look at: the thing that the page is about, the store and the blobs."""

    subject: ExecutionId | EntityId
    database: Database
    blobs: BlobAccess


class Panel(Protocol):
    """What the factory of a ``ConsolePanelSpec`` makes."""

    title: str

    async def html(self, context: PanelContext) -> str:
        """Return a whole HTML document, or an empty text for nothing to show."""
        ...


@attrs.frozen(kw_only=True)
class Framed:
    """A panel as a page shows it: the address of what goes into the frame."""

    title: str
    url: str


async def panels_of(visit: Visit, page: str, subject: ExecutionId | EntityId) -> list[Framed]:
    """Return the panels of a page that have something to show, ordered by name; one that fails is logged and left out."""
    framed = []
    for name, spec in visit.server.plugins.console_panels().items():
        if spec.page == page and (found := await _rendered(visit, spec, subject)):
            title, _ = found
            framed.append(Framed(title=title, url=_url(visit, name, subject)))
    return framed


async def panel_html(visit: Visit, name: str, page: str, subject: ExecutionId | EntityId) -> str:
    """Return the document of one panel, or an empty text."""
    spec = visit.server.plugins.console_panels().get(name)
    found = await _rendered(visit, spec, subject) if spec is not None and spec.page == page else None
    return found[1] if found else ""


async def _rendered(visit: Visit, spec: ConsolePanelSpec, subject: ExecutionId | EntityId) -> tuple[str, str] | None:
    server = visit.server
    context = PanelContext(subject=subject, database=server.database, blobs=server.engine.blobs)
    try:
        make: Callable[[], Panel] = lambda: server.plugins.make(spec.factory)  # noqa: E731  # names the type
        panel = make()
        html = await panel.html(context)
    except Exception:  # noqa: BLE001  # a plugin's panel must not take the page with it
        _log.exception("panel %s failed", spec.name)
        return None
    return (panel.title, html) if html else None


def _url(visit: Visit, name: str, subject: ExecutionId | EntityId) -> str:
    place = visit.place_url(subject.project, subject.domain)
    if isinstance(subject, ExecutionId):
        return f"{place}/executions/{quote(subject.name, safe='')}/panels/{quote(name, safe='')}"
    return f"{place}/{SECTIONS[subject.kind]}/{quote(subject.name, safe='')}/versions/{quote(subject.version, safe='')}/panels/{quote(name, safe='')}"
