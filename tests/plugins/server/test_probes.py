"""Machines ask how the server is, and need to be nobody for it."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from plait_core.ir.ids import ExecutionId
from plait_core.testing.memory import MemoryDatabase
from plait_server import probes
from tests.plugins.server.console import samples
from tests.plugins.server.outages import break_store
from tests.plugins.server.registered import EXECUTIONS, ended, integers, launched, registered
from tests.plugins.server.serving import ORIGIN, Serving

pytestmark = pytest.mark.anyio


async def metrics(serving: Serving) -> dict[tuple[str, ...], float]:
    """Return samples by name and the values of their labels."""
    answer = await serving.nobody.get(f"{ORIGIN}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(it.name, *it.labels.values()): it.value for family in families for it in family.samples}


async def test_process_that_lives_says_so(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else is away: starting it again would help nobody."""
    break_store(serving, monkeypatch)

    answer = await serving.nobody.get(f"{ORIGIN}/healthz")

    assert (answer.status_code, answer.json()) == (200, {"is_alive": True})


async def test_server_is_ready_when_all_it_needs_is_there(serving: Serving) -> None:
    """Each thing by name."""
    answer = await serving.nobody.get(f"{ORIGIN}/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "is_ready": True,
        "checks": [
            {"name": "database", "is_ok": True, "detail": "answers"},
            {"name": "blobs", "is_ok": True, "detail": "answer"},
            {"name": "engine", "is_ok": True, "detail": "drives 0 executions"},
        ],
    }


async def test_server_without_its_store_is_not_ready(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what is missing, and not where that is."""
    break_store(serving, monkeypatch)

    answer = await serving.nobody.get(f"{ORIGIN}/readyz")

    checks = {check["name"]: check for check in answer.json()["checks"]}
    assert (answer.status_code, answer.json()["is_ready"]) == (503, False)
    assert checks["database"]["detail"] == "StoreUnavailable; the server's log has the rest"
    assert checks["engine"]["is_ok"] is True


async def test_store_that_does_not_answer_is_not_waited_for(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks gets an answer in time."""

    async def silent(_: MemoryDatabase) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(probes, "PATIENCE_S", 0.01)
    monkeypatch.setattr(serving.engine.database.accounts, "projects", silent.__get__(serving))

    answer = await serving.nobody.get(f"{ORIGIN}/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"][0]["detail"] == "no answer within 0.01 s"


async def test_metrics_count_executions_attempts_and_messages(serving: Serving) -> None:
    """By phase; attempts and messages of what is under way."""
    await registered(serving, samples.sums, samples.asking, samples.broken)
    await ended(serving, samples.sums, integers(x=1))
    await ended(serving, samples.broken)
    name = await launched(serving, samples.asking)
    await serving.runner.put(f"{EXECUTIONS}/{name}/signals/more", json={"value": {"integer": 1}})

    found = await metrics(serving)

    assert found["plait_executions", "SUCCEEDED"] == found["plait_executions", "FAILED"] == 1
    assert found["plait_executions", "RUNNING"] == 1
    assert found["plait_executions", "ABORTED"] == 0
    assert found["plait_attempts", "SUCCEEDED"] == 1
    assert found["plait_engine_executions",] == 1
    assert found["plait_inbox_messages",] == 0
    assert found["plait_store_up",] == 1
    assert found["process_resident_memory_bytes",] > 0
    await serving.engine.abort(ExecutionId(name=name), reason="")


async def test_metrics_count_requests_by_operation_and_status(serving: Serving) -> None:
    """Also those that were refused, and those that are none of the API."""
    await serving.viewer.get("/identity")
    await serving.nobody.get("/identity")
    await serving.viewer.get("/nonsense")

    found = await metrics(serving)

    assert found["plait_http_requests_total", "show_identity", "200"] == 1
    assert found["plait_http_requests_total", "show_identity", "401"] == 1
    assert found["plait_http_requests_total", "other", "404"] == 1
    assert found["plait_http_request_seconds_count", "show_identity"] == 2


async def test_metrics_are_there_without_the_store(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """They say that it is away."""
    break_store(serving, monkeypatch)

    found = await metrics(serving)

    assert found["plait_store_up",] == 0
    assert not any(name == "plait_executions" for name, *_ in found)


async def test_two_apps_count_apart(serving: Serving, tmp_path: Path) -> None:
    """Nothing of it is global."""
    from tests.plugins.server.serving import serving as another

    async with another(tmp_path / "other") as other:
        await other.viewer.get("/identity")

        assert ("plait_http_requests_total", "show_identity", "200") in await metrics(other)
        assert ("plait_http_requests_total", "show_identity", "200") not in await metrics(serving)
