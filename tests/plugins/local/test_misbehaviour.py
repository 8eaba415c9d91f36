"""Tasks that misbehave harm nobody else, and end with the right error."""

import asyncio
import tracemalloc
from collections.abc import Callable, Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest

from plait_core.ir.executions import Fault, TaskError
from plait_core.ir.tasks import SecretRequest
from plait_core.ir.units import Unit
from plait_core.ports.executors import Cancelled, Ended
from plait_core.ports.secrets import SecretAnswer
from plait_core.testing import worker_samples
from plait_core.testing.executors import Stage
from plait_local import warm
from tests.plugins.local import misdeeds, samples
from tests.plugins.local.staging import (
    PATIENCE_S,
    Process,
    error_of,
    gone,
    log_of,
    only_password,
    started,
    value_of,
    with_secret,
)

pytestmark = pytest.mark.slow

Story = Callable[[Stage], Coroutine[Any, Any, Any]]


def play(tmp_path: Path, story: Story, *, changes: dict[str, Any] | None = None, **settings: Any) -> Any:
    """Tell *story* on a stage; afterwards somebody else's attempt must come to its result as if nothing had happened."""

    async def with_innocent() -> Any:
        async with Process(settings=settings, **(changes or {})).stage(tmp_path) as stage:
            told = await story(stage)
            assert await value_of(stage, stage.unit(worker_samples.add, {"a": 1, "b": 2}, n=99)) == 3
            return told

    return asyncio.run(with_innocent())


def failure(
    tmp_path: Path, entity: Any, inputs: dict[str, Any] | None = None, *, timeout_s: float = 0, **settings: Any
) -> TaskError:
    """Run a task that must fail."""
    timeout_ns = int(timeout_s * 1e9) or None

    async def story(stage: Stage) -> TaskError:
        return await error_of(stage, stage.unit(entity, inputs or {}, timeout_ns=timeout_ns))

    error: TaskError = play(tmp_path, story, **settings)
    return error


# ── whose fault ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("entity", "code", "fault"),
    [
        (samples.crash, "USER:SIGSEGV", Fault.USER),
        (worker_samples.die, "USER:ProcessExited", Fault.USER),
        (misdeeds.kill_own_worker, "Interrupted", Fault.SYSTEM),
        (misdeeds.kill_own_group, "Interrupted", Fault.SYSTEM),
        (misdeeds.end_own_worker, "Interrupted", Fault.SYSTEM),
        (misdeeds.interrupt, "USER:SIGINT", Fault.USER),
        (misdeeds.break_the_interpreter, "USER:ProcessExited", Fault.USER),
        (misdeeds.take_too_much, "OOMKilled", Fault.USER),
        (misdeeds.let_children_take_too_much, "OOMKilled", Fault.USER),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_worker_that_dies_takes_nobody_with_it(tmp_path: Path, entity: Any, code: str, fault: Fault) -> None:
    """The attempt fails, may be tried again, and says whose fault it was."""
    error = failure(tmp_path, entity)

    assert (error.code, error.fault, error.is_recoverable) == (code, fault, True)


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="the system knows nothing of the kind")
def test_task_goes_before_its_engine_when_memory_runs_out(tmp_path: Path) -> None:
    """With whatever it has started."""

    async def story(stage: Stage) -> Any:
        return await value_of(stage, stage.unit(misdeeds.readiness_to_go))

    assert int(play(tmp_path, story)) == min(int(Path("/proc/self/oom_score_adj").read_text()) + 500, 1000)


def test_hanging_task_is_ended_when_its_time_is_up(tmp_path: Path) -> None:
    """Even one that never lets Python run a handler."""
    error = failure(tmp_path, misdeeds.hang_in_c, timeout_s=0.5, timeout_grace_s=0.2)

    assert (error.code, error.fault) == ("TimeoutExpired", Fault.USER)


def test_long_computation_is_left_alone(tmp_path: Path) -> None:
    """A worker that says nothing for longer than one may stand still is no dead worker."""

    async def story(stage: Stage) -> Any:
        return await value_of(stage, stage.unit(misdeeds.compute_without_a_word, {"seconds": 1}))

    assert play(tmp_path, story, frozen_s=0.2) > 0


def test_stopped_worker_is_killed(tmp_path: Path) -> None:
    """Nothing else would ever end it."""
    error = failure(tmp_path, misdeeds.stand_still, frozen_s=0.3)

    assert (error.code, error.fault) == ("Interrupted", Fault.SYSTEM)
    assert error.message == "the worker process stood still for 0.3 s, stopped by a signal, and was killed"


