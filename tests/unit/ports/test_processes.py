"""A process is said to be gone when it certainly is, and in no other case."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plait_core.ports import processes
from plait_core.ports.processes import is_gone, this_process
from tests.unit.ports.endings import NAMES_ITSELF, a_dead_process

LIVES_ON_IN_A_THREAD = f"""
import ctypes, threading, time
{NAMES_ITSELF}
print(end="", flush=True)
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def parts(process: str) -> tuple[str, int, int]:
    place, pid, started = process.split()
    return place, int(pid), int(started)


def test_a_process_is_gone_once_it_has_ended() -> None:
    """It lives while it lives, also stopped; killed, it is gone, whether or not its parent has asked how it ended."""
    code = f"{NAMES_ITSELF}; print(end='', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        name = child.stdout.readline()[:-1]
        seen = [is_gone(name)]
        child.send_signal(signal.SIGSTOP)
        seen.append(is_gone(name))
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and still there for its parent to ask
        seen.append(is_gone(name))
        child.wait()
        seen.append(is_gone(name))

    assert seen == [False, False, True, True]
    assert not is_gone(this_process())


def test_a_process_without_its_first_thread_lives() -> None:
    """It looks like a dead one, but for the threads that go on."""
    with subprocess.Popen([sys.executable, "-c", LIVES_ON_IN_A_THREAD], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        name = child.stdout.readline()[:-1]
        while Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            os.sched_yield()
        gone_without_it = is_gone(name)
        child.kill()

    assert not gone_without_it
    assert is_gone(name)


def test_a_number_that_is_used_again_is_another_process() -> None:
    """The start tells them apart."""
    place, pid, started = parts(this_process())

    assert is_gone(f"{place} {pid} {started - 1}")


def test_of_other_places_nothing_is_known() -> None:
    """Neither of other machines and containers, nor where the name is in a form of some other release."""
    place, pid, started = parts(a_dead_process())

    assert is_gone(f"{place} {pid} {started}")
    for other in ("", f"other/{place} {pid} {started}", f"{place} {pid}", f"{place} {pid} {started} 1"):
        assert not is_gone(other)


def test_without_a_view_of_processes_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the numbers in ``/proc`` are not those that this process knows, or there is none, everything may live."""
    dead = a_dead_process()
    for view in ("1", FileNotFoundError()):

        def readlink(path: Path, view: str | OSError = view) -> Path:
            if isinstance(view, OSError):
                raise view
            return Path(view)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "readlink", readlink)
            patch.setattr(processes, "_name_of_this", processes._name_of_this.__wrapped__)
            assert this_process() == ""
            assert not is_gone(dead)


def test_a_process_that_is_hidden_may_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems show nobody the processes of others; that they exist can still be asked."""
    place, _, started = parts(this_process())

    def refuse(pid: int, number: int) -> None:
        raise PermissionError(pid, number)

    monkeypatch.setattr(os, "kill", refuse)
    assert not is_gone(f"{place} {2**30} {started}")
