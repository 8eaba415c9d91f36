"""``plait get``, ``explain``, ``check`` and ``graph`` tell what happened and what would happen."""

import asyncio
import json
from datetime import timedelta

from plait import wait_for_input, workflow
from plait_core.engine import Engine
from plait_core.plugins.settings import Settings
from tests.acceptance.calling import Desk

STEPS = """
from plait import task, workflow

@task(cache=True, cache_version="1")
def double(x: int) -> int:
    return 2 * x

@task
def refuse(x: int) -> int:
    raise ValueError(f"{x} is too much")

@workflow
def good(x: int = 1) -> int:
    return double(x=x)

@workflow
def bad(x: int = 1) -> int:
    return refuse(x=double(x=x))
"""


@workflow
def asking() -> int:
    """Need nobody to run anything."""
    return wait_for_input("number", timeout=timedelta(days=1), expected_type=int)


def test_executions_are_listed_as_json_with_name_and_phase(desk: Desk) -> None:
    """What ran is recorded, the newest first, and standard output is one JSON list."""
    desk.write("steps.py", STEPS)
    desk.plait("run", "steps.py", "good", "--name", "first")
    desk.plait("run", "steps.py", "bad", "--name", "second")

    listed = json.loads(desk.plait("get", "executions", "--json").out)

    assert [(one["name"], one["phase"]) for one in listed] == [("second", "FAILED"), ("first", "SUCCEEDED")]


def test_executions_are_sorted_on_demand(desk: Desk) -> None:
    """The oldest first, or by name; a limit leaves out what comes later in that order."""
    desk.write("steps.py", STEPS)
    for name in ("second", "third", "first"):
        desk.plait("run", "steps.py", "good", "--name", name)

    def names(*options: str) -> list[str]:
        return [one["name"] for one in json.loads(desk.plait("get", "executions", "--json", *options).out)]

    assert names("--sort", "oldest") == ["second", "third", "first"]
    assert names("--sort", "name", "--limit", "2") == ["first", "second"]
    assert "now or 'today - 1d'" in desk.plait("get", "executions", "--since", "yesterday").err


def test_executions_are_narrowed_to_a_phase(desk: Desk) -> None:
    """Only those in the phase that is asked for are listed."""
    desk.write("steps.py", STEPS)
    desk.plait("run", "steps.py", "good", "--name", "first")
    desk.plait("run", "steps.py", "bad", "--name", "second")

    listed = json.loads(desk.plait("get", "executions", "--phase", "failed", "--json").out)

    assert [one["name"] for one in listed] == ["second"]


def test_executions_are_narrowed_to_a_person_and_a_time(desk: Desk) -> None:
    """A time is written as inputs are; what is no time is a mistake of usage."""
    desk.write("steps.py", STEPS)
    desk.plait("run", "steps.py", "good", "--name", "first")

    def names(*options: str) -> list[str]:
        return [one["name"] for one in json.loads(desk.plait("get", "executions", "--json", *options).out)]

    wrong = desk.plait("get", "executions", "--since", "soon")

    assert names("--since", "now - 1d") == ["first"]
    assert names("--since", "now + 1d") == []
    assert names("--principal", "nobody") == []
    assert (wrong.code, "'soon' is not a valid datetime" in wrong.err) == (2, True)


def test_nodes_are_listed_and_narrowed(desk: Desk) -> None:
    """By phase, kind and text; a list that is cut short says so where all of an execution is shown."""
    desk.write("steps.py", STEPS)
    desk.plait("run", "steps.py", "bad", "--name", "late")

    failed = json.loads(desk.plait("get", "nodes", "late", "--phase", "failed", "--kind", "task", "--json").out)
    found = desk.plait("get", "nodes", "late", "--contains", "double").out
    nothing = desk.plait("get", "nodes", "late", "--kind", "gate")
    unknown = desk.plait("get", "nodes", "early")
    cut = desk.plait("get", "execution", "late", "--limit", "1").out

    assert [(node["id"], node["entity"]) for node in failed] == [("n1", "steps.refuse")]
    assert [line.split()[:4] for line in found.splitlines()] == [
        ["NODE", "KIND", "PHASE", "NAME"],
        ["n0", "task", "SUCCEEDED", "steps.double"],
    ]
    assert (nothing.out, unknown.code) == ("no nodes\n", 1)
    assert "n1" not in cut.replace("at n1", "")
    first, both = (desk.plait("get", "nodes", "late", "--limit", n) for n in ("1", "2"))
    assert (len(first.out.splitlines()), first.err) == (2, "there are more nodes than the 1 shown; --limit N shows N\n")
    assert (len(both.out.splitlines()), both.err) == (3, "")
    assert "… and more" in cut


