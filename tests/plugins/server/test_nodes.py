"""Nodes and attempts are shown with what went in, what came out, what failed, and what they printed."""

from datetime import timedelta
from typing import Any

import attrs
import pytest

from plait import Deck, task, wait_for_input, workflow
from plait_core.ir.ids import ExecutionId, NodeId
from tests.plugins.server.console import samples
from tests.plugins.server.registered import EXECUTIONS, ended, integers, launched, problem, registered
from tests.plugins.server.serving import Serving

pytestmark = pytest.mark.anyio


@task(cache=True, cache_version="1")
def cached(x: int) -> int:
    """Be remembered."""
    return x


@task(enable_deck=True)
def decked(x: int) -> int:
    """Show something."""
    Deck("mine").append(f"<b>{x}</b>")
    return x


@workflow
def remembers(x: int = 1) -> int:
    """Do what was done before."""
    return cached(x=x)


@workflow
def shows(x: int = 1) -> int:
    """Make a page."""
    return decked(x=x)


@workflow
def asks() -> int:
    """Wait for somebody."""
    return wait_for_input("number", timeout=timedelta(days=1), expected_type=int)


async def test_nodes_come_in_order_of_appearance(serving: Serving) -> None:
    """Those of sub-workflows among them."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))

    rows = (await serving.viewer.get(f"{EXECUTIONS}/{name}/nodes")).json()["items"]

    assert [(row["node"], row["kind"], row["phase"]) for row in rows] == [
        ("n0", "workflow", "SUCCEEDED"),
        ("n0-0-n0", "task", "SUCCEEDED"),
        ("n0-0-n1", "task", "SUCCEEDED"),
        ("n1", "task", "SUCCEEDED"),
    ]


async def test_nodes_come_in_pages(serving: Serving) -> None:
    """Each once, whatever the limit; a token that no page gave is refused."""
    await registered(serving, samples.made)
    name = await ended(serving, samples.made, integers(n=5))
    url = f"{EXECUTIONS}/{name}/nodes"
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        page = (await serving.viewer.get(url, params={"limit": 4, "token": token})).json()
        found += [row["node"] for row in page["items"]]
        token = page.get("token")

    assert len(found) == len(set(found)) == 6
    assert found == [row["node"] for row in (await serving.viewer.get(url)).json()["items"]]
    assert problem(await serving.viewer.get(url, params={"token": "n9"})) == (400, "NotReadable")


async def test_ten_thousand_nodes_are_never_one_document(serving: Serving) -> None:
    """Whoever does not ask for a page gets the first."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))
    id_ = ExecutionId(name=name)
    (row, *_) = await serving.engine.database.views.nodes(id_)
    record = serving.engine.database._records.of(id_)  # type: ignore[attr-defined]  # the twin's own
    record.nodes = {NodeId(f"m{n}"): attrs.evolve(row, node=NodeId(f"m{n}")) for n in range(10_000)}

    page = (await serving.viewer.get(f"{EXECUTIONS}/{name}/nodes")).json()

    assert (len(page["items"]), page["token"]) == (50, "m49")
    assert problem(await serving.viewer.get(f"{EXECUTIONS}/{name}/nodes", params={"limit": 1001})) == (
        400,
        "MalformedRequest",
    )


@pytest.mark.parametrize(
    ("query", "nodes"),
    [
        ({"kind": "workflow"}, ["n0"]),
        ({"kind": ["workflow", "task"], "name_contains": "n1"}, ["n0-0-n1", "n1"]),
        ({"name_contains": "samples.add"}, ["n0-0-n0", "n0-0-n1", "n1"]),
        ({"phase": ["FAILED", "RUNNING"]}, []),
        ({"phase": "SUCCEEDED", "limit": 1}, ["n0"]),
    ],
)
async def test_nodes_are_narrowed(serving: Serving, query: dict[str, Any], nodes: list[str]) -> None:
    """To kinds, phases and what they are called."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))

    rows = (await serving.viewer.get(f"{EXECUTIONS}/{name}/nodes", params=query)).json()["items"]

    assert [row["node"] for row in rows] == nodes


@pytest.mark.parametrize("query", [{"kind": "job"}, {"phase": "DONE"}, {"entity": "add"}, {"limit": 0}])
async def test_what_nodes_are_not_narrowed_to_is_refused(serving: Serving, query: dict[str, Any]) -> None:
    """A misspelt filter is not a list of everything."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))

    assert problem(await serving.viewer.get(f"{EXECUTIONS}/{name}/nodes", params=query)) == (400, "MalformedRequest")


