"""
Bugs and traps of the peers, numbered as in the list they were collected in; each test shows what happens here instead.

Left out, because what they are about is not built yet: Q-14, Q-15, Q-39 (backfill, metrics, the scheduler's catch-up), Q-36, Q-37, Q-45 (clamped
resources, containers, image checks), Q-38 (delivery of notifications).
"""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pandas as pd
import pytest

from plait import (
    ExecutionPhase,
    FixedRate,
    LaunchPlan,
    NonRecoverableError,
    Resources,
    StructuredDataset,
    conditional,
    current_context,
    map_task,
    sleep,
    task,
    workflow,
)
from plait_core.engine import Ending, Engine
from plait_core.errors.authoring import (
    InvalidConditional,
    InvalidLaunchPlan,
    InvalidMap,
    InvalidOption,
    PromiseMisuse,
    WrongArguments,
    WrongOutputs,
)
from plait_core.errors.compiling import CompileFailed
from plait_core.errors.values import WrongValue
from plait_core.ir.launch_plans import ScheduleSpec
from plait_core.ir.tasks import Container, ResourceEntry, ResourceName
from plait_core.plugins import process_plugins
from plait_core.testing.memory import MemoryDatabase
from plait_shell import ShellTask
from plait_shell.errors import UnknownReference
from tests.acceptance.calling import Desk

READER = """
from pathlib import Path

from plait import task, workflow

@task
def read() -> str:
    return (Path(__file__).parent / "table.csv").read_text()

@workflow
def wf() -> str:
    return read()
"""

PROGRAM = """
from datetime import datetime, timedelta
from typing import Optional

from plait import LaunchPlan, task, workflow

@task
def show(text: str, loud: bool = True) -> str:
    return text.upper() if loud else text

@task
def times(n: list[int]) -> int:
    return sum(n)

@task
def seconds(span: timedelta) -> float:
    return span.total_seconds()

@task
def offset(at: datetime) -> str:
    return at.isoformat()

@task
def maybe(text: Optional[str] = "x") -> str:
    return repr(text)

@workflow
def greet(text: str = "of the workflow", loud: bool = True) -> str:
    return show(text=text, loud=loud)

@workflow
def wait(span: timedelta = timedelta(minutes=90)) -> float:
    return seconds(span=span)

plan = LaunchPlan.get_or_create(greet, "polite greeting", default_inputs={"text": "of the plan"})
"""


@pytest.fixture
def program(desk: Desk) -> Callable[..., Any]:
    """Runs an entity of the program above."""
    desk.write("program.py", PROGRAM)
    return lambda *words: desk.plait("run", "program.py", *words)


@task
def add(a: int, b: int = 2) -> int:
    return a + b


@task
def note(text: str) -> None:
    Path(text).touch()


# ── tasks ────────────────────────────────────────────────────────────────────


def test_q01_plain_exceptions_are_retried() -> None:
    """As often as ``retries`` says, unless the class says that it is pointless."""
    attempts: list[str] = []

    @task(retries=3)
    def flaky(error: str) -> int:
        attempts.append(error)
        if error == "hopeless":
            raise NonRecoverableError(error)
        if current_context().attempt < 2:
            raise ValueError(error)
        return current_context().attempt

    assert flaky(error="flaky") == 2
    with pytest.raises(NonRecoverableError):
        flaky(error="hopeless")
    assert attempts == ["flaky", "flaky", "flaky", "hopeless"]


def test_q02_one_quantity_of_a_resource_is_request_and_limit() -> None:
    """As documented."""

    @task(resources=Resources(cpu="1"))
    def heavy() -> None: ...

    target = heavy.template.target
    one = (ResourceEntry(name=ResourceName.CPU, quantity="1"),)

    assert isinstance(target, Container)
    assert (target.resources.requests, target.resources.limits) == (one, one)


def test_q05_members_of_a_literal_type_are_checked() -> None:
    """Before the task runs."""

    @task
    def paint(colour: Literal["red", "blue"]) -> str:
        return colour

    assert paint(colour="red") == "red"
    with pytest.raises(WrongValue, match="green"):
        paint(colour="green")  # type: ignore[arg-type]  # under test


def test_q17_workflow_returns_an_optional_input_that_is_none() -> None:
    """None is a value, and one output."""

    @workflow
    def echo(n: Optional[int] = None) -> Optional[int]:
        return n

    assert echo() is None


