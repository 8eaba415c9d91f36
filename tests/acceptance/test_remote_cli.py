"""The command line against a server: run, look, follow, answer, repeat and end."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.acceptance.calling import PLAIT, Called, Desk
from tests.acceptance.remote_serving import Served
from tests.acceptance.screens import PATIENCE_S, screen

FLOW = """
from plait import File, approve, task, wait_for_input, workflow

@task
def double(a: int) -> int:
    print("doubling", a)
    return 2 * a

@task
def nap(a: int, until: str) -> int:
    import time
    from pathlib import Path

    while not Path(until).exists():
        time.sleep(0.01)
    return a

@task
def refuse(a: int) -> int:
    raise ValueError(f"{a} is too much")

@task
def plus(a: int, b: int = 10) -> int:
    return a + b

@task
def length(file: File) -> int:
    with file.open() as stream:
        return len(stream.read())

@workflow
def wf(a: int = 1) -> int:
    return double(a=double(a=a))

@workflow
def slow(until: str, a: int = 1) -> int:
    return double(a=nap(a=a, until=until))

@workflow
def bad(a: int = 1) -> int:
    return refuse(a=double(a=a))

@workflow
def gated(a: int = 1) -> int:
    return plus(a=approve(a, "sure", timeout=None), b=wait_for_input("number", timeout=None, expected_type=int))
"""

slow = pytest.mark.slow


@attrs.frozen
class Client:
    """A folder with code in it, and a command line that knows the server."""

    desk: Desk
    env: Mapping[str, str]

    def plait(self, *words: str | Path, typed: str = "") -> Called:
        """Call ``plait``."""
        return self.desk.plait(*words, typed=typed, env=self.env)

    def json(self, *words: str | Path) -> Any:
        """Call ``plait`` with ``--json``, and return what it prints."""
        called = self.plait(*words, "--json")
        assert called.code == 0, called.err
        return json.loads(called.out)

    def run(self, *words: str) -> str:
        """Run something and wait for it; returns the name of the execution, which may have failed."""
        called = self.plait("run", "--remote", "flow.py", *words, "--wait", "--json")
        name: str = json.loads(called.out)["execution"]
        return name


@pytest.fixture
def client(desk: Desk, server: Served) -> Client:
    """A client whose settings name the server."""
    desk.write("flow.py", FLOW)
    return Client(desk, server.env())


def test_run_on_the_server_says_where_to_look(client: Client, server: Served) -> None:
    """One line, and no waiting."""
    called = client.plait("run", "--remote", "flow.py", "wf", "--a", "3")

    console = f"{server.url}/console/projects/default/domains/development/executions"
    assert re.fullmatch(rf"Go to {console}/f[0-9a-f]+ to see execution in the console\.\n", called.out)
    assert (called.code, called.err) == (0, "")


def test_run_that_is_waited_for_prints_the_result(client: Client) -> None:
    """As the same run would here."""
    called = client.plait("run", "--remote", "--wait", "flow.py", "wf", "--a", "3")

    assert (called.code, called.out.splitlines()[1:]) == (0, ["12"])


@slow
def test_run_that_fails_is_told_of_as_here(client: Client) -> None:
    """The user's own traceback, the node and its task; the exit code is 1."""
    called = client.plait("run", "--remote", "--wait", "flow.py", "bad", "--name", "doomed")

    assert called.code == 1
    assert "ValueError: 2 is too much" in called.err
    assert called.err.endswith(
        "Error: task flow.refuse at node n1 failed\n  → see every attempt with `plait get execution doomed --remote`\n"
    )


@slow
def test_result_is_a_document_on_demand(client: Client) -> None:
    """The line with the address goes to standard error then."""
    called = client.plait("run", "--remote", "--wait", "flow.py", "wf", "--json", "--name", "documented")

    document = json.loads(called.out)
    assert called.err.startswith("Go to ")
    assert document.pop("url").endswith("/executions/documented")
    assert document == {
        "execution": "documented",
        "project": "default",
        "domain": "development",
        "phase": "SUCCEEDED",
        "outputs": {"o0": 4},
        "error": None,
    }


