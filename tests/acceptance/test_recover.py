"""
Recovering executions, running them again from a node, and relaunching them.

``RAN`` lists what really ran, in order; ``BROKEN`` holds the names of tasks that fail.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from plait import (
    LaunchPlan,
    conditional,
    current_context,
    dynamic,
    eager,
    map_task,
    task,
    wait_for_input,
    workflow,
)
from plait_core.engine import Engine, ExecutionState
from plait_core.errors.engine import NotRepeatable, UnknownExecution, UnknownNodes
from plait_core.ir.executions import ExecutionMode
from plait_core.ir.ids import ExecutionId, NodeId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import Collection, Literal, Primitive
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.types import SimpleType
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings

RAN: list[str] = []
BROKEN: set[str] = set()


def did(what: str) -> None:
    RAN.append(what)
    if what in BROKEN:
        raise ValueError(f"{what} is broken")


@task
def make(x: int) -> int:
    did("make")
    return x + 1


@task
def double(x: int) -> int:
    did("double")
    return x * 2


@task
def last(x: int) -> int:
    did("last")
    return x


@task
def total(xs: list[int]) -> int:
    did("total")
    return sum(xs)


@task
def each(x: int) -> int:
    did(f"each {x}")
    return x


@task(cache=True, cache_version="1")
def kept(x: int) -> int:
    did("kept")
    return x


@workflow
def chain(x: int) -> int:
    return last(x=double(x=make(x=x)))


@workflow
def inner(x: int) -> int:
    return double(x=make(x=x))


@workflow
def nested(x: int) -> int:
    return last(x=inner(x=x))


@workflow
def branching(x: int) -> int:
    answer = conditional("sign").if_(x > 0).then(make(x=x)).else_().then(double(x=x))
    return last(x=answer)


@workflow
def mapping(xs: list[int]) -> int:
    return total(xs=map_task(each)(x=xs))


@dynamic
def grow(x: int) -> int:
    did("grow")
    return double(x=make(x=x))


@workflow
def growing(x: int) -> int:
    return last(x=grow(x=x))


plan = LaunchPlan.get_or_create(inner, name="inner_plan")


@workflow
def launching(x: int) -> int:
    return last(x=plan(x=x))


@workflow
def launching_many(xs: list[int]) -> int:
    return total(xs=map_task(each_plan)(x=xs))


@workflow
def each_workflow(x: int) -> int:
    return each(x=x)


each_plan = LaunchPlan.get_or_create(each_workflow, name="each_plan")


@workflow
def asking(x: int) -> int:
    return last(x=wait_for_input("how many", expected_type=int))


@eager
async def leading(x: int) -> int:
    did("leading")
    return await double.aio(x=await make.aio(x=x))


@workflow
def caching(x: int) -> int:
    return last(x=kept(x=x))


@task
def resumes(x: int) -> str:
    """Saves at first; says what it finds later."""
    checkpoint = current_context().checkpoint
    saved = checkpoint.read()
    if saved is None:
        checkpoint.write(b"half way")
    did("resumes")
    return saved.decode() if saved is not None else "nothing"


# ── the harness ──────────────────────────────────────────────────────────────


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    RAN.clear()
    BROKEN.clear()


def played(home: Path, play: Callable[[Engine], Awaitable[Any]]) -> Any:
    """Run *play* with an engine whose store outlives it."""

    async def run() -> Any:
        settings = Settings(home=str(home), store=f"sqlite:///{home}/store.db", blobs=str(home / "blobs"))
        async with Engine(settings=settings, plugins=Plugins.load(settings)) as engine:
            return await play(engine)

    return asyncio.run(run())


def integer(value: int) -> Literal:
    return Literal(value=Primitive(kind=SimpleType.INTEGER, value=value))


def integers(*values: int) -> Literal:
    return Literal(value=Collection(literals=tuple(map(integer, values))))


def execution(name: str) -> ExecutionId:
    return ExecutionId(name=name)


async def run(engine: Engine, entity: Any, **inputs: Literal) -> None:
    """Run *entity* as ``first``."""
    await engine.launch(entity, inputs, name="first")
    await engine.wait(execution("first"))


def closure_of(state: ExecutionState) -> object:
    assert state.root is not None
    assert state.root.inner is not None
    return state.root.inner.closure


async def recover(engine: Engine, entity: Any) -> dict[str, str]:
    """Recover ``first`` as ``second``, with all mended; returns the phases of its nodes."""
    RAN.clear()
    BROKEN.clear()
    second = await engine.recover(execution("first"), target=entity, name="second")
    ending = await engine.wait(second)
    assert ending.phase is ExecutionPhase.SUCCEEDED, ending
    return {row.node: row.phase.value for row in await engine.database.views.nodes(second)}


# ── what is reused ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("entity", "inputs", "broken", "phases", "ran"),
    [
        pytest.param(
            chain,
            {"x": integer(1)},
            "double",
            {"n0": "RECOVERED", "n1": "SUCCEEDED", "n2": "SUCCEEDED"},
            ["double", "last"],
            id="a chain",
        ),
        pytest.param(
            nested,
            {"x": integer(1)},
            "double",
            {"n0": "SUCCEEDED", "n0-0-n0": "RECOVERED", "n0-0-n1": "SUCCEEDED", "n1": "SUCCEEDED"},
            ["double", "last"],
            id="inside a sub-workflow",
        ),
        pytest.param(
            nested,
            {"x": integer(1)},
            "last",
            {"n0": "RECOVERED", "n1": "SUCCEEDED"},
            ["last"],
            id="a sub-workflow as a whole",
        ),
        pytest.param(
            branching,
            {"x": integer(1)},
            "last",
            {"n0": "RECOVERED", "n1": "SUCCEEDED"},
            ["last"],
            id="a branch as a whole",
        ),
        pytest.param(
            branching,
            {"x": integer(1)},
            "make",
            {"n0": "SUCCEEDED", "n0-0-n0": "SUCCEEDED", "n0-0-n1": "SKIPPED", "n1": "SUCCEEDED"},
            ["make", "last"],
            id="the arm that failed",
        ),
        pytest.param(
            mapping,
            {"xs": integers(1, 2, 3)},
            "each 2",
            {"n0": "SUCCEEDED", "n1": "SUCCEEDED"},
            ["each 2", "total"],
            id="elements of a map",
        ),
        pytest.param(
            growing,
            {"x": integer(1)},
            "double",
            {"n0": "SUCCEEDED", "n0-0-n0": "RECOVERED", "n0-0-n1": "SUCCEEDED", "n1": "SUCCEEDED"},
            ["grow", "double", "last"],
            id="inside what a dynamic task made",
        ),
        pytest.param(
            launching, {"x": integer(1)}, "last", {"n0": "RECOVERED", "n1": "SUCCEEDED"}, ["last"], id="a launch plan"
        ),
        pytest.param(
            launching,
            {"x": integer(1)},
            "double",
            {"n0": "SUCCEEDED", "n1": "SUCCEEDED"},
            ["double", "last"],
            id="inside the execution of a launch plan",
        ),
        pytest.param(
            launching_many,
            {"xs": integers(1, 2, 3)},
            "each 2",
            {"n0": "SUCCEEDED", "n1": "SUCCEEDED"},
            ["each 2", "total"],
            id="elements of a map of a launch plan",
        ),
    ],
)
def test_what_succeeded_is_not_run_again(
    *, entity: Any, inputs: Any, broken: str, phases: dict[str, str], ran: list[str], tmp_path: Path
) -> None:
    """Nodes whose upstream was reused, and what succeeded inside of those that failed, at every depth."""

    async def play(engine: Engine) -> None:
        BROKEN.add(broken)
        await run(engine, entity, **inputs)

        assert await recover(engine, entity) == phases
        assert ran == RAN

    played(tmp_path, play)


def test_what_an_eager_task_called_is_found_again(tmp_path: Path) -> None:
    """By the call: its body runs, and of its children those that did not succeed."""

    async def play(engine: Engine) -> None:
        BROKEN.add("double")
        await run(engine, leading, x=integer(1))

        phases = await recover(engine, leading)

        assert RAN == ["leading", "double"]
        assert [*phases.values()] == ["SUCCEEDED", "RECOVERED", "SUCCEEDED"]

    played(tmp_path, play)


def test_an_answered_gate_is_not_asked_again(tmp_path: Path) -> None:
    """What somebody said is still so."""

    async def play(engine: Engine) -> None:
        BROKEN.add("last")
        await engine.launch(asking, {"x": integer(1)}, name="first")
        await engine.signal(execution("first"), "how many", integer(7))
        await engine.wait(execution("first"))

        assert await recover(engine, asking) == {"n0": "RECOVERED", "n1": "SUCCEEDED"}
        assert (await engine.state(execution("second"))).outputs == {"o0": integer(7)}

    played(tmp_path, play)


def test_a_failed_task_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """The last one that it saved in the execution that is recovered."""

    async def play(engine: Engine) -> None:
        BROKEN.add("resumes")
        await run(engine, resumes, x=integer(1))

        await recover(engine, resumes)

        saved = Literal(value=Primitive(kind=SimpleType.STRING, value="half way"))
        assert (await engine.state(execution("second"))).outputs == {"o0": saved}

    played(tmp_path, play)


def test_what_is_reused_is_not_made_anew_where_the_cache_is_overwritten(tmp_path: Path) -> None:
    """That is asked of nodes that run."""

    async def play(engine: Engine) -> None:
        BROKEN.add("last")
        options = ExecutionOptions(overwrite_cache=True)
        await engine.launch(caching, {"x": integer(1)}, name="first", options=options)
        await engine.wait(execution("first"))

        await recover(engine, caching)

        assert RAN == ["last"]

    played(tmp_path, play)


def test_what_was_recovered_is_reused_again(tmp_path: Path) -> None:
    """An execution that was recovered and failed again can be recovered itself."""

    async def play(engine: Engine) -> None:
        BROKEN.add("double")
        await run(engine, chain, x=integer(1))
        second = await engine.recover(execution("first"), target=chain)
        await engine.wait(second)
        RAN.clear()
        BROKEN.clear()

        third = await engine.recover(second, target=chain)
        ending = await engine.wait(third)

        assert RAN == ["double", "last"]
        assert ending.outputs == {"o0": integer(4)}

    played(tmp_path, play)


def test_a_recovery_that_is_interrupted_goes_on(tmp_path: Path) -> None:
    """Whatever was asked of the reference and not answered is asked again."""

    async def begin(engine: Engine) -> None:
        BROKEN.add("double")
        await run(engine, chain, x=integer(1))
        await engine.recover(execution("first"), target=chain, name="second")

    async def go_on(engine: Engine) -> None:
        RAN.clear()
        BROKEN.clear()
        await engine.resume(execution("second"), target=chain)
        ending = await engine.wait(execution("second"))

        assert RAN == ["double", "last"]
        assert ending.outputs == {"o0": integer(4)}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plait_core.engine._references.Reference.look_up", _never)
        played(tmp_path, begin)
    played(tmp_path, go_on)


async def _never(*_: Any) -> None:
    await asyncio.Event().wait()


# ── from a node ──────────────────────────────────────────────────────────────


def test_rerun_from_a_node_reuses_what_does_not_depend_on_it(tmp_path: Path) -> None:
    """Also of an execution that succeeded; the plan has said so."""

    async def play(engine: Engine) -> None:
        await run(engine, chain, x=integer(1))
        RAN.clear()
        plan = await engine.plan_rerun(execution("first"), (NodeId("n1"),))

        second = await engine.rerun(execution("first"), (NodeId("n1"),), target=chain)
        await engine.wait(second)

        rows = await engine.database.views.nodes(second)
        assert {row.node: row.phase.value for row in rows} == {"n0": "RECOVERED", "n1": "SUCCEEDED", "n2": "SUCCEEDED"}
        assert [(step.node, step.is_reused, step.reason) for step in plan.steps] == [
            ("n0", True, "succeeded"),
            ("n1", False, "asked for"),
            ("n2", False, "depends on n1"),
        ]
        assert RAN == ["double", "last"]

    played(tmp_path, play)


def test_nothing_inside_a_node_that_is_rerun_is_reused(tmp_path: Path) -> None:
    """It was asked for."""

    async def play(engine: Engine) -> None:
        BROKEN.add("double")
        await run(engine, nested, x=integer(1))
        RAN.clear()
        BROKEN.clear()

        await engine.wait(await engine.rerun(execution("first"), (NodeId("n0"),), target=nested))

        assert RAN == ["make", "double", "last"]

    played(tmp_path, play)


# ── relaunching ──────────────────────────────────────────────────────────────


def test_relaunch_runs_everything_again_with_the_same_inputs(tmp_path: Path) -> None:
    """Those that are given replace the old ones; the execution says what it repeats."""

    async def play(engine: Engine) -> None:
        await run(engine, make, x=integer(1))

        same = await engine.wait(await engine.relaunch(execution("first"), target=make, name="same"))
        other = await engine.wait(await engine.relaunch(execution("first"), {"x": integer(5)}, target=make))

        assert (same.outputs, other.outputs) == ({"o0": integer(2)}, {"o0": integer(6)})
        assert RAN == ["make", "make", "make"]
        first, again = [await engine.state(execution(name)) for name in ("first", "same")]
        assert again.spec is not None
        assert (again.spec.mode, again.spec.reference) == (ExecutionMode.RELAUNCH, execution("first"))
        assert closure_of(again) is closure_of(first)

    played(tmp_path, play)


# ── what is refused ──────────────────────────────────────────────────────────


def test_only_what_failed_can_be_recovered(tmp_path: Path) -> None:
    """Not what succeeded, not what still runs, not what is unknown, and not from nodes there are none of."""

    async def play(engine: Engine) -> None:
        await run(engine, chain, x=integer(1))
        waiting = await engine.launch(asking, {"x": integer(1)}, name="waiting")

        with pytest.raises(NotRepeatable, match="it succeeded"):
            await engine.recover(execution("first"))
        with pytest.raises(NotRepeatable, match="has not ended: it is RUNNING"):
            await engine.recover(waiting)
        with pytest.raises(UnknownExecution):
            await engine.recover(execution("nobody"))
        with pytest.raises(UnknownNodes, match="no node 'n7', 'n8'") as refused:
            await engine.rerun(execution("first"), [NodeId(name) for name in ("n0", "n7", "n8")])
        assert "n0, n1, n2" in refused.value.remedy

    played(tmp_path, play)
