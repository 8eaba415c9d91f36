"""Registering and packaging, from the shell, in the store of this machine and on a server."""

import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from plait import Remote
from tests.acceptance.calling import Desk
from tests.acceptance.remote_serving import Served

STEPS = """
from plait import task

@task
def double(a: int) -> int:
    return 2 * a
"""
FLOW = """
from plait import LaunchPlan, workflow
from pack.steps import double

@workflow
def wf(a: int = 1) -> int:
    return double(a=double(a=a))

LaunchPlan.get_or_create(wf, "nightly", default_inputs={"a": 4})
"""
BROKEN = "import math\n\nvalue = math.sqrt(-1)\n"
NAMES = ["task:{p}:pack.steps.double", "workflow:{p}:flow.wf", "launch_plan:{p}:flow.wf", "launch_plan:{p}:nightly"]


class Quiet(SimpleHTTPRequestHandler):
    """Hands out the files of a folder, and says nothing of it."""

    def log_message(self, format: str, *args: Any) -> None:
        """Keep standard error clean."""


@pytest.fixture
def project(desk: Desk) -> Desk:
    """A file with a workflow, and a package with its task."""
    desk.write("flow.py", FLOW)
    desk.write("pack/__init__.py", "")
    desk.write("pack/steps.py", STEPS)
    return desk


def register(desk: Desk, *words: str | Path) -> dict[str, Any]:
    called = desk.plait("register", "--local", "--json", *words)
    assert called.code == 0, called.err
    (document,) = json.loads(called.out)
    found: dict[str, Any] = document
    return found


def ids(version: str, place: str = "default:development") -> set[str]:
    return {f"{name.format(p=place)}@{version}" for name in NAMES}


def test_file_is_registered_with_all_it_reaches(project: Desk) -> None:
    """Tasks of other modules, default plans, and plans that no variable holds are among it."""
    done = register(project, "flow.py", "--version", "v1")

    assert (done["version"], set(done["created"]), done["unchanged"]) == ("v1", ids("v1"), [])


@pytest.mark.slow
def test_same_code_is_the_same_version_from_any_folder(project: Desk, tmp_path: Path) -> None:
    """The version follows from the code: again, and from the whole folder, nothing is new; a change is."""
    first = register(project, "flow.py")
    elsewhere = Desk(tmp_path / "elsewhere")
    elsewhere.write("note.txt", "")
    again = register(elsewhere, project.folder)
    project.write("pack/steps.py", STEPS.replace("2", "3"))
    changed = register(project, "flow.py")

    assert set(again["unchanged"]) == ids(first["version"])
    assert (again["created"], again["bundle"]) == ([], first["bundle"])
    assert changed["version"] != first["version"]
    assert set(changed["created"]) == ids(changed["version"])


def test_other_code_under_a_registered_version_is_refused(project: Desk) -> None:
    """What is registered never changes."""
    register(project, "flow.py", "--version", "v1")
    project.write("pack/steps.py", STEPS.replace("2", "3"))

    called = project.plait("register", "--local", "flow.py", "--version", "v1")

    assert called.code == 1
    assert "pack.steps.double@v1" in called.err


def test_package_is_registered_without_its_code(project: Desk, tmp_path: Path) -> None:
    """The archive is all that the second machine needs; project and version are chosen there."""
    packed = project.plait("package", "-s", "flow.py", "-o", "flow.tgz")
    other = Desk(tmp_path / "other")
    archive = other.write("x", "").with_name("flow.tgz")
    (project.folder / "flow.tgz").rename(archive)
    for file in (project.folder / "flow.py", project.folder / "pack" / "steps.py"):
        file.unlink()

    done = register(other, "files", archive, "-p", "lab", "-d", "production", "--version", "v7")

    assert packed.code == 0, packed.err
    assert set(done["created"]) == ids("v7", "lab:production")


@pytest.mark.slow
def test_package_is_registered_from_an_address(project: Desk) -> None:
    """As from a file; what an address keeps to itself is not repeated in messages."""
    project.plait("package", "-s", "flow.py", "-o", "kept/flow.tgz")
    files = partial(Quiet, directory=str(project.folder / "kept"))

    with ThreadingHTTPServer(("127.0.0.1", 0), files) as http:
        Thread(target=http.serve_forever).start()
        place = f"127.0.0.1:{http.server_port}"
        done = register(project, "files", f"http://{place}/flow.tgz?signature=abc")
        absent = project.plait("register", "--local", f"http://me:hidden@{place}/other.tgz?signature=abc")
        http.shutdown()
    away = project.plait("register", "--local", f"http://{place}/flow.tgz")

    assert set(done["created"]) == ids(done["version"])
    assert (absent.code, away.code) == (1, 1)
    reason = "ConnectionError: it answers with status 404"
    assert f"http://me@{place}/other.tgz cannot be read as a package: {reason}" in absent.err
    assert "hidden" not in absent.err
    assert "abc" not in absent.err
    assert f"http://{place}/flow.tgz cannot be read" in away.err


