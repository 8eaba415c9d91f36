"""A run whose process is killed shows as interrupted, and ends when it is resumed, without repeating what was done."""

import json
import os
import subprocess
import sys
from pathlib import Path

FLOW = """
from pathlib import Path

from plait import task, workflow

HERE = Path(__file__).parent


def trace(name: str) -> None:
    with (HERE / "trace").open("a") as file:
        file.write(name)


@task
def first(x: int) -> int:
    trace("a")
    return x + 1


@task
def second(x: int) -> int:
    trace("b")
    if not (HERE / "go on").exists():
        (HERE / "reached").open("w").close()
        (HERE / "never").open().close()
    return x * 2


@workflow
def wf(x: int) -> int:
    return second(x=first(x=x))
"""


def plait(folder: Path, *words: str) -> str:
    """Call the command line in *folder*; returns what it prints."""
    command = [sys.executable, "-c", "from plait.cli import main; main()", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_killed_run_is_interrupted_and_resumed(tmp_path: Path) -> None:
    """The finished task ran once; the one that was cut off ran again."""
    (tmp_path / "flow.py").write_text(FLOW)
    os.mkfifo(tmp_path / "reached")
    os.mkfifo(tmp_path / "never")
    command = [sys.executable, "-c", "from plait.cli import main; main()"]
    words = ["run", "flow.py", "wf", "--x", "4", "--name", "cut"]
    with subprocess.Popen([*command, *words], cwd=tmp_path, stdout=subprocess.DEVNULL) as run:
        (tmp_path / "reached").open().close()  # opens once the second task does
        run.kill()
    (tmp_path / "go on").touch()

    (interrupted,) = json.loads(plait(tmp_path, "get", "executions", "--json"))
    resumed = plait(tmp_path, "run", "--resume", "cut")
    (ended,) = json.loads(plait(tmp_path, "get", "executions", "--json"))

    assert (interrupted["phase"], ended["phase"]) == ("INTERRUPTED", "SUCCEEDED")
    assert resumed.splitlines()[-1] == "10"
    assert (tmp_path / "trace").read_text() == "abb"