def test_q18_async_task_takes_part_in_a_plain_workflow() -> None:
    """It is awaited, and its value handed on."""

    @task
    async def slowly(n: int) -> int:
        return n + 1

    @workflow
    def uses(n: int) -> int:
        return add(a=slowly(n=n))  # type: ignore[arg-type]  # a coroutine, to type checkers

    assert uses(n=1) == 4


def test_q21_too_many_and_too_few_outputs_are_one_error() -> None:
    """Whichever it is, its class is the same."""

    @task
    def wrong(n: int) -> tuple[int, int]:
        return (1,) * n  # type: ignore[return-value]  # under test

    for n in (1, 3):
        with pytest.raises(WrongOutputs):
            wrong(n=n)


def test_q22_function_that_only_raises_needs_no_return() -> None:
    """It can be declared, and raises."""

    @task
    def never(n: int) -> int:
        raise NotImplementedError(n)

    with pytest.raises(NotImplementedError):
        never(n=1)


def test_q25_caching_without_a_version_follows_the_code() -> None:
    """Two tasks that do the same have one version, one that differs another."""

    def twice(n: int) -> int:
        return n + n

    def thrice(n: int) -> int:
        return n + n + n

    versions = []
    for function in (twice, twice, thrice):
        policy = task(cache=True)(function).template.metadata.cache
        assert policy is not None
        versions.append(policy.version)

    assert versions[0] == versions[1] != versions[2]


def test_q27_cached_task_without_outputs_runs_once() -> None:
    """The rule is the engine's, and there is one engine."""
    runs: list[int] = []

    @task(cache=True, cache_version="1")
    def act(n: int) -> None:
        runs.append(n)

    @workflow
    def acts() -> None:
        act(n=1)

    acts()
    acts()

    assert runs == [1]


def test_q30_times_are_in_utc_everywhere() -> None:
    """The instant counts; the offset it was written in does not travel."""
    seen: list[datetime] = []

    @task
    def note_time(at: datetime) -> datetime:
        seen.append(at)
        return at

    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))

    assert note_time(at=noon) == noon
    assert (seen[0].tzinfo, seen[0].hour) == (UTC, 10)


def test_q32_csv_datasets_are_files_that_can_be_seen() -> None:
    """No name begins with a dot."""

    @task
    def table() -> Annotated[StructuredDataset, "csv"]:
        return StructuredDataset(dataframe=pd.DataFrame({"x": [1]}))

    folder = Path((table().uri or "").removeprefix("file://"))

    assert [path.name for path in folder.iterdir()] == ["00000.csv"]


# ── graphs ───────────────────────────────────────────────────────────────────


def test_q03_inner_conditional_of_an_arm_that_is_not_taken_does_nothing(tmp_path: Path) -> None:
    """Neither of its arms."""
    inside, outside = str(tmp_path / "inside"), str(tmp_path / "outside")

    @workflow
    def choose(n: int) -> None:
        (
            conditional("outer")
            .if_(n > 5)
            .then(conditional("inner").if_(n > 9).then(note(text=inside)).else_().then(note(text=inside)))
            .else_()
            .then(note(text=outside))
        )

    choose(n=1)

    assert [path.name for path in tmp_path.iterdir()] == ["outside"]


def test_q04_conditional_without_else_is_refused() -> None:
    """Even when nobody uses its outputs."""

    @workflow
    def choose(n: int) -> None:
        conditional("lonely").if_(n > 1).then(note(text="x"))

    with pytest.raises(InvalidConditional, match="no else"):
        choose(n=1)


def test_q19_launch_plans_are_mapped_inside_workflows() -> None:
    """As tasks are."""

    @workflow
    def double(a: int) -> int:
        return add(a=a, b=a)

    plan = LaunchPlan.get_or_create(double, "tests.peers.double")

    @workflow
    def mapped(ns: list[int]) -> list[int]:
        return map_task(plan)(a=ns)

    assert mapped(ns=[1, 2]) == [2, 4]


def test_q20_lists_of_different_length_are_refused() -> None:
    """In a plain call, and at run time inside a workflow."""

    @workflow
    def mapped(xs: list[int], ys: list[int]) -> list[int]:
        return map_task(add)(a=xs, b=ys)

    with pytest.raises(InvalidMap, match="a has 2, b has 1"):
        map_task(add)(a=[1, 2], b=[1])
    with pytest.raises(Exception, match="length"):
        mapped(xs=[1, 2], ys=[1])


