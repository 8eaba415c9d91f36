"""A server without an engine of its own leaves executions to whoever drives them."""

from datetime import timedelta
from pathlib import Path

import pytest

from plait import wait_for_input, workflow
from plait_core.engine import Engine
from plait_core.plugins import Plugins, Settings
from tests.plugins.server import serving as making
from tests.plugins.server.registered import EXECUTIONS, integers, launched, registered
from tests.plugins.server.serving import ORIGIN, Serving
from tests.unit.ports.endings import a_dead_process

pytestmark = pytest.mark.anyio


@workflow
def asks() -> int:
    """Need nobody to run anything."""
    return wait_for_input("number", timeout=timedelta(days=1), expected_type=int)


def engine_of(home: Path, *, drives: bool) -> Engine:
    """Make one of two engines that share a store and a pool."""
    settings = Settings(
        home=str(home), store=f"sqlite:///{home}/plait.db", blobs=f"file://{home}/blobs", executors=("process",)
    )
    return Engine(plugins=Plugins.load(settings), pool="shared", adopts=drives, leaves_to_others=not drives)


async def engine_check(serving: Serving) -> object:
    """Return what a server says of its engine; it is ready in any case."""
    answer = await serving.nobody.get(f"{ORIGIN}/readyz")
    assert answer.status_code == 200
    return next(check for check in answer.json()["checks"] if check["name"] == "engine")


def nobody_drives() -> object:
    detail = "none of pool shared runs in any process; executions wait for one"
    return {"name": "engine", "is_ok": False, "detail": detail}


async def test_executions_are_driven_by_another_process(tmp_path: Path) -> None:
    """Launched, answered, repeated and seen through a server that drives none."""
    async with making.serving(tmp_path, engine=engine_of(tmp_path, drives=False)) as serving:
        await registered(serving, asks)
        name = await launched(serving, asks)
        assert serving.engine.driving() == []
        assert await engine_check(serving) == nobody_drives()
        waiting = (await serving.viewer.get(f"{EXECUTIONS}/{name}")).json()["waits_for"]
        assert waiting == "an engine of pool shared, of which none runs"

        async with engine_of(tmp_path, drives=True):
            found = {"name": "engine", "is_ok": True, "detail": "1 engine of pool shared in other processes"}
            assert await engine_check(serving) == found
            await serving.runner.put(f"{EXECUTIONS}/{name}/signals/number", json={"value": {"integer": 7}})
            ended = await serving.viewer.get(f"{EXECUTIONS}/{name}", params={"wait_s": 30})
            again = await serving.runner.post(f"{EXECUTIONS}/{name}/relaunch", json={})
            second = again.json()["row"]["id"]["name"]
            await serving.runner.post(f"{EXECUTIONS}/{second}/abort", json={})
            aborted = await serving.viewer.get(f"{EXECUTIONS}/{second}", params={"wait_s": 30})

        assert await engine_check(serving) == nobody_drives()
        leases = serving.engine.database.leases
        await leases.renew("dead", pool="shared", ttl_s=60.0, process=a_dead_process())
        await leases.renew("elsewhere", pool="others", ttl_s=60.0)
        assert await engine_check(serving) == nobody_drives()
        assert ended.json()["outputs"] == integers(o0=7)
        assert "waits_for" not in ended.json()
        assert aborted.json()["phase"] == "ABORTED"
        assert serving.engine.driving() == []
