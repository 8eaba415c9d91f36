"""On a terminal, a run shows the nodes that run, and leaves none of it behind."""

import os
import pty
import subprocess

from tests.acceptance.calling import PLAIT, Desk

SLOW = """
import time
from plait import task, workflow

@task
def nap(x: int) -> int:
    time.sleep(0.4)
    print("printed meanwhile")
    return x

@workflow
def wf(x: int = 1) -> int:
    return nap(x=x)
"""


def test_a_running_node_has_a_line_until_it_ends(desk: Desk) -> None:
    """The line names node and task on standard error; standard output has what was printed and the result only."""
    desk.write("slow.py", SLOW)
    ours, theirs = pty.openpty()

    done = subprocess.run(
        [PLAIT, "run", "slow.py", "wf"], cwd=desk.folder, stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=60
    )
    os.close(theirs)
    seen = os.read(ours, 65536).decode()
    os.close(ours)

    assert done.stdout.decode() == "Running Execution on local.\nprinted meanwhile\n1\n"
    assert "n0  task slow.nap" in seen
    assert seen.endswith("\x1b[1A\x1b[J")


def test_without_a_terminal_nothing_is_drawn(desk: Desk) -> None:
    """Logs of scripts stay clean."""
    desk.write("slow.py", SLOW)

    assert desk.plait("run", "slow.py", "wf").err == ""
