"""Panels: what plugins add to the pages of the web console."""

from typing import Protocol

import attrs

from plait_core.ir.ids import EntityId, ExecutionId
from plait_core.ports.databases import Database
from plait_core.ports.specs import BlobAccess

PANEL_PAGES = ("execution", "workflow", "task", "launch_plan")
"""What ``ConsolePanelSpec.page`` may name."""


@attrs.frozen(kw_only=True)
class PanelContext:
    """What a panel may look at: the thing that the page is about, the store and the blobs."""

    subject: ExecutionId | EntityId
    database: Database
    blobs: BlobAccess


class Panel(Protocol):
    """
    What the factory of a ``ConsolePanelSpec``, called without arguments, makes.

    Its document is shown in a sandboxed frame of its own: it may style itself and run scripts, and reaches neither the page around it
    nor the server.
    """

    title: str

    async def html(self, context: PanelContext) -> str:
        """
        Return a whole HTML document, or an empty text for nothing to show.

        Awaited for each view of a page, so it should take milliseconds. What it raises is logged, and the panel left out.
        """
        ...