def test_an_execution_is_shown_with_what_went_in_and_out_of_each_node(desk: Desk) -> None:
    """Inputs, outputs, cache verdicts and errors of each node are in one document."""
    desk.write("steps.py", STEPS)
    desk.plait("run", "steps.py", "bad", "--x", "4", "--name", "late")

    shown = json.loads(desk.plait("get", "execution", "late", "--json").out)

    assert shown["inputs"] == {"x": 4}
    assert [(node["id"], node["phase"], node["inputs"], node["outputs"]) for node in shown["nodes"]] == [
        ("n0", "SUCCEEDED", {"x": 4}, {"o0": 8}),
        ("n1", "FAILED", {"x": 8}, None),
    ]
    assert shown["nodes"][0]["cache"]["status"] in {"miss", "populated"}
    assert shown["nodes"][1]["attempts"][0]["error"]["message"] == "ValueError: 8 is too much"


def test_an_execution_is_drawn_as_a_tree(desk: Desk) -> None:
    """The text form has a branch for each node."""
    desk.write("steps.py", STEPS)
    desk.plait("run", "steps.py", "bad", "--name", "late")

    drawn = desk.plait("get", "execution", "late").out

    assert "├─ n0  task steps.double  SUCCEEDED" in drawn
    assert "└─ n1  task steps.refuse  FAILED" in drawn


def test_an_unknown_execution_is_an_error(desk: Desk) -> None:
    """The exit code is 1, and the message says where to look."""
    called = desk.plait("get", "execution", "nobody")

    assert (called.code, called.out) == (1, "")
    assert called.err == (
        "Error: there is no execution 'nobody'\n  → list what there is with `plait get executions`, on a server with --remote\n"
    )


def test_logs_of_a_node_that_is_not_there_are_an_error(desk: Desk) -> None:
    """With the names of those that are; a follower need not wait for it either, once the execution has ended."""
    desk.write("steps.py", STEPS)
    desk.plait("run", "steps.py", "bad", "--name", "late")

    for refused in (desk.plait("logs", "late", "n7"), desk.plait("logs", "-f", "late", "n7")):
        assert (refused.code, "late has no node 'n7'; it has: n0, n1" in refused.err) == (2, True), refused
    missed = desk.plait("logs", "late", "n1", "--attempt", "3")
    assert (missed.code, "no such attempt; `plait get execution late`" in missed.err) == (2, True), missed
    assert desk.plait("logs", "late", "n1").code == 0


def test_project_that_is_not_here_may_be_elsewhere(desk: Desk) -> None:
    """The store of this machine has none until somebody makes one."""
    called = desk.plait("describe", "project", "lab")

    assert called.code == 1
    assert called.err == (
        "Error: there is no project 'lab'\n  → choose from: none here; --remote asks the server, --local this machine\n"
    )


def test_explain_tells_cache_verdicts_and_errors(desk: Desk) -> None:
    """A second run hits the cache, and the node that failed is named."""
    desk.write("steps.py", STEPS)
    desk.plait("run", "steps.py", "good", "--name", "first")
    desk.plait("run", "steps.py", "bad", "--name", "second")

    lines = desk.plait("explain", "second").out.splitlines()

    assert lines[0] == "second is FAILED"
    assert lines[1].startswith("  n0 cache HIT")
    assert lines[2] == "  n1 attempt 0 failed: [USER:RuntimeError] ValueError: 2 is too much"


def test_explain_tells_that_no_engine_runs(desk: Desk) -> None:
    """What a server was asked for waits for one, whatever its nodes wait for."""
    store = f"sqlite:///{desk.folder}/plait.db"
    desk.write("plait.toml", f'store = "{store}"\n')

    async def enlist() -> None:
        settings = Settings(home=str(desk.folder), store=store, executors=("process",))
        async with Engine(settings=settings, pool="servers", leaves_to_others=True) as engine:
            await engine.launch(asking, {}, name="left")

    asyncio.run(enlist())
    lines = desk.plait("explain", "left").out.splitlines()
    document = json.loads(desk.plait("explain", "left", "--json").out)

    assert lines[:2] == ["left is RUNNING", "it waits for an engine of pool servers, of which none runs"]
    assert document["waits_for"] == "an engine of pool servers, of which none runs"


def test_clearing_the_cache_makes_tasks_run_anew(desk: Desk) -> None:
    """After ``plait cache clear`` the same call misses."""
    desk.write("steps.py", STEPS)
    desk.plait("run", "steps.py", "good", "--name", "first")

    assert desk.plait("cache", "clear").out == "1 cached output forgotten\n"

    desk.plait("run", "steps.py", "good", "--name", "second")
    [node] = json.loads(desk.plait("get", "execution", "second", "--json").out)["nodes"]
    assert node["cache"]["status"] != "hit"


