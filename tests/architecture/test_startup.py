"""Start-up pays for what it uses: which modules ``import plait`` and ``plait run`` of hello world may load."""

import subprocess
import sys
from pathlib import Path

import pytest

HELLO = """
from plait import task, workflow

@task
def add_one(x: int) -> int:
    return x + 1

@workflow
def wf(x: int = 1) -> int:
    return add_one(x=x)
"""

HEAVY = {
    "cattr",
    "cattrs",
    "croniter",
    "duckdb",
    "httpx",
    "importlib.metadata",
    "multiprocessing",
    "numpy",
    "pandas",
    "plait_core.testing",
    "polars",
    "pyarrow",
    "pydantic",
    "rich",
    "shutil",
    "tempfile",
    "unittest",
    "urllib.request",
    "yaml",
}
"""What neither needs: vendor packages, and parts of Python that take milliseconds."""

NOT_FOR_DECLARING = {
    "asyncio",
    "click",
    "inspect",
    "json",
    "logging",
    "plait_core.engine",
    "plait_core.worker",
    "sqlite3",
}
"""What declaring tasks needs even less."""

NOT_FOR_HELLO = {
    "ctypes",
    "fractions",
    "plait.cli.commands.check",
    "plait.cli.commands.get",
    "plait.cli.records",
    "plait.cli.progress",
    "plait.control",
    "plait.remote",
    "plait_core.authoring.docstrings",
    "plait_core.compiler.drawings",
    "plait_core.engine._adopting",
    "plait_core.engine._connectors",
    "plait_core.engine._snapshots",
    "plait_core.plugins.scaffold",
    "plait_local.process",
    "plait_local.rights",
    "plait_schedules.cron",
    "plait_shell.tasks",
    "plait_sql.accounts",
    "plait_sql.registry",
    "plait_sql.upkeep",
}
"""What belongs to other commands, executors and declarations, and to runs that take more than a few milliseconds anyway."""


def loaded_by(code: str, folder: Path) -> set[str]:
    """Run *code* in a fresh interpreter and return the modules that it has loaded at its end."""
    ending = "import atexit, sys; atexit.register(lambda: print('LOADED', *sys.modules))\n"
    done = subprocess.run(
        [sys.executable, "-c", ending + code], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_importing_plait_loads_nothing_heavy(tmp_path: Path) -> None:
    """A file that imports plait pays for attrs and the IR, not for the engine or the command line."""
    assert loaded_by("import plait", tmp_path) & (HEAVY | NOT_FOR_DECLARING) == set()


def test_running_hello_world_loads_only_what_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``plait run`` of a small file, recorded in SQLite, loads no vendor package and no other command."""
    (tmp_path / "hello.py").write_text(HELLO)

    loaded = loaded_by(
        "import sys\nsys.argv[1:] = ['run', 'hello.py', 'wf', '--x', '3']\nfrom plait.cli import main\nmain()", tmp_path
    )

    assert loaded & (HEAVY | NOT_FOR_HELLO) == set()
