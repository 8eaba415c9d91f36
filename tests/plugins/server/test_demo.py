"""The demo starts, stops, dies, and goes on; whoever calls it is told how it is."""

import errno
import fcntl
import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from plait_server.commands.demo import command
from plait_server.daemon_errors import AddressTaken, DemoDied, DemoUnknown
from plait_server.demo import Demo
from tests.plugins.server.daemons import free_port


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo that was never started; its server is gone at the end, whatever happened."""
    demo = Demo(tmp_path)
    yield demo
    with suppress(DemoUnknown):
        demo.stop()


def call(demo: Demo, *words: str) -> Result:
    """Call ``plait demo``."""
    return CliRunner().invoke(command, words, obj=SimpleNamespace(settings=SimpleNamespace(home=str(demo.home))))


def pid_of(demo: Demo) -> int:
    """Return the process of the server."""
    pid: int = json.loads((demo.folder / "server.json").read_text())["pid"]
    return pid


def test_demo_starts_and_stops_and_starts(demo: Demo) -> None:
    """A second start leaves the server as it is; each says what the demo is now."""
    port = str(free_port())

    started = call(demo, "start", "--port", port)
    pid = pid_of(demo)
    again = call(demo, "start", "--port", port)
    elsewhere = call(demo, "start", "--port", "1")
    status = call(demo, "status", "--json")
    stopped = call(demo, "stop")
    gone = call(demo, "status")
    once_more = call(demo, "start", "--port", port)

    first, header, *rows, _, console, link = started.output.splitlines()
    assert (first, header) == ("The demo runs.", "SERVICE   STATUS   DETAIL")
    assert [row.split()[:2] for row in rows] == [
        [name, "running"] for name in ("api", "console", *(row.split()[0] for row in rows[2:]))
    ]
    assert console == f"Console: http://localhost:{port}/console"
    assert link.startswith(f"Log in:  http://localhost:{port}/console/login?ticket=")
    assert again.output.startswith("The demo runs already.\n")
    assert f"It keeps its address, http://localhost:{port}; stop it first to give it port 1.\n" in elsewhere.output
    document = json.loads(status.output)
    assert (document["url"], document["console"]) == (f"http://localhost:{port}", f"http://localhost:{port}/console")
    assert all(service["is_ok"] for service in document["services"])
    assert stopped.output == "The demo has stopped; `plait demo start` goes on.\n"
    assert gone.output == "The demo does not run. `plait demo start` starts it.\n"
    assert [result.exit_code for result in (started, again, status, stopped, gone, once_more)] == [0, 0, 0, 0, 1, 0]
    assert pid_of(demo) != pid


@pytest.mark.slow
def test_two_who_start_the_demo_start_one(demo: Demo) -> None:
    """And both find it ready."""
    port = free_port()

    def start(_: int) -> tuple[bool, bool]:
        is_new = demo.start(port=port)
        return is_new, all(service.is_ok for service in demo.services())

    with ThreadPoolExecutor() as threads:
        found = sorted(threads.map(start, range(3)))

    assert found == [(False, True), (False, True), (True, True)]


@pytest.mark.slow
def test_demo_starts_although_somebody_looks(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks whether it runs holds the lock for a moment."""
    demo.folder.mkdir(mode=0o700)
    look = Demo.is_running
    with (demo.folder / "lock").open("w") as looking, monkeypatch.context() as patch:
        fcntl.flock(looking, fcntl.LOCK_EX)

        def have_seen_enough(self: Demo) -> bool:
            fcntl.flock(looking, fcntl.LOCK_UN)
            return look(self)

        patch.setattr(Demo, "is_running", have_seen_enough)
        is_new = demo.start(port=free_port())

    assert is_new