@pytest.mark.parametrize(
    "how",
    ["garbage", "no map", "no result", "another number", "no answer", "no question", "nothing but questions"],
)
def test_worker_that_lies_is_not_believed(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is no result of the attempt that it has ends the worker; what it did is the system's to repeat."""
    monkeypatch.setattr(warm, "MOST_UNREAD_BYTES", 1 << 16)

    error = failure(tmp_path, misdeeds.lie, {"how": how})

    assert (error.code, error.fault) == ("WorkerDistrusted", Fault.SYSTEM)


def test_time_on_a_processor_is_limited(tmp_path: Path) -> None:
    """The message names the setting."""
    error = failure(tmp_path, misdeeds.burn, cpu_s=3)

    assert (error.code, error.fault) == ("USER:SIGXCPU", Fault.USER)
    assert "plugins.local.cpu_s" in error.message


def test_limits_hold_for_each_attempt_by_itself(tmp_path: Path) -> None:
    """Open files, processes, and the size of what is written; the next attempt of the same worker has all of it again."""

    async def story(stage: Stage) -> Any:
        many = await error_of(stage, stage.unit(misdeeds.open_many, {"n": 100}))
        few = await value_of(stage, stage.unit(misdeeds.open_many, {"n": 10}, n=1))
        large = await error_of(stage, stage.unit(misdeeds.write_much, {"path": str(tmp_path / "large")}, n=2))
        processes = await value_of(stage, stage.unit(misdeeds.limit_of_processes, n=3))
        return many.message, few, large.message, processes

    many, few, large, processes = play(tmp_path, story, open_files=64, processes=4321, concurrency=1)

    assert "Too many open files" in many
    assert (few, processes) == (10, 4321)
    assert "File too large" in large


# ── what is left behind ──────────────────────────────────────────────────────


@pytest.mark.parametrize("entity", [misdeeds.leave_child, misdeeds.daemonise], ids=lambda entity: entity.name)
def test_child_does_not_outlive_its_attempt(tmp_path: Path, entity: Any) -> None:
    """The result counts; what descends from the worker ends with it, and the next attempt has another."""
    path = tmp_path / "pid"

    async def story(stage: Stage) -> tuple[Any, Any]:
        first = await value_of(stage, stage.unit(entity, {"path": str(path)}))
        await gone(int(path.read_text()))
        await gone(first)
        return first, await value_of(stage, stage.unit(misdeeds.pid, n=1))

    first, second = play(tmp_path, story)

    assert first != second


@pytest.mark.parametrize("is_apart", [False, True], ids=["of its group", "of its own session"])
def test_child_does_not_outlive_a_crash(tmp_path: Path, is_apart: bool) -> None:  # a parameter of the test
    """However far it has gone from the worker."""
    path = tmp_path / "pid"

    error = failure(tmp_path, misdeeds.leave_child_and_crash, {"path": str(path), "is_apart": is_apart})

    asyncio.run(gone(int(path.read_text())))
    assert error.code == "USER:SIGABRT"


def test_task_that_returns_in_two_processes_has_one_result(tmp_path: Path) -> None:
    """That of the worker, not that of a child which came back from the body, too."""

    async def story(stage: Stage) -> Any:
        return await value_of(stage, stage.unit(misdeeds.return_twice))

    assert play(tmp_path, story) == 2


@pytest.mark.parametrize("entity", [misdeeds.leave_thread, misdeeds.close_streams], ids=lambda entity: entity.name)
def test_worker_that_cannot_be_put_right_is_replaced(tmp_path: Path, entity: Any) -> None:
    """It gets no other attempt, and ends even if a thread would keep it."""

    async def story(stage: Stage) -> tuple[Any, Any]:
        first = await value_of(stage, stage.unit(entity))
        second = await value_of(stage, stage.unit(misdeeds.pid, n=1))
        await gone(first)
        return first, second

    first, second = play(tmp_path, story, timeout_grace_s=0.2, concurrency=1)

    assert first != second


def test_closed_descriptors_are_opened_again(tmp_path: Path) -> None:
    """The next attempt of the same worker prints to its log."""

    async def story(stage: Stage) -> tuple[Any, Any, bytes]:
        first = await value_of(stage, stage.unit(misdeeds.close_descriptors))
        unit = stage.unit(misdeeds.speak, {"text": "hello"}, n=1)
        return first, await value_of(stage, unit), await log_of(stage, unit)

    first, second, log = play(tmp_path, story, concurrency=1)

    assert first == second
    assert sorted(log.split()) == [b"hello", b"hello"]


def test_task_that_closes_everything_fails_by_itself(tmp_path: Path) -> None:
    """With that its worker cannot go on; nobody else is concerned."""
    error = failure(tmp_path, misdeeds.close_everything)

    assert (error.code, error.fault) == ("USER:ProcessExited", Fault.USER)


def test_surroundings_are_put_back(tmp_path: Path) -> None:
    """The next attempt of the same worker finds directory, variables, mask, path, streams, handlers, limits, timers and switches as they were."""

    async def story(stage: Stage) -> tuple[Any, Any]:
        before = await value_of(stage, stage.unit(misdeeds.surroundings))
        await value_of(stage, stage.unit(misdeeds.disturb, n=1))
        return before, await value_of(stage, stage.unit(misdeeds.surroundings, n=2))

    before, after = play(tmp_path, story, concurrency=1)

    assert before == after


def test_leaking_worker_is_replaced(tmp_path: Path) -> None:
    """Once it holds more than it may between attempts."""

    async def story(stage: Stage) -> None:
        leaky = await value_of(stage, stage.unit(misdeeds.leak, {"megabytes": 300}))
        await gone(leaky)

    play(tmp_path, story, worker_memory="250Mi")


# ── stopping ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("entity", [misdeeds.refuse_with_child, misdeeds.hide_child], ids=lambda entity: entity.name)
def test_cancelled_attempt_goes_with_its_children(tmp_path: Path, entity: Any) -> None:
    """Those that will not end are killed after the grace: the whole group, and what descends from it in sessions of its own."""
    path = tmp_path / "pid"

    async def story(stage: Stage) -> object:
        unit = stage.unit(entity, {"path": str(path)})
        await stage.executor.submit(unit)
        await started(path)
        await stage.executor.cancel([unit.attempt], grace_s=0.2)
        report = await stage.end_of(unit.attempt)
        await gone(int(path.read_text()))
        return report

    assert isinstance(play(tmp_path, story), Cancelled)


def test_cancelling_one_attempt_spares_the_next(tmp_path: Path) -> None:
    """A worker that was sent a signal gets no other attempt, even if it came through with a result."""
    path = tmp_path / "here"

    async def story(stage: Stage) -> tuple[Any, Any]:
        unit = stage.unit(misdeeds.ignore_request, {"path": str(path)})
        await stage.executor.submit(unit)
        await started(path)
        await stage.executor.cancel([unit.attempt], grace_s=30.0)
        await started(tmp_path / "here asked")
        report = await stage.end_of(unit.attempt)
        assert isinstance(report, Ended), report
        first = (report.result.outputs or {})["o0"].value.value  # type: ignore[union-attr]  # a number
        return first, await value_of(stage, stage.unit(misdeeds.pid, n=1))

    first, second = play(tmp_path, story, concurrency=1)

    assert first != second


# ── printing ─────────────────────────────────────────────────────────────────


def test_flood_is_cut_off_and_held_up(tmp_path: Path) -> None:
    """The log keeps what it may and says so; the engine's memory does not grow with what is printed."""

    async def story(stage: Stage) -> tuple[bytes, int]:
        tracemalloc.start()
        try:
            unit = stage.unit(misdeeds.print_without_end, {"megabytes": 64})
            await stage.result(unit)
            return await log_of(stage, unit), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    log, peak_bytes = play(tmp_path, story, log_limit="256Ki")

    kept = 256 << 10
    assert log[:kept] == b"x" * kept
    assert log[kept:] == f"\nthe log ends here: an attempt keeps {kept} bytes of what it prints\n".encode()
    assert peak_bytes < 8 << 20


def test_log_is_read_while_the_task_runs(tmp_path: Path) -> None:
    """What was printed shows before the attempt has ended, and the rest follows."""
    path = tmp_path / "go"

    async def story(stage: Stage) -> bytes:
        unit = stage.unit(misdeeds.print_slowly, {"path": str(path)})
        await stage.executor.submit(unit)
        seen = b""
        async with asyncio.timeout(PATIENCE_S):
            async for chunk in stage.executor.logs(unit.attempt):
                seen += chunk
                path.touch()  # only now may the task end
        return seen

    assert play(tmp_path, story) == b"first\nlast\n"


def test_secret_is_masked_however_it_is_printed(tmp_path: Path) -> None:
    """Character by character in the log, and in the error."""

    async def story(stage: Stage) -> tuple[bytes, str]:
        unit = with_secret(stage, misdeeds.print_secret_in_pieces, {"key": "password"})
        error = await error_of(stage, unit)
        return await log_of(stage, unit), f"{error.message}{error.traceback}"

    log, error = play(tmp_path, story, changes={"secrets": only_password})

    assert log == b"<***>"
    assert "the secret is ***" in error
    assert not any(b"s3cr3t" in path.read_bytes() for path in tmp_path.glob("**/*") if path.is_file())


def test_engine_tells_no_secret_that_the_task_does_not_request(tmp_path: Path) -> None:
    """However it is asked; what cannot be told for another reason is refused, too, and nobody waits."""

    async def ask(request: SecretRequest) -> SecretAnswer:
        if request.key == "broken":
            raise OSError(f"no way to {request.key}")
        return SecretAnswer(value=f"the {request.key}")

    async def story(stage: Stage) -> list[Any]:
        own = with_secret(stage, misdeeds.ask_for_more, {"key": "password"})
        template = own.template
        told = await value_of(stage, own)
        units = [stage.unit(misdeeds.ask_for_more, {"key": key}, n=n) for n, key in enumerate(("password", "other"), 1)]
        units[1] = attrs.evolve(units[1], template=template, secrets=own.secrets)
        broken = SecretRequest(group="db", key="broken")
        failing = attrs.evolve(
            with_secret(stage, misdeeds.ask_for_more, {"key": "broken"}, broken),
            attempt=stage.unit(misdeeds.pid, n=3).attempt,
        )
        return [told, *[(await error_of(stage, unit)).message for unit in (*units, failing)]]

    told, unasked, other, failed = play(tmp_path, story, changes={"secrets": ask})

    assert told == "the password"
    assert "reads secret db/password, which it does not request" in unasked
    assert "reads secret db/other, which it does not request" in other
    assert "the engine cannot answer: OSError" in failed
    assert "no way to" not in failed


def test_secret_that_an_earlier_attempt_was_told_is_masked(tmp_path: Path) -> None:
    """What a library remembers of it may be printed by any later attempt of the same worker."""

    async def story(stage: Stage) -> tuple[Any, Any, bytes]:
        first = await value_of(stage, with_secret(stage, misdeeds.remember_secret, {}))
        later = stage.unit(misdeeds.print_what_is_remembered, n=1)
        return first, await value_of(stage, later), await log_of(stage, later)

    first, second, log = play(tmp_path, story, changes={"secrets": only_password})

    assert (first, log) == (second, b"<***>")


# ── who gets which worker ────────────────────────────────────────────────────


def test_worker_is_replaced_after_so_many_attempts(tmp_path: Path) -> None:
    """Two attempts each."""

    async def story(stage: Stage) -> list[Any]:
        return [await value_of(stage, stage.unit(misdeeds.pid, n=n)) for n in range(4)]

    pids = play(tmp_path, story, attempts_per_worker=2)

    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_idle_worker_ends(tmp_path: Path) -> None:
    """When it has had nothing to do for a while."""

    async def story(stage: Stage) -> None:
        await gone(await value_of(stage, stage.unit(misdeeds.pid)))

    play(tmp_path, story, idle_s=0.1)


def test_worker_serves_one_environment(tmp_path: Path) -> None:
    """Attempts with the same variables share workers, and no others."""

    async def story(stage: Stage) -> list[str]:
        environments = [{"COLOUR": "red"}, {"COLOUR": "blue"}, {"COLOUR": "red"}, {}]
        return [
            await value_of(stage, stage.unit(misdeeds.variable_and_pid, {"name": "COLOUR"}, n=n, env=env))
            for n, env in enumerate(environments)
        ]

    found = [text.split() for text in play(tmp_path, story, concurrency=4)]

    assert [colour for colour, _ in found] == ["red", "blue", "red", "None"]
    assert found[0] == found[2]
    assert len({pid for _, pid in found}) == 3


@pytest.mark.parametrize(
    "settings", [{"concurrency": 1}, {"concurrency": 3, "memory": "1Gi"}], ids=["places", "memory"]
)
def test_attempts_that_do_not_fit_together_run_one_after_another(tmp_path: Path, settings: dict[str, Any]) -> None:
    """By their number, or by the memory that they ask for."""
    path = tmp_path / "times"

    def unit_of(stage: Stage, n: int) -> Unit:
        return stage.unit(misdeeds.note_times_heavily, {"path": str(path)}, n=n)

    async def story(stage: Stage) -> None:
        units = [unit_of(stage, n) for n in range(3)]
        for unit in units:
            await stage.executor.submit(unit)
        for unit in units:
            await stage.end_of(unit.attempt)

    play(tmp_path, story, **settings)

    spans = sorted(tuple(map(float, line.split())) for line in path.read_text().splitlines())
    assert len(spans) == 3
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
