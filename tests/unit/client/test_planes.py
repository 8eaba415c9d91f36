"""The two control planes tell the same of the same executions: what is true of a server is true of the store of this machine."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from plait import approve, map_task, task, workflow
from plait.cli.records import execution_document, list_executions, list_nodes, place_of_failure
from plait.control.connection import Connection
from plait.control.plane import ControlPlane, Waiting, resolved
from plait.control.server import ServerPlane
from plait.control.store import StorePlane
from plait.registration import registration_of, send
from plait_core.authoring.bundles import Copy
from plait_core.authoring.tracing import trace
from plait_core.errors import PlaitError
from plait_core.ir.events import GateOpened
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.phases import ExecutionPhase, NodePhase
from plait_core.ports.api import ProjectRequest
from plait_core.ports.databases import ExecutionFilter, NodeFilter, Page
from plait_core.types.contexts import DETACHED
from tests.plugins.server.serving import ORIGIN, Serving, serving

pytestmark = pytest.mark.anyio

WHERE = ExecutionFilter(project="default", domain="development")


@task(cache=True, cache_version="1")
def double(a: int) -> int:
    return 2 * a


@task
def refuse(a: int) -> int:
    raise ValueError(f"{a} is too much")


@workflow
def good(a: int = 1) -> int:
    return double(a=double(a=a))


@workflow
def bad(a: int = 1) -> int:
    return refuse(a=double(a=a))


@workflow
def many(numbers: list[int]) -> list[int]:
    return map_task(double)(a=numbers)


@workflow
def gated(a: int = 1) -> int:
    return double(a=approve(a, "sure", timeout=timedelta(hours=1)))


@pytest.fixture
def anyio_backend() -> str:
    """Engines run on asyncio."""
    return "asyncio"


class Planes:
    """A server in memory, and its store seen directly."""

    def __init__(self, running: Serving, server: ServerPlane) -> None:
        self.engine = running.engine
        self.server = server
        self.store = StorePlane(
            running.engine.database,
            running.engine.blobs,
            running.engine.settings.blobs,
            lambda: nullcontext(running.engine),
        )

    @property
    def both(self) -> tuple[ControlPlane, ControlPlane]:
        """The two of them."""
        return self.server, self.store


@pytest.fixture
async def planes(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Planes]:
    """Both planes of one store."""
    async with serving(tmp_path) as running:
        transport = httpx.ASGITransport(running.app)
        async with Connection(ORIGIN, running.tokens["admin"], transport=transport) as connection:
            yield Planes(running, ServerPlane(connection))


async def run(planes: Planes, entity: Any, name: str, **inputs: Any) -> ExecutionId:
    """Run *entity* to its end, however that is."""
    literals = {
        key: planes.engine.types.converter(entity.python_interface.inputs[key].type).to_literal(value, DETACHED)
        for key, value in inputs.items()
    }
    return (await planes.engine.run(entity, literals, name=name)).execution


def without_address(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a server alone can tell: the page in its console."""
    return {key: value for key, value in document.items() if key != "url"}


async def test_executions_look_the_same(planes: Planes) -> None:
    """With their nodes, values, cache verdicts, attempts and errors; in lists and by themselves."""
    ids = [
        await run(planes, good, "good"),
        await run(planes, good, "cached"),
        await run(planes, bad, "bad"),
        await run(planes, many, "many", numbers=[1, 2, 3]),
    ]

    for id_ in ids:
        seen, stored = [without_address(await execution_document(plane, id_)) for plane in planes.both]
        assert seen == stored
    listed = [[without_address(one) for one in await list_executions(plane, WHERE, limit=3)] for plane in planes.both]
    assert listed[0] == listed[1]
    assert [one["name"] for one in listed[0]] == ["many", "bad", "cached"]
    for target, names in ((good.name, ["cached", "good"]), ("nothing", [])):
        of_target = [await list_executions(plane, WHERE, limit=3, target=target) for plane in planes.both]
        assert [[one["name"] for one in found] for found in of_target] == [names, names]


async def test_nodes_are_listed_the_same(planes: Planes) -> None:
    """In pages, narrowed, one by one, and cut where only some are wanted."""
    bad_run = await run(planes, bad, "bad")
    failed = NodeFilter(phases=(NodePhase.FAILED,), kinds=("task",), name_contains="refuse")

    for plane in planes.both:
        first = await plane.rows(bad_run, page=Page(limit=1))
        second = await plane.rows(bad_run, page=Page(limit=1, token=first.token))
        assert [[row.node for row in page.items] for page in (first, second)] == [["n0"], ["n1"]]
        assert (first.token, second.token) == ("n0", "")
        assert [row.node for row in (await plane.rows(bad_run, failed)).items] == ["n1"]
        assert [detail.row.node for detail in await plane.nodes(bad_run, failed)] == ["n1"]
        assert await plane.node(bad_run, NodeId("n9")) is None
        found = await plane.node(bad_run, NodeId("n1"))
        assert found is not None
        assert found.row.error is not None
        assert [node["name"] for node in await list_nodes(plane, bad_run, NodeFilter(), limit=1)] == [""]
        cut = await execution_document(plane, bad_run, limit=1)
        assert ([node["id"] for node in cut["nodes"]], cut["is_cut"]) == (["n0"], True)
        assert "is_cut" not in await execution_document(plane, bad_run, limit=2)


