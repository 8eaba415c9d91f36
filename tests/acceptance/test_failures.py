"""A run that fails says why in the user’s own terms, and exits with 1."""

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.calling import PLAIT, Desk

GOLDEN = Path(__file__).with_name("golden")

BOOM = """
from plait import task, workflow

@task(retries=1)
def boom(x: int) -> int:
    raise ValueError("bad news")

@workflow
def wf(x: int = 1) -> int:
    return boom(x=x)
"""

CASES: dict[str, tuple[str, list[str]]] = {
    "task_raises": (BOOM, ["run", "steps.py", "wf", "--name", "run"]),
    "import_raises": (
        "def broken() -> None:\n    raise RuntimeError('no luck')\n\nbroken()\n",
        ["run", "steps.py", "wf"],
    ),
    "syntax_error": ("def broken(:\n", ["run", "steps.py", "wf"]),
    "missing_dependency": ("import not_installed_anywhere\n", ["run", "steps.py", "wf"]),
    "unknown_entity": (BOOM, ["run", "steps.py", "wg"]),
    "unknown_file": (BOOM, ["run", "step.py", "wf"]),
    "missing_annotation": (
        "from plait import task\n\n@task\ndef f(x) -> int:\n    return x\n",
        ["run", "steps.py", "f"],
    ),
    "no_inputs_document": (BOOM, ["run", "steps.py", "wf", "--inputs-file", "steps.py"]),
}


@pytest.mark.parametrize("case", CASES)
def test_message_reads_as_agreed(case: str, desk: Desk, update: bool) -> None:
    """What people see on standard error is the golden text; the exit code is 1."""
    code, words = CASES[case]
    desk.write("steps.py", code)

    called = desk.plait(*words)

    seen = called.err.replace(str(desk.folder.resolve()), "FOLDER").replace(str(desk.folder), "FOLDER")
    golden = GOLDEN / f"{case}.txt"
    if update:
        golden.write_text(seen)
    assert seen == golden.read_text()
    assert called.code == 1


def test_a_module_of_the_same_name_is_refused(desk: Desk) -> None:
    """A file that hides behind a module of Python is not mistaken for it."""
    desk.write("json.py", BOOM)

    called = desk.plait("run", "json.py", "wf")

    assert called.code == 1
    assert "json.py would be imported as 'json'" in called.err


def test_json_of_a_failed_run_is_the_only_thing_on_standard_output(desk: Desk) -> None:
    """Even what tasks print goes elsewhere."""
    desk.write("steps.py", BOOM.replace("raise", "print('noise')\n    raise"))

    called = desk.plait("run", "steps.py", "wf", "--json")

    assert called.code == 1
    assert re.match(r'\{\n  "execution": "f\w+",', called.out)
    assert "noise" not in called.out


def test_an_interrupted_run_says_how_to_go_on_and_does(desk: Desk) -> None:
    """Ctrl-C keeps what is done: resumed, the run ends without repeating the task that had finished."""
    desk.write(
        "slow.py",
        "import os, sys, time\nfrom pathlib import Path\nfrom plait import task, workflow\n\n"
        "@task\ndef first(x: int) -> int:\n    with Path('ran').open('a') as ran:\n        ran.write('first ')\n    return x + 1\n\n"
        "@task\ndef second(x: int) -> int:\n    if not Path('again').exists():\n"
        "        print('waiting', flush=True)\n        time.sleep(60)\n    return x * 10\n\n"
        "@workflow\ndef wf(x: int = 1) -> int:\n    return second(x=first(x=x))\n",
    )
    running = subprocess.Popen(
        [PLAIT, "run", "slow.py", "wf", "--name", "halted"],
        cwd=desk.folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    assert any(line.strip() == "waiting" for line in running.stdout)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=120)

    assert running.returncode == 130
    assert err.endswith(
        "Interrupted: execution halted keeps what is done.\n  → go on with `plait run --resume halted`\n"
    )
    assert "INTERRUPTED" in desk.plait("get", "execution", "halted").out

    desk.write("again", "")
    resumed = desk.plait("run", "--resume", "halted")

    assert (resumed.code, resumed.result) == (0, ["20"]), resumed.err
    assert (desk.folder / "ran").read_text() == "first "


EACH_FAILS = """
from plait import map_task, task, workflow

@task(retries=1)
def refuse(n: int) -> int:
    raise ValueError("none is right")

@workflow
def wf(ns: list[int] = [1, 2, 3]) -> list[int]:
    return map_task(refuse)(n=ns)
"""


def test_element_that_failed_a_map_is_named(desk: Desk) -> None:
    """Others met the same error and were ended because of it, so the text alone does not tell which it was."""
    desk.write("flow.py", EACH_FAILS)

    ran = desk.plait("run", "flow.py", "wf", "--name", "refused")
    (node,) = json.loads(desk.plait("get", "execution", "refused", "--json").out)["nodes"]

    (failed,) = [attempt["element"] for attempt in node["attempts"] if attempt["phase"] == "FAILED"]
    assert f"Error: element {failed} of map flow.refuse at node n0, tried 2 times, failed" in ran.err