async def test_node_has_its_values(serving: Serving) -> None:
    """What went in, and what came out."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))

    node = (await serving.viewer.get(f"{EXECUTIONS}/{name}/nodes/n1")).json()

    assert node["inputs"] == integers(x=3, y=2)
    assert node["outputs"] == integers(o0=5)
    assert node["row"]["entity"] == samples.add.name


async def test_failed_node_and_attempt_say_why(serving: Serving) -> None:
    """In the words of the task, with the frames of the user's code."""
    await registered(serving, samples.broken)
    name = await ended(serving, samples.broken)

    node = (await serving.viewer.get(f"{EXECUTIONS}/{name}/nodes/n0")).json()
    (attempt,) = (await serving.viewer.get(f"{EXECUTIONS}/{name}/attempts", params={"node": "n0"})).json()["items"]

    assert node["row"]["phase"] == attempt["phase"] == "FAILED"
    assert "cannot do" in attempt["error"]["message"]
    assert "samples.py" in attempt["error"]["traceback"]
    assert "outputs" not in node


async def test_gate_says_what_it_waits_for(serving: Serving) -> None:
    """And under which name it is answered."""
    await registered(serving, asks)
    name = await launched(serving, asks)

    node = (await serving.viewer.get(f"{EXECUTIONS}/{name}/nodes/n0")).json()

    assert node["signal"] == "number"
    assert "until" in node["waits_for"][0]
    await serving.engine.abort(ExecutionId(name=name), reason="")


async def test_cache_says_what_it_found_and_why(serving: Serving) -> None:
    """A miss first, then a hit that names its source."""
    await registered(serving, remembers)
    first, second = await ended(serving, remembers), await ended(serving, remembers)
    third = await ended(serving, remembers, integers(x=2))

    verdicts = [
        (await serving.viewer.get(f"{EXECUTIONS}/{name}/nodes/n0")).json()["verdict"] for name in (first, second, third)
    ]

    assert [verdict["status"] for verdict in verdicts] == ["miss", "hit", "miss"]
    assert first in verdicts[1]["source"]
    assert "x" in verdicts[2]["reason"]


async def test_attempts_come_in_pages(serving: Serving) -> None:
    """Those of map elements in order."""
    await registered(serving, samples.doubled)
    values = {"xs": {"collection": {"literals": [{"integer": n} for n in range(5)]}}}
    name = await ended(serving, samples.doubled, values)

    url, found = f"{EXECUTIONS}/{name}/attempts", list[int]()
    token: str | None = ""
    while token is not None:
        page = (await serving.viewer.get(url, params={"limit": 2, "token": token})).json()
        found += [row["id"]["element"] for row in page["items"]]
        token = page.get("token")

    assert found == [0, 1, 2, 3, 4]
    for wrong in ("n0", "n9/0/0", "n0/x/0", f"n0/0/{1 << 80}"):
        assert problem(await serving.viewer.get(url, params={"token": wrong})) == (400, "NotReadable")


async def test_deck_is_shown_out_of_reach(serving: Serving) -> None:
    """It is the work of user code: it may be looked at, and reach nothing."""
    await registered(serving, shows, samples.sums)
    name = await ended(serving, shows)

    deck = await serving.viewer.get(f"{EXECUTIONS}/{name}/attempts/n0/0/deck")

    assert (deck.status_code, deck.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<b>1</b>" in deck.text
    assert deck.headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'")
    without = await ended(serving, samples.sums, integers(x=1))
    assert problem(await serving.viewer.get(f"{EXECUTIONS}/{without}/attempts/n1/0/deck")) == (404, "UnknownPart")


@pytest.mark.parametrize(
    "part", ["nodes/n9", "attempts/n9/0/logs", "attempts/n0/9/logs", "attempts/n0/-1/logs", "attempts/n0/x/deck"]
)
async def test_part_that_is_not_there_is_not_found(serving: Serving, part: str) -> None:
    """It says which."""
    await registered(serving, samples.broken)
    name = await ended(serving, samples.broken)

    assert problem(await serving.viewer.get(f"{EXECUTIONS}/{name}/{part}")) == (404, "UnknownPart")
