"""On a terminal, a run shows the nodes that run, and leaves none of it behind."""

import os
import subprocess

import pytest

from tests.acceptance.calling import PLAIT, Desk
from tests.acceptance.screens import PATIENCE_S, screen

SLOW = """
import time
from pathlib import Path
from plait import task, workflow

@task
def nap(x: int) -> int:
    while not Path("seen").exists():
        time.sleep(0.01)
    print("printed meanwhile")
    return x

@workflow
def wf(x: int = 1) -> int:
    return nap(x=x)
"""


def test_a_running_node_has_a_line_until_it_ends(desk: Desk) -> None:
    """The line names node and task on standard error; standard output has what was printed and the result only."""
    desk.write("slow.py", SLOW)

    with (
        screen() as terminal,
        subprocess.Popen(
            [PLAIT, "run", "slow.py", "wf"], cwd=desk.folder, stdout=subprocess.PIPE, stderr=terminal.theirs, text=True
        ) as running,
    ):
        terminal.wait_for("n0  task slow.nap")
        desk.write("seen", "")
        out, _ = running.communicate(timeout=PATIENCE_S)

    assert (running.returncode, out) == (0, "Running Execution on local.\nprinted meanwhile\n1\n")
    assert terminal.text.endswith("\x1b[1A\x1b[J")


def test_without_a_terminal_nothing_is_drawn(desk: Desk) -> None:
    """Logs of scripts stay clean."""
    desk.write("slow.py", SLOW)
    desk.write("seen", "")

    assert desk.plait("run", "slow.py", "wf").err == ""


@pytest.mark.parametrize(("wish", "shown"), [("", "\x1b[31m\x1b[1mError: \x1b[0m"), ("1", "Error: ")])
def test_terminal_has_colours_unless_they_are_unwanted(wish: str, shown: str, desk: Desk) -> None:
    """``NO_COLOR`` counts for errors and for what else is coloured."""
    desk.write("slow.py", SLOW)
    desk.write("seen", "")

    with screen() as terminal:
        for words in ("explain", "nobody"), ("run", "slow.py", "wf"):
            subprocess.run(
                [PLAIT, *words],
                cwd=desk.folder,
                env={**os.environ, "NO_COLOR": wish},
                stdout=terminal.theirs,
                stderr=terminal.theirs,
                check=False,
            )

    assert terminal.text.startswith(f"{shown}there is no execution 'nobody'")
    assert ("\x1b[36mRunning" in terminal.text) is (wish == "")
