"""
Panels of plugins: what they add to the pages of executions, workflows, tasks and launch plans.

Each is shown in a sandboxed frame; one that fails is logged and left out, as is one that has nothing to show.
"""

import logging
from urllib.parse import quote

import attrs

from plait_core.ir.ids import EntityId, ExecutionId
from plait_core.ports.panels import Panel, PanelContext
from plait_core.ports.specs import ConsolePanelSpec
from plait_server.console.visits import SECTIONS, Visit

_log = logging.getLogger("plait.server.console")


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
        panel: Panel = server.plugins.make(spec.factory)
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
