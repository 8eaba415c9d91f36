"""
The whole platform on one machine, as somebody meets it who types the commands of the README.

Real processes: the demo's server, its workers, and the command line. Every demo has a port and a home of its own.
"""

import json
import os
import re
import signal
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from tests.acceptance.calling import EXAMPLES, Called, Desk
from tests.plugins.server.daemons import free_port

pytestmark = pytest.mark.slow

LONGEST_S = 180.0
LOOK_S = 0.05
HERE = "projects/default/domains/development"

WHERE = """
import os

from plait import task, workflow


@task
def where(n: int) -> int:
    return os.getpid()


@workflow
def wf() -> tuple[int, int]:
    return where(n=1), where(n=2)
"""

STEPS = """
from pathlib import Path

from plait import task, workflow


def trace(folder: str, name: str) -> None:
    with (Path(folder) / "trace").open("a") as file:
        file.write(name)


@task
def first(folder: str, x: int) -> int:
    trace(folder, "a")
    return x + 1


@task
def second(folder: str, x: int) -> int:
    (Path(folder) / "reached").open("w").close()
    (Path(folder) / "go on").open().close()
    trace(folder, "b")
    return x * 2


@task
def third(folder: str, x: int) -> int:
    trace(folder, "c")
    return x + 5


@workflow
def wf(folder: str, x: int) -> int:
    return third(folder=folder, x=second(folder=folder, x=first(folder=folder, x=x)))
"""