def test_q28_two_nodes_of_one_name_are_refused() -> None:
    """Before anything runs, with both lines."""

    @workflow
    def twins() -> int:
        add.with_overrides(node_name="twin")(a=1)
        return add.with_overrides(node_name="twin")(a=2)

    with pytest.raises(CompileFailed, match="two nodes are called 'twin'"):
        twins()


def test_q29_types_between_nodes_are_compared() -> None:
    """Before anything runs."""

    @workflow
    def mismatched() -> int:
        note(text=add(a=1))  # type: ignore[arg-type]  # under test
        return add(a=1)

    with pytest.raises(CompileFailed, match="takes str, but"):
        mismatched()


def test_q44_promise_in_a_text_is_refused() -> None:
    """Nobody gets a dump of the promise."""

    @workflow
    def told(n: int) -> str:
        return f"it is {add(a=n)}"

    with pytest.raises(PromiseMisuse, match="formatting as text"):
        told(n=1)


# ── launch plans and schedules ───────────────────────────────────────────────


@workflow
def measured(n: int, m: int = 1) -> int:
    return add(a=n, b=m)


def test_q07_fixed_input_cannot_be_overridden_by_a_call() -> None:
    """Here as on a cluster."""
    plan = LaunchPlan.get_or_create(measured, "tests.peers.fixed", fixed_inputs={"n": 1})

    assert plan() == 2
    with pytest.raises(WrongArguments, match="nobody may override"):
        plan(n=2)


def test_q23_rate_of_zero_is_refused() -> None:
    """When it is written."""
    with pytest.raises(InvalidOption, match="at least one"):
        FixedRate(timedelta())


def test_q24_unknown_default_input_is_named() -> None:
    """With those that there are."""
    with pytest.raises(InvalidLaunchPlan, match="default_inputs names q"):
        LaunchPlan.get_or_create(measured, "tests.peers.unknown", default_inputs={"q": 1})


def test_q40_cron_has_a_time_zone() -> None:
    """Nine in Berlin is eight in UTC, in winter."""
    spec = ScheduleSpec(kind="cron", spec={"schedule": "0 9 * * *", "timezone": "Europe/Berlin"})
    after = datetime(2026, 1, 1, tzinfo=UTC)

    first = next(iter(process_plugins().schedule(spec).ticks(after_ns=int(after.timestamp() * 1e9), anchor_ns=0)))

    assert datetime.fromtimestamp(first / 1e9, tz=UTC) == datetime(2026, 1, 1, 8, tzinfo=UTC)


def test_q26_shell_task_names_what_it_does_not_have() -> None:
    """When it is declared."""
    with pytest.raises(UnknownReference, match=r"\{inputs\.nobody\}"):
        ShellTask("tests.peers.shell", script="echo {inputs.nobody}")


# ── the command line ─────────────────────────────────────────────────────────


def test_q06_default_of_a_launch_plan_wins(program: Callable[..., Any]) -> None:
    """Over that of its workflow."""
    assert program("plan").result == ["OF THE PLAN"]


def test_q08_span_of_time_may_be_a_default(program: Callable[..., Any]) -> None:
    """And is shown as one would write it."""
    assert program("wait").result == ["5400.0"]
    assert "[default: PT1H30M]" in program("wait", "--help").out


@pytest.mark.parametrize(
    ("text", "code", "out"), [("PT1H30M", 0, ["5400.0"]), ("90 minutes", 0, ["5400.0"]), ("soon", 2, None)]
)
def test_q09_spans_of_time_are_iso_or_human(program: Callable[..., Any], text: str, code: int, out: object) -> None:
    """Anything else is a usage error."""
    called = program("seconds", "--span", text)

    assert (called.code, called.result if code == 0 else None) == (code, out)
    assert code == 0 or "'--span'" in called.err


def test_q10_missing_input_is_reported(program: Callable[..., Any]) -> None:
    """By its flag, whatever the version of click."""
    called = program("show")

    assert (called.code, called.err.splitlines()[-1]) == (2, "Error: Missing option --text.")


def test_q11_inputs_of_a_file_keep_their_types(program: Callable[..., Any], desk: Desk) -> None:
    """False is false, and null is None."""
    desk.write("quiet.json", '{"text": "a", "loud": false}')
    desk.write("none.json", '{"text": null}')

    assert program("show", "--inputs-file", "quiet.json").result == ["a"]
    assert program("maybe", "--inputs-file", "none.json").result == ["None"]


