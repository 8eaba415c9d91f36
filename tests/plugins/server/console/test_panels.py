"""Plugins add panels to pages; what they show is kept in a box, and what fails takes nothing with it."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest

from plait_core.engine import Engine
from plait_core.hookspecs import hookimpl
from plait_core.ir.ids import EntityId, ExecutionId
from plait_core.plugins import Plugins, Settings
from plait_core.ports.panels import PANEL_PAGES, PanelContext
from plait_core.ports.specs import ConsolePanelSpec
from plait_core.testing.memory import MemoryDatabase
from tests.plugins.server import serving as making
from tests.plugins.server.console import samples
from tests.plugins.server.console.visiting import EXECUTIONS, MODULE, WORKFLOWS, ended, logged_in, number, register
from tests.plugins.server.serving import Serving

pytestmark = pytest.mark.anyio

HERE = "tests.plugins.server.console.test_panels"


class Cost:
    """Counts the nodes of an execution."""

    title = "Cost <of it>"

    async def html(self, context: PanelContext) -> str:
        assert isinstance(context.subject, ExecutionId)
        nodes = await context.database.views.nodes(context.subject)
        return f"<!doctype html><p>{len(nodes)} nodes</p><script>document.title = 1</script>"


class Owner:
    """Says to whom a workflow belongs."""

    title = "Owner"

    async def html(self, context: PanelContext) -> str:
        assert isinstance(context.subject, EntityId)
        return f"<p>{context.subject.name} is Ada's</p>"


class Quiet:
    """Has nothing to say."""

    title = "Quiet"

    async def html(self, context: PanelContext) -> str:
        return ""


class Broken:
    """Fails."""

    title = "Broken"

    async def html(self, context: PanelContext) -> str:
        raise RuntimeError("no such luck")


class Hooks:
    """What a plugin would have."""

    @hookimpl
    def plait_console_panels(self) -> Sequence[ConsolePanelSpec]:
        return (
            ConsolePanelSpec(name="cost", factory=f"{HERE}:Cost", page="execution"),
            ConsolePanelSpec(name="quiet", factory=f"{HERE}:Quiet", page="execution"),
            ConsolePanelSpec(name="broken", factory=f"{HERE}:Broken", page="execution"),
            ConsolePanelSpec(name="owner", factory=f"{HERE}:Owner", page="workflow"),
        )


@pytest.fixture
async def serving(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Serving]:
    """A server with a plugin that has panels."""
    settings = Settings(home=str(tmp_path), store="memory://", blobs=f"file://{tmp_path}/blobs")
    engine = Engine(plugins=Plugins.load(settings, extra=[Hooks()]), database=MemoryDatabase())
    async with making.serving(tmp_path, engine=engine) as made:
        await register(made.engine)
        await ended(made, samples.sums, "good", {"x": number(1)})
        yield made


@pytest.fixture
async def viewer(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who looks."""
    async with logged_in(serving, "viewer") as client:
        yield client


async def test_panels_are_framed_on_their_pages(viewer: httpx.AsyncClient) -> None:
    """With escaped titles; those that are quiet or fail are left out, those of other pages, too."""
    execution, workflow = await viewer.get(f"{EXECUTIONS}/good"), await viewer.get(f"{WORKFLOWS}/{MODULE}.sums")

    assert execution.text.count("<iframe") == 1
    assert f'sandbox="allow-scripts" title="Cost &lt;of it&gt;" src="/console{EXECUTIONS}/good/panels/cost"' in (
        execution.text
    )
    assert "Owner</h2>" in workflow.text
    assert {"execution", "workflow"} < set(PANEL_PAGES)


async def test_panel_is_a_document_in_a_sandbox(viewer: httpx.AsyncClient) -> None:
    """Its policy holds also where somebody opens its address by itself."""
    answer = await viewer.get(f"{EXECUTIONS}/good/panels/cost")

    assert "<p>4 nodes</p>" in answer.text
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["broken", "quiet", "owner", "nothing"])
async def test_panel_that_has_nothing_for_a_page_is_empty(viewer: httpx.AsyncClient, name: str) -> None:
    """And its failure is not shown to anybody."""
    answer = await viewer.get(f"{EXECUTIONS}/good/panels/{name}")

    assert answer.text == ""
