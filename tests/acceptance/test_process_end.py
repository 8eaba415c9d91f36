"""What is left of plain calls when they raise, when their process ends, and when they stand at the top of a module."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plait import task

SCRIPT = """
import asyncio
import threading

import numpy as np

from plait import File, task, workflow

@task
def double(a: np.ndarray) -> np.ndarray:
    return a * 2

@task
def write(text: str) -> File:
    file = File.new_remote_file("text")
    with file.open("w") as stream:
        stream.write(text)
    return file

@workflow
def wf(text: str) -> tuple[np.ndarray, File]:
    return double(a=double(a=np.arange(3))), write(text=text)

async def in_a_loop() -> None:
    show()

def show() -> None:
    array, file = wf(text="hello")
    with open(file) as stream:
        print(array.tolist(), stream.read())

show()
asyncio.run(in_a_loop())
thread = threading.Thread(target=show)
thread.start()
thread.join()
"""


CARELESS = """
from plait import task, workflow

@task
def one() -> int:
    return 1

@workflow
def wf() -> int:
    return one()

wf()
"""


@pytest.mark.parametrize("recorded", ["0", "1"])
def test_process_ends_without_warnings_and_leaves_nothing_in_the_temporary_directory(
    recorded: str, tmp_path: Path
) -> None:
    """Whichever way the engine was driven, and although the values that it returned were in use until the end."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    done = subprocess.run(
        [sys.executable, "-W", "error", script],
        env={**os.environ, "TMPDIR": str(temporary), "PLAIT_RECORD": recorded},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "[0, 4, 8] hello\n" * 3, "")
    assert list(temporary.iterdir()) == []


def test_what_a_task_raises_has_no_context() -> None:
    """So that its traceback is about the task alone."""

    @task
    def fail(n: int) -> int:
        raise ValueError(n)

    with pytest.raises(ValueError, match="1") as caught:
        fail(n=1)
    assert caught.value.__context__ is None


def test_call_at_the_top_of_a_module_starts_no_runs_in_workers(tmp_path: Path) -> None:
    """Every one of them would import the module, and start another."""
    (tmp_path / "careless.py").write_text(CARELESS)

    done = subprocess.run(
        [sys.executable, "-c", "import careless"],
        env={**os.environ, "PLAIT_EXECUTORS": "process", "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 1
    assert 'put the call under `if __name__ == "__main__":`' in done.stderr
