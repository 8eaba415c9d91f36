"""``plait.Remote``: entities registered, run and looked at on a server, with Python values on both sides."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import httpx
import pytest

import plait
from plait import Remote
from plait.code.modules import load_module
from plait.errors import (
    NamedTwice,
    NoAddress,
    NothingToFetch,
    NotOnServer,
    OutputsNotReady,
    ServerConflict,
    ServerRefused,
    ServerUnreachable,
    WaitTimedOut,
)
from plait.remote.executions import RemoteExecution
from plait_core.errors.engine import ExecutionFailed, InvalidInputs
from plait_core.errors.stores import EntityUnknown
from plait_core.ir.phases import AttemptPhase, ExecutionPhase
from plait_core.plugins import Plugins
from tests.acceptance.remote_serving import STARTUP_S, Served
from tests.architecture.layout import ROOT, code_blocks

PATIENCE_S = 120.0

FLOW = """
from dataclasses import dataclass
from typing import Annotated

import pandas as pd
from plait import Directory, File, LaunchPlan, StructuredDataset, approve, task, wait_for_input, workflow


@dataclass
class Point:
    x: int
    y: float = 0.5


@task
def double(a: int) -> int:
    print("doubling", a)
    return 2 * a


@task
def plus(a: int, b: int = 10) -> int:
    return a + b


@task
def refuse(a: int) -> int:
    raise ValueError(f"{a} is too much")


@workflow
def wf(a: int = 1) -> int:
    return double(a=double(a=a))


@workflow
def bad(a: int = 1) -> int:
    return refuse(a=double(a=a))


@workflow
def gated(a: int = 1) -> int:
    return plus(a=a, b=wait_for_input("number", timeout=None, expected_type=int))


@workflow
def approved(a: int = 1) -> int:
    return double(a=approve(a, "sure", timeout=None))


@task
def move(point: Point) -> Point:
    return Point(x=point.x + 1, y=point.y)


@task
def shout(file: File) -> File:
    out = File.new_remote_file("loud.txt")
    with file.open() as source, out.open("w") as target:
        target.write(source.read().upper())
    return out


@task
def spread(folder: Directory) -> Directory:
    import tempfile
    from pathlib import Path

    made = Path(tempfile.mkdtemp())
    for base, name in folder.crawl():
        (made / f"copy-{name.replace('/', '-')}").write_text((folder / name).read_text())
    return Directory(str(made))


@task
def table(n: int) -> StructuredDataset:
    return StructuredDataset(dataframe=pd.DataFrame({"n": list(range(n))}))


@task
def total(numbers: list[int]) -> int:
    return sum(numbers)


evening = LaunchPlan.get_or_create(wf, "evening", default_inputs={"a": 4})


@workflow
def parent(a: int) -> int:
    return evening(a=a)
"""


@pytest.fixture
def remote(server: Served) -> Iterator[Remote]:
    """A client with every right."""
    with Remote(settings=server.settings()) as client:
        yield client


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The code of this file's tests, imported from a folder of its own."""
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "flow.py").write_text(FLOW)
    yield load_module(str(tmp_path / "code" / "flow.py"))
    sys.modules.pop("flow", None)


def test_entity_is_registered_run_and_waited_for(remote: Remote, flow: ModuleType) -> None:
    """The code travels with it; the outputs are Python values, and the execution names its page."""
    execution = remote.execute(flow.wf, {"a": 3})
    remote.wait(execution, timeout=PATIENCE_S)

    assert (execution.phase, execution.is_successful, execution.error) == (ExecutionPhase.SUCCEEDED, True, None)
    assert dict(execution.outputs) == {"o0": 12}
    assert execution.url.endswith(f"/console/projects/default/domains/development/executions/{execution.name}")


