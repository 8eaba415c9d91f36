"""Executions are started, found, looked at, repeated, answered and ended over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from plait_core.ir.events import GateOpened
from plait_core.ir.ids import EntityKind, ExecutionId
from plait_server.farewell import Farewell
from tests.plugins.server import serving as making
from tests.plugins.server.console import samples
from tests.plugins.server.registered import EXECUTIONS, ended, integers, launched, problem, registered, target
from tests.plugins.server.serving import HERE, ORIGIN, Serving, make_durable_engine, make_engine

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[make_engine, make_durable_engine])
async def serving(anyio_backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Serving]:
    """A server over each kind of store: one that is told what is asked of executions, and one where it is left."""
    async with making.serving(tmp_path, engine=request.param(tmp_path)) as made:
        yield made


async def end_of(serving: Serving, name: str) -> str:
    """Wait for the end of an execution, and return its phase."""
    await serving.engine.wait(ExecutionId(name=name))
    phase: str = (await serving.viewer.get(f"{EXECUTIONS}/{name}")).json()["phase"]
    return phase


async def names(serving: Serving, **query: Any) -> list[str]:
    """Return the names that a list shows, page by page."""
    found, token = list[str](), ""
    while True:
        answer = await serving.viewer.get(EXECUTIONS, params={**query, "token": token})
        assert answer.status_code == 200, answer.text
        found += [line["row"]["id"]["name"] for line in answer.json()["items"]]
        token = answer.json().get("token", "")
        if not token:
            return found


async def opened(serving: Serving, name: str, signal: str) -> None:
    """Wait until a gate of an execution is open."""
    async for events in serving.server.inspector.follow(ExecutionId(name=name)):
        decisions = [event.decision for event in events]
        if any(isinstance(it, GateOpened) and it.signal_id == signal for it in decisions):
            return


# ── starting ─────────────────────────────────────────────────────────────────


async def test_launched_execution_is_shown_from_then_on(serving: Serving) -> None:
    """With what was asked for, what came of it, and where the console shows it."""
    await registered(serving, samples.sums)
    request = {"target": target(samples.sums), "inputs": integers(x=1), "name": "first"}

    created = await serving.runner.post(EXECUTIONS, json=request)

    assert created.status_code == 201, created.text
    assert created.json()["url"] == f"{ORIGIN}/console{HERE}/executions/first"
    assert await end_of(serving, "first") == "SUCCEEDED"
    shown = (await serving.viewer.get(f"{EXECUTIONS}/first")).json()
    assert shown["outputs"] == integers(o0=5)
    assert shown["spec"]["user_inputs"] == integers(x=1)
    assert shown["spec"]["inputs"] == integers(x=1, y=2)
    assert shown["row"]["principal"] == "runner"
    assert shown["row"]["target"]["version"] == "v1"


async def test_target_without_version_is_the_newest(serving: Serving) -> None:
    """Of a launch plan, the active one, and there has to be one."""
    await registered(serving, samples.sums)
    await registered(serving, samples.sums, version="v2")

    name = await launched(serving, samples.sums, integers(x=1))
    plan = target(samples.sums, "", EntityKind.LAUNCH_PLAN)
    inactive = await serving.runner.post(EXECUTIONS, json={"target": plan, "inputs": integers(x=1)})

    row = (await serving.viewer.get(f"{EXECUTIONS}/{name}")).json()["row"]
    assert row["target"]["version"] == "v2"
    assert problem(inactive) == (404, "NoActiveVersion")


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"inputs": {}}, (422, "InvalidInputs")),
        ({"inputs": {"x": {"string": "one"}}}, (422, "InvalidInputs")),
        ({"inputs": integers(x=1, z=1)}, (422, "InvalidInputs")),
        ({"inputs": {"x": 1}}, (400, "NotReadable")),
        ({"inputs": integers(x=1), "name": "../up"}, (422, "InvalidLaunch")),
        ({"inputs": integers(x=1), "options": {"envs": {"=": "x"}}}, (422, "InvalidLaunch")),
        ({"inputs": integers(x=1), "nonsense": 1}, (400, "NotReadable")),
        ({"target": {"kind": "workflow", "name": "no.such"}}, (404, "EntityUnknown")),
        ({"target": {"kind": "planet", "name": "no.such"}}, (400, "NotReadable")),
        ({"target": {"kind": "workflow", "name": "x", "project": "elsewhere"}}, (403, "NotAllowed")),
    ],
)
async def test_launch_that_does_not_fit_is_refused(
    serving: Serving, request_: dict[str, object], expected: tuple[int, str]
) -> None:
    """Saying what is wrong; nothing is recorded."""
    await registered(serving, samples.sums)

    answer = await serving.runner.post(EXECUTIONS, json={"target": target(samples.sums), **request_})

    assert problem(answer) == expected
    assert await names(serving) == []


async def test_name_is_taken_once(serving: Serving) -> None:
    """So a client that chose it may ask again after a connection broke."""
    await registered(serving, samples.sums)
    await launched(serving, samples.sums, integers(x=1), name="mine")

    answer = await serving.runner.post(
        EXECUTIONS, json={"target": target(samples.sums), "inputs": integers(x=2), "name": "mine"}
    )

    assert problem(answer) == (409, "ExecutionExists")


async def test_archived_project_takes_no_executions(serving: Serving) -> None:
    """Neither new ones nor repeated ones."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))
    await serving.admin.put("/projects/default", json={"is_archived": True})

    answers = [
        await serving.runner.post(EXECUTIONS, json={"target": target(samples.sums), "inputs": integers(x=1)}),
        await serving.runner.post(f"{EXECUTIONS}/{name}/relaunch", json={}),
        await serving.runner.post(f"{EXECUTIONS}/{name}/rerun", json={}),
    ]

    assert [problem(answer) for answer in answers] == [(409, "ProjectArchived")] * 3


