"""
Processes: which one an engine is, so that others of the same machine can tell that it has ended.

Called by engines, which put it into their lease, and by whoever looks at leases. Only a process that is certainly gone is said to be: it is
known by its number and its start, and both mean something only to those who see it in the same place – one boot of one kernel,
with one view of processes and of time, under one host name. Of other machines and other containers nothing is known, nor without Linux's ``/proc``.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FORM = re.compile(r"(?P<place>\S+) (?P<pid>\d+) (?P<started>\d+)")
_STATE, _N_THREADS, _STARTED = 0, 17, 19
"""Where fields stand behind the name of the program in ``/proc/<pid>/stat``."""


def this_process() -> str:
    """Return a text that no other process has, before or after; empty where the system does not tell."""
    return _name_of_this(os.getpid())


@cache
def _name_of_this(pid: int) -> str:
    """Put the name together; *pid* tells a fork from its parent."""
    try:
        if str(Path("/proc/self").readlink()) != str(pid):  # a view of processes other than our own
            return ""
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        views = [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in ("pid", "time")]
    except OSError:
        return ""
    seen = _sight(pid)
    return f"{'/'.join((os.uname().nodename, boot, *views))} {pid} {seen.started}" if seen else ""


def is_gone(process: str) -> bool:
    """Say whether *process*, as ``this_process`` named it there, has certainly ended."""
    if process == this_process():
        return False
    that, this = _FORM.fullmatch(process), _FORM.fullmatch(this_process())
    if that is None or this is None or that["place"] != this["place"]:
        return False
    pid = int(that["pid"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it exists and belongs to somebody else
        pass
    seen = _sight(pid)
    return seen is not None and (seen.is_dead or seen.started != that["started"])


class _Sight(NamedTuple):
    started: str
    is_dead: bool
    """Whether it has ended and waits for its parent to ask how; where only its first thread has, others go on."""


def _sight(pid: int) -> _Sight | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # hidden from us, or gone just now
        return None
    is_dead = fields[_STATE] in {"Z", "X"} and int(fields[_N_THREADS]) <= 1
    return _Sight(started=fields[_STARTED], is_dead=is_dead)