@pytest.mark.slow
def test_what_is_registered_is_run_by_name(remote: Remote, flow: ModuleType) -> None:
    """The newest version of a workflow, with its defaults; or what was fetched, or an id."""
    remote.register(flow.wf, flow.evening, flow.plus, version="by-name")
    fetched = remote.fetch_launch_plan("evening", version="by-name")

    by_name = remote.execute("flow.wf", version="by-name", wait=True)
    by_plan = remote.execute(fetched, wait=True)
    by_id = remote.execute(remote.fetch_task("flow.plus", version="by-name").id, {"a": 1, "b": 2}, wait=True)

    assert [dict(run.outputs) for run in (by_name, by_plan, by_id)] == [{"o0": 4}, {"o0": 16}, {"o0": 3}]
    assert dict(by_plan.inputs) == {"a": 4}


@pytest.mark.slow
def test_task_of_this_process_keeps_its_defaults(remote: Remote, flow: ModuleType) -> None:
    """The template of a task has none, so that the client gives them."""
    assert remote.execute(flow.plus, {"a": 1}, wait=True).outputs["o0"] == 11


@pytest.mark.slow
def test_values_have_the_types_of_the_entity_or_guessed_ones(remote: Remote, flow: ModuleType) -> None:
    """Known here, the class itself; fetched, a dataclass of the same fields; and any other type on demand."""
    here = remote.execute(flow.move, {"point": flow.Point(x=1)}, wait=True)
    elsewhere = remote.fetch_execution(here.name)

    assert here.outputs["o0"] == flow.Point(x=2)
    assert type(elsewhere.outputs["o0"]) is not flow.Point
    assert (elsewhere.outputs["o0"].x, elsewhere.outputs["o0"].y) == (2, 0.5)
    assert elsewhere.outputs.get("o0", as_type=flow.Point) == flow.Point(x=2)
    assert elsewhere.outputs.get("none", default=3) == 3
    with pytest.raises(AttributeError, match="no value 'none'"):
        elsewhere.outputs.get("none")


@pytest.mark.slow
def test_files_are_uploaded_and_downloaded(remote: Remote, flow: ModuleType, tmp_path: Path) -> None:
    """A local path goes in, and what comes out can be opened here, or kept."""
    (tmp_path / "quiet.txt").write_text("hello")

    execution = remote.execute(flow.shout, {"file": tmp_path / "quiet.txt"}, wait=True)
    with execution.outputs["o0"].open() as stream:
        text = stream.read()
    kept = remote.download(execution.outputs["o0"], tmp_path / "kept" / "loud.txt")

    assert (text, kept.read_text()) == ("HELLO", "HELLO")


@pytest.mark.slow
def test_directories_are_uploaded_and_downloaded(remote: Remote, flow: ModuleType, tmp_path: Path) -> None:
    """With all that is below them."""
    (tmp_path / "many" / "deep").mkdir(parents=True)
    (tmp_path / "many" / "one.txt").write_text("1")
    (tmp_path / "many" / "deep" / "two.txt").write_text("2")

    execution = remote.execute(flow.spread, {"folder": str(tmp_path / "many")}, wait=True)
    kept = remote.download(execution.outputs["o0"], tmp_path / "kept")

    assert {path.name: path.read_text() for path in kept.iterdir()} == {"copy-one.txt": "1", "copy-deep-two.txt": "2"}


@pytest.mark.slow
def test_datasets_are_read_through_the_server(remote: Remote, flow: ModuleType) -> None:
    """As whichever dataframe the reader likes."""
    import pandas as pd

    execution = remote.execute(flow.table, {"n": 3}, wait=True)

    assert execution.outputs["o0"].open(pd.DataFrame).all()["n"].tolist() == [0, 1, 2]


@pytest.mark.slow
def test_large_values_travel_as_files(remote: Remote, flow: ModuleType) -> None:
    """In both directions, without anybody noticing."""
    numbers = list(range(60_000))

    execution = remote.execute(flow.total, {"numbers": numbers}, wait=True)

    assert execution.outputs["o0"] == sum(numbers)
    assert execution.inputs["numbers"] == numbers