def test_folder_of_a_package_is_made(project: Desk) -> None:
    """Where that cannot be, the file that stands in the way is named."""
    made = project.plait("package", "-s", "flow.py", "-o", "out/today/flow.tgz")
    blocked = project.plait("package", "-s", "flow.py", "-o", "flow.py/flow.tgz")

    assert (made.code, (project.folder / "out/today/flow.tgz").is_file()) == (0, True)
    assert (blocked.code, blocked.out) == (1, "")
    assert "'flow.py/flow.tgz'" in blocked.err
    assert "Traceback" not in blocked.err


@pytest.mark.slow
def test_package_is_the_same_each_time(project: Desk) -> None:
    """Not a byte depends on when or from where it is made, and an existing file is not replaced unasked."""
    calls = [
        project.plait("package", "-s", "flow.py", "-o", "one.tgz"),
        Desk(project.folder / "pack").plait("package", "-s", "../flow.py", "-o", "../two.tgz"),
        project.plait("package", "-s", "flow.py", "-o", "one.tgz"),
        project.plait("package", "-s", "flow.py", "-o", "one.tgz", "-f"),
    ]

    assert [call.code for call in calls] == [0, 0, 2, 0]
    assert (project.folder / "one.tgz").read_bytes() == (project.folder / "two.tgz").read_bytes()


def test_all_files_that_cannot_be_imported_are_named_with_their_lines(project: Desk) -> None:
    """Nothing is registered then, unless such files are to be left out; the exit code says so in both cases."""
    project.write("bad_one.py", BROKEN)
    project.write("bad_two.py", "def f(:\n")

    refused = project.plait("register", "--local", ".", "--json")
    skipped = project.plait("register", "--local", ".", "--json", "--skip-errors", "--version", "v1")

    for called in (refused, skipped):
        assert called.code == 1
        assert 'bad_one.py", line 3' in called.err
        assert 'bad_two.py", line 1' in called.err
    assert refused.out == ""
    assert set(json.loads(skipped.out)[0]["created"]) == ids("v1")


@pytest.mark.slow
def test_dry_run_registers_nothing(project: Desk) -> None:
    """It tells what would be new, twice."""
    runs = [register(project, "flow.py", "--version", "v1", "--dry-run") for _ in range(2)]

    assert [set(run["created"]) for run in runs] == [ids("v1"), ids("v1")]


@pytest.mark.slow
def test_launch_plans_are_activated_on_demand(project: Desk) -> None:
    """All of them, with the account and prefix that were asked for; that makes another version."""
    plain = register(project, "flow.py")
    done = register(
        project, "flow.py", "--activate-launchplans", "--service-account", "robot", "--raw-data-prefix", "file:///x"
    )

    assert set(done["activated"]) == {id_ for id_ in ids(done["version"]) if id_.startswith("launch_plan")}
    assert done["version"] != plain["version"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Missing argument"),
        (("absent.py",), 1, "absent.py"),
        (("empty.py",), 2, "declares no task"),
        (("flow.py", "--copy", "none"), 2, "--version"),
        (("flow.py", "--copy", "some"), 2, "some"),
        (("damaged.tgz",), 1, "cannot be read as a package"),
    ],
)
def test_wrong_use_says_what_is_wrong(words: tuple[str, ...], code: int, said: str, project: Desk) -> None:
    """Usage ends with 2, what is not there with 1."""
    project.write("empty.py", "")
    project.write("damaged.tgz", "no archive")

    called = project.plait("register", "--local", *words)

    assert (called.code, said in called.err) == (code, True), called.err


@pytest.mark.slow
def test_faults_of_graphs_are_all_reported_and_nothing_is_registered(project: Desk) -> None:
    """Two files, two faults, one report."""
    for name in ("one", "two"):
        project.write(
            f"{name}.py",
            "from plait import task, workflow\n@task\ndef t(a: int) -> int:\n    return a\n"
            f"@workflow\ndef {name}(a: str) -> int:\n    return t(a=a)\n",
        )

    called = project.plait("register", "--local", "one.py", "two.py")

    assert called.code == 1
    assert "workflow one.one" in called.err
    assert "workflow two.two" in called.err


