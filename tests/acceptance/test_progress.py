"""On a terminal, a run shows the nodes that run, and leaves none of it behind."""

import subprocess

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