def test_check_reports_every_fault_of_a_file(desk: Desk) -> None:
    """Nothing runs; each fault is told with its remedy, and the exit code is 1."""
    desk.write(
        "wrong.py",
        STEPS + "\n@task\ndef shout(text: str) -> str:\n    return text\n\n"
        "@workflow\ndef mixed(x: int) -> str:\n    return shout(text=double(x=x))\n\n"
        "@workflow\ndef other(x: int) -> str:\n    return shout(text=refuse(x=x))\n",
    )

    called = desk.plait("check", "wrong.py", "--json")

    assert called.code == 1
    assert [fault["code"] for fault in json.loads(called.out)] == ["type-mismatch", "type-mismatch"]


def test_check_names_the_line_of_a_call_that_cannot_be_recorded(desk: Desk) -> None:
    """The call first, then the workflow around it, as seen from here; what is no error of plait is told in its own words."""
    desk.write(
        "wrong.py",
        STEPS + "\n@workflow\ndef lacking() -> int:\n    x = double()\n    return x\n\n"
        "@workflow\ndef raising(x: int) -> int:\n    return double(x=sum([[1], x]))\n",
    )
    first = len(STEPS.splitlines()) + 2

    told = desk.plait("check", "wrong.py").err.splitlines()

    assert told[:3] == [
        "workflow wrong.lacking: wrong.double() needs 'x'",
        f"    at wrong.py:{first + 2}",
        f"    at wrong.py:{first}",
    ]
    reason = "TypeError: unsupported operand type(s) for +: 'int' and 'list'"
    assert told[5:8] == [
        f"workflow wrong.raising: the graph of wrong.raising cannot be recorded: {reason}",
        f"    at wrong.py:{first + 7}",
        f"    at wrong.py:{first + 5}",
    ]


def test_a_fault_says_once_what_and_where(desk: Desk) -> None:
    """The name of the entity and the line, which errors begin with, stand in the places that faults have for them."""
    desk.write(
        "wrong.py",
        "from plait import task, workflow\n\n\n@task(limits=3)\ndef stay(x: int) -> int:\n    return x\n\n\n"
        "@workflow\ndef more(x: int) -> int:\n    return x + 1\n",
    )

    told = desk.plait("check", "wrong.py").err.splitlines()

    assert "task wrong.stay: limits is 3" in told
    assert [line.partition(", but")[0] for line in told if line.startswith("workflow")] == [
        "workflow wrong.more: arithmetic needs a value"
    ]
    assert "    at wrong.py:11" in told


def test_check_of_a_folder_looks_at_every_file(desk: Desk) -> None:
    """A fault and a file that cannot be imported are told together; a folder that declares nothing is no success."""
    desk.write("src/steps.py", STEPS)
    desk.write("src/deep/wrong.py", "from plait import task\n\n@task\ndef lost(x) -> int:\n    return 1\n")
    desk.write("src/unsound.py", STEPS + "\n@workflow\ndef open_(x: int) -> int:\n    return double()\n")
    desk.write("other/notes.py", "")

    called = desk.plait("check", "src/")

    assert called.code == 1
    assert "wrong.lost: 'x' has no type annotation" in called.err
    assert called.err.endswith("1 fault\n")
    assert desk.plait("check", "other").code == 2


def test_check_of_a_sound_file_succeeds(desk: Desk) -> None:
    """It says how much it looked at."""
    desk.write("steps.py", STEPS)

    called = desk.plait("check", "steps.py")

    assert (called.code, called.out) == (0, "4 entities, no faults\n")


def test_graph_draws_a_workflow(desk: Desk) -> None:
    """The text form names each node’s task; Mermaid is a flowchart."""
    desk.write("steps.py", STEPS)

    assert "steps.refuse" in desk.plait("graph", "steps.py", "bad").out
    assert desk.plait("graph", "steps.py", "bad", "--format", "mermaid").out.startswith("flowchart")


def test_outputs_are_fetched_from_the_store(desk: Desk) -> None:
    """Files and all, of runs on this machine."""
    desk.write(
        "shouting.py",
        "from plait import File, task\n\n@task\ndef shout(text: str) -> File:\n"
        "    with open('loud.txt', 'w') as file:\n        file.write(text.upper())\n    return File('loud.txt')\n",
    )
    desk.plait("run", "shouting.py", "shout", "--text", "hello", "--name", "shouted")

    called = desk.plait("fetch", "shouted", "-o", "kept", "--json")

    assert json.loads(called.out) == {"folder": "kept", "values": {"o0": {"path": "o0/loud.txt"}}}
    assert (desk.folder / "kept" / "o0" / "loud.txt").read_text() == "HELLO"
