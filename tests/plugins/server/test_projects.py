"""Projects are made by administrators, and shown to whoever has a role in them."""

from typing import Any

import pytest

from tests.plugins.server.registered import problem
from tests.plugins.server.serving import Serving

pytestmark = pytest.mark.anyio


async def test_there_is_a_project_from_the_start(serving: Serving) -> None:
    """With the domains that every one has."""
    answer = await serving.viewer.get("/projects")

    assert answer.json() == {"items": [{"id": "default"}], "domains": ["development", "staging", "production"]}


async def test_project_is_made_and_replaced(serving: Serving) -> None:
    """What is put is what there is."""
    await serving.admin.put("/projects/ml", json={"name": "Models", "labels": {"team": "core"}})
    answer = await serving.admin.put("/projects/ml", json={"description": "All of them"})

    listed = (await serving.admin.get("/projects")).json()["items"]
    assert answer.json() == {"id": "ml", "description": "All of them"}
    assert listed == [{"id": "default"}, answer.json()]


async def test_project_is_shown_to_its_own(serving: Serving) -> None:
    """Nobody learns of a project in which they have no role."""
    await serving.admin.put("/projects/elsewhere", json={})

    seen = {
        who: [project["id"] for project in (await serving.clients[who].get("/projects")).json()["items"]]
        for who in ("viewer", "stranger", "admin")
    }

    assert seen == {"viewer": ["default"], "stranger": ["elsewhere"], "admin": ["default", "elsewhere"]}


@pytest.mark.parametrize(
    ("id_", "body"),
    [
        ("Upper", {}),
        ("-a", {}),
        ("a" * 64, {}),
        ("a.b", {}),
        ("ok", {"name": "x" * 65}),
        ("ok", {"description": "x" * 301}),
        ("ok", {"labels": {str(n): "" for n in range(17)}}),
    ],
)
async def test_project_that_does_not_fit_is_refused(serving: Serving, id_: str, body: Any) -> None:
    """Its id becomes part of names elsewhere."""
    answer = await serving.admin.put(f"/projects/{id_}", json=body)

    assert problem(answer) == (400, "MalformedRequest")
    assert (await serving.admin.get("/projects")).json()["items"] == [{"id": "default"}]


async def test_projects_come_in_pages(serving: Serving) -> None:
    """Ordered by id, each once; who asks for nothing gets as many as there may be in a page."""
    for n in range(5):
        await serving.admin.put(f"/projects/p{n}", json={})
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        page = (await serving.admin.get("/projects", params={"limit": 2, "token": token})).json()
        assert len(page["items"]) <= 2
        found += [project["id"] for project in page["items"]]
        token = page.get("token")

    assert found == ["default", "p0", "p1", "p2", "p3", "p4"]
    whole = (await serving.admin.get("/projects")).json()
    assert ([project["id"] for project in whole["items"]], whole.get("token")) == (found, None)
