"""``install.sh`` puts a ``plait`` into a bin directory that is a whole platform, wherever it is called."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.acceptance.calling import EXAMPLES
from tests.architecture.layout import ROOT
from tests.plugins.server.daemons import free_port

INSTALL = ROOT / "install.sh"


def call(*words: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Call a program."""
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, **(env or {})},
    )


@pytest.mark.slow
def test_installed_command_runs_the_demo_from_anywhere(tmp_path: Path) -> None:
    """The environment of the workspace, and the folder it is called in, have no part in it."""
    called_in = tmp_path / "anywhere"
    called_in.mkdir()
    shutil.copy(EXAMPLES / "hello.py", called_in)
    port = str(free_port())
    env = {"PLAIT_HOME": str(tmp_path / "home"), "PLAIT_ENDPOINT": f"http://localhost:{port}"}
    plait = tmp_path / "bin" / "plait"

    installed = call("sh", INSTALL, "-b", tmp_path / "bin", "-e", tmp_path / "env", cwd=called_in)
    assert installed.returncode == 0, installed.stderr
    started = call(plait, "demo", "start", "--port", port, cwd=called_in, env=env)
    try:
        ran = call(plait, "run", "--remote", "--wait", "hello.py", "wf", cwd=called_in, env=env)
    finally:
        torn_down = call(plait, "demo", "teardown", "--yes", cwd=called_in, env=env)

    assert f"Console: http://localhost:{port}/console\n" in started.stdout, started.stderr
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Hello, world!" in ran.stdout
    assert torn_down.returncode == 0, torn_down.stderr


@pytest.mark.parametrize("words", [("-x",), ("what",), ("-b",)])
def test_command_that_is_wrong_changes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    """And is told how it should be."""
    home = tmp_path / "home"

    done = call("sh", INSTALL, *words, cwd=tmp_path, env={"HOME": str(home)})

    assert done.returncode == 2
    assert "usage: sh install.sh [-b DIR]" in done.stderr
    assert not home.exists()


def test_python_that_is_too_old_is_refused(tmp_path: Path) -> None:
    """By name, before anything is made."""
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    done = call("sh", INSTALL, "-b", tmp_path / "bin", "-e", tmp_path / "env", "-p", old, cwd=tmp_path)

    assert done.returncode == 1
    assert f"install.sh: {old} is not Python 3.11 or newer" in done.stderr
    assert not (tmp_path / "bin").exists()
