"""What is registered can be found, narrowed, paged through and read."""

from typing import Any

import pytest

from plait_core.ir.codec import to_json
from plait_core.ir.ids import EntityId, EntityKind
from tests.plugins.server.console import samples
from tests.plugins.server.registered import problem, registered, target
from tests.plugins.server.serving import HERE, Serving

pytestmark = pytest.mark.anyio

SUMS, CHOICE = samples.sums.name, samples.choice.name


async def names(serving: Serving, path: str, **query: Any) -> list[str]:
    """Return ``name@version`` of every line of a list, asked for page by page."""
    found, token = list[str](), ""
    while True:
        answer = await serving.viewer.get(f"{HERE}/{path}", params={**query, "token": token})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [f"{line['id']['name']}@{line['id'].get('version', 'local')}" for line in page["items"]]
        token = page.get("token", "")
        if not token:
            return found


async def test_lists_show_the_newest_version_of_each(serving: Serving) -> None:
    """Latest first, page by page; the versions of one are a list of their own."""
    await registered(serving, samples.sums)
    await registered(serving, samples.choice)
    await registered(serving, samples.sums, version="v2")

    assert await names(serving, "workflows", limit=1) == [f"{samples.inner.name}@v2", f"{SUMS}@v2", f"{CHOICE}@v1"]
    assert await names(serving, f"workflows/{SUMS}/versions", limit=1) == [f"{SUMS}@v2", f"{SUMS}@v1"]
    assert await names(serving, "tasks") == [f"{samples.add.name}@v2"]


async def test_list_is_narrowed_by_name(serving: Serving) -> None:
    """A part of the name is enough, and means itself: there are no wildcards."""
    await registered(serving, samples.sums, samples.choice)

    assert await names(serving, "workflows", name_contains=".cho") == [f"{CHOICE}@v1"]
    assert await names(serving, "workflows", name_contains="%") == []
    assert await names(serving, "workflows", version="v1", name_contains=".cho") == [f"{CHOICE}@v1"]
    assert await names(serving, "workflows", version="v9") == []


async def test_line_says_what_an_entity_takes_and_gives(serving: Serving) -> None:
    """With the first sentence of its documentation."""
    await registered(serving, samples.sums)

    (line,) = (await serving.viewer.get(f"{HERE}/workflows", params={"name_contains": "sums"})).json()["items"]
    (plan,) = (await serving.viewer.get(f"{HERE}/launch_plans", params={"name_contains": "sums"})).json()["items"]

    assert line["id"] == target(samples.sums, "v1")
    assert [variable["name"] for variable in line["interface"]["inputs"]] == ["x", "y"]
    assert line["documentation"] == "Add numbers."
    assert plan["id"] == target(samples.sums, "v1", EntityKind.LAUNCH_PLAN)
    assert [variable["name"] for variable in plan["interface"]["inputs"]] == ["x", "y"]


async def test_version_comes_with_what_it_reaches(serving: Serving) -> None:
    """As the registry keeps it."""
    await registered(serving, samples.sums)

    answer = await serving.viewer.get(f"{HERE}/workflows/{SUMS}/versions/v1")

    closure = await serving.engine.database.registry.closure(
        EntityId(kind=EntityKind.WORKFLOW, name=SUMS, version="v1")
    )
    assert answer.json() == to_json(closure)


@pytest.mark.parametrize("path", [f"workflows/{SUMS}/versions/v9", "tasks/no/versions", "launch_plans/no/versions/v1"])
async def test_what_is_not_registered_is_not_found(serving: Serving, path: str) -> None:
    """Of the kind and version that was asked for."""
    await registered(serving, samples.sums)

    assert problem(await serving.viewer.get(f"{HERE}/{path}")) == (404, "EntityUnknown")


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"token": "x"}, {"limt": 1}, {"name_contains": "\0"}]
)
async def test_odd_queries_are_refused(serving: Serving, query: dict[str, Any]) -> None:
    """Each fault is named; what is misspelt is no list of everything."""
    answer = await serving.viewer.get(f"{HERE}/tasks", params=query)

    status, kind = problem(answer)
    assert (status, kind) in {(400, "MalformedRequest"), (400, "NotReadable")}
    assert answer.json()["faults"]
