"""Starting worker processes, waiting for their end, and signalling their groups."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from pwd import struct_passwd
from shutil import rmtree
from typing import Any

import attrs

from plait_local.rights import WORK, open_to, rights, variables_of
from plait_local.vitals import MARK, descendants_of, end_marked

GROWN_PIPE_BYTES = 1 << 20
"""How much a worker may print before somebody has to read it."""

SOONER, SOONEST = 500, 1000
"""By how much sooner than the engine the system kills a task, with its children, when memory runs out; and the most it knows."""

_HARMLESS = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"})
"""Which variables of the engine workers of another user have, besides those of the locale."""


@attrs.frozen(kw_only=True)
class Key:
    """
    What makes workers differ: an attempt is only given to a worker that was started for its key.

    ``user`` is whose rights it has; ``None`` for the engine's own.
    """

    bundle: str = ""
    env: frozenset[tuple[str, str]] = frozenset()
    user: struct_passwd | None = None

    @property
    def has_workplace(self) -> bool:
        """Whether the worker is in a folder of its own; otherwise it is where the engine is, whose code it imports."""
        return bool(self.bundle) or self.user is not None


@attrs.frozen(eq=False)
class Ends:
    """The engine's ends of what it shares with a worker: two sockets and, to read from, two pipes."""

    control: Any
    line: Any
    outputs: tuple[int, int]


def launch(key: Key, folder: Path) -> "tuple[subprocess.Popen[bytes], Ends]":
    """
    Start a worker as the leader of a group of its own.

    It stays in our session: where the system shares processors among sessions, as Linux does, each worker would otherwise have as
    much of them as the engine that all of them wait for, however far it gives way. One of another user must not: within a session,
    anybody may signal everybody to go on.
    """
    import socket

    ours, theirs = socket.socketpair()
    our_line, their_line = socket.socketpair()
    pipes = _pipe(), _pipe()
    passed = (theirs.fileno(), their_line.fileno(), pipes[0][0], pipes[1][0])
    safe_path = ("-P",) if key.bundle else ()
    user = key.user
    try:
        if user is not None:
            open_to(user, folder)
            for _, writing in pipes:
                os.fchown(writing, user.pw_uid, user.pw_gid)  # so that tasks may open /dev/stdout
        elif key.has_workplace:
            (folder / WORK).mkdir()
        process = subprocess.Popen(
            [sys.executable, *safe_path, "-X", "faulthandler", "-m", "plait_core.worker.serving", *map(str, passed)],
            stdin=subprocess.DEVNULL,
            stdout=pipes[0][1],
            stderr=pipes[1][1],
            cwd=folder / WORK if key.has_workplace else None,
            env=_environment(key, folder),
            pass_fds=passed,
            process_group=0 if user is None else None,
            start_new_session=user is not None,
            **rights(user),
        )
    except OSError:
        _abandon(folder, (ours, our_line), [reading for reading, _ in pipes])
        raise
    finally:
        for socket_ in (theirs, their_line):
            socket_.close()
        for _, writing in pipes:
            os.close(writing)
    with suppress(OSError):  # it has ended, or the system knows nothing of the kind
        own = int(Path("/proc/self/oom_score_adj").read_text())
        Path(f"/proc/{process.pid}/oom_score_adj").write_text(str(min(own + SOONER, SOONEST)))
    return process, Ends(ours, our_line, (pipes[0][0], pipes[1][0]))


def exit_of(process: "subprocess.Popen[bytes]", worker: str) -> "asyncio.Future[int]":
    """
    Return a future for the exit status of *worker*, which comes once all that descends from it has ended, too.

    Set by a thread: a loop that closes must not kill what it waits for.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()

    def tell(returncode: int) -> None:
        if not future.done():
            future.set_result(returncode)

    def wait() -> None:
        returncode = process.wait()
        send_signal(process.pid, signal.SIGKILL)
        end_marked(worker)
        with suppress(RuntimeError):  # the loop is closed; nobody waits any more
            loop.call_soon_threadsafe(tell, returncode)

    threading.Thread(target=wait, name=f"plait-wait-{process.pid}", daemon=True).start()
    return future


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to the group that *pid* leads, and SIGKILL to all that descends from it, too; one that is gone needs none."""
    elsewhere = [*descendants_of(pid)] if number is signal.SIGKILL else ()
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
    for one in elsewhere:
        with suppress(ProcessLookupError):
            os.kill(one, number)


def _environment(key: Key, folder: Path) -> Mapping[str, str]:
    """
    Return the variables of a worker: with a bundle, its code comes from there and from what is installed, and nowhere else.

    Those of the engine may hold what another user must not know.
    """
    inherited = dict(os.environ)
    if key.user is not None:
        inherited = {name: inherited[name] for name in inherited if name in _HARMLESS or name.startswith("LC_")}
        inherited |= variables_of(key.user, folder / WORK)
    if key.bundle:
        inherited.pop("PYTHONPATH", None)
    else:
        inherited["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, sys.path))
    return {**inherited, "PYTHONUNBUFFERED": "1", **dict(key.env), MARK: folder.name}


def _abandon(folder: Path, sockets: Iterable[Any], pipes: Iterable[int]) -> None:
    """Leave nothing of a worker that could not be started."""
    for socket_ in sockets:
        socket_.close()
    for pipe in pipes:
        os.close(pipe)
    rmtree(folder)


def _pipe() -> tuple[int, int]:
    """Make a pipe that is read without waiting and takes a lot where the system lets it."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    if sys.platform.startswith("linux"):
        import fcntl

        with suppress(PermissionError):
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, GROWN_PIPE_BYTES)
    return reading, writing
