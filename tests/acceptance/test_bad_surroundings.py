"""
What is wrong around a run – its store, its disk, the plugins beside it – is told of like any mistake, and harms no record.

The texts are golden files, as those of ``test_bad_input.py`` are.
"""

import ctypes
import json
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.acceptance.bad_inputs import HELLO, LARGE, SECRET
from tests.acceptance.calling import PLAIT, Desk
from tests.acceptance.golden_texts import assert_golden, normal, told

DROP_FROM_BOUNDING_SET, MAY_OVERRIDE_MODES = 24, 1
FULL = Path("/dev/full")


def recorded(desk: Desk) -> dict[str, str]:
    """What ``plait get executions`` shows: name -> phase."""
    shown = desk.plait("get", "executions", "--json")
    assert shown.code == 0, shown.err
    return {execution["name"]: execution["phase"] for execution in json.loads(shown.out)}


# ── the store ────────────────────────────────────────────────────────────────


def damage(store: Path) -> None:
    """Overwrite its head."""
    store.write_bytes(b"no database" * 10 + store.read_bytes()[110:])


def damage_inside(store: Path) -> None:
    """Overwrite all but the first page."""
    content = store.read_bytes()
    store.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def date_ahead(store: Path) -> None:
    """Have it look like one of a later release."""
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("INSERT INTO migrations VALUES (99, 0, 99)")


@pytest.mark.parametrize("harm", [damage, damage_inside, date_ahead])
def test_store_that_cannot_be_used_is_left_alone(
    harm: Callable[[Path], None], desk: Desk, home: Path, update: bool
) -> None:
    """Nothing is written to it, so that whoever can repair it may."""
    desk.write("flow.py", HELLO)
    harm(home / "plait.db")
    before = (home / "plait.db").read_bytes()

    called = desk.plait("run", "flow.py", "wf")

    assert_golden(f"store_{harm.__name__}", told(called, desk), update=update)
    assert (home / "plait.db").read_bytes() == before
    assert told(desk.plait("get", "executions"), desk) == told(called, desk)


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Be another process that writes and does not end."""
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def read_only(store: Path) -> Iterator[None]:
    """Take the right to write from the file and its folder."""
    store.chmod(0o444)
    store.parent.chmod(0o555)
    yield
    store.parent.chmod(0o755)
    store.chmod(0o644)


def obey_modes() -> None:
    """Have this process obey the modes of files even where it is root, who otherwise may write anywhere."""
    ctypes.CDLL(None).prctl(DROP_FROM_BOUNDING_SET, MAY_OVERRIDE_MODES, 0, 0, 0)


def limit_files() -> None:
    """Let no file of this process grow beyond 4 KiB, which is what a full disk looks like to it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize(
    ("name", "state", "in_child"),
    [("locked", locked, None), ("read_only", read_only, obey_modes), ("full", nullcontext, limit_files)],
    ids=["locked", "read_only", "full"],
)
def test_store_that_cannot_be_written_keeps_what_it_has(
    name: str,
    state: Callable[[Path], AbstractContextManager[None]],
    in_child: Callable[[], None] | None,
    *,
    desk: Desk,
    home: Path,
    update: bool,
) -> None:
    """The run ends at once with what is in the way; afterwards every earlier record is read."""
    desk.write("flow.py", HELLO)
    desk.write("plait.toml", "[plugins.sql]\nlock_timeout_s = 0.2\n")

    with state(home / "plait.db"):
        called = desk.plait("run", "flow.py", "wf", in_child=in_child)

    assert_golden(f"store_{name}", told(called, desk), update=update)
    assert called.code == 1
    assert recorded(desk) == {"earlier": "SUCCEEDED"}