@slow
def test_files_and_options_travel_along(client: Client) -> None:
    """A local path is uploaded; labels are seen in lists; the place is the one that is asked for."""
    client.plait("project", "create", "lab")
    client.desk.write("words.txt", "hello")

    called = client.plait(
        *("run", "--remote", "--wait", "-p", "lab", "-d", "staging", "--label", "team=a", "--name", "labelled"),
        *("flow.py", "length", "--file", "words.txt"),
    )

    assert called.out.splitlines()[-1] == "5"
    (listed,) = client.json("get", "executions", "-p", "lab", "-d", "staging")
    assert (listed["name"], listed["labels"], listed["kind"]) == ("labelled", {"team": "a"}, "task")


@slow
def test_place_is_chosen_by_flag_or_by_settings(client: Client, server: Served) -> None:
    """A set endpoint means the server; --local this machine; without either, --remote is needed."""
    name = client.run("wf")
    here = {"PLAIT_TOKEN": server.tokens["admin"]}

    by_setting = client.plait("get", "execution", name)
    overruled = client.plait("get", "execution", name, "--local")
    client.desk.write("plait.toml", f'[env.lab]\nendpoint = "{server.url}"\n')
    unset = client.desk.plait("get", "execution", name, env=here)
    by_environment = client.desk.plait("get", "execution", name, "--env", "lab", env=here)
    local_run = client.plait("run", "--local", "--wait", "flow.py", "wf")

    assert [call.code for call in (by_setting, overruled, unset, by_environment)] == [0, 1, 1, 0]
    assert local_run.result[-1] == "4"


@slow
def test_execution_is_shown_like_one_of_this_machine(client: Client) -> None:
    """Inputs and outputs of every node; errors; what it waits for."""
    name = client.run("bad")

    shown = client.json("get", "execution", name)
    drawn = client.plait("describe", "execution", name).out
    explained = client.plait("explain", name).out

    assert [(node["id"], node["inputs"], node["outputs"]) for node in shown["nodes"]] == [
        ("n0", {"a": 1}, {"o0": 2}),
        ("n1", {"a": 2}, None),
    ]
    assert "└─ n1  task flow.refuse  FAILED" in drawn
    assert "n1 attempt 0 failed: [USER:RuntimeError] ValueError: 2 is too much" in explained


@slow
def test_entities_are_listed_and_described(client: Client) -> None:
    """The newest version of each, all of one, and one with its graph."""
    for version in ("d1", "d2"):
        client.plait("register", "flow.py", "--version", version)

    versions = [one["version"] for one in client.json("get", "workflows", "flow.wf", "--limit", "2")]
    tasks = {one["name"] for one in client.json("get", "tasks", "--contains", "flow.")}
    described = client.plait("describe", "workflow", "flow.wf", "d1").out
    plan = client.json("describe", "launch-plan", "flow.wf", "d2")

    assert versions == ["d2", "d1"]
    assert {"flow.double", "flow.refuse", "flow.plus", "flow.length"} <= tasks
    assert "├─ n1  task flow.double  (a ← n0.o0)" in described
    assert (plan["kind"], plan["version"]) == ("launch_plan", "d2")
    assert any(id_.startswith("workflow:") for id_ in plan["reaches"])


@slow
def test_logs_are_read_and_followed(client: Client) -> None:
    """Of every node with its name before each line, or of one as they are; a follower ends with the execution."""
    name = client.run("wf")

    every = client.plait("logs", name).out
    one = client.plait("logs", name, "n1").out
    followed = [json.loads(line)["text"] for line in client.plait("logs", "-f", name, "--json").out.splitlines()]

    assert every == "n0 │ doubling 1\nn1 │ doubling 2\n"
    assert one == "doubling 2\n"
    assert sorted(followed) == ["doubling 1", "doubling 2"]


@slow
def test_watch_ends_as_the_execution_does(client: Client) -> None:
    """A line for each change, or each event; the exit code says how it went."""
    good, bad = client.run("wf"), client.run("bad")

    told = client.plait("watch", good)
    events = [json.loads(line)["seq"] for line in client.plait("watch", good, "--json").out.splitlines()]
    failed = client.plait("watch", bad)

    assert told.out.splitlines() == [
        "n0  task flow.double  SUCCEEDED",
        "n1  task flow.double  SUCCEEDED",
        f"{good} is SUCCEEDED",
    ]
    assert events == list(range(1, len(events) + 1))
    assert (told.code, failed.code) == (0, 1)


