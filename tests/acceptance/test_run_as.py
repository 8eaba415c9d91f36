"""
Tasks that run as other users than the server that root started: ``run_as``.

They get what they need and reach nothing of the server, nor of a project that has another user. Everything is readable to that user here: an interpreter of the system, with
an environment that the packages of this checkout are installed into, in folders that let others through.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from pwd import getpwnam
from tempfile import mkdtemp
from typing import Any

import attrs
import pytest

from plait import Remote
from plait_core.errors import PlaitError
from plait_core.plugins import Settings
from tests.acceptance.calling import Desk
from tests.architecture.layout import ROOT
from tests.environments import environment
from tests.plugins.server.daemons import Running, free_port, server_process

PYTHON = Path("/usr/bin/python3")
"""What everybody may run; ``.ci/run`` installs it."""

USER, BILLING = "nobody", "daemon"
"""Who has the tasks of all projects but one, and who has those of ``billing``; every Debian knows both."""
PATIENCE_S = 120.0


def _has_system_python() -> bool:
    """Whether there is an interpreter that is new enough, and that everybody may run."""
    look: list[str | Path] = [PYTHON, "-c", "import sys, venv; sys.exit(sys.version_info < (3, 11))"]
    return PYTHON.exists() and subprocess.run(look, check=False).returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can choose whose rights workers have"),
    pytest.mark.skipif(not _has_system_python(), reason=f"needs a {PYTHON} of 3.11 or newer with venv"),
]

FLOW = r'''
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from plait_core.plugins import process_plugins

from plait import Directory, File, Resources, Secret, current_context, task, workflow


@task(environment={"COLOUR": "red"})
def who() -> dict[str, str]:
    mask = os.umask(0)
    os.umask(mask)
    assert not os.listdir(".")
    (Path.home() / "mine").write_text("here")
    Path("relative").write_text("here")
    with open("/dev/stdout", "w") as stdout:
        stdout.write("to the log\n")
    return {
        "ids": f"{os.getresuid()} {os.getresgid()} {os.getgroups()}",
        "mask": oct(mask),
        "variables": " ".join(sorted(os.environ)),
        "user": os.environ["USER"],
        "colour": os.environ["COLOUR"],
        "owners": f"{Path('relative').stat().st_uid} {Path.home().stat().st_uid}",
    }


@task
def make(n: int) -> list[int]:
    return list(range(n))


@task
def total(numbers: list[int]) -> int:
    return sum(numbers)


@task
def shout(file: File) -> File:
    loud = File.new_remote_file("loud.txt")
    with file.open() as source, loud.open("w") as target:
        target.write(source.read().upper())
    return loud


@workflow
def values(file: File, n: int) -> tuple[int, File]:
    return total(numbers=make(n=n)), shout(file=file)


@task
def alone(n: int) -> int:
    """Leave a file where nobody else has left one."""
    assert not os.listdir(".")
    Path(f"relative{n}").write_text("here")
    return os.getpid()


@workflow
def pids() -> list[int]:
    first = alone(n=1)
    second = alone(n=2)
    third = alone(n=3)
    first >> second >> third
    return [first, second, third]


@task(secret_requests=[Secret(group="db", key="password")])
def secret() -> int:
    print(current_context().secrets.get("db", "password"))
    return len(current_context().secrets.get("db", "password"))


@task
def stubborn(folder: str) -> int:
    """Ignore requests to end, together with a child."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 600 & wait; sleep 600"])
    (Path(folder) / "pids").write_text(f"{os.getpid()} {child.pid}")
    (Path(folder) / "pids").rename(Path(folder) / "began")
    child.wait()
    return 0


@task(limits=Resources(mem="64Mi"))
def greedy() -> int:
    return len(bytearray(500 << 20))


@task
def many_files() -> int:
    return len([open(os.devnull) for _ in range(100)])