def test_demo_starts_however_often_somebody_looks(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is held at every other look; only a server that answers makes a start needless."""
    demo.folder.mkdir(mode=0o700)
    take_lock, n_looks = Demo._take_lock, iter(range(9))
    with closing(socket.create_server(("127.0.0.1", 0))) as other, monkeypatch.context() as patch:
        patch.setattr(Demo, "_take_lock", lambda self: take_lock(self) if next(n_looks) in {1, 3, 4} else None)

        with pytest.raises(AddressTaken):  # so it did try to start
            demo.start(port=other.getsockname()[1])


@pytest.mark.slow
def test_demo_whose_server_was_killed_starts_again(demo: Demo) -> None:
    """The lock went with the process, so nothing stale is in the way."""
    port = free_port()
    demo.start(port=port)
    killed = pid_of(demo)

    os.kill(killed, signal.SIGKILL)
    while demo.is_running():
        pass
    status, details = call(demo, "status"), json.loads(call(demo, "status", "--json").output)

    assert demo.start(port=port)
    assert pid_of(demo) != killed
    assert status.output == (
        "The demo does not run. Its server ended without having been stopped. "
        "`plait demo start` goes on at once with what ran there.\n"
    )
    assert details == {"services": [], "url": f"http://localhost:{port}", "console": "", "has_died": True}
    assert not demo.has_died()


def test_port_that_is_taken_is_an_error(demo: Demo) -> None:
    """And no server is started that could only say so in its log."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]

        with pytest.raises(AddressTaken):
            demo.start(port=port)

    assert not demo.is_running()
    assert demo.services() == ()


def test_teardown_waits_for_a_worker_that_still_stores_something(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends as soon as it misses its folder, which a file of its may just have kept from going."""
    demo.folder.mkdir(mode=0o700)
    remove, refusals = shutil.rmtree, iter([OSError(errno.ENOTEMPTY, "Directory not empty")])

    def remove_in_the_end(folder: Path) -> None:
        for refusal in refusals:
            raise refusal
        remove(folder)

    monkeypatch.setattr(shutil, "rmtree", remove_in_the_end)

    demo.teardown()

    assert not demo.folder.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("executors = 3", "executors"),
        ('executors = ["inline"]', "inline"),
        ('executors = ["process"]\nstore = "sqlite:///{folder}/plait.db"', "cannot be written"),
    ],
    ids=["settings that are wrong", "an executor in its own process", "a database that is a folder"],
)
def test_server_that_dies_is_quoted(demo: Demo, settings: str, said: str) -> None:
    """With what it said last, rendered for people, and with the remedy."""
    (demo.folder / "plait.db").mkdir(parents=True)
    (demo.folder / "plait.toml").write_text(settings.format(folder=demo.folder))

    with pytest.raises(DemoDied) as raised:
        demo.start(port=free_port())

    assert said in raised.value.said
    assert "  → " in raised.value.said
    assert "Traceback" not in raised.value.said
    assert not demo.is_running()


@pytest.mark.slow
def test_settings_of_the_caller_are_not_those_of_the_demo(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a shell has set for other commands does not move the demo's database."""
    monkeypatch.setenv("PLAIT_STORE", "sqlite:////nowhere/plait.db")

    demo.start(port=free_port())

    assert (demo.folder / "plait.db").exists()


@pytest.mark.slow
def test_teardown_deletes_everything(demo: Demo) -> None:
    """After asking, and only what is the demo's."""
    demo.start(port=free_port())
    kept = demo.home / "kept"
    kept.touch()

    refused = call(demo, "teardown")
    was_running = demo.is_running()
    done = call(demo, "teardown", "--yes")

    assert (refused.exit_code, was_running) == (1, True)
    assert done.output == f"Deleted {demo.folder}.\n"
    assert kept.exists()
    assert not demo.folder.exists()
    assert call(demo, "teardown", "--yes").output == "There is no demo to delete.\n"


@pytest.mark.slow
def test_token_goes_along_to_another_port(demo: Demo) -> None:
    """Files of the old port would be found by nobody, or by somebody who is not meant."""
    one, other = free_port(), free_port()
    demo.start(port=one)
    token = (demo.home / "tokens" / f"localhost_{one}").read_text()
    demo.stop()
    demo.start(port=other)

    names = [{path.name for path in folder.glob("*_*")} for folder in (demo.home / "tokens", demo.folder / "tokens")]

    assert names == [{f"{name}_{other}" for name in ("localhost", "127.0.0.1", "::1")}] * 2
    assert (demo.home / "tokens" / f"localhost_{other}").read_text() == token
    assert demo.login_link()


def test_log_is_shown_readable(demo: Demo) -> None:
    """Or as it is, for programs."""
    demo.folder.mkdir()
    line = '{"time": "now", "level": "info", "logger": "plait", "message": "hello"}'
    demo.log.write_text(f"{line}\nFatal\n")

    readable, as_it_is = call(demo, "logs"), call(demo, "logs", "--json")

    assert readable.output == "now info    hello\nFatal\n"
    assert as_it_is.output == f"{line}\nFatal\n"


def test_programs_are_told_what_was_done(demo: Demo) -> None:
    """Each in one document; nothing is asked of them."""
    demo.folder.mkdir()

    stopped, unsure = call(demo, "stop", "--json"), call(demo, "teardown", "--json")
    torn_down, again = (call(demo, "teardown", "--yes", "--json") for _ in range(2))

    assert json.loads(stopped.stdout) == {"was_running": False}
    assert (unsure.exit_code, unsure.stdout) == (2, "")
    assert [json.loads(result.stdout) for result in (torn_down, again)] == [
        {"deleted": str(demo.folder)},
        {"deleted": None},
    ]
    assert call(demo, "console", "--json").exit_code == 1


def test_log_that_is_followed_is_left_with_ctrl_c(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells count it."""
    demo.folder.mkdir()
    demo.log.touch()

    def lines(_: Demo, *, follows: bool) -> Iterator[str]:
        yield "one\n"
        raise KeyboardInterrupt

    monkeypatch.setattr(Demo, "lines", lines)

    assert call(demo, "logs", "-f").exit_code == 130


@pytest.mark.slow
def test_log_that_is_followed_ends_with_the_server(demo: Demo) -> None:
    """Nothing more is to come then."""
    demo.start(port=free_port())
    lines = demo.lines(follows=True)
    assert "plait serves" in next(lines)

    demo.stop()

    assert "stopped" in list(lines)[-1]


def test_log_of_a_demo_that_never_ran_is_missing(demo: Demo) -> None:
    """And that is said."""
    result = call(demo, "logs")

    assert (result.exit_code, result.stderr) == (1, "The demo was never started.\n")


@pytest.mark.slow
def test_large_log_begins_anew(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one is kept beside it."""
    monkeypatch.setattr("plait_server.demo.LARGEST_LOG_BYTES", 4)
    demo.folder.mkdir()
    demo.log.write_text("of old\n")

    demo.start(port=free_port())

    assert demo.log.with_suffix(".log.old").read_text() == "of old\n"
    assert "plait serves" in demo.log.read_text()


@pytest.mark.slow
def test_server_whose_process_is_not_known_is_not_guessed_at(demo: Demo) -> None:
    """Whoever started it died before it could write that down; a number from earlier may be somebody else's by now."""
    demo.start(port=free_port())
    record = demo.folder / "server.json"
    kept = record.read_text()
    record.unlink()

    with pytest.raises(DemoUnknown):
        demo.stop()

    record.write_text(kept)
