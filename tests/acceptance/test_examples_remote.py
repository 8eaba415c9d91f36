"""Every file of examples gives on the demo what it gives here, with its code sent there as a bundle."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.calling import EXAMPLES, Called, Desk
from tests.acceptance.test_examples import EXPECTED
from tests.plugins.server.daemons import free_port

pytestmark = pytest.mark.slow

WITHOUT_ANSWERS = [name for name, example in EXPECTED.items() if not example.answers]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables by which ``plait`` finds a demo that runs for all of them."""
    folder, port = tmp_path_factory.mktemp("demo"), str(free_port())
    env = {"PLAIT_HOME": str(folder / "home"), "PLAIT_ENDPOINT": f"http://localhost:{port}", "GREETING_TOKEN": "hush"}
    desk = Desk(folder)
    started = desk.plait("demo", "start", "--port", port, env=env)
    assert started.code == 0, started.err
    yield env
    desk.plait("demo", "teardown", "--yes", env=env)


@pytest.mark.parametrize("name", WITHOUT_ANSWERS)
def test_example_gives_on_the_demo_what_it_gives_here(demo: dict[str, str], tmp_path: Path, name: str) -> None:
    """Graphs that grow and children that are called while it runs find the same code there."""
    flags = [word for key, value in EXPECTED[name].inputs.items() for word in (f"--{key}", str(value))]
    words: tuple[str | Path, ...] = ("--json", EXAMPLES / f"{name}.py", "wf", *flags)
    desk = Desk(tmp_path)

    here = desk.plait("run", "--local", *words, env=demo)
    there = desk.plait("run", "--remote", "--wait", *words, env=demo)

    assert outputs_of(there) == outputs_of(here)


def outputs_of(called: Called) -> object:
    """Return the outputs in the document that the command printed."""
    assert called.code == 0, called.out + called.err
    document: dict[str, object] = json.loads(called.out)
    assert document["phase"] == "SUCCEEDED"
    return document["outputs"]