# ── lists ────────────────────────────────────────────────────────────────────


async def test_list_is_narrowed_and_sorted(serving: Serving) -> None:
    """By phase, target, name, and whether it is hidden."""
    await registered(serving, samples.sums, samples.broken)
    for name in ("one", "two"):
        await ended(serving, samples.sums, integers(x=1), name=name)
    await ended(serving, samples.broken, name="bad")

    assert await names(serving) == ["bad", "two", "one"]
    assert await names(serving, sort="created_at") == ["one", "two", "bad"]
    assert await names(serving, sort="name") == ["bad", "one", "two"]
    assert await names(serving, sort="-name", limit=1) == ["two", "one", "bad"]
    assert await names(serving, phase=["FAILED", "ABORTED"]) == ["bad"]
    assert await names(serving, target=samples.sums.name) == ["two", "one"]
    assert await names(serving, target=samples.sums.name, kind="task") == []
    assert await names(serving, name_contains="o") == ["two", "one"]


async def test_list_is_narrowed_by_version_person_and_time(serving: Serving) -> None:
    """Each bound leaves out what lies beyond it."""
    await registered(serving, samples.sums)
    for name in ("one", "two"):
        await ended(serving, samples.sums, integers(x=1), name=name)
    row = (await serving.viewer.get(f"{EXECUTIONS}/one")).json()["row"]
    lasted_ns = row["ended_at_ns"] - row["created_at_ns"]

    assert await names(serving, target=samples.sums.name, version=row["target"]["version"]) == ["two", "one"]
    assert await names(serving, target=samples.sums.name, version="v9") == []
    assert await names(serving, principal=row["principal"]) == ["two", "one"]
    assert await names(serving, principal="nobody") == []
    assert await names(serving, created_from_ns=row["created_at_ns"] + 1) == ["two"]
    assert await names(serving, created_before_ns=row["created_at_ns"] + 1) == ["one"]
    assert "one" in await names(serving, lasted_from_ns=lasted_ns)
    assert "one" not in await names(serving, lasted_below_ns=lasted_ns)


@pytest.mark.parametrize("bound", ["-1", "9999999999999999999", "soon"])
async def test_bound_that_is_no_time_is_refused(serving: Serving, bound: str) -> None:
    """Before anything is looked up."""
    answer = await serving.viewer.get(EXECUTIONS, params={"created_from_ns": bound})

    assert problem(answer) == (400, "MalformedRequest")


