"""A server taken apart: requests are answered by one process, executions driven by others, and a database is all they share."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.acceptance.calling import Desk
from tests.plugins.server.daemons import Running, server_process
from tests.postgres import Cluster

pytestmark = pytest.mark.slow

FLOW = """
import os

from plait import approve, task, workflow


@task
def engine(i: int) -> int:
    return os.getppid()


@workflow
def wf() -> tuple[int, int]:
    before = engine(i=0)
    return before, engine(i=approve(before, "go"))
"""

TARGET = {"kind": "launch_plan", "name": "flow.wf", "version": "v1"}
LONGEST_S = 180.0
HERE = "/projects/default/domains/development/executions"


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shared.db"
    cluster: Cluster = request.getfixturevalue("postgres")
    return cluster.url("parts")


@pytest.fixture
def variables(store: str, tmp_path: Path) -> Mapping[str, str]:
    """What all processes are told; each has a home of its own."""
    return {"PLAIT_STORE": store, "PLAIT_BLOBS": f"file://{tmp_path}/blobs"}


@pytest.fixture
def server(variables: Mapping[str, str], tmp_path: Path, desk: Desk) -> Iterator[Running]:
    """The process that answers requests, and drives nothing."""
    with server_process(tmp_path / "api", parts=("api",), variables=variables) as running:
        desk.write("flow.py", FLOW)
        env = {"PLAIT_HOME": str(running.home), "PLAIT_ENDPOINT": running.url}
        registered = desk.plait("register", "flow.py", "--version", "v1", env=env)
        assert registered.code == 0, registered.err
        yield running


def test_engines_share_what_the_api_was_asked_for(
    server: Running, variables: Mapping[str, str], tmp_path: Path
) -> None:
    """Asked before there is any engine; and when one of two dies, the other goes on."""
    names = [f"e{n}" for n in range(8)]
    with server.client() as client, ExitStack() as stack:
        for name in names:
            launched = client.post(HERE, json={"target": TARGET, "name": name})
            assert launched.is_success, launched.text
        engines = [
            stack.enter_context(server_process(tmp_path / name, parts=("engine",), variables=variables))
            for name in ("a", "b")
        ]
        pids = [engine.process.pid for engine in engines if engine.process]
        for name in names:
            wait_for_gate(client, name)

        os.kill(pids[0], signal.SIGKILL)
        for name in names:
            client.put(f"{HERE}/{name}/signals/go", json={"value": {"boolean": True}})
        outputs = [outputs_of(client, name) for name in names]

    assert {output["o0"]["integer"] for output in outputs} <= set(pids)
    assert {output["o1"]["integer"] for output in outputs} == {pids[1]}


def outputs_of(client: httpx.Client, name: str) -> Mapping[str, Mapping[str, int]]:
    """Wait until an execution has ended well."""
    deadline = time.monotonic() + LONGEST_S
    while (found := client.get(f"{HERE}/{name}", params={"wait_s": 60}).json())["phase"] != "SUCCEEDED":
        assert time.monotonic() < deadline, found
    outputs: Mapping[str, Mapping[str, int]] = found["outputs"]
    return outputs


def wait_for_gate(client: httpx.Client, name: str) -> None:
    """Wait until an execution waits to be approved."""
    deadline = time.monotonic() + LONGEST_S
    while True:
        nodes = client.get(f"{HERE}/{name}/nodes").json()["items"]
        if any((node["node"], node["phase"]) == ("n1", "RUNNING") for node in nodes):
            return
        assert time.monotonic() < deadline, nodes
        time.sleep(0.05)