@pytest.mark.slow
def test_failure_is_told_when_outputs_are_asked_for(remote: Remote, flow: ModuleType) -> None:
    """Waiting returns; the error names the node; the nodes show how far it came."""
    execution = remote.wait(remote.execute(flow.bad, {"a": 2}), sync_nodes=True)

    assert execution.phase is ExecutionPhase.FAILED
    assert execution.error is not None
    assert (execution.error.node, execution.error.message) == ("n1", "ValueError: 4 is too much")
    with pytest.raises(ExecutionFailed, match="too much"):
        execution.outputs  # noqa: B018  # raises
    first, second = execution.nodes.values()
    assert (first.entity, dict(first.inputs or {}), dict(first.outputs or {})) == ("flow.double", {"a": 2}, {"o0": 4})
    assert (second.entity, second.is_done, dict(second.inputs or {})) == ("flow.refuse", True, {"a": 4})


@pytest.mark.slow
def test_gates_are_listed_and_answered(remote: Remote, flow: ModuleType) -> None:
    """A value for the one, approval for the other."""
    waiting, asking = remote.execute(flow.gated, {"a": 1}), remote.execute(flow.approved, {"a": 3})
    with pytest.raises(WaitTimedOut):
        remote.wait(waiting, timeout=timedelta(seconds=0.3))
    with pytest.raises(OutputsNotReady):
        waiting.outputs  # noqa: B018  # raises
    assert opened(remote, waiting) == ["number"]

    remote.set_input("number", waiting, 5)
    remote.approve("sure", asking.name)

    assert [remote.wait(run, timeout=PATIENCE_S).outputs["o0"] for run in (waiting, asking)] == [6, 6]