def test_without_a_server_the_remedy_names_the_choices(project: Desk) -> None:
    """A server is the default, and its absence is said in one line."""
    called = project.plait("register", "flow.py", "--version", "v1", env={"PLAIT_ENDPOINT": "http://127.0.0.1:1"})

    assert (called.code, "--local" in called.err, "Traceback" in called.err) == (1, True, False)


def on_server(desk: Desk, server: Served, *words: str | Path) -> Any:
    called = desk.plait(*words, "--json", env=server.env())
    assert called.code == 0, called.err
    return json.loads(called.out)


@pytest.mark.slow
def test_server_registers_in_the_place_that_is_asked_for(project: Desk, server: Served) -> None:
    """A dry run tells and keeps nothing; then project, domain and version are as asked; again, nothing is new."""
    on_server(project, server, "project", "create", "places")
    words = ("register", "flow.py", "-p", "places", "-d", "staging", "--version", "v1")

    (dry,) = on_server(project, server, *words, "--dry-run")
    listed = on_server(project, server, "get", "tasks", "-p", "places", "-d", "staging")
    (done,) = on_server(project, server, *words)
    (again,) = on_server(project, server, *words)

    assert (set(dry["created"]), dry["dry_run"], listed) == (ids("v1", "places:staging"), True, [])
    assert set(done["created"]) == set(again["unchanged"]) == ids("v1", "places:staging")


@pytest.mark.slow
def test_server_keeps_the_options_of_launch_plans(project: Desk, server: Served) -> None:
    """Account, prefix and variables are in the templates, and all plans are active."""
    options = ("--service-account", "robot", "--raw-data-prefix", "file:///data", "--activate-launchplans")
    variables = ("--envvar", "LEVEL=2")
    (done,) = on_server(project, server, "register", "flow.py", "--version", "opt", *options, *variables)

    plan = on_server(project, server, "describe", "launch-plan", "nightly")

    assert set(done["activated"]) == {id_ for id_ in ids("opt") if id_.startswith("launch_plan")}
    assert plan["version"] == "opt"
    assert plan["template"]["options"] == {
        "security": {"service_account": "robot"},
        "raw_data_prefix": "file:///data",
        "envs": {"LEVEL": "2"},
    }


@pytest.mark.slow
@pytest.mark.parametrize(("copy", "holds"), [("auto", "imported modules"), ("all", "every file"), ("none", "no code")])
def test_code_reaches_workers_as_it_was_copied(copy: str, holds: str, project: Desk, server: Served) -> None:
    """A table beside the modules is taken by ``all`` alone; with ``none`` the workers have to have the code already."""
    project.write("table.txt", "3")
    project.write(
        "reading.py",
        "from pathlib import Path\nfrom plait import task\n\n@task\ndef read() -> str:\n"
        "    table = Path(__file__).with_name('table.txt')\n"
        "    return table.read_text() if table.exists() else 'absent'\n",
    )
    version = f"copy-{copy}"
    (done,) = on_server(project, server, "register", "reading.py", "--version", version, "--copy", copy)

    with Remote(settings=server.settings()) as remote:
        run = remote.execute("reading.read", version=version, wait=True)

    assert (done["bundle"] is None) == (holds == "no code")
    outcome = run.outputs["o0"] if run.is_successful else run.phase.value
    assert outcome == {"auto": "absent", "all": "3", "none": "FAILED"}[copy]


@pytest.mark.slow
def test_package_of_one_machine_runs_from_another(project: Desk, server: Served, tmp_path: Path) -> None:
    """Two steps of a pipeline: one has the code and knows no server, the other has the archive and a token."""
    packed = project.plait("package", "-s", "flow.py", "-o", "flow.tgz", "--version", "ci-1")
    deploy = Desk(tmp_path / "deploy")
    archive = deploy.write("x", "").with_name("flow.tgz")
    (project.folder / "flow.tgz").rename(archive)

    (done,) = on_server(deploy, server, "register", "files", "flow.tgz")
    with Remote(settings=server.settings()) as remote:
        run = remote.execute("flow.wf", {"a": 3}, version="ci-1", wait=True)

    assert packed.code == 0, packed.err
    assert set(done["created"]) == ids("ci-1")
    assert run.outputs["o0"] == 12
