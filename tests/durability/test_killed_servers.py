"""Servers that are killed with SIGKILL while they are asked to launch something: it is launched once, or not at all, and then ends."""

import threading
from collections import Counter

import httpx
import pytest

from plait_core.ir.phases import ExecutionPhase
from tests.durability import durable_flow as flow
from tests.durability.stories import Story
from tests.plugins.server.daemons import Running, free_port, server_process
from tests.plugins.server.registered import EXECUTIONS, REGISTER, closure_of, registration, target

pytestmark = pytest.mark.slow

DELAYS_MS = (0, 2, 5, 10, 30)
"""When a server is killed after a request was sent; all but the last come before the answer, on most machines."""


def launch(server: Running, name: str) -> int:
    """Return the status of a request to launch, or 0 where no answer came."""
    request = {"target": target(flow.noted), "inputs": {"label": {"string": name}}, "name": name}
    try:
        with server.client() as client:
            return client.post(EXECUTIONS, json=request).status_code
    except httpx.TransportError:
        return 0


def test_a_server_may_die_while_it_is_asked(story: Story) -> None:
    """Whoever got no answer asks again by the same name, and is told that it is taken if it is."""
    port, variables = free_port(), {**story.environment(), "PLAIT_HOME": str(story.home)}
    names = [f"launch-{delay_ms}" for delay_ms in DELAYS_MS]
    with server_process(story.home, port=port, variables=variables) as server, server.client() as client:
        answer = client.post(REGISTER, json=registration(closure_of(flow.noted, "v1")))
        assert answer.status_code == 200, answer.text

    heard = []
    for name, delay_ms in zip(names, DELAYS_MS, strict=True):
        with server_process(story.home, port=port, variables=variables) as server:
            assert server.process is not None
            killer = threading.Timer(delay_ms / 1000, server.process.kill)
            killer.start()
            heard.append(launch(server, name))
            killer.join()
    with server_process(story.home, port=port, variables=variables) as server:
        assert {launch(server, name) for name in names} <= {201, 409}
        with server.client() as client:
            for name in names:
                ended = client.get(f"{EXECUTIONS}/{name}", params={"wait_s": 60}).json()
                assert ended["phase"] == ExecutionPhase.SUCCEEDED.value, ended

    assert 0 in heard
    assert story.phases().keys() == set(names)
    assert story.bodies() == Counter(names)