async def test_pages_hold_still_while_executions_come(serving: Serving) -> None:
    """Nothing is repeated or skipped by what is started in between."""
    await registered(serving, samples.sums)
    for name in ("a", "b", "c", "d"):
        await ended(serving, samples.sums, integers(x=1), name=name)

    first = (await serving.viewer.get(EXECUTIONS, params={"limit": 2})).json()
    await ended(serving, samples.sums, integers(x=1), name="e")
    second = (await serving.viewer.get(EXECUTIONS, params={"limit": 2, "token": first["token"]})).json()

    shown = [line["row"]["id"]["name"] for page in (first, second) for line in page["items"]]
    assert shown == ["d", "c", "b", "a"]
    assert "token" not in second


async def test_archived_execution_is_hidden_until_asked_for(serving: Serving) -> None:
    """One that has not ended cannot be hidden."""
    await registered(serving, samples.sums, samples.asking)
    name = await ended(serving, samples.sums, integers(x=1), name="over")
    waiting = await launched(serving, samples.asking, name="waiting")

    archived = await serving.runner.post(f"{EXECUTIONS}/{name}/archive", json={})
    refused = await serving.runner.post(f"{EXECUTIONS}/{waiting}/archive", json={})

    assert archived.json()["row"]["is_archived"] is True
    assert problem(refused) == (409, "ExecutionUnfinished")
    assert await names(serving) == ["waiting"]
    assert await names(serving, include_archived="true") == ["waiting", "over"]
    await serving.runner.post(f"{EXECUTIONS}/{name}/archive", json={"is_archived": False})
    assert await names(serving) == ["waiting", "over"]


# ── waiting ──────────────────────────────────────────────────────────────────


async def test_reader_may_wait_for_the_end(serving: Serving) -> None:
    """The answer comes with the end, not before."""
    await registered(serving, samples.asking)
    name = await launched(serving, samples.asking)

    waiting = asyncio.create_task(serving.viewer.get(f"{EXECUTIONS}/{name}", params={"wait_s": 30}))
    await asyncio.sleep(0)
    aborted = await serving.runner.post(f"{EXECUTIONS}/{name}/abort", json={"reason": "enough"})

    assert aborted.status_code == 202
    assert (await waiting).json()["phase"] == "ABORTED"


async def test_wait_is_over_when_its_time_is(serving: Serving) -> None:
    """What is shown then is what there is."""
    await registered(serving, samples.asking)
    name = await launched(serving, samples.asking)

    answer = await serving.viewer.get(f"{EXECUTIONS}/{name}", params={"wait_s": 0.01})
    too_long = await serving.viewer.get(f"{EXECUTIONS}/{name}", params={"wait_s": 61})

    assert answer.json()["phase"] == "RUNNING"
    assert problem(too_long) == (400, "MalformedRequest")


async def test_wait_is_over_when_the_server_stops(serving: Serving) -> None:
    """What is shown then is what there is; the reader asks the next server."""
    await registered(serving, samples.asking)
    name = await launched(serving, samples.asking)
    stopping = asyncio.Event()
    transport = httpx.ASGITransport(Farewell(serving.app, stopping=stopping))
    async with httpx.AsyncClient(
        transport=transport, base_url=serving.viewer.base_url, headers=serving.viewer.headers
    ) as reader:
        waiting = asyncio.create_task(reader.get(f"{EXECUTIONS}/{name}", params={"wait_s": 30}))
        await asyncio.sleep(0)
        stopping.set()
        answer = await asyncio.wait_for(waiting, 60)

    assert (answer.status_code, answer.json()["phase"]) == (200, "RUNNING")


# ── repeating ────────────────────────────────────────────────────────────────


