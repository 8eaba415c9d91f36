"""Entities are registered where the request says, all or none, and only once."""

import attrs
import pytest

from plait import dynamic, reference_task, workflow
from plait_core.authoring.workflows import Workflow
from plait_core.ir.canonical import digest
from plait_core.ir.codec import to_json
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ports.databases import Page
from tests.plugins.server.console import samples
from tests.plugins.server.registered import (
    EXECUTIONS,
    REGISTER,
    closure_of,
    ended,
    integers,
    problem,
    registered,
    registration,
)
from tests.plugins.server.serving import HERE, Serving

pytestmark = pytest.mark.anyio

SUMS = EntityId(kind=EntityKind.WORKFLOW, name=samples.sums.name, version="v1")


@reference_task(project="default", domain="development", name=samples.add.name, version="")
def newest_add(x: int, y: int) -> int:  # type: ignore[empty-body]  # it has none
    ...


@dynamic
def grows(x: int) -> int:
    """Make a graph that refers to a registered task."""
    return newest_add(x=x, y=1)


@workflow
def growing(x: int) -> int:
    """Grow."""
    return grows(x=x)


async def known(serving: Serving) -> list[str]:
    """Return the names of what is registered."""
    ids = []
    for kind in EntityKind:
        found, _ = await serving.engine.database.registry.list(
            kind, project="default", domain="development", page=Page(limit=100)
        )
        ids += [f"{id_.name}@{id_.version}" for id_ in found]
    return ids


async def test_registering_twice_creates_once(serving: Serving) -> None:
    """The second time, everything was there and is equal."""
    request = registration(closure_of(samples.sums, "v1"))

    first = await serving.author.post(REGISTER, json=request)
    second = await serving.author.post(REGISTER, json=request)

    assert (first.status_code, second.status_code) == (200, 200)
    assert to_json(SUMS) in first.json()["created"]
    assert second.json() == {"unchanged": first.json()["created"]}


async def test_other_content_under_a_version_is_a_conflict(serving: Serving) -> None:
    """It names both digests, and registers nothing of the request."""
    closure = closure_of(samples.sums, "v1")
    await registered(serving, samples.sums)
    changed = attrs.evolve(closure, tasks=tuple(attrs.evolve(task, custom={"changed": True}) for task in closure.tasks))

    answer = await serving.author.post(REGISTER, json=registration(closure_of(samples.broken, "v1"), changed))

    assert problem(answer) == (409, "VersionConflict")
    extra = answer.json()["extra"]
    assert extra["id"] == f"task:default:development:{samples.add.name}@v1"
    assert extra["registered"] == digest(closure.tasks[0])
    assert extra["offered"] == digest(changed.tasks[0])
    assert f"{samples.broken.name}@v1" not in await known(serving)


async def test_dry_run_keeps_nothing(serving: Serving) -> None:
    """It tells what would be created, and is no change to audit."""
    request = registration(closure_of(samples.sums, "v1"), dry_run=True)

    answer = await serving.author.post(REGISTER, json=request)

    assert to_json(SUMS) in answer.json()["created"]
    assert await known(serving) == []
    assert (await serving.admin.get("/audit")).json() == {"items": []}


async def test_version_that_cannot_stand_in_a_path_is_told_once(serving: Serving) -> None:
    """However many entities have it."""
    answer = await serving.author.post(REGISTER, json=registration(closure_of(samples.sums, "a/b")))

    assert problem(answer) == (400, "MalformedRequest")
    assert answer.json()["faults"] == ["version 'a/b': printable, without slashes"]


async def test_graph_with_faults_is_refused_with_all_of_them(serving: Serving) -> None:
    """Nothing of the request is registered, whatever else it holds."""
    closure = closure_of(samples.sums, "v1")
    broken = attrs.evolve(closure, tasks=())

    answer = await serving.author.post(REGISTER, json=registration(closure_of(samples.choice, "v1"), broken))

    assert problem(answer) == (422, "CompileFailed")
    assert any("is not registered" in fault for fault in answer.json()["faults"])
    assert await known(serving) == []