@attrs.frozen
class Platform:
    """A demo, and a folder to call ``plait`` in."""

    desk: Desk
    home: Path
    port: int

    @property
    def url(self) -> str:
        """Where its server is."""
        return f"http://localhost:{self.port}"

    @property
    def pid(self) -> int:
        """The process of the server."""
        pid: int = json.loads((self.home / "demo" / "server.json").read_text())["pid"]
        return pid

    def plait(self, *words: str | Path) -> Called:
        """Call ``plait`` on this machine, which talks to this server."""
        called = self.desk.plait(*words, env={"PLAIT_HOME": str(self.home), "PLAIT_ENDPOINT": self.url})
        assert called.code == 0, called.out + called.err
        return called

    def start(self) -> Called:
        """Start the demo."""
        return self.plait("demo", "start", "--port", str(self.port))

    def run(self, *words: str | Path) -> str:
        """Run something on the server; returns the name of the execution."""
        called = self.plait("run", "--remote", *words)
        found = re.search(
            rf"Go to ({self.url}/console/{HERE}/executions/(\w+)) to see execution in the console\.", called.out
        )
        assert found, called.out
        return found[2]

    def get(self, path: str) -> Mapping[str, Any]:
        """Ask the API."""
        token = (self.home / "tokens" / f"localhost_{self.port}").read_text().strip()
        answer = httpx.get(f"{self.url}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=LONGEST_S)
        assert answer.is_success, answer.text
        document: Mapping[str, Any] = answer.json()
        return document

    def outputs(self, execution: str) -> list[Any]:
        """Wait until an execution has ended well; returns its outputs as plain values, in order of their names."""
        deadline = time.monotonic() + LONGEST_S
        while (row := self.get(f"{HERE}/executions/{execution}"))["phase"] != "SUCCEEDED":
            assert time.monotonic() < deadline, row
            assert row["phase"] in {"QUEUED", "RUNNING"}, row
            time.sleep(LOOK_S)
        return [_plain(literal) for _, literal in sorted(row["outputs"].items())]

    def kill(self, signal_number: signal.Signals = signal.SIGKILL) -> None:
        """Have the server die without a word, and wait until it has; nobody is to wait until its lease runs out, which takes an hour."""
        os.kill(self.pid, signal_number)
        while self.desk.plait("demo", "status", env={"PLAIT_HOME": str(self.home)}).out.startswith("SERVICE"):
            time.sleep(LOOK_S)
        with closing(sqlite3.connect(self.home / "demo" / "plait.db")) as store, store:
            changed = store.execute("UPDATE leases SET expires_at_ns = ?", (time.time_ns() + 3600 * 10**9,))
            assert changed.rowcount == 1


@pytest.fixture
def platform(desk: Desk, tmp_path: Path) -> Iterator[Platform]:
    """A demo that runs, and is gone at the end with all its workers."""
    platform = Platform(desk, tmp_path / "home", free_port())
    platform.start()
    yield platform
    platform.plait("demo", "teardown", "--yes")


@pytest.fixture
def steps(platform: Platform) -> Path:
    """The file of a workflow whose second step says that it was reached, and waits until it may go on."""
    for name in ("reached", "go on"):
        os.mkfifo(platform.desk.folder / name)
    return platform.desk.write("steps.py", STEPS)


def test_quickstart_runs_on_the_demo_as_it_does_here(platform: Platform) -> None:
    """The two commands of the heading; and the same outputs in this process and in others, by settings alone."""
    platform.desk.write("plait.toml", '[env.inline]\nexecutors = ["inline"]\n[env.process]\nexecutors = ["process"]\n')
    words = (EXAMPLES / "quickstart.py", "wf", "--n", "500", "--mean", "42", "--sigma", "2")

    execution = platform.run(*words)
    here = [
        json.loads(platform.plait("run", "--local", "--env", name, "--json", *words).out)["outputs"]
        for name in ("inline", "process")
    ]
    page = httpx.get(f"{platform.url}/console/{HERE}/executions/{execution}", timeout=LONGEST_S)

    there = platform.outputs(execution)
    assert here == [dict(zip(("o0", "o1"), there, strict=True))] * 2
    assert [round(value, 2) for value in there] == [42.03, 2.05]
    assert page.status_code in {200, 303}


def test_tasks_run_in_workers(platform: Platform) -> None:
    """Not in the command, which has ended, and not in the server."""
    pids = platform.outputs(platform.run(platform.desk.write("where.py", WHERE), "wf"))

    for pid in pids:
        assert pid not in {platform.pid, os.getpid()}
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        assert b"plait_core.worker.serving" in command


@pytest.mark.parametrize("death", ["stopped", "killed"])
def test_run_goes_on_where_it_was(platform: Platform, steps: Path, death: str) -> None:
    """Whether the demo was stopped or killed in the middle of a task, every task takes place once."""
    folder = platform.desk.folder
    execution = platform.run(steps, "wf", "--folder", folder, "--x", "4")
    (folder / "reached").open().close()

    if death == "stopped":
        platform.plait("demo", "stop")
    else:
        platform.kill()
    (folder / "go on").open("w").close()  # its worker did not notice
    platform.start()

    assert platform.outputs(execution) == [15]
    assert (folder / "trace").read_text() == "abc"


def test_run_survives_the_death_of_everything(platform: Platform, steps: Path) -> None:
    """What a machine that loses power leaves: the task that was cut off is run again, and nothing else is."""
    folder = platform.desk.folder
    execution = platform.run(steps, "wf", "--folder", folder, "--x", "4")
    (folder / "reached").open().close()

    platform.kill()
    for worker in workers_of(platform.home):
        with suppress(ProcessLookupError):  # one that had nothing to do ends by itself
            os.kill(worker, signal.SIGKILL)
    platform.start()
    (folder / "reached").open().close()
    (folder / "go on").open("w").close()

    assert platform.outputs(execution) == [15]
    assert (folder / "trace").read_text() == "abc"


def test_teardown_leaves_nothing(platform: Platform, steps: Path) -> None:
    """Not even the worker that was busy, nor its token."""
    platform.run(steps, "wf", "--folder", platform.desk.folder, "--x", "4")
    (platform.desk.folder / "reached").open().close()
    assert workers_of(platform.home)

    platform.plait("demo", "teardown", "--yes")

    deadline = time.monotonic() + LONGEST_S
    while workers_of(platform.home):
        assert time.monotonic() < deadline
        time.sleep(LOOK_S)
    assert [path for path in platform.home.rglob("*") if not path.is_dir()] == []
    assert not (platform.home / "demo").exists()


def workers_of(home: Path) -> list[int]:
    """Return the worker processes of the demo of a home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words, place = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:  # it has ended, or is not ours
            continue
        if b"plait_core.worker.serving" in words and f"PLAIT_HOME={home}/demo".encode() in place:
            found.append(int(process.name))
    return found


def _plain(literal: Mapping[str, Any]) -> Any:
    """Return the number in a literal."""
    (value,) = literal.values()
    return value