@slow
def test_gates_are_answered_from_the_shell(client: Client) -> None:
    """An answer that comes before its gate is kept; a value is read as the type that the gate waits for."""
    client.plait("run", "--remote", "flow.py", "gated", "--name", "asking")

    wrong = client.plait("approve", "asking", "number")
    answers = [client.plait("approve", "asking", "sure"), client.plait("signal", "asking", "number", "5")]
    watched = client.plait("watch", "asking")

    assert (wrong.code, "wants a value; supply it with `plait signal asking number VALUE" in wrong.err) == (2, True), (
        wrong
    )
    assert [called.code for called in answers] == [0, 0], answers
    assert watched.code == 0
    assert client.json("get", "execution", "asking")["outputs"] == {"o0": 6}


@slow
def test_who_waits_is_told_of_gates(client: Client) -> None:
    """And how to answer them; then the result comes."""
    words = ("run", "--remote", "--wait", "flow.py", "gated", "--name", "waited-for")
    with subprocess.Popen(
        [PLAIT, *words],
        cwd=client.desk.folder,
        env={**os.environ, **client.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        assert waiting.stderr is not None
        told = sorted(waiting.stderr.readline() + waiting.stderr.readline() for _ in range(2))
        client.plait("approve", "waited-for", "sure")
        client.plait("signal", "waited-for", "number", "5")
        out, _ = waiting.communicate(timeout=PATIENCE_S)

    assert told == [
        "number waits for an answer\n  → give it with `plait signal waited-for number VALUE --remote`\n",
        "sure waits for an answer\n  → give it with `plait approve waited-for sure --remote`\n",
    ]
    assert (waiting.returncode, out.splitlines()[1:]) == (0, ["6"])


@slow
@pytest.mark.parametrize("words", [("logs",), ("logs", "-f"), ("watch", "--json")])
def test_reader_that_has_enough_ends_the_command(client: Client, words: tuple[str, ...]) -> None:
    """``plait logs … | head -1``: what was on its way is dropped, and nobody hears of that."""
    ran = client.run("wf")

    with subprocess.Popen(
        [PLAIT, *words, ran, "--remote"],
        cwd=client.desk.folder,
        env={**os.environ, **client.env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as shown:
        assert shown.stdout is not None
        assert shown.stderr is not None
        shown.stdout.close()
        told = shown.stderr.read()

    assert (shown.returncode, told) == (1, "")


@slow
def test_execution_is_cancelled(client: Client) -> None:
    """With a reason, which is shown; a second time there is nothing to end."""
    client.plait("run", "--remote", "flow.py", "gated", "--name", "unwanted")

    ended = client.plait("cancel", "unwanted", "--reason", "wrong numbers")
    watched = client.plait("watch", "unwanted")
    again = client.plait("abort", "unwanted")

    assert (ended.code, watched.code, again.code) == (0, 1, 1)
    assert "wrong numbers" in client.json("get", "execution", "unwanted")["error"]["message"]


@slow
def test_executions_are_repeated(client: Client) -> None:
    """Relaunched with another input, recovered, and rerun from a node, after its plan was shown and confirmed."""
    good, failed = client.run("wf"), client.run("bad")

    relaunched = client.plait("relaunch", good, "-i", "a=5", "--wait")
    recovered = client.plait("recover", failed, "--wait")
    planned = client.json("rerun", good, "--from", "n1", "--dry-run")
    refused = client.plait("rerun", good, "--from", "n1", typed="n\n")
    rerun = client.plait("rerun", good, "--from", "n1", "--wait", typed="y\n")

    assert (relaunched.code, relaunched.out.splitlines()[-1]) == (0, "20")
    assert (recovered.code, "2 is too much" in recovered.err) == (1, True)
    assert [(step["node"], step.get("is_reused")) for step in planned["steps"]] == [("n0", True), ("n1", False)]
    assert (refused.code, refused.out) == (1, "")
    assert "n0    flow.double  reuse  succeeded" in rerun.err
    assert (rerun.code, rerun.out.splitlines()[-1]) == (0, "4")


@slow
def test_launch_plans_are_switched(client: Client) -> None:
    """The newest version on, and whichever is on off."""
    client.plait("register", "flow.py", "--version", "p1")
    client.plait("register", "flow.py", "--version", "p2")

    on = client.json("launch-plan", "activate", "flow.bad", "p1")
    active = [one["version"] for one in client.json("get", "launch-plans", "flow.bad") if one["is_active"]]
    (newest,) = client.json("get", "launch-plans", "--contains", "flow.bad")
    listed = client.plait("get", "launch-plans", "--contains", "flow.bad").out
    off = client.json("launch-plan", "deactivate", "flow.bad")

    assert (on["version"], active, off["version"]) == ("p1", ["p1"], "p1")
    assert (newest["version"], newest["is_active"], newest["active_version"]) == ("p2", False, "p1")
    assert "p2 (active: p1)" in listed


@slow
def test_projects_and_tokens_are_kept(client: Client) -> None:
    """Made, changed and listed; a token is shown once and is good for what its roles allow."""
    client.plait("project", "create", "garden", "--name", "Garden", "--label", "team=green")
    changed = client.json("project", "update", "garden", "--description", "Roses", "--archive")
    again = client.plait("project", "create", "garden")

    made = client.plait("token", "create", "reader", "--role", "*=viewer", "--expires-in", "1h")
    reader = Client(client.desk, {**client.env, "PLAIT_TOKEN": made.out.strip()})
    seen = [project["id"] for project in reader.json("project", "list")]
    (listed,) = [token for token in client.json("token", "list") if token["principal"] == "reader"]
    client.plait("token", "delete", listed["id"])

    assert changed == {
        "id": "garden",
        "name": "Garden",
        "description": "Roses",
        "labels": {"team": "green"},
        "is_archived": True,
    }
    assert again.code == 2
    assert "garden" in seen
    assert reader.plait("project", "list").code == 1


@slow
def test_configuration_is_shown_with_its_origins(client: Client) -> None:
    """Where each value comes from; the token is not shown."""
    shown = {one["key"]: one for one in client.json("config", "show")}

    assert shown["endpoint"]["origin"] == "PLAIT_ENDPOINT"
    assert shown["token"] == {"key": "token", "value": "set", "origin": "PLAIT_TOKEN"}


@slow
@pytest.mark.parametrize(
    ("is_watched", "leaves"), [(False, "\x1b[J2\n"), (True, "n1  task flow.double  SUCCEEDED")], ids=["run", "watch"]
)
def test_nodes_are_drawn_on_a_terminal(is_watched: bool, leaves: str, client: Client) -> None:
    """While they run: for who waits, and until the end for who watches."""
    seen = client.desk.folder / "seen"
    words: tuple[str, ...] = ("run", "--remote", "flow.py", "slow", "--until", str(seen), "--name")
    if is_watched:
        client.plait(*words, "drawn")
    words = ("watch", "drawn") if is_watched else (*words, "waited-for-drawn", "--wait")

    with (
        screen() as terminal,
        subprocess.Popen(
            [PLAIT, *words],
            cwd=client.desk.folder,
            env={**os.environ, **client.env, "COLUMNS": "100", "LINES": "20"},
            stdout=terminal.theirs,
            stderr=terminal.theirs,
        ) as drawing,
    ):
        terminal.wait_for("─ n0  task flow.nap  ")
        seen.touch()
        assert drawing.wait(PATIENCE_S) == 0

    assert "workflow flow.slow" in terminal.text
    assert leaves in terminal.text


@slow
def test_server_puts_away_what_is_over(client: Client) -> None:
    """Shown first, deleted on demand, and in the project that is asked for alone."""
    client.plait("project", "create", "attic")
    ran = client.plait("run", "--remote", "-p", "attic", "flow.py", "wf", "--wait", "--json", "--name", "attic-1")
    kept = client.run("wf")
    here = ("-p", "attic", "--older-than", "0s")

    told = client.json("gc", *here, "--dry-run")
    refused = client.plait("gc", *here, typed="n\n")
    listed = client.json("get", "executions", "-p", "attic")
    done = client.json("gc", *here, "--yes")

    assert ran.code == 0, ran.err
    assert told["place"].startswith("the server http")
    assert [one["execution"] for one in told["executions"]] == ["attic/development/attic-1"]
    assert (refused.code, [one["name"] for one in listed]) == (1, ["attic-1"])
    assert (done["is_deleted"], done["executions"], done["n_files"]) == (True, told["executions"], told["n_files"])
    assert client.json("get", "executions", "-p", "attic") == []
    assert client.json("get", "execution", kept)["name"] == kept
