"""Commands about what a server has, by rows: what is registered is described, filled in, launched and drawn without its code."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.acceptance.calling import Called, Desk
from tests.acceptance.remote_serving import Served

FLOW = """
from dataclasses import dataclass
from pathlib import Path

from plait import CronSchedule, Directory, File, LaunchPlan, approve, current_context, task, workflow


@dataclass
class Size:
    width: int
    unit: str = "cm"


@task(cache=True, cache_version="1.0")
def double(a: int) -> int:
    return 2 * a


@task
def area(size: Size, file: File) -> str:
    with file.open() as stream:
        return f"{size.width ** 2} {size.unit} {stream.read()}"


@task
def spread(file: File, n: int) -> dict[str, File]:
    made = {}
    for key in ("..", "a/b")[:n]:
        path = Path(f"{len(made)}.txt")
        path.write_text(key)
        made[key] = File(str(path))
    return made


@task(enable_deck=True)
def table() -> Directory:
    current_context().default_deck.append("<p>drawn</p>")
    folder = Path("table")
    (folder / "parts").mkdir(parents=True)
    (folder / "parts" / "0.csv").write_text("a,b")
    return Directory(str(folder))


@workflow
def wf(a: int, b: int = 7) -> int:
    \"\"\"
    Double one of two.

    Args:
        a: What is doubled.
    \"\"\"
    return double(a=a)


@workflow
def gated(a: int = 1) -> int:
    return double(a=approve(a, "sure", timeout=None))