@pytest.mark.skipif(not FULL.exists(), reason="the device that is always full is Linux's")
def test_output_that_finds_no_room_is_an_error(desk: Desk) -> None:
    """It says what is wrong, without a traceback; what was asked for is not shown, so the command failed."""
    with FULL.open("w") as full:
        called = subprocess.run(
            [PLAIT, "--help"], cwd=desk.folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert called.returncode == 1
    assert called.stderr == (
        "Error: the output cannot be written: No space left on device\n  → make room, or write somewhere else\n"
    )


def test_full_disk_fails_the_task_whose_value_finds_no_room(desk: Desk, home: Path, update: bool) -> None:
    """The store still has room, so the run ends, and its end is recorded."""
    desk.write("flow.py", LARGE)

    called = desk.plait(
        "run",
        "flow.py",
        "wf",
        "--name",
        "large",
        in_child=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20)),
    )

    assert_golden("blobs_full", told(called, desk), update=update)
    assert called.code == 1
    assert recorded(desk) == {"earlier": "SUCCEEDED", "large": "FAILED"}


# ── plugins ──────────────────────────────────────────────────────────────────

VAULT = """
from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import SecretProviderSpec

PLAIT_PLUGIN_API = 1

@hookimpl
def plait_secret_providers():
    return [SecretProviderSpec(name="vault", factory="nowhere:Vault")]
"""


def install(desk: Desk, name: str, hooks: str) -> None:
    """Put a distribution with a plugin into the folder ``site``."""
    desk.write(f"site/acme_{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 1.0\n")
    desk.write(f"site/acme_{name}-1.0.dist-info/entry_points.txt", f"[plait]\n{name} = acme_{name}\n")
    desk.write(f"site/acme_{name}.py", hooks)


def test_plugin_that_fails_to_import_is_told_of_and_left_out(desk: Desk, home: Path, update: bool) -> None:
    """One line says which and what to do; the run goes on without it."""
    desk.write("flow.py", HELLO)
    install(desk, "vault", "import hvac_that_nobody_has\n")

    called = desk.plait("run", "flow.py", "wf", env={"PYTHONPATH": "site"})

    assert_golden("plugin_that_fails", told(called, desk), update=update)
    assert (called.code, called.result) == (0, ["6"])


def test_plugin_that_settings_rely_on_must_not_fail(desk: Desk, home: Path, update: bool) -> None:
    """Who configures a plugin counts on it."""
    desk.write("flow.py", HELLO)
    desk.write("plait.toml", '[plugins.vault]\naddress = "x"\n')
    install(desk, "vault", "import hvac_that_nobody_has\n")

    called = desk.plait("run", "flow.py", "wf", env={"PYTHONPATH": "site"})

    assert_golden("plugin_that_is_needed", told(called, desk), update=update)
    assert called.code == 1
    (desk.folder / "plait.toml").unlink()
    assert recorded(desk) == {"earlier": "SUCCEEDED"}


def test_two_plugins_that_claim_one_name_are_both_named(desk: Desk, home: Path, update: bool) -> None:
    """Which one to use is for whoever installed them to say."""
    desk.write("flow.py", SECRET)
    install(desk, "vault", VAULT)
    install(desk, "safe", VAULT)

    called = desk.plait("run", "flow.py", "wf", env={"PYTHONPATH": "site"})

    assert_golden("plugins_that_claim_one_name", told(called, desk), update=update)
    assert called.code == 1
    assert "earlier" in recorded(desk)


# ── pytest ───────────────────────────────────────────────────────────────────


def test_failure_under_pytest_shows_the_code_of_the_user_alone(desk: Desk, update: bool) -> None:
    """From the line of the test to the one that raised, with nothing of plait between."""
    desk.write("test_flow.py", FAILING_TESTS)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:hypothesispytest",
    ]

    done = subprocess.run(command, cwd=desk.folder, capture_output=True, text=True, check=False)

    shown = [line for line in normal(done.stdout, desk).splitlines() if re.match(r"(>|E |\S+\.py:\d+)", line)]
    assert_golden("pytest", "\n".join([*shown, ""]), update=update)
    assert done.returncode == 1


FAILING_TESTS = """
from plait import task, workflow


def check(x):
    if x > 2:
        raise KeyError("no row 3")


@task
def checked(x: int) -> int:
    check(x)
    return x


@workflow
def wf(n: int) -> int:
    return checked(x=n)


@workflow
def wrong(n: int) -> int:
    return checked(x="three")


def test_task_that_raises():
    assert wf(n=3) == 3


def test_constant_of_another_type():
    assert wrong(n=1) == 1


def test_input_of_another_type():
    assert checked(x="a") == 1
"""