async def test_failures_are_placed_the_same(planes: Planes) -> None:
    """The node, and the task it ran."""
    bad_run = await run(planes, bad, "bad")
    error = (await planes.store.execution(bad_run)).row.error
    assert error is not None

    places = [await place_of_failure(plane, bad_run, error) for plane in planes.both]

    assert places[0] == places[1]
    assert places[0].endswith("refuse at node n1")


async def test_events_and_logs_are_the_same(planes: Planes) -> None:
    """All of them, or those behind one."""
    good_run = await run(planes, good, "good")

    for after in (0, 3):
        seen, stored = [[event async for event in plane.events(good_run, after=after)] for plane in planes.both]
        assert [event.seq for event in seen] == [event.seq for event in stored]
        assert seen == stored
    attempt = (await planes.store.attempts(good_run))[0].id
    assert [[chunk async for chunk in plane.log(attempt, follows=True)] for plane in planes.both] == [[], []]


async def test_gates_and_waits_are_the_same(planes: Planes) -> None:
    """What is open, with its type; what is waited for; and an answer through either plane."""
    waiting = await planes.engine.launch(gated, {}, name="waiting")
    async for event in planes.store.events(waiting):
        if isinstance(event.decision, GateOpened):
            break

    gates = [await plane.gates(waiting) for plane in planes.both]
    waits = [[wait for wait in await plane.waits(waiting) if wait.signal] for plane in planes.both]

    assert gates[0] == gates[1]
    assert list(gates[0]) == ["sure"]
    assert waits[0] == waits[1] == [Waiting(NodeId("n0"), "an answer to 'sure'", None, "sure")]
    await planes.server.abort(waiting, reason="enough")
    assert (await planes.engine.wait(waiting)).phase is ExecutionPhase.ABORTED


async def test_plans_of_reruns_are_the_same(planes: Planes) -> None:
    """From a node, and of a recovery."""
    good_run, bad_run = await run(planes, good, "good"), await run(planes, bad, "bad")

    plans = [
        [await plane.plan_rerun(good_run, [NodeId("n1")]), await plane.plan_rerun(bad_run, [])] for plane in planes.both
    ]

    assert plans[0] == plans[1]


async def test_entities_are_the_same(planes: Planes) -> None:
    """Registered through either plane, listed and fetched through both."""
    for plane, version in zip(planes.both, ("v1", "v2"), strict=True):
        made = registration_of([trace(good).closure], root=Path.cwd(), copy=Copy.NONE, version=version)
        await send(made, plane, project="default", domain="development", version=version)
    plan = EntityId(kind=EntityKind.LAUNCH_PLAN, name=good.name, version="v1")
    await planes.store.activate(plan, is_active=True)

    for kind in EntityKind:
        place = (kind, "default", "development")
        lists = [await plane.entities(*place, name_contains="planes") for plane in planes.both]
        versions = [
            await plane.versions(*place, lists[0].items[0].id.name, page=Page(limit=1)) for plane in planes.both
        ]
        assert lists[0] == lists[1]
        assert [(one.id, one.is_active) for one in versions[0].items] == [
            (one.id, one.is_active) for one in versions[1].items
        ]
        assert versions[0].items[0].id.version == "v2"
        is_plan = kind is EntityKind.LAUNCH_PLAN
        shown = lists[0].items[0]
        assert (shown.id.version, shown.is_active, shown.active_version) == ("v2", False, "v1" if is_plan else "")
        unversioned = attrs.evolve(shown.id, version="")
        for plane in planes.both:
            assert await resolved(plane, unversioned) == attrs.evolve(shown.id, version="v1" if is_plan else "v2")
            assert await resolved(plane, unversioned, prefers_active=False) == shown.id
    closures = [await plane.closure(plan) for plane in planes.both]
    assert closures[0] == closures[1]


async def test_what_is_not_there_is_an_error_in_both(planes: Planes) -> None:
    """Executions, entities and versions."""
    nobody = ExecutionId(name="nobody")
    for plane in planes.both:
        for ask in (
            plane.execution(nobody),
            plane.execution_closure(nobody),
            plane.abort(nobody, reason=""),
            plane.closure(EntityId(kind=EntityKind.TASK, name="absent", version="v1")),
        ):
            with pytest.raises(PlaitError):
                await ask


async def test_long_lists_are_read_to_their_end(planes: Planes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of projects and tokens, which come whole as a rule."""
    asked: list[str] = []
    ask = planes.server.connection.ask

    async def in_pairs(*args: Any, query: Any = None, **rest: Any) -> Any:
        asked.append(args[-1])
        return await ask(*args, query={**(query or {}), "limit": 2}, **rest)

    for name in ("a", "b", "c"):
        await planes.store.put_project(name, ProjectRequest())
    monkeypatch.setattr(planes.server.connection, "ask", in_pairs)

    projects, tokens = await planes.server.projects(), await planes.server.tokens()

    assert [project.id for project in projects.items] == ["a", "b", "c"]
    assert [token.id for token in tokens.items] == [one.id for one in await planes.engine.database.accounts.tokens()]
    assert asked == ["/projects"] * 2 + ["/tokens"] * -(-len(tokens.items) // 2)


async def test_projects_are_the_same(planes: Planes) -> None:
    """Made through one, seen through the other."""
    made = await planes.store.put_project("lab", ProjectRequest(name="Lab", labels={"a": "b"}))

    assert made in (await planes.server.projects()).items
    assert (await planes.server.projects()).items == (await planes.store.projects()).items
