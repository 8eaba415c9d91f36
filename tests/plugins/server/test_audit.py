"""Whatever changes something is in the audit trail: who, what, which, when."""

from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from plait_core.ir.ids import ExecutionId
from plait_server.routing import Call, Route, starlette_routes
from tests.plugins.server.console import samples
from tests.plugins.server.registered import EXECUTIONS, launched, problem, registered
from tests.plugins.server.serving import HERE, Serving, make_durable_engine
from tests.plugins.server.serving import serving as serve

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


async def test_lines_come_with_what_they_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after it: where a line alone cannot be written, every change in the store has left its own."""

    async def refuse(*_: object) -> None:
        raise AssertionError("a second commit")

    async with serve(tmp_path, engine=make_durable_engine(tmp_path)) as server:
        admin, accounts = server.admin, server.engine.database.accounts
        monkeypatch.setattr(accounts, "audit", refuse)
        await registered(server, samples.asking)
        for version in ("v1", "v2"):
            await registered(server, samples.sums, version=version)
        plan = f"{HERE}/launch_plans/{samples.sums.name}/versions/v1/activation"
        name = await launched(server, samples.asking, name="mine")
        other = await launched(server, samples.asking, name="other")
        answers = [
            await admin.put(plan, json={"is_active": True}),
            await admin.put(f"{EXECUTIONS}/{name}/signals/more", json={"value": {"integer": 1}}),
            await admin.post(f"{EXECUTIONS}/{other}/abort", json={"reason": "enough"}),
            await admin.put("/projects/ml", json={}),
        ]
        await server.engine.wait(ExecutionId(name=other))
        answers += [
            await admin.post(f"{EXECUTIONS}/{other}/archive", json={}),
            await admin.post(f"{EXECUTIONS}/{other}/relaunch", json={"name": "again"}),
            await admin.post(f"{EXECUTIONS}/{other}/rerun", json={"name": "recovered"}),
            made := await admin.post("/tokens", json={"principal": "ada", "roles": {"*": "viewer"}}),
            await admin.delete(f"/tokens/{made.json()['info']['id']}"),
        ]

        told = [action for _, action, _ in await trail(server)][::-1]

    assert [answer.is_success for answer in answers] == [True] * len(answers)
    assert told == [
        *["register_entities"] * 3,
        *["create_execution"] * 2,
        *("set_activation", "signal_execution", "abort_execution", "put_project", "archive_execution"),
        *("relaunch_execution", "rerun_execution", "create_token", "delete_token"),
    ]


async def test_operation_that_forgets_its_line_fails(serving: Serving) -> None:
    """Whoever writes a new one hears of it at once."""

    async def forget(call: Call[Any, Any]) -> None:
        """Change something, and tell nobody."""

    route = Route(
        method="POST", path="/x", operation="do_x", summary="Do it.", permission="public", handler=forget, status=204
    )
    (found,) = starlette_routes([route], serving.server)
    scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": [], "path_params": {}}

    with pytest.raises(AssertionError, match="do_x"):
        await found.endpoint(Request(scope))