async def test_relaunch_takes_the_same_inputs_but_for_those_given(serving: Serving) -> None:
    """And names the execution that it repeats."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1, y=7))

    answer = await serving.runner.post(f"{EXECUTIONS}/{name}/relaunch", json={"inputs": integers(x=5)})

    assert answer.status_code == 201, answer.text
    assert answer.json()["spec"]["inputs"] == integers(x=5, y=7)
    assert answer.json()["spec"]["reference"]["name"] == name
    assert await end_of(serving, answer.json()["row"]["id"]["name"]) == "SUCCEEDED"


async def test_relaunch_keeps_the_options_but_for_those_given(serving: Serving) -> None:
    """Overwriting the cache was meant for the one execution; options that cannot be are refused."""
    await registered(serving, samples.sums)
    given = {"labels": {"team": "a"}, "max_parallelism": 3, "overwrite_cache": True}
    name = await ended(serving, samples.sums, integers(x=1), options=given)
    url = f"{EXECUTIONS}/{name}/relaunch"

    plain = await serving.runner.post(url, json={})
    changed = await serving.runner.post(url, json={"options": {"max_parallelism": 5, "overwrite_cache": True}})
    refused = await serving.runner.post(url, json={"options": {"max_parallelism": -1}})

    assert plain.json()["spec"]["options"] == {"labels": {"team": "a"}, "max_parallelism": 3}
    assert changed.json()["spec"]["options"] == given | {"max_parallelism": 5}
    assert problem(refused) == (422, "InvalidLaunch")


async def test_rerun_says_first_what_it_reuses(serving: Serving) -> None:
    """Then it does just that."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))

    plan = await serving.viewer.get(f"{EXECUTIONS}/{name}/rerun", params={"node": "n1"})
    answer = await serving.runner.post(f"{EXECUTIONS}/{name}/rerun", json={"nodes": ["n1"]})

    assert [(step["node"], step["is_reused"]) for step in plan.json()["steps"]] == [("n0", True), ("n1", False)]
    assert answer.json()["row"]["mode"] == "recovered"
    assert await end_of(serving, answer.json()["row"]["id"]["name"]) == "SUCCEEDED"


async def test_unknown_nodes_and_unfinished_executions_are_not_rerun(serving: Serving) -> None:
    """Both say why."""
    await registered(serving, samples.sums, samples.asking)
    over = await ended(serving, samples.sums, integers(x=1))
    waiting = await launched(serving, samples.asking)

    unknown = await serving.runner.post(f"{EXECUTIONS}/{over}/rerun", json={"nodes": ["n9"]})
    unfinished = await serving.runner.post(f"{EXECUTIONS}/{waiting}/rerun", json={})

    assert problem(unknown) == (422, "UnknownNodes")
    assert problem(unfinished) == (422, "NotRepeatable")


# ── answering, ending ────────────────────────────────────────────────────────


async def test_signals_are_typed_and_early_ones_kept(serving: Serving) -> None:
    """A value of another type is refused by a gate that is open."""
    await registered(serving, samples.asking)
    name = await launched(serving, samples.asking, integers(x=1))
    signals = f"{EXECUTIONS}/{name}/signals"

    early = await serving.runner.put(f"{signals}/more", json={"value": {"integer": 40}})
    await opened(serving, name, "sure")
    wrong = await serving.runner.put(f"{signals}/sure", json={"value": {"string": "yes"}})
    right = await serving.runner.put(f"{signals}/sure", json={"value": {"boolean": True}})

    assert (early.status_code, right.status_code) == (202, 202)
    assert problem(wrong) == (422, "InvalidSignal")
    assert await end_of(serving, name) == "SUCCEEDED"
    assert (await serving.viewer.get(f"{EXECUTIONS}/{name}")).json()["outputs"] == integers(o0=42)


async def test_aborted_execution_says_who_and_why(serving: Serving) -> None:
    """Once it is over, nothing more can be asked of it."""
    await registered(serving, samples.asking)
    name = await launched(serving, samples.asking)

    await serving.runner.post(f"{EXECUTIONS}/{name}/abort", json={"reason": "no longer needed"})

    assert await end_of(serving, name) == "ABORTED"
    error = (await serving.viewer.get(f"{EXECUTIONS}/{name}")).json()["row"]["error"]
    assert "no longer needed" in error["message"]
    again = await serving.runner.post(f"{EXECUTIONS}/{name}/abort", json={})
    late = await serving.runner.put(f"{EXECUTIONS}/{name}/signals/more", json={"value": {"integer": 1}})
    assert problem(again) == problem(late) == (409, "ExecutionOver")


async def test_templates_of_an_execution_are_its_own(serving: Serving) -> None:
    """They are what it runs, whatever is registered since."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))

    closure = (await serving.viewer.get(f"{EXECUTIONS}/{name}/closure")).json()

    assert closure["main"] == target(samples.sums, "v1")
    assert {workflow["id"]["name"] for workflow in closure["workflows"]} == {samples.sums.name, samples.inner.name}
