"""A store that goes away in the middle of a request is a refusal that may pass, and leaves nothing half done."""

import pytest

from plait_core.ir.ids import EntityKind
from plait_server.api.operations import OPERATIONS
from plait_server.routing import Route
from tests.plugins.server.console import samples
from tests.plugins.server.outages import SECRET, break_store
from tests.plugins.server.registered import (
    EXECUTIONS,
    REGISTER,
    closure_of,
    ended,
    integers,
    launched,
    problem,
    registered,
    registration,
    target,
)
from tests.plugins.server.requests import STREAMS, send
from tests.plugins.server.serving import HERE, Serving

pytestmark = pytest.mark.anyio

ALONE = {"show_openapi", "put_upload", "get_download", "show_identity"}
"""Operations that need nothing of the store once it is clear who asks."""

NEEDING = [route for route in OPERATIONS if route.operation not in ALONE]
by_name = pytest.mark.parametrize("route", NEEDING, ids=lambda route: route.operation)


@by_name
async def test_store_that_is_away_is_told_as_such(
    serving: Serving, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To everybody, whatever they ask for, and without a word about where it is."""
    await serving.server.prepare()
    break_store(serving, monkeypatch)

    answer = await send(serving.admin, route)

    if route.operation not in STREAMS:
        assert problem(answer) == (503, "Unavailable")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert not any(word in answer.text for word in (SECRET, "secret", "Traceback", ".py"))


async def test_server_that_starts_without_its_store_recovers(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request that finds the store prepares it."""
    with monkeypatch.context() as patch:
        break_store(serving, patch)
        before = await serving.viewer.get("/identity")

    after = await serving.viewer.get("/identity")

    assert (before.status_code, after.status_code) == (503, 200)


async def test_launch_that_is_not_committed_is_not_there(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the log goes away between the check and the commit; the same name can be tried again."""
    await registered(serving, samples.sums)
    request = {"target": target(samples.sums), "inputs": integers(x=1), "name": "mine"}
    with monkeypatch.context() as patch:
        break_store(serving, patch, "log")
        refused = await serving.runner.post(EXECUTIONS, json=request)
    listed = await serving.viewer.get(EXECUTIONS)

    again = await serving.runner.post(EXECUTIONS, json=request)

    assert problem(refused) == (503, "Unavailable")
    assert listed.json() == {"items": []}
    assert again.status_code == 201, again.text


async def test_registration_that_is_not_committed_is_not_there(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All or none, and it can be tried again."""
    request = registration(closure_of(samples.sums, "v1"))
    with monkeypatch.context() as patch:
        break_store(serving, patch, "registry")
        refused = await serving.author.post(REGISTER, json=request)
    listed = await serving.viewer.get(f"{HERE}/{EntityKind.TASK.value}s")

    again = await serving.author.post(REGISTER, json=request)

    assert problem(refused) == (503, "Unavailable")
    assert listed.json() == {"items": []}
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "abort", {}), ("PUT", "signals/more", {"value": {"integer": 1}}), ("GET", "nodes/n0", None)],
)
async def test_execution_is_left_as_it_is(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: object
) -> None:
    """What could not be told to it has not happened."""
    await registered(serving, samples.asking)
    name = await launched(serving, samples.asking)
    with monkeypatch.context() as patch:
        break_store(serving, patch, "views", "inbox")
        refused = await serving.runner.request(method, f"{EXECUTIONS}/{name}/{path}", json=body)

    assert problem(refused) == (503, "Unavailable")
    assert (await serving.viewer.get(f"{EXECUTIONS}/{name}")).json()["phase"] == "RUNNING"


async def test_fault_of_the_server_is_told_as_a_number(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the rest under that number."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(serving.engine.database.views, "nodes", broken)
    answer = await serving.viewer.get(f"{EXECUTIONS}/{name}/nodes", headers={"X-Request-Id": "abc-1"})

    assert problem(answer) == (500, "InternalError")
    assert "hunter2" not in answer.text
    assert answer.json()["extra"] == {"request": "abc-1"} == {"request": answer.headers["x-request-id"]}
    assert any("hunter2" in str(record.exc_info) and vars(record)["request"] == "abc-1" for record in caplog.records)