plan = LaunchPlan.create("rows.plan", wf, default_inputs={"a": 5}, fixed_inputs={"b": 1})
nightly = LaunchPlan.create("rows.nightly", wf, fixed_inputs={"a": 1}, schedule=CronSchedule(schedule="0 3 * * *"))
"""

pytestmark = pytest.mark.slow


@attrs.frozen
class Shell:
    """A folder without code in it, and a command line that knows the server."""

    desk: Desk
    env: Mapping[str, str]

    def plait(self, *words: str | Path) -> Called:
        """Call ``plait``."""
        return self.desk.plait(*words, env=self.env)

    def json(self, *words: str | Path) -> Any:
        """Call ``plait``, and read the document that it prints."""
        called = self.plait(*words)
        assert called.code == 0, called.err
        return json.loads(called.out)


@pytest.fixture(scope="module")
def _registered(server: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("code")
    desk = Desk(folder)
    desk.write("rows_flow.py", FLOW)
    called = desk.plait("register", "rows_flow.py", "--version", "v1", env=server.env())
    assert called.code == 0, called.err


@pytest.fixture
def shell(_registered: None, desk: Desk, server: Served) -> Shell:
    """A shell beside a server that has the entities above."""
    return Shell(desk, server.env())


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (("remote-workflow", "rows_flow.wf", "--a", "4"), "8"),
        (("remote-workflow", "rows_flow.wf:v1", "--a", "4", "--b", "2"), "8"),
        (("remote-task", "rows_flow.double", "--a", "3"), "6"),
        (("remote-launchplan", "rows.plan"), "10"),
        (("remote-launchplan", "rows.plan:v1", "--a", "6"), "12"),
    ],
)
def test_what_is_registered_runs_without_its_code(words: tuple[str, ...], printed: str, shell: Shell) -> None:
    """P-24: by kind and name, with options made from the registered interface; defaults are those of the launch plan."""
    called = shell.plait("run", *words, "--wait")

    assert (called.code, called.out.splitlines()[1:]) == (0, [printed]), called.err


def test_inputs_of_what_is_registered_are_shown(shell: Shell) -> None:
    """P-24: with types, defaults, and what the docstring says; what a plan has fixed is not asked for."""
    workflow = shell.plait("run", "remote-workflow", "rows_flow.wf", "--help").out
    plan = shell.plait("run", "remote-launchplan", "rows.plan", "--help").out

    assert "Run the workflow rows_flow.wf.\n\n  Double one of two.\n" in workflow
    assert "  --a INT  What is doubled.  [required]\n  --b INT  [default: 7]\n" in workflow
    assert "--a INT  What is doubled.  [default: 5]\n" in plan
    assert "--b" not in plan


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("remote-task", "rows_flow.double"), 2, "Missing option --a."),
        (("remote-task", "rows_flow.double", "--a", "x"), 2, "'x' is not a valid integer"),
        (("remote-task", "rows_flow.double", "--b", "1"), 2, "No such option '--b'"),
        (("remote-task", "rows_flow.double", "--a", "1", "--local"), 2, "--local does not go with it"),
        (("remote-task", "rows_flow.double", "--a", "1", "--executor", "inline"), 2, "--executor is for runs on this"),
        (("remote-task",), 2, "`plait get tasks --remote` lists those there are"),
        (("remote-task", "rows_flow.nope", "--a", "1"), 1, "rows_flow.nope is not registered"),
        (("remote-task", "rows_flow.double:v9", "--a", "1"), 1, "rows_flow.double@v9 is not registered"),
        (("remote-task", "rows_flow.double", "--a", "1", "-d", "staging"), 1, "default:staging:rows_flow.double"),
    ],
)
def test_what_cannot_be_launched_is_told_with_its_code(
    words: tuple[str, ...], code: int, told: str, shell: Shell
) -> None:
    """P-05, P-24: 2 for usage, 1 for what is not there; wherever the place stands among the words."""
    called = shell.plait("run", *words)

    assert (called.code, called.out) == (code, "")
    assert told in called.err


def test_inputs_are_written_filled_in_and_launched(shell: Shell) -> None:
    """F-11, F-21: a document of inputs with what is plainly no value yet, and the execution that it starts."""
    blank = shell.json("describe", "task", "rows_flow.area", "--inputs")
    shell.desk.write("words.txt", "hello")
    shell.desk.write("inputs.json", json.dumps({"size": {**blank["size"], "width": 3}, "file": "words.txt"}))

    called = shell.plait("run", "remote-task", "rows_flow.area", "--inputs-file", "inputs.json", "--wait")

    assert blank == {"size": {"width": 0, "unit": "cm"}, "file": {"path": ""}}
    assert (called.code, called.out.splitlines()[-1]) == (0, "9 cm hello"), called.err
    assert shell.json("describe", "workflow", "rows_flow.wf", "--inputs") == {"a": 0, "b": 7}
    assert shell.json("describe", "launch-plan", "rows.plan", "--inputs") == {"a": 5}


def test_lists_tell_what_tells_entities_apart(shell: Shell) -> None:
    """F-11, F-12, F-13: the version and when it came; the type of a task, and the schedule of a launch plan."""
    task = shell.json("get", "tasks", "rows_flow.double", "--json")[0]
    plan = shell.json("get", "launch-plans", "rows.nightly", "--json")[0]
    tasks = shell.plait("get", "tasks", "--contains", "rows_flow.double").out.splitlines()
    plans = shell.plait("get", "launch-plans", "--contains", "rows.nightly").out.splitlines()
    workflows = shell.plait("get", "workflows", "rows_flow.wf").out.splitlines()

    assert (task["type"], plan["workflow"]) == ("python-function", "rows_flow.wf")
    assert [" ".join(line.split()) for line in tasks] == [
        "NAME VERSION REGISTERED TYPE SIGNATURE",
        f"rows_flow.double v1 {task['registered_at'][:19]} python-function (a: int) -> o0: int",
    ]
    assert plan["schedule"] == "cron: schedule 0 3 * * *, timezone UTC"
    assert plans[0].split() == ["NAME", "VERSION", "REGISTERED", "SCHEDULE", "SIGNATURE"]
    assert plan["schedule"] in plans[1]
    of_workflow = shell.json("get", "launch-plans", "--workflow", "rows_flow.wf", "--json")
    assert {one["name"] for one in of_workflow} == {"rows_flow.wf", "rows.plan", "rows.nightly"}
    assert len(shell.json("get", "launch-plans", "--workflow", "rows_flow.wf", "--limit", "2", "--json")) == 2
    assert workflows[0].split() == ["NAME", "VERSION", "REGISTERED", "SIGNATURE"]


def test_tasks_are_described_with_their_type_and_cache(shell: Shell) -> None:
    """F-11: below name, version and signature."""
    described = shell.plait("describe", "task", "rows_flow.double", "v1").out

    assert described.splitlines()[:5] == [
        "task rows_flow.double",
        "  version    v1",
        "  signature  (a: int) -> o0: int",
        "  type       python-function",
        "  cached     version 1.0",
    ]


def test_launch_plans_are_described_with_inputs_and_schedule(shell: Shell) -> None:
    """F-13: what is fixed, what has a default, and when it would run."""
    described = shell.plait("describe", "launch-plan", "rows.nightly").out

    assert described.splitlines()[3:7] == [
        "  runs       rows_flow.wf v1",
        "  default    b = 7",
        "  fixed      a = 1",
        "  schedule   cron: schedule 0 3 * * *, timezone UTC",
    ]


def test_installation_knows_the_server_and_its_release(shell: Shell) -> None:
    """P-61: the release of the server, and who the caller is to it; exit code 1 when it does not answer."""
    here = shell.json("doctor", "--json")
    away = attrs.evolve(shell, env={**shell.env, "PLAIT_ENDPOINT": "http://localhost:1"}).plait("doctor")

    (told,) = [check for check in here if check["name"] == "server"]
    assert told["is_ok"]
    assert told["detail"].startswith(f"plait {version('plait-server')} at {shell.env['PLAIT_ENDPOINT']} knows you as ")
    assert away.code == 1
    assert "✘ server: the server at http://localhost:1 did not answer" in away.out


def test_registered_graphs_are_drawn(shell: Shell) -> None:
    """F-12: for Graphviz and for Mermaid; that of a launch plan is its workflow's."""
    dot = shell.plait("describe", "workflow", "rows_flow.wf", "--format", "dot").out
    mermaid = shell.plait("describe", "launch-plan", "rows.plan", "--format", "mermaid").out

    assert dot.startswith('digraph "rows_flow.wf" {\n')
    assert '[label="n0: task rows_flow.double"];' in dot
    assert mermaid.startswith("flowchart TD\n")