async def test_reference_is_completed_by_the_registry(serving: Serving) -> None:
    """What it refers to is found where it is registered, and is not registered again."""
    await registered(serving, samples.sums)
    request = registration(closure_of(_referring(version="v1"), "v2"))

    answer = await serving.author.post(REGISTER, json=request)

    assert answer.status_code == 200, answer.text
    assert {id_["name"] for id_ in answer.json()["created"]} == {_referring(version="v1").name}
    shown = await serving.viewer.get(f"{HERE}/workflows/{_referring(version='v1').name}/versions/v2")
    assert samples.add.name in {task["id"]["name"] for task in shown.json()["tasks"]}


async def test_graph_that_grows_refers_to_the_registry(serving: Serving) -> None:
    """With the version that is the newest when it is made, which is kept; what the page of the execution shows, too."""
    await registered(serving, samples.sums, version="v1")
    await registered(serving, growing, version="v2")
    name = await ended(serving, growing, integers(x=3))
    await registered(serving, samples.sums, version="v3")

    detail = (await serving.viewer.get(f"{EXECUTIONS}/{name}")).json()
    attempts = (await serving.viewer.get(f"{EXECUTIONS}/{name}/attempts")).json()["items"]

    assert detail["outputs"] == integers(o0=4), detail
    ran = {(it["id"]["task"]["name"], it["id"]["task"]["version"]) for it in attempts}
    assert (samples.add.name, "v1") in ran
    assert samples.add.name not in {it for it, version in ran if version != "v1"}


async def test_reference_to_another_project_needs_a_role_there(serving: Serving) -> None:
    """Who may not look into a project cannot make its entities their own."""
    await serving.admin.put("/projects/elsewhere", json={})

    answer = await serving.author.post(
        REGISTER, json=registration(closure_of(_referring(version="v1", project="elsewhere"), "v2"))
    )

    assert problem(answer) == (403, "NotAllowed")


async def test_entities_of_another_place_are_refused(serving: Serving) -> None:
    """A role in the project of the path says nothing about the projects in the body."""
    closure = closure_of(samples.sums, "v1")
    (task,) = closure.tasks
    foreign = attrs.evolve(closure, tasks=(attrs.evolve(task, id=attrs.evolve(task.id, project="elsewhere")), task))

    answer = await serving.author.post(REGISTER, json=registration(foreign))

    assert problem(answer) == (422, "ForeignEntity")
    assert await known(serving) == []


@pytest.mark.parametrize("version", ["", "local", "a/b", "..", "a\nb", "x" * 256])
async def test_version_has_to_fit_a_path(serving: Serving, version: str) -> None:
    """What could not be looked up afterwards is not taken."""
    answer = await serving.author.post(REGISTER, json=registration(closure_of(samples.sums, version)))

    assert problem(answer) == (400, "MalformedRequest")
    assert await known(serving) == []


async def test_archived_project_takes_no_entities(serving: Serving) -> None:
    """Until an administrator brings it back."""
    await serving.admin.put("/projects/default", json={"is_archived": True})
    request = registration(closure_of(samples.sums, "v1"))
    refused = await serving.author.post(REGISTER, json=request)
    await serving.admin.put("/projects/default", json={})

    taken = await serving.author.post(REGISTER, json=request)

    assert problem(refused) == (409, "ProjectArchived")
    assert taken.status_code == 200


async def test_one_version_of_a_launch_plan_is_active(serving: Serving) -> None:
    """The one that was switched on last; switching it off leaves none."""
    await registered(serving, samples.sums, activate=True)
    await registered(serving, samples.sums, version="v2", activate=True)
    plan = f"{HERE}/launch_plans/{samples.sums.name}/versions"

    async def active() -> list[str]:
        lines = (await serving.viewer.get(plan)).json()["items"]
        return [line["id"]["version"] for line in lines if line.get("is_active")]

    assert await active() == ["v2"]
    assert (await serving.author.put(f"{plan}/v1/activation", json={"is_active": True})).status_code == 204
    assert await active() == ["v1"]
    assert (await serving.author.put(f"{plan}/v1/activation", json={"is_active": False})).status_code == 204
    assert await active() == []
    unknown = await serving.author.put(f"{plan}/v9/activation", json={"is_active": True})
    assert problem(unknown) == (404, "EntityUnknown")


def _referring(*, version: str, project: str = "default") -> Workflow[[int], int]:
    """Make a workflow that refers to a registered task."""

    @reference_task(project=project, domain="development", name=samples.add.name, version=version)
    def added(x: int, y: int) -> int:  # type: ignore[empty-body]  # it has none
        ...

    @workflow
    def referring(x: int) -> int:
        return added(x=x, y=1)

    return referring