def opened(remote: Remote, execution: RemoteExecution) -> Sequence[str]:
    """Wait until an execution asks for something; returns what."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := remote.list_signals(execution)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_execution_is_terminated_with_a_cause(remote: Remote, flow: ModuleType) -> None:
    """It ends as aborted, and a rejected approval as failed."""
    ended, rejected = remote.execute(flow.gated), remote.execute(flow.approved)

    remote.terminate(ended, "no longer wanted")
    remote.reject("sure", rejected)

    assert [remote.wait(run, timeout=PATIENCE_S).phase.value for run in (ended, rejected)] == ["ABORTED", "FAILED"]
    assert ended.error is not None
    assert "no longer wanted" in ended.error.message


@pytest.mark.slow
def test_executions_are_repeated_in_whole_and_in_part(remote: Remote, flow: ModuleType) -> None:
    """Relaunched with another input; rerun from a node; recovered where it had failed."""
    good, failed = remote.execute(flow.wf, {"a": 3}, wait=True), remote.execute(flow.bad, wait=True)

    again = remote.wait(remote.relaunch(good.name, {"a": 5}), timeout=PATIENCE_S, poll_interval=0.1)
    part = remote.wait(remote.rerun(good, ["n1"]), sync_nodes=True)
    recovered = remote.wait(remote.recover(failed), sync_nodes=True)

    assert (again.outputs["o0"], part.outputs["o0"], recovered.phase) == (20, 12, ExecutionPhase.FAILED)
    assert [node.phase.value for node in part.nodes.values()] == ["RECOVERED", "SUCCEEDED"]
    assert [node.phase.value for node in recovered.nodes.values()] == ["RECOVERED", "FAILED"]
    steps = remote.plan_rerun(good, ["n1"]).steps
    assert [(step.node, step.is_reused) for step in steps] == [("n0", True), ("n1", False)]


@pytest.mark.slow
def test_launch_plans_are_switched(remote: Remote, flow: ModuleType) -> None:
    """The active version is the one that a name stands for."""
    for version in ("s1", "s2"):
        remote.register_launch_plan(flow.evening, version=version)
    assert remote.fetch_active_launchplan("evening") is None

    remote.activate_launchplan(remote.fetch_launch_plan("evening", version="s1"))

    active = remote.fetch_active_launchplan("evening")
    assert active is not None
    assert (active.id.version, remote.fetch_launch_plan("evening").id) == ("s1", active.id)
    remote.deactivate_launchplan(active)
    assert remote.fetch_active_launchplan("evening") is None


@pytest.mark.slow
def test_what_there_is_is_listed(remote: Remote, flow: ModuleType) -> None:
    """Newest first, narrowed by name, in versions of one, and no longer than asked for."""
    for version in ("l1", "l2", "l3"):
        remote.register(flow.plus, version=version)
    run = remote.execute("flow.plus", {"a": 1, "b": 1}, execution_name="listed", wait=True)

    assert [one.id.version for one in remote.list_tasks(name="flow.plus", limit=2)] == ["l3", "l2"]
    assert [one.id.name for one in remote.list_tasks(name_contains="plu")] == ["flow.plus"]
    assert [one.id.name for one in remote.list_tasks_by_version("l2")] == ["flow.plus"]
    assert remote.list_tasks_by_version("none") == []
    assert [one.row.id for one in remote.list_executions(name_contains="listed")] == [run.id]
    assert remote.list_executions(name_contains="listed", phases=[ExecutionPhase.FAILED]) == []
    remote.archive(run)
    assert remote.list_executions(name_contains="listed") == []
    remote.archive("listed", is_archived=False)
    assert [one.row.id for one in remote.list_executions(name_contains="listed")] == [run.id]
    assert "default" in [project.id for project in remote.list_projects()]


@pytest.mark.slow
def test_nodes_are_seen_with_attempts_and_children(remote: Remote, flow: ModuleType) -> None:
    """The attempts of a task, and the execution that the node of a launch plan has started, with its own nodes."""
    execution = remote.execute(flow.parent, {"a": 2}, execution_name_prefix="rows-", wait=True)
    (node,) = remote.sync(execution, sync_nodes=True).nodes.values()

    assert execution.name.startswith("rows-f")
    assert (node.kind, node.attempts) == ("launch_plan", ())
    assert node.child is not None
    assert (node.child.phase, dict(node.child.outputs)) == (ExecutionPhase.SUCCEEDED, {"o0": 8})
    attempts = [[(it.id.n, it.phase) for it in inner.attempts] for inner in node.child.nodes.values()]
    assert attempts == [[(0, AttemptPhase.SUCCEEDED)]] * 2
    with pytest.raises(NamedTwice, match=r"'a'.*'b'"):
        remote.execute(flow.parent, {"a": 2}, execution_name="a", execution_name_prefix="b")


@pytest.mark.slow
def test_values_are_had_by_their_address(remote: Remote, flow: ModuleType) -> None:
    """Those of an execution and of its nodes, one or all; what there is none of is said."""
    run = remote.execute(flow.plus, {"a": 1, "b": 2}, wait=True)
    address = f"flyte://v1/{run.id}"

    assert remote.get(f"{address}/o/o0") == remote.get(f"{address}/n0/0/o/o0") == 3
    assert dict(remote.get(f"{address}/i")) == dict(remote.get(f"{address}/n0/i")) == {"a": 1, "b": 2}
    for missing, error in (
        ("o/o1", AttributeError),
        ("n9/o", NothingToFetch),
        ("n0/d", NothingToFetch),
        ("x", NoAddress),
    ):
        with pytest.raises(error):
            remote.get(f"{address}/{missing}")


@pytest.mark.slow
def test_pages_of_entities_are_there(remote: Remote, server: Served, flow: ModuleType) -> None:
    """Of what was fetched or is named by its id, in the console of the server that it is on."""
    remote.register(flow.wf, flow.evening, flow.plus, version="paged+1")
    plan = remote.fetch_launch_plan("evening", version="paged+1")
    urls = [
        remote.generate_console_url(plan),
        remote.generate_console_url(remote.fetch_workflow("flow.wf", version="paged+1")),
        remote.generate_console_url(remote.fetch_task("flow.plus").id),
    ]

    place = f"{server.url}/console/projects/default/domains/development"
    assert urls[0] == f"{place}/launch_plans/evening/versions/paged%2B1"
    with httpx.Client(base_url=server.url) as browser:
        headers = {"Authorization": f"Bearer {server.tokens['admin']}"}
        browser.get(browser.post("/api/v1/login_links", json={}, headers=headers).json()["url"])
        assert [browser.get(url).status_code for url in urls] == [200] * 3
    assert list(remote.get_domains()) == ["development", "staging", "production"]


@pytest.mark.slow
def test_files_and_modules_are_registered(remote: Remote, flow: ModuleType) -> None:
    """As on the command line: everything they declare."""
    (reply,) = remote.register_script(str(flow.__file__), version="script")

    names = {id_.name for id_ in reply.created}
    assert {"flow.wf", "flow.double", "evening"} <= names


def test_refusals_are_errors_of_their_own(remote: Remote, server: Served, flow: ModuleType) -> None:
    """Not there, not allowed, other content under a version, an input that does not exist."""
    remote.register(flow.double, version="taken")
    with Remote(settings=server.settings("viewer")) as viewer, pytest.raises(ServerRefused, match="403") as refused:
        viewer.execute("flow.double", {"a": 1}, version="taken")
    with pytest.raises(NotOnServer, match="nobody"):
        remote.fetch_execution("nobody")
    with pytest.raises(EntityUnknown, match="absent"):
        remote.fetch_workflow("flow.absent")
    with pytest.raises(InvalidInputs, match="'b'"):
        remote.execute("flow.double", {"b": 1}, version="taken")
    Path(str(flow.__file__)).write_text(FLOW.replace("2 * a", "3 * a"))
    with pytest.raises(ServerConflict, match="taken"):
        remote.register(flow.double, version="taken")

    assert refused.value.kind == "NotAllowed"


def test_no_server_is_an_error_with_a_remedy() -> None:
    """At once, and without a traceback of the HTTP library for its text."""
    with Remote("http://127.0.0.1:1") as remote, pytest.raises(ServerUnreachable, match="plait demo start"):
        remote.identity()


@pytest.mark.slow
def test_both_twins_work_where_a_loop_runs(server: Served, flow: ModuleType) -> None:
    """The one is awaited; the other blocks, as in a notebook."""

    async def main() -> tuple[int, int]:
        async with plait.AsyncRemote(settings=server.settings()) as remote:
            awaited = await remote.execute(flow.wf, {"a": 1}, wait=True)
        with Remote(settings=server.settings()) as blocking:
            blocked = blocking.execute(flow.wf, {"a": 2}, wait=True)
        return awaited.outputs["o0"], blocked.outputs["o0"]

    assert asyncio.run(main()) == (4, 8)


@pytest.mark.slow
def test_page_about_servers_runs(
    flow: ModuleType, server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who pastes the blocks of how-to/remote one after the other meets no error."""
    page = ROOT / "docs/how-to/remote.md"
    (tmp_path / "quiet.txt").write_text("hello")
    monkeypatch.chdir(tmp_path)
    plugins = Plugins.load(server.settings())
    monkeypatch.setattr("plait.remote.asynchronous.process_plugins", lambda: plugins)

    names: dict[str, object] = {}
    for line, _, code in code_blocks(page, "python"):
        exec(compile("\n" * (line - 1) + code, page, "exec"), names)

    assert (tmp_path / "loud.txt").read_text() == "HELLO"
    assert flow.wf.name == "flow.wf"


SCRIPT = """
from plait import Remote, task, workflow

@task
def double(a: int) -> int:
    return 2 * a

@workflow
def wf(a: int) -> int:
    return double(a=a)

if __name__ == "__main__":
    print(wf.name, Remote().execute(wf, {"a": 4}, wait=True).outputs["o0"])
"""


@pytest.mark.slow
def test_script_executes_what_it_declares_itself(server: Served, tmp_path: Path) -> None:
    """``python deploy.py``: workers import the file under its own name, and do not start it again."""
    script = tmp_path / "deploy.py"
    script.write_text(SCRIPT)

    ran = subprocess.run(
        [sys.executable, script],
        env={**os.environ, **server.env()},
        capture_output=True,
        text=True,
        timeout=STARTUP_S,
        check=False,
    )

    assert (ran.stdout, ran.returncode) == ("deploy.wf 8\n", 0), ran.stderr
