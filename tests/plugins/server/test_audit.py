"""Whatever changes something is in the audit trail: who, what, which, when."""

from typing import Any

import pytest

from tests.plugins.server.console import samples
from tests.plugins.server.registered import EXECUTIONS, launched, problem, registered
from tests.plugins.server.serving import HERE, Serving

pytestmark = pytest.mark.anyio

PLACE = HERE.removeprefix("/")


async def trail(serving: Serving, **query: Any) -> list[tuple[str, str, str]]:
    """Return who did what to which thing, latest first."""
    lines = (await serving.admin.get("/audit", params=query)).json()["items"]
    return [(line["principal"], line["action"], line["subject"]) for line in lines]


async def test_changes_are_told_latest_first(serving: Serving) -> None:
    """With what tells them apart."""
    await registered(serving, samples.asking)
    name = await launched(serving, samples.asking, name="mine")
    await serving.runner.put(f"{EXECUTIONS}/{name}/signals/more", json={"value": {"integer": 1}})
    await serving.runner.post(f"{EXECUTIONS}/{name}/abort", json={"reason": "enough"})
    await serving.admin.put("/projects/ml", json={})

    assert await trail(serving) == [
        ("admin", "put_project", "projects/ml"),
        ("runner", "abort_execution", f"{PLACE}/executions/mine/abort"),
        ("runner", "signal_execution", f"{PLACE}/executions/mine/signals/more"),
        ("runner", "create_execution", f"{PLACE}/executions"),
        ("author", "register_entities", f"{PLACE}/register"),
    ]
    lines = (await serving.admin.get("/audit")).json()["items"]
    assert lines[1]["detail"] == {"reason": "enough"}
    assert lines[3]["detail"] == {"started": "mine"}
    assert lines[0]["at_ns"] > lines[4]["at_ns"]


async def test_looking_and_being_refused_are_no_changes(serving: Serving) -> None:
    """The trail is about what happened."""
    await serving.viewer.get(EXECUTIONS)
    await serving.viewer.post(f"{EXECUTIONS}/nothing/abort", json={})
    await serving.runner.post(f"{EXECUTIONS}/nothing/abort", json={})

    assert await trail(serving) == []


async def test_trail_comes_in_pages(serving: Serving) -> None:
    """What is added in between moves nothing."""
    for n in range(3):
        await serving.admin.put(f"/projects/p{n}", json={})

    first = (await serving.admin.get("/audit", params={"limit": 2})).json()
    await serving.admin.put("/projects/late", json={})
    second = (await serving.admin.get("/audit", params={"limit": 2, "token": first["token"]})).json()

    subjects = [line["subject"] for page in (first, second) for line in page["items"]]
    assert subjects == ["projects/p2", "projects/p1", "projects/p0"]
    assert problem(await serving.admin.get("/audit", params={"token": "x"})) == (400, "NotReadable")
