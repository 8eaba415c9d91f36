"""Gates of a run in a terminal are put to whoever sits there; from elsewhere they are answered by command."""

import subprocess

from tests.acceptance.calling import PLAIT, Desk

GATES = """
from datetime import timedelta
from plait import approve, sleep, task, wait_for_input, workflow

@task
def add_one(x: int) -> int:
    return x + 1

@workflow
def approval(x: int = 1) -> int:
    return add_one(x=approve(add_one(x=x), "proceed"))

@workflow
def question() -> int:
    return add_one(x=wait_for_input("how_many", expected_type=int))

@workflow
def nap() -> int:
    pause = sleep(timedelta(milliseconds=10))
    last = add_one(x=1)
    pause >> last
    return last
"""


def started(desk: Desk, workflow: str, name: str) -> "subprocess.Popen[str]":
    """Start a run without anybody to ask, and wait until its gate is open."""
    running = subprocess.Popen(
        [PLAIT, "run", "gates.py", workflow, "--name", name],
        cwd=desk.folder,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stderr is not None
    assert any("nobody is here to answer" in line for line in running.stderr)
    return running


def test_an_approval_passes_its_value_on(desk: Desk) -> None:
    """Enter means yes."""
    desk.write("gates.py", GATES)

    called = desk.plait("run", "gates.py", "approval", typed="\n")

    assert (called.code, called.result) == (0, ["3"]), called.err
    assert "[Approval Gate] @proceed Approve 2? [Y/n]" in called.err


def test_a_refusal_fails_the_run(desk: Desk) -> None:
    """The node that asked is named."""
    desk.write("gates.py", GATES)

    called = desk.plait("run", "gates.py", "approval", typed="n\n")

    assert called.code == 1
    assert "'proceed' was not approved" in called.err


def test_an_answer_of_the_wrong_type_is_asked_for_again(desk: Desk) -> None:
    """Answers are parsed like flags."""
    desk.write("gates.py", GATES)

    called = desk.plait("run", "gates.py", "question", typed="many\n41\n")

    assert (called.code, called.result) == (0, ["42"]), called.err
    assert "'many' is not a valid integer" in called.err


def test_a_sleep_really_waits_and_says_so(desk: Desk) -> None:
    """The line names how long."""
    desk.write("gates.py", GATES)

    called = desk.plait("run", "gates.py", "nap")

    assert (called.code, called.result) == (0, ["2"]), called.err
    assert "sleeping 0.01 s" in called.err


def test_a_gate_is_answered_from_another_terminal(desk: Desk) -> None:
    """Without anybody on standard input the gate stays open, and ``plait approve`` lets the run go on."""
    desk.write("gates.py", GATES)
    running = started(desk, "approval", "patient")

    assert "n1 waits for an answer to 'proceed'" in desk.plait("explain", "patient").out
    assert "`plait approve patient proceed`" in desk.plait("explain", "patient").out
    assert desk.plait("approve", "patient", "nothing").code == 2
    assert desk.plait("approve", "patient", "proceed").out == "proceed approved\n"

    out, _ = running.communicate(timeout=120)
    assert (running.returncode, out.splitlines()[-1]) == (0, "3")


def test_a_run_is_aborted_from_another_terminal(desk: Desk) -> None:
    """It ends as ABORTED, with the reason, and exit code 1."""
    desk.write("gates.py", GATES)
    running = started(desk, "question", "unwanted")

    desk.plait("abort", "unwanted", "--reason", "not needed any more")

    _, err = running.communicate(timeout=120)
    assert running.returncode == 1
    assert "not needed any more" in err
    assert "ABORTED" in desk.plait("get", "executions").out