@task
def slow(folder: str) -> int:
    print("began", flush=True)
    (Path(folder) / "began").touch()
    while not (Path(folder) / "go").exists():
        time.sleep(0.01)
    print("ended", flush=True)
    return os.getpid()


def reading(path: Path) -> None:
    with path.open("rb") as file:
        file.read(1)


def writing(path: Path) -> None:
    path.open("ab").close()


def attaching(process: int) -> None:
    """Do what debuggers do."""
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    if ptrace(16, process, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def tries_at(process: int, whose: str) -> dict:
    """Return ways to learn from a process, or to disturb it."""
    proc = Path(f"/proc/{process}")
    return {
        f"read the variables of {whose}": lambda: reading(proc / "environ"),
        f"look into the memory of {whose}": lambda: reading(proc / "mem"),
        f"see what {whose} has open": lambda: list((proc / "fd").iterdir()),
        f"go where {whose} is": lambda: list((proc / "cwd").iterdir()),
        f"attach to {whose}": lambda: attaching(process),
        f"signal {whose}": lambda: os.kill(process, signal.SIGCONT),
    }


def reached(tries: dict) -> list[str]:
    """Return what could be done."""
    done = []
    for name, attempt in tries.items():
        try:
            attempt()
        except PermissionError:
            continue
        done.append(name)
    return done


@task
def trespass(home: str, server: int) -> list[str]:
    """Try to read and to change what is the server's; return what could be done."""
    kept, own = Path(home), Path.cwd().parent
    tries = {
        "read the store": lambda: reading(kept / "plait.db"),
        "write to the store": lambda: writing(kept / "plait.db"),
        "list the tokens": lambda: list((kept / "tokens").iterdir()),
        "write in the home": lambda: writing(kept / "new"),
        **tries_at(server, "the server"),
        "write to the notes of the engine": lambda: writing(own / "given"),
        "take the place of the notes": lambda: (own / "given").unlink(),
        "take the place of the results": lambda: (own / "results").unlink(),
        "become root": lambda: os.setuid(0),
        "become another user": lambda: os.setuid(7),
    }
    return reached(tries)


@task(environment={"COLOUR": "red"})
def belongings() -> dict[str, str]:
    """Return what this process was given: variables, settings, and what it has open."""
    settings = process_plugins().settings
    return {
        "variables": str(dict(os.environ)),
        "tables": " ".join(sorted(settings.plugins)),
        "settings": str(settings.plain()),
        "opened": " ".join(sorted({*opened()})),
    }


def opened() -> Iterator[str]:
    """Say what kinds of things are open."""
    for name in os.listdir("/proc/self/fd"):
        try:
            kind = os.readlink(f"/proc/self/fd/{name}").partition(":")[0]
        except FileNotFoundError:  # that by which they were listed
            continue
        yield socket.socket(fileno=os.dup(int(name))).family.name if kind == "socket" else kind


@task
def pry(home: str, project: str, worker: int, folder: str) -> list[str]:
    """Try to read what is another project's, and to disturb its worker; return what could be done."""
    kept, place, workers = Path(home), Path(folder), Path.cwd().parent.parent
    areas = ["raw", "meta", "checkpoints", "bundles"]
    own_home = process_plugins().settings.home
    homes = [folder for folder in workers.parent.joinpath("homes").iterdir() if str(folder) != own_home]
    assert place.parent.parent == workers
    assert homes
    tries = {
        **{f"list {area}": lambda area=area: list((kept / "blobs" / area / project).iterdir()) for area in areas},
        **{f"see projects in {area}": lambda area=area: list((kept / "blobs" / area).iterdir()) for area in areas},
        **{f"look into {home}": lambda home=home: list(home.iterdir()) for home in homes},
        "look where the worker works": lambda: list(place.iterdir()),
        "write where the worker works": lambda: writing(place / "new"),
        "read the results of the worker": lambda: reading(place.parent / "results"),
        **tries_at(worker, "the worker"),
    }
    return reached(tries)


@task
def note(folder: str) -> int:
    """Say who this is, and wait."""
    (Path(folder) / "pid").write_text(f"{os.getpid()} {Path.cwd()}")
    (Path(folder) / "pid").rename(Path(folder) / "began")
    while not (Path(folder) / "go").exists():
        time.sleep(0.01)
    return os.getpid()


@task
def point_at(path: str) -> File:
    """Return a file that is a link to somebody else's."""
    made = File.new_remote_file("loot.txt")
    with made.open("w") as target:
        target.write("nothing")
    Path(str(made)).unlink()
    Path(str(made)).symlink_to(path)
    return made
'''


@pytest.fixture(scope="module")
def everywhere() -> Iterator[Path]:
    """A folder that everybody can get into."""
    folder = Path(mkdtemp(prefix="plait-run-as-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def plait(everywhere: Path) -> Path:
    """The command, with an interpreter and packages that everybody can read."""
    sources = [path.parent for path in sorted((ROOT / "plugins").glob("*/pyproject.toml"))]
    packages: list[str | Path] = [ROOT / "core", f"{ROOT / 'sdk'}[server]", *sources]
    return environment(everywhere / "environment", *packages, python=PYTHON) / "plait"


@attrs.frozen
class Platform:
    """A server whose tasks are another user's, and a folder to call ``plait`` in."""

    running: Running
    desk: Desk
    env: Mapping[str, str]
    shared: Path
    """Where tests and tasks leave each other files."""

    project: str = "default"

    def run(self, task: str, *words: str) -> str:
        """Start something; returns the name of the execution."""
        called = self.desk.plait(
            "run", "--remote", "--json", "--project", self.project, "flow.py", task, *words, env=self.env
        )
        assert called.out, called.err
        name: str = json.loads(called.out)["execution"]
        return name

    def ended(self, name: str) -> Mapping[str, Any]:
        """Wait for an execution to end; returns its row."""
        deadline = time.monotonic() + PATIENCE_S
        with self.running.client() as client:
            uri = f"/projects/{self.project}/domains/development/executions/{name}"
            while (row := client.get(uri, params={"wait_s": 30}).json())["phase"] in {"QUEUED", "RUNNING"}:
                assert time.monotonic() < deadline, row
        found: Mapping[str, Any] = row
        return found

    def value(self, task: str, *words: str) -> Any:
        """Run something and return its outputs by name."""
        words = ("--remote", "--wait", "--json", "--project", self.project, "flow.py", task, *words)
        called = self.desk.plait("run", *words, env=self.env)
        assert called.code == 0, called.out + called.err
        return json.loads(called.out)["outputs"]

    def shown(self, name: str) -> Any:
        """Wait for an execution to end; returns what the command line shows of it."""
        self.ended(name)
        return json.loads(self.desk.plait("get", "execution", name, "--json", env=self.env).out)

    def error(self, task: str) -> str:
        """Run something that fails; returns its error."""
        return str(self.shown(self.run(task))["error"])

    def downloaded(self, name: str, output: str) -> str:
        """Return the text in a file that an execution has made, as the server gives it to its clients."""
        settings = Settings(endpoint=self.running.url, token=self.running.token)
        with Remote(settings=settings, default_project=self.project) as remote:
            return Path(remote.fetch_execution(name).outputs[output].download()).read_text()

    def log(self, name: str) -> str:
        """Return what an execution printed."""
        return self.desk.plait("logs", name, env=self.env).out


@pytest.fixture(scope="module")
def serve(plait: Path, everywhere: Path) -> Callable[..., Any]:
    """Return what starts a server on the same home, and the same port."""
    port = free_port()

    def start() -> Any:
        variables = {
            "PLAIT_PLUGINS__LOCAL__RUN_AS__*": USER,
            "PLAIT_PLUGINS__LOCAL__RUN_AS__BILLING": BILLING,
            "PLAIT_PLUGINS__LOCAL__OPEN_FILES": "64",
            "PLAIT_PLUGINS__LOCAL__CONCURRENCY": "2",
            "PLAIT_PLUGINS__SERVER__MAX_UPLOAD_BYTES": "12345678",
            "PLAIT_PLUGINS__LOCAL__TIMEOUT_GRACE_S": "0.5",
            "_PSEC_DB_PASSWORD": "hunter2",
            "AWS_SECRET_ACCESS_KEY": "hunter3",
            "PLAIT_TOKEN": "hunter4",
        }
        return server_process(everywhere / "home", port=port, variables=variables, command=plait)

    return start


@pytest.fixture
def platform(serve: Callable[..., Any], everywhere: Path) -> Iterator[Platform]:
    """A server that runs tasks as somebody else."""
    desk = Desk(everywhere / "desk")
    desk.write("flow.py", FLOW)
    shared = Path(mkdtemp(prefix="shared-", dir=everywhere))
    shared.chmod(0o777)
    with serve() as running:
        yield Platform(running, desk, {"PLAIT_ENDPOINT": running.url, "PLAIT_TOKEN": running.token}, shared)


@pytest.fixture
def billing(platform: Platform) -> Platform:
    """The same server, for the project that has a user of its own."""
    with platform.running.client() as client:
        client.put("/projects/billing", json={}).raise_for_status()
    return attrs.evolve(platform, project="billing")


def test_tasks_are_those_of_the_user(platform: Platform) -> None:
    """With its ids and groups, a home and a folder that it may write to, and no variable of the server but harmless ones."""
    execution = platform.run("who")
    found = platform.shown(execution)["outputs"]["o0"]

    user = getpwnam(USER)
    uid, gid = user.pw_uid, user.pw_gid
    assert found["ids"] == f"{(uid,) * 3} {(gid,) * 3} {os.getgrouplist(USER, gid)}"
    assert (found["user"], found["colour"], found["owners"]) == (USER, "red", f"{uid} {uid}")
    assert found["mask"] == oct(_umask())
    assert {"HOME", "PATH", "LOGNAME"} <= {*found["variables"].split()}
    assert platform.log(execution) == "n0 │ to the log\n"


def test_values_and_files_go_from_task_to_task(platform: Platform) -> None:
    """Large ones through the blob store, which belongs to that user; what is uploaded through the server, too."""
    platform.desk.write("quiet.txt", "hello")

    execution = platform.run("values", "--file", "quiet.txt", "--n", "60000")
    outputs = platform.ended(execution)["outputs"]

    assert outputs["o0"] == {"integer": sum(range(60_000))}
    assert platform.downloaded(execution, "o1") == "HELLO"
    owners = {path.stat().st_uid for path in (platform.running.home / "blobs").glob("*/default/**")}
    assert owners == {getpwnam(USER).pw_uid}


def test_worker_serves_one_attempt_after_another(platform: Platform) -> None:
    """As those of the server's own user do; none finds what another left in the folder that it works in."""
    pids = platform.value("pids")["o0"]

    assert len(pids) == 3
    assert len(set(pids)) == 1


def test_secret_comes_over_the_line(platform: Platform) -> None:
    """Although the variable that holds it is the server's alone; the log does not show it."""
    execution = platform.run("secret")

    assert platform.ended(execution)["outputs"] == {"o0": {"integer": len("hunter2")}}
    assert platform.log(execution) == "n0 │ ***\n"


def test_cancelled_attempt_is_killed_with_its_children(platform: Platform) -> None:
    """The server may signal whom it has made another user's."""
    execution = platform.run("stubborn", "--folder", str(platform.shared))
    pids = _wait_for(platform.shared / "began").read_text().split()
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in pids} == {getpwnam(USER).pw_uid}

    called = platform.desk.plait("cancel", execution, "--reason", "enough", env=platform.env)

    assert called.code == 0, called.err
    assert platform.ended(execution)["phase"] == "ABORTED"
    _wait_until(lambda: not any(_is_running(int(pid)) for pid in pids))


def test_limits_hold(platform: Platform) -> None:
    """Of memory, and of open files."""
    assert "OOMKilled" in platform.error("greedy")
    assert "Too many open files" in platform.error("many_files")


def test_what_is_the_servers_is_out_of_reach(platform: Platform) -> None:
    """Its store, tokens, variables, memory, notes; and it cannot be signalled."""
    assert platform.running.process is not None

    done = platform.value(
        "trespass", "--home", str(platform.running.home), "--server", str(platform.running.process.pid)
    )

    assert done == {"o0": []}


def test_what_tasks_are_given_holds_nothing_of_the_server(platform: Platform) -> None:
    """Neither variables nor settings have its secrets, its token or its store; and nothing is open but what workers need."""
    found = platform.value("belongings")["o0"]

    given = found["variables"] + found["settings"]
    assert not [word for word in ("hunter", "12345678", "plait.db", BILLING) if word in given], given
    assert (found["tables"], found["opened"]) == ("local", "/dev/null AF_UNIX anon_inode pipe")


def test_project_with_a_user_of_its_own_is_apart(platform: Platform, billing: Platform) -> None:
    """Its tasks reach no value, code, log, result or process of the others; and those reach none of it."""
    home = str(platform.running.home)
    for project, other in ((platform, billing), (billing, platform)):
        shared = Path(mkdtemp(dir=platform.shared))
        shared.chmod(0o777)
        execution = project.run("note", "--folder", str(shared))
        pid, place = _wait_for(shared / "began").read_text().split()

        done = other.value("pry", "--home", home, "--project", project.project, "--worker", pid, "--folder", place)

        (shared / "go").touch()
        assert done == {"o0": []}
        assert project.ended(execution)["outputs"] == {"o0": {"integer": int(pid)}}


def test_values_of_a_project_are_its_users(billing: Platform) -> None:
    """As everything else of it in the blob store; the server reads and writes there all the same."""
    billing.desk.write("quiet.txt", "hello")

    execution = billing.run("values", "--file", "quiet.txt", "--n", "60000")

    assert billing.ended(execution)["outputs"]["o0"] == {"integer": sum(range(60_000))}
    assert billing.downloaded(execution, "o1") == "HELLO"
    blobs = billing.running.home / "blobs"
    owners = {path.stat().st_uid for path in blobs.glob("*/billing/**")}
    assert owners == {getpwnam(BILLING).pw_uid}
    assert {oct(path.stat().st_mode & 0o777) for path in blobs.glob("*/*")} == {"0o700"}


def test_link_leads_the_server_nowhere_the_task_could_not_go(platform: Platform, everywhere: Path) -> None:
    """Whoever puts one in the place of a file in the blob store is not given what it points at."""
    (everywhere / "secret").write_text("hush")
    (everywhere / "secret").chmod(0o600)
    execution = platform.run("point_at", "--path", str(everywhere / "secret"))

    assert platform.ended(execution)["phase"] == "SUCCEEDED"
    with pytest.raises(PlaitError) as refused:
        platform.downloaded(execution, "o0")
    assert "hush" not in str(refused.value)


def test_attempt_outlives_the_server(platform: Platform, serve: Callable[..., Any]) -> None:
    """The next server finds its result and all of its log, which the worker has stored by then."""
    execution = platform.run("slow", "--folder", str(platform.shared))
    _wait_for(platform.shared / "began")
    assert platform.running.process is not None
    platform.running.process.kill()
    platform.running.process.wait()

    (platform.shared / "go").touch()
    with serve():
        ended = platform.ended(execution)
        log = platform.log(execution)

    assert ended["phase"] == "SUCCEEDED", ended
    assert log == "n0 │ began\nn0 │ ended\n"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _wait_for(path: Path) -> Path:
    _wait_until(path.exists)
    return path


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