def test_values_are_fetched_as_files(shell: Shell) -> None:
    """P-60: each below its name, whatever that is; the rest in one document. Of the execution or a node, out or in."""
    shell.desk.write("words.txt", "hello")
    task = ("run", "remote-task", "rows_flow.spread", "--file", "words.txt", "--n", "2")
    shell.plait(*task, "--wait", "--name", "rows-spread")

    called = shell.plait("fetch", "rows-spread")
    inputs = shell.json("fetch", "rows-spread", "n0", "--inputs", "-o", "below/inputs", "--json")

    folder = shell.desk.folder / "rows-spread"
    assert (called.code, called.out) == (0, "o0, values.json in rows-spread\n"), called.err
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.txt")}
    assert files == {"o0/%2E%2E/0.txt": "..", "o0/a%2Fb/1.txt": "a/b"}
    document = json.loads((folder / "values.json").read_text())
    assert document == {"o0": {"..": {"path": "o0/%2E%2E/0.txt"}, "a/b": {"path": "o0/a%2Fb/1.txt"}}}
    assert inputs == {"folder": "below/inputs", "values": {"file": {"path": "file/words.txt"}, "n": 2}}
    assert (shell.desk.folder / "below/inputs/file/words.txt").read_text() == "hello"


def test_folders_and_decks_are_fetched_whole(shell: Shell) -> None:
    """P-60: with the names below them; the deck belongs to the node."""
    shell.plait("run", "remote-task", "rows_flow.table", "--wait", "--name", "rows-table")

    document = shell.json("fetch", "rows-table", "--json")

    node = shell.plait("fetch", "rows-table", "n0", "-o", "node")

    assert "<p>drawn</p>" in (shell.desk.folder / "node/deck.html").read_text(), node.err
    assert not (shell.desk.folder / "rows-table/deck.html").exists()
    (path,) = [value["path"] for value in document["values"].values()]
    assert (shell.desk.folder / "rows-table" / path / "parts/0.csv").read_text() == "a,b"


def test_what_cannot_be_fetched_leaves_nothing_behind(shell: Shell) -> None:
    """P-60: no outputs yet, no such execution or node, a folder with something in it."""
    shell.plait("run", "remote-workflow", "rows_flow.gated", "--name", "rows-waits")
    shell.desk.write("full/mine.txt", "mine")
    before = sorted(shell.desk.folder.rglob("*"))

    calls = [
        shell.plait("fetch", *words)
        for words in (("rows-waits",), ("rows-nobody",), ("rows-waits", "n9"), ("rows-waits", "-o", "full"))
    ]
    shell.plait("cancel", "rows-waits")

    assert [called.code for called in calls] == [1, 1, 2, 2]
    assert "execution 'rows-waits' has no outputs: it is RUNNING" in calls[0].err
    assert "has no node 'n9'" in calls[2].err
    assert "full is not empty" in calls[3].err
    assert sorted(shell.desk.folder.rglob("*")) == before


def test_several_executions_are_cancelled_at_once(shell: Shell) -> None:
    """F-28: all that can be, in spite of one that has ended or is not there; then the exit code is 1."""
    for name in ("rows-one", "rows-two"):
        shell.plait("run", "remote-workflow", "rows_flow.gated", "--name", name)

    called = shell.plait("cancel", "rows-one", "rows-none", "rows-two", "--reason", "wrong numbers")
    ended = [shell.plait("watch", name).code for name in ("rows-one", "rows-two")]

    assert (called.code, called.out) == (1, "rows-one is asked to end\nrows-two is asked to end\n")
    assert "rows-none" in called.err
    assert ended == [1, 1]
    assert "wrong numbers" in shell.json("get", "execution", "rows-two", "--json")["error"]["message"]


def test_executions_are_archived_and_shown_again(shell: Shell) -> None:
    """F-25: once they have ended; lists leave them out, and nothing else does."""
    shell.plait("run", "remote-task", "rows_flow.double", "--a", "1", "--wait", "--name", "rows-old")
    shell.plait("run", "remote-workflow", "rows_flow.gated", "--name", "rows-runs")

    def listed(*options: str) -> list[str]:
        found = shell.json("get", "executions", "--contains", "rows-", "--limit", "100", "--json", *options)
        return [one["name"] for one in found if one["name"] in {"rows-old", "rows-runs"}]

    called = shell.plait("archive", "rows-runs", "rows-old")
    shown, all_ = listed(), listed("--all")
    again = shell.json("archive", "rows-old", "--undo", "--json")
    shown_again = listed("--sort", "oldest")
    shell.plait("cancel", "rows-runs")

    assert (called.code, called.out) == (1, "rows-old is archived\n")
    assert "rows-runs" in called.err
    assert (shown, all_) == (["rows-runs"], ["rows-runs", "rows-old"])
    assert again == [{"execution": "rows-old", "is_archived": False}]
    assert shown_again == ["rows-old", "rows-runs"]
