"""An administrator has the server put away what is over, one step at a time."""

from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from plait_core.ir.json import Json
from tests.plugins.server import serving as making
from tests.plugins.server.console import samples
from tests.plugins.server.registered import EXECUTIONS, ended, integers, problem, registered
from tests.plugins.server.serving import Serving

pytestmark = pytest.mark.anyio


async def sweep(*servings: Serving, **request: Any) -> list[dict[str, Any]]:
    """Take all steps, at one server after the other, and return what each says."""
    steps: list[dict[str, Any]] = []
    token: str = ""
    turns = cycle(servings)
    while not steps or token:
        answer = await next(turns).admin.post("/sweeps", json={**request, "token": token})
        assert answer.status_code == 200, answer.text
        steps.append(answer.json())
        token = steps[-1].get("token", "")
    return steps


def names(steps: list[dict[str, Any]]) -> list[Json]:
    """Return which executions the steps speak of."""
    return [one["id"]["name"] for step in steps for one in step.get("executions", ())]


async def trail(serving: Serving) -> list[tuple[str, Json]]:
    """Return who swept what."""
    lines = (await serving.admin.get("/audit")).json()["items"]
    return [(line["principal"], line["detail"]) for line in lines if line["action"] == "sweep"]


async def test_what_would_go_is_told_and_then_gone(serving: Serving) -> None:
    """A dry run is the default, and no change; the trail has what was deleted."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))

    young = await sweep(serving)
    told = await sweep(serving, older_than_s=0)
    before = await trail(serving)
    done = await sweep(serving, older_than_s=0, dry_run=False)

    assert (names(young), names(told), names(done)) == ([], [name], [name])
    assert before == []
    ((principal, detail),) = await trail(serving)
    assert principal == "admin"
    assert detail["executions"] == [f"default/development/{name}"]  # type: ignore[call-overload, index]  # a table
    assert problem(await serving.viewer.get(f"{EXECUTIONS}/{name}")) == (404, "UnknownExecution")


async def test_steps_may_reach_several_servers(tmp_path: Path) -> None:
    """A balancer stands before two of one store: what one has begun, the other goes on with, and the trail has it once."""
    async with (
        making.serving(tmp_path, engine=making.make_durable_engine(tmp_path)) as one,
        making.serving(tmp_path, engine=making.make_durable_engine(tmp_path)) as other,
    ):
        await registered(one, samples.sums)
        names_ = [await ended(one, samples.sums, integers(x=1)) for _ in range(2)]

        told = await sweep(one, other, older_than_s=0)
        done = await sweep(other, one, older_than_s=0, dry_run=False)

        assert names(told) == names(done) == names_
        ((principal, detail),) = await trail(one)
        assert (principal, detail["executions"]) == ("admin", [f"default/development/{name}" for name in names_])  # type: ignore[call-overload, index]  # a table
        for serving in (one, other):
            assert (await serving.viewer.get(EXECUTIONS)).json().get("items", []) == []


async def test_templates_that_engines_may_still_launch_stay(serving: Serving) -> None:
    """However old they may be at most: an engine does not put again what it has put today."""
    await registered(serving, samples.sums)
    await ended(serving, samples.sums, integers(x=1))
    await sweep(serving, older_than_s=0, dry_run=False)

    again = await ended(serving, samples.sums, integers(x=1))

    assert len(await serving.engine.database.upkeep.closures()) == 1
    assert (await serving.viewer.get(f"{EXECUTIONS}/{again}/closure")).status_code == 200


@pytest.mark.parametrize("body", [{"token": "x"}, {"older_than_s": -1}, {"older_than_s": 1e300}, {"age": 1}])
async def test_sweep_that_cannot_be_is_refused(serving: Serving, body: dict[str, Json]) -> None:
    """Before anything is looked at."""
    status, _ = problem(await serving.admin.post("/sweeps", json=body))

    assert status == 400
