"""``plait relaunch``, ``recover``, ``rerun`` and ``gc`` on this machine: executions are run again here, or put away."""

import json

import pytest

from tests.acceptance.calling import Desk

FLOW = """
from pathlib import Path
from plait import task, workflow

@task
def double(a: int) -> int:
    return 2 * a

@task
def fragile(a: int) -> int:
    if not Path("mended").exists():
        raise ValueError("broken")
    return a + 1

@workflow
def wf(a: int = 1) -> int:
    return fragile(a=double(a=a))
"""


COUNTING = """@task(cache=True, cache_version="1")
def double(a: int) -> int:
    print("computing")"""


@pytest.fixture
def failed(desk: Desk) -> Desk:
    """An execution ``first`` that failed, for a reason that is gone now."""
    desk.write("flow.py", FLOW)
    assert desk.plait("run", "flow.py", "wf", "--name", "first").code == 1
    desk.write("mended", "")
    return desk


def phases(desk: Desk, name: str) -> list[str]:
    shown = json.loads(desk.plait("get", "execution", name, "--json").out)
    return [node["phase"] for node in shown["nodes"]]


def test_failed_execution_is_recovered(failed: Desk) -> None:
    """What had succeeded is taken over; the plan can be had beforehand."""
    plan = failed.plait("recover", "first", "--dry-run")
    recovered = failed.plait("recover", "first", "--name", "second")

    assert [line.split()[:3] for line in plan.out.splitlines()[1:]] == [
        ["n0", "flow.double", "reuse"],
        ["n1", "flow.fragile", "run"],
    ]
    assert (recovered.code, recovered.result) == (0, ["3"])
    assert phases(failed, "second") == ["RECOVERED", "SUCCEEDED"]


@pytest.mark.slow
def test_execution_is_relaunched_with_another_input(failed: Desk) -> None:
    """The rest stays as it was; from another folder, too."""
    elsewhere = Desk(failed.folder / "elsewhere")
    elsewhere.write("mended", "")

    relaunched = elsewhere.plait("relaunch", "first", "-i", "a=5")

    assert (relaunched.code, relaunched.result) == (0, ["11"])


@pytest.mark.slow
def test_relaunch_overwrites_the_cache_when_it_is_asked_to(desk: Desk) -> None:
    """And not because the execution that is relaunched was asked to."""
    desk.write("flow.py", FLOW.replace("@task\ndef double(a: int) -> int:", COUNTING))
    desk.write("mended", "")
    desk.plait("run", "flow.py", "wf", "--name", "first", "--overwrite-cache")

    plain, anew = desk.plait("relaunch", "first"), desk.plait("relaunch", "first", "--overwrite-cache")

    assert (plain.result, anew.result) == (["3"], ["computing", "3"])


@pytest.mark.slow
def test_plan_is_shown_and_confirmed_before_a_rerun(failed: Desk) -> None:
    """Nothing starts without a yes; nodes that are not there are refused."""
    failed.plait("recover", "first", "--name", "second")

    refused = failed.plait("rerun", "second", "--from", "n1", typed="n\n")
    unknown = failed.plait("rerun", "second", "--from", "n9", "--yes")
    rerun = failed.plait("rerun", "second", "--from", "n1", "--yes", "--name", "third")

    assert (refused.code, "n1    flow.fragile  run" in refused.err) == (1, True)
    assert (unknown.code, "n9" in unknown.err) == (1, True)
    assert (rerun.code, rerun.result) == (0, ["3"])
    assert phases(failed, "third") == ["RECOVERED", "SUCCEEDED"]


@pytest.mark.slow
def test_old_executions_are_put_away(failed: Desk) -> None:
    """Shown first, deleted on demand, and never while they are younger than that."""
    young = json.loads(failed.plait("gc", "--dry-run", "--json").out)
    old = json.loads(failed.plait("gc", "--older-than", "0s", "--dry-run", "--json").out)
    refused = failed.plait("gc", "--older-than", "0s", typed="n\n")
    deleted = failed.plait("gc", "--older-than", "0s", "--yes")

    settings = json.loads(failed.plait("config", "show", "--json").out)
    store = next(one["value"] for one in settings if one["key"] == "store")
    nothing = {"executions": [], "closures": [], "n_files": 0, "size_bytes": 0, "n_snapshots": 0}
    assert young == {"place": f"the store {store}", **nothing, "is_deleted": False}
    assert failed.plait("gc", "--dry-run").out == f"nothing, in the store {store}\n"
    assert [one["execution"] for one in old["executions"]] == ["default/development/first"]
    assert (len(old["closures"]), old["is_deleted"]) == (1, False)
    assert deleted.out.splitlines()[-1].startswith("deleted 1 execution, ")
    assert (refused.code, deleted.code) == (1, 0)
    assert failed.plait("get", "executions").out == "no executions\n"


@pytest.mark.slow
def test_what_has_ended_is_not_asked_to_end(failed: Desk) -> None:
    """Nor are its gates answered; each says how it ended."""
    calls = [failed.plait("cancel", "first"), failed.plait("cancel", "nobody")]

    assert [call.code for call in calls] == [1, 1]
    assert "execution 'first' has ended: it is FAILED" in calls[0].err


@pytest.mark.slow
def test_following_ends_when_nobody_drives_the_execution(desk: Desk) -> None:
    """A run whose process was killed is INTERRUPTED: the watcher says how it goes on, and the reader of logs ends."""
    desk.write(
        "flow.py",
        "import os\nfrom plait import task, workflow\n\n@task\ndef die(a: int) -> int:\n    os.kill(os.getpid(), 9)\n"
        "    return a\n\n@workflow\ndef wf(a: int = 1) -> int:\n    return die(a=a)\n",
    )
    assert desk.plait("run", "flow.py", "wf", "--name", "dead").code == -9

    watched, read = desk.plait("watch", "dead"), desk.plait("logs", "-f", "dead")

    assert (watched.code, "plait run --resume dead" in watched.err) == (1, True)
    assert (read.code, read.out) == (0, "")
