"""Surroundings: files that a task leaves where it works, and the terminal. The rest is told in tests of the process executor."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, os, shutil, sys
from pathlib import Path
from plait_core.worker.surroundings import Surroundings

work, elsewhere = map(Path, sys.argv[1:])
os.chdir(work)
surroundings = Surroundings(str(work))
told = [surroundings.restore()]

(work / "file").write_text("x")
(work / "tree" / "deep").mkdir(parents=True)
(work / "tree" / "deep" / "file").write_text("x")
(work / "link").symlink_to(elsewhere)
os.chdir(elsewhere)
told.append(surroundings.restore())
told.append([os.getcwd(), os.listdir(work), os.listdir(elsewhere)])

os.chdir(elsewhere)
shutil.rmtree(work)
told.append(surroundings.restore())
print(json.dumps(told))
"""


def test_workplace_is_emptied(tmp_path: Path) -> None:
    """Of everything, and of nothing that only a link leads to; a worker that has lost it is told from one that is fit."""
    work, elsewhere = tmp_path / "work", tmp_path / "elsewhere"
    work.mkdir()
    elsewhere.mkdir()
    (elsewhere / "kept").touch()

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, work, elsewhere], check=True, capture_output=True, text=True, timeout=60
    )

    assert json.loads(done.stdout) == [
        [],
        [],
        [str(work), [], ["kept"]],
        ["its working folder: No such file or directory"],
    ]


HAS_LEFT = 3
LEAVE = f"""
import os
from plait_core.worker.surroundings import leave_terminal

os.close(os.open("/dev/tty", os.O_RDWR))
leave_terminal()
leave_terminal()
try:
    os.open("/dev/tty", os.O_RDWR)
except OSError:
    raise SystemExit({HAS_LEFT})
"""


IN_A_TERMINAL = """
import os, pty, sys

shell = "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', sys.argv[1]]).returncode)"
status = pty.spawn([sys.executable, "-c", shell, sys.argv[1]])
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_terminal_is_left() -> None:
    """A process of a session that has a terminal has none afterwards; where there is none, there is nothing to do."""
    done = subprocess.run([sys.executable, "-c", IN_A_TERMINAL, LEAVE], stdin=subprocess.DEVNULL, check=False)

    assert done.returncode == HAS_LEFT