@pytest.mark.parametrize("given", ['{"a": 1}', "@object.json"])
def test_q12_object_is_no_list(program: Callable[..., Any], desk: Desk, given: str) -> None:
    """A usage error, not a traceback."""
    desk.write("object.json", '{"a": 1}')

    called = program("times", "--n", given)

    assert (called.code, "'--n'" in called.err, "Traceback" in called.err) == (2, True, False)


def test_q16_help_calls_a_workflow_a_workflow(program: Callable[..., Any]) -> None:
    """And a launch plan a launch plan."""
    told = {name: program(name, "--help").out.lower() for name in ("greet", "show", "plan")}

    assert ("workflow" in told["greet"], "task" in told["show"], "launch plan" in told["plan"]) == (True, True, True)


def test_q31_now_is_now_in_utc(program: Callable[..., Any]) -> None:
    """Not local time with a wrong label."""
    before = datetime.now(UTC)

    told = datetime.fromisoformat(program("offset", "--at", "now").result[0])

    assert before - timedelta(seconds=1) <= told <= datetime.now(UTC)


def test_q35_broken_plugin_is_left_out(desk: Desk) -> None:
    """With one line, and nothing else is broken by it."""
    desk.write("site/broken.py", "raise RuntimeError('broken on import')")
    desk.write("site/broken-1.0.dist-info/METADATA", "Name: broken\nVersion: 1.0\n")
    desk.write("site/broken-1.0.dist-info/entry_points.txt", "[plait]\nbroken = broken\n")
    desk.write("program.py", PROGRAM)

    called = desk.plait("run", "program.py", "greet", env={"PYTHONPATH": str(desk.folder / "site")})

    assert (called.code, called.result) == (0, ["OF THE WORKFLOW"])
    assert "broken" in called.err
    assert "Traceback" not in called.err


def test_q41_abort_takes_a_reason(desk: Desk) -> None:
    """And the record has it; the command line has a flag for it."""

    @workflow
    def waits() -> None:
        sleep(timedelta(hours=1))

    async def aborted() -> Ending:
        async with Engine(database=MemoryDatabase()) as engine:
            execution = await engine.launch(waits, {})
            await engine.abort(execution, reason="changed my mind")
            return await engine.wait(execution)

    ending = asyncio.run(aborted())

    assert (ending.phase, ending.error and ending.error.message) == (ExecutionPhase.ABORTED, "changed my mind")
    assert "--reason" in desk.plait("abort", "--help").out


def registered(desk: Desk) -> Callable[..., Any]:
    """Return what registers, or packages, a package of two modules of which one reads a file beside it."""
    desk.write("pack/__init__.py", "")
    desk.write("pack/table.csv", "1,2")
    desk.write("pack/flow.py", READER)
    env = {"PLAIT_HOME": str(desk.folder / "home")}
    return lambda *words: desk.plait(*words, env=env)


def test_q13_dry_run_has_no_side_effects(desk: Desk) -> None:
    """Not a file of code is stored, and nothing is known of afterwards."""
    plait = registered(desk)

    dry = plait("register", "--local", "--dry-run", "pack/flow.py")

    stored = [path for path in (desk.folder / "home").rglob("*") if path.is_file() and path.suffix != ".db"]
    assert dry.code == 0
    assert "none registered" in dry.out
    assert [path for path in stored if "plait.db" not in path.name] == []
    assert plait("get", "workflows", "--local", "--json").out == "[]\n"


def test_q33_folder_of_a_package_is_made(desk: Desk) -> None:
    """However deep."""
    called = registered(desk)("package", "-s", "pack/flow.py", "-o", "out/of/here.tgz")

    assert (called.code, (desk.folder / "out/of/here.tgz").is_file()) == (0, True)


def test_q34_files_beside_the_code_go_along(desk: Desk) -> None:
    """What a package has in its folder is part of it."""
    called = registered(desk)("package", "-s", "pack/flow.py", "--json")

    assert "pack/table.csv" in json.loads(called.out)["files"]


def test_q43_only_what_failed_is_recovered(desk: Desk) -> None:
    """What succeeded is refused, with what to do instead."""
    plait = registered(desk)
    plait("run", "pack/flow.py", "wf", "--name", "good")

    called = plait("recover", "good")

    assert (called.code, "plait relaunch" in called.err) == (1, True)


@pytest.mark.parametrize("name", ["plan", "polite greeting"])
def test_q42_launch_plan_runs_by_variable_or_name(program: Callable[..., Any], name: str) -> None:
    """Whichever a person remembers."""
    assert program(name).result == ["OF THE PLAN"]
