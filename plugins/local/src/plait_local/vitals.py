"""
Vitals: what the system tells about a process – whether it lives, stands still, how much memory it holds, and who descends from it.

Read from ``/proc``. Where there is none, a process is known by its number alone, and the rest is not told.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
MARK = "PLAIT_WORKER"
"""The variable that tells all descendants of a worker from other processes."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATE, _STARTED, _RESIDENT = 0, 19, 21
"""Where fields stand behind the name of the program in ``/proc/<pid>/stat``."""


def identity_of(pid: int) -> str:
    """Return a text that no other process of this machine has, before or after."""
    fields = _fields(pid)
    return f"{pid} {fields[_STARTED] if fields else ''}".strip()


def is_alive(identity: str) -> bool:
    """Whether the process with that identity still runs."""
    pid = int(identity.partition(" ")[0])
    if PROC.is_dir():
        fields = _fields(pid)
        return fields is not None and fields[_STATE] != "Z" and identity_of(pid) == identity
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def is_stopped(pid: int) -> bool:
    """Whether a signal made the process stand still."""
    fields = _fields(pid)
    return fields is not None and fields[_STATE] == "T"


def resident_bytes(pid: int) -> int:
    """Return how much memory the process and all its descendants hold; pages that they share count for each."""
    family = (pid, *descendants_of(pid))
    return sum(int(fields[_RESIDENT]) * _PAGE_BYTES for one in family if (fields := _fields(one)))


def end_marked(worker: str) -> None:
    """Kill every process that descends from the worker of that name, wherever it has hidden."""
    mark = f"{MARK}={worker}".encode()
    for entry in PROC.glob("[0-9]*"):
        with suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)


def descendants_of(pid: int) -> Iterator[int]:
    """Yield the processes that the process has started, and those that these have, wherever they are."""
    for task in PROC.glob(f"{pid}/task/*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from descendants_of(child)


def _fields(pid: int) -> list[str] | None:
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
