"""Scripts in workflows: values go in, files come out, and failures tell what happened."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from plait_core.engine import Engine
from plait_core.plugins import Plugins, Settings
from plait_core.testing.memory import MemoryDatabase
from plait_shell import ProcessResult, ShellTask, processes
from plait_shell.errors import ScriptFailed
from plait_shell.kinds import ShellKind
from tests.plugins.shell import samples

PATIENCE_S = 120.0


def run(entity: Any, *, executors: tuple[str, ...] = ("inline",), **inputs: Any) -> Any:
    async def call() -> Any:
        plugins = Plugins.load(Settings(executors=executors, blobs=f"file://{os.environ['PLAIT_HOME']}/blobs"))
        async with Engine(plugins=plugins, database=MemoryDatabase()) as engine:
            return await engine.call(entity, (), inputs)

    return asyncio.run(call())


@pytest.mark.parametrize("executor", ["inline", "process"])
def test_script_writes_a_file_that_a_task_reads(executor: str) -> None:
    """The same in this process and in another one."""
    assert run(samples.greeted, executors=(executor,), name="Ann & Bob") == "Hello, Ann & Bob!\n"


def test_files_go_in_as_local_paths_and_several_outputs_come_out(tmp_path: Path) -> None:
    """Several outputs are a named tuple, and a directory is one like a file is."""
    source = tmp_path / "source.txt"
    source.write_text("content")

    assert tuple(run(samples.copied, source=str(source))) == ("content", ["again"])


def test_script_runs_in_a_directory_of_its_own_with_the_variables_of_its_task() -> None:
    """``ctx`` says what the attempt knows about itself, and the result stays with the task."""
    run(samples.show)

    assert samples.show.result is not None
    colour, directory, words = samples.show.result.output.splitlines()
    assert (colour, words) == ("blue", "0 show")
    assert Path(directory) != Path.cwd()
    assert not Path(directory).exists()


def test_failure_tells_code_files_and_output() -> None:
    """Everything that is known about it, and it may be tried again."""
    with pytest.raises(ScriptFailed) as caught:
        run(samples.fail)

    assert caught.value.problem == (
        "the script of 'fail' ended with code 3; its directory holds trace\nstdout:\nsaid\n\nstderr:\nwhy\n"
    )
    assert samples.fail.result == ProcessResult(3, "said\n", "why\n")


def test_failure_is_tried_again_within_the_budget(tmp_path: Path) -> None:
    """A script that failed once and then works succeeds when retries are allowed."""
    flaky = ShellTask(
        name="flaky", script=f"test -e {tmp_path}/again || {{{{ touch {tmp_path}/again; exit 1; }}}}", retries=1
    )

    run(flaky)

    assert flaky.result == ProcessResult(0, "", "")


def test_raw_task_runs_a_file_with_variables_and_arguments(tmp_path: Path) -> None:
    """Its output is the directory that it ran in."""
    script = tmp_path / "script.sh"
    script.write_text('touch "$COLOUR" "$1" "$2"')

    assert run(samples.ran_raw, script=str(script)) == ["blue", "one", "two three"]


def test_output_is_shown_while_it_is_captured(capfd: pytest.CaptureFixture[str]) -> None:
    """Whoever watches a run sees what its scripts say."""
    asyncio.run(ShellKind().run(ShellTask(name="talk", script="echo out; echo err >&2"), {}))

    assert capfd.readouterr() == ("out\n", "err\n")


def test_debugging_shows_the_script_as_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """With values in it."""
    talk = ShellTask(name="talk", script=": {inputs.x}", inputs={"x": str}, debug=True)

    asyncio.run(ShellKind().run(talk, {"x": "a b"}))

    assert capsys.readouterr().out == ": 'a b'\n"


@pytest.mark.parametrize("trap", ["", "trap '' TERM"])
def test_cancelling_ends_every_process_of_the_script(
    trap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that ignore the request to end are killed."""
    monkeypatch.setattr(processes, "GRACE_S", 0.2)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    script = f"{trap}\nsh -c 'echo $$ > {fifo}; sleep 1000' & wait"

    async def cancelled() -> int:
        running = asyncio.create_task(ShellKind().run(ShellTask(name="long", script=script), {}))
        child = int(await asyncio.to_thread(fifo.read_text))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return child

    child = asyncio.run(cancelled())

    wait_gone(child)


def test_cancelling_ends_a_script_that_is_about_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be at work before whoever started it has heard of that."""
    monkeypatch.setattr(processes, "GRACE_S", 0.2)
    start, may_be_heard = asyncio.create_subprocess_exec, asyncio.Event()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    async def start_unheard(*words: Any, **options: Any) -> Any:
        process = await start(*words, **options)
        await may_be_heard.wait()
        return process

    async def cancelled() -> int:
        script = f"sh -c 'echo $$ > {fifo}; sleep 1000' & wait"
        running = asyncio.create_task(ShellKind().run(ShellTask(name="long", script=script), {}))
        child = int(await asyncio.to_thread(fifo.read_text))
        running.cancel()
        await asyncio.sleep(0)
        may_be_heard.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        return child

    monkeypatch.setattr(processes, "create_subprocess_exec", start_unheard)

    wait_gone(asyncio.run(cancelled()))


def test_what_a_script_leaves_behind_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task ends with its script; output until then is kept."""
    monkeypatch.setattr(processes, "GRACE_S", 0.2)
    leave = ShellTask(name="leave", script="sleep 1000 & echo $!")

    asyncio.run(ShellKind().run(leave, {}))

    assert leave.result is not None
    wait_gone(int(leave.result.output))


def wait_gone(pid: int) -> None:
    """Wait until a process has ended: its pipes are closed a moment before, and it may be off the processor then."""
    deadline = time.monotonic() + PATIENCE_S
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits for its parent to notice does not."""
    try:
        os.kill(pid, signal.SIG_DFL)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
