"""
Every file of examples gives the same outputs on each of the unlike executors.

An example is a file with a ``wf``; ``EXAMPLES`` says what it is given and what comes out. A file that is missing here fails a test.
"""

import asyncio
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import attrs
import pytest

from plait import task, workflow
from plait_core.authoring.entities import Entity
from plait_core.authoring.interfaces import PythonInput, PythonInterface
from plait_core.authoring.tasks import Task
from plait_core.engine import Engine
from plait_core.hookspecs import hookimpl
from plait_core.ir.literals import Literal
from plait_core.plugins import Plugins, Settings
from plait_core.ports.specs import ExecutorSpec
from plait_core.testing.cluster import CLUSTER_SPEC
from plait_core.testing.connectors import FAKE_REMOTE, FakeRemotePlugin
from plait_core.testing.memory import MemoryDatabase
from plait_core.types.contexts import DETACHED
from tests.acceptance.calling import EXAMPLES

EXECUTORS = ("inline", "process", "cluster")


@attrs.frozen
class Example:
    """What a workflow answers, given *inputs*, and *answers* to its gates."""

    expected: Any
    inputs: Mapping[str, Any] = {}
    answers: Mapping[str, Any] = {}


EXPECTED: Mapping[str, Example] = {
    "async_and_eager": Example(5),
    "caching": Example((10, 10)),
    "conditions": Example(6.0, inputs={"age": 70}),
    "custom_type": Example("#007fff"),
    "dataframes": Example(("Bonn", 7)),
    "decks_and_checkpoints": Example([1.0, 1 / 2, 1 / 3, 1 / 4]),
    "declarations": Example("hello (4 letters"),
    "embedding": Example(42),
    "embedding_server": Example(6),
    "embedding_two_engines": Example(7.5),
    "failures": Example(6),
    "files": Example("on little cat feet."),
    "gates": Example("19.00 to be paid, delivery to Oslo", answers={"price": True, "address": "Oslo"}),
    "generated": Example(62, inputs={"x": 5}),
    "hello": Example(("Hello, world!", 10)),
    "launch_plans": Example([60, 600]),
    "maps": Example("haha ? hoho"),
    "models": Example("Tea for 12"),
    "named_outputs": Example((4, 38)),
    "quickstart": Example((42.03, 2.05), inputs={"n": 500, "mean": 42.0, "sigma": 2.0}),
    "records": Example("Receipt(customer='Ada', total=12.0)"),
    "recursion": Example([1, 2, 3, 4]),
    "shell_scripts": Example(6),
    "subworkflows": Example((16, 16)),
    "task_class": Example(55),
}


class SimulatedCluster:
    """Offers the executor that shares neither memory nor files with its engine."""

    @hookimpl
    def plait_executors(self) -> Sequence[ExecutorSpec]:
        return (CLUSTER_SPEC,)


@pytest.fixture(autouse=True)
def _examples_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``plait run`` makes them, for worker processes too; and the secret of one of them is there."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES))
    monkeypatch.setenv("GREETING_TOKEN", "hush")


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", EXPECTED)
def test_example_gives_what_it_should(name: str, executor: str) -> None:
    """Wherever its tasks run."""
    example = EXPECTED[name]

    outputs = asyncio.run(_outputs(import_module(name).wf, example, executor))

    assert _plain(outputs) == example.expected


remote_echo = Task[[int], int](
    name="remote_echo",
    type=FAKE_REMOTE,
    custom={"n_questions": 0},
    interface=PythonInterface(inputs={"n": PythonInput(int)}, outputs={"o0": int}),
)


@task
def add_two(n: int) -> int:
    return n + 2


@workflow
def around_a_remote_job(n: int) -> int:
    return add_two(n=remote_echo(add_two(n=n)))


def test_every_example_is_run() -> None:
    """A new file gets its line above, and one in the index."""
    index = (EXAMPLES / "README.md").read_text()

    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == sorted(EXPECTED)
    assert [name for name in EXPECTED if f"[{name}]({name}.py)" not in index] == []


def test_handler_runs_before_a_workflow_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """The other workflow of ``failures`` shows it."""
    with pytest.raises(Exception, match="1000 is more than 3"):
        import_module("failures").fails()

    assert capsys.readouterr().out == "giving back 3, because node n0-0-n1 failed\n"


def test_program_that_embeds_the_engine_hears_what_is_recorded() -> None:
    """``embedding`` runs its executions side by side."""
    areas, heard = asyncio.run(import_module("embedding").main())

    assert areas == [7 * width for width in range(10)]
    assert heard["ExecutionEnded"] == 10


@pytest.mark.parametrize("executor", EXECUTORS)
def test_remote_service_runs_tasks_of_its_kind(executor: str) -> None:
    """Wherever the tasks around them run."""
    outputs = asyncio.run(_outputs(around_a_remote_job, Example(expected=6, inputs={"n": 2}), executor))

    assert outputs == 6


async def _outputs(entity: Entity[Any, Any], example: Example, executor: str) -> Any:
    plugins = Plugins.load(
        Settings.discover(overrides={"executors": [executor]}), extra=[SimulatedCluster(), FakeRemotePlugin()]
    )
    async with Engine(plugins=plugins, database=MemoryDatabase()) as engine:
        execution = await engine.launch(entity, _literals(engine, entity, example.inputs))
        for gate, answer in example.answers.items():
            await engine.signal(execution, gate, engine.types.converter(type(answer)).to_literal(answer, DETACHED))
        ending = await engine.wait(execution)
        assert ending.outputs is not None, ending.error
        return await engine.values(entity, ending.outputs)


def _literals(engine: Engine, entity: Entity[Any, Any], inputs: Mapping[str, Any]) -> Mapping[str, Literal]:
    interface = entity.python_interface
    types = {name: declared.type for name, declared in interface.inputs.items()}
    values = interface.bind(entity.name, (), inputs)
    return {name: engine.types.converter(types[name]).to_literal(value, DETACHED) for name, value in values.items()}


def _plain(value: Any) -> Any:
    """Compare tuples of any class as tuples, numbers to two places, and objects by their text."""
    match value:
        case tuple():
            return tuple(_plain(item) for item in value)
        case float():
            return round(value, 2)
        case bool() | int() | str() | list() | None:
            return value
    return str(value)
