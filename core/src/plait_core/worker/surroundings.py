"""
Surroundings: what a task may change of the process it runs in, put back after each attempt of a warm worker.

Put back are the working directory, the variables of the environment, the file mode mask, ``sys.path``, the standard streams and
what they lead to, timers, limits, the handlers of the usual signals, the locale, the time zone, and switches of the interpreter. A folder that is
the worker's own is emptied. Threads and child processes cannot be put back: a worker
that an attempt leaves some in must not take another. What libraries keep in their own memory stays as the task left it.
"""

import fcntl
import gc
import os
import resource
import signal
import socket
import sys
import termios
import threading
import time
from _locale import LC_ALL, setlocale
from _signal import getsignal  # type: ignore[import-not-found]  # no stubs; its public name makes an enum of what it finds, which is dear
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

OWN_THREADS = "plait-"
"""What the names of threads begin with that belong to the worker."""

_SIGNALS = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGCHLD,
    signal.SIGPIPE,
    signal.SIGALRM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_LIMITS = (
    resource.RLIMIT_AS,
    resource.RLIMIT_CORE,
    resource.RLIMIT_CPU,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_STACK,
)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_STANDARD = (0, 1, 2)
_PR_SET_CHILD_SUBREAPER = 36


class Switches(NamedTuple):
    """What a task may have set in the interpreter and in the C library."""

    locale: str
    zone: tuple[str, str]
    recursion_limit: int
    is_collecting: bool
    trace: Any
    profile: Any
    socket_timeout_s: float | None

    @classmethod
    def now(cls) -> "Switches":
        """Return how they stand."""
        return cls(
            setlocale(LC_ALL),
            time.tzname,
            sys.getrecursionlimit(),
            gc.isenabled(),
            sys.gettrace(),
            sys.getprofile(),
            socket.getdefaulttimeout(),
        )

    def restore(self) -> None:
        """Let them stand like this again; variables of the environment do."""
        setlocale(LC_ALL, self.locale)
        time.tzset()
        sys.setrecursionlimit(self.recursion_limit)
        (gc.enable if self.is_collecting else gc.disable)()
        sys.settrace(self.trace)
        sys.setprofile(self.profile)
        socket.setdefaulttimeout(self.socket_timeout_s)


class Surroundings:
    """
    The state of this process as it was when this was made, which is what every attempt finds.

    *workplace* is the folder that it is alone in, if there is one: no attempt finds there what another left.
    """

    def __init__(self, workplace: str = "") -> None:
        self._workplace = workplace
        self._switches = Switches.now()
        self._directory = os.getcwd()  # noqa: PTH109  # asked for after every attempt, and a Path is dear
        self._environ = dict(_variables())
        self._path = list(sys.path)
        self._mask = _mask()
        self._streams = (sys.stdin, sys.stdout, sys.stderr)
        self._spare = tuple(map(os.dup, _STANDARD))
        self._files = tuple(map(_file_of, _STANDARD))
        self._limits = tuple(map(resource.getrlimit, _LIMITS))
        self._nice = os.getpriority(os.PRIO_PROCESS, 0)
        self._handlers: dict[int, Callable[..., Any] | int | None] = {n: getsignal(n) for n in _SIGNALS}
        self._threads = set(threading.enumerate())

    def restore(self) -> list[str]:
        """Put everything back; returns what is left behind all the same, in words."""
        if _variables() != self._environ:
            os.environ.clear()
            os.environ.update({os.fsdecode(name): os.fsdecode(value) for name, value in self._environ.items()})
        if sys.path != self._path:
            sys.path[:] = self._path
        os.umask(self._mask)
        if Switches.now() != self._switches:
            self._switches.restore()
        for timer in _TIMERS:
            signal.setitimer(timer, 0)
        if signal.pthread_sigmask(signal.SIG_BLOCK, ()):
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for number, handler in self._handlers.items():
            if getsignal(number) != handler:
                signal.signal(number, handler)
        return [
            *self._files_left(),
            *self._streams_left(),
            *self._limits_left(),
            *self._threads_left(),
            *_children_left(),
        ]

    def _files_left(self) -> Iterator[str]:
        """Go back to the working directory, and empty the one that is this worker's own."""
        try:
            if _directory() != self._directory:
                os.chdir(self._directory)
            for name in os.listdir(self._workplace) if self._workplace else ():  # noqa: PTH208  # done after every attempt, and a Path is dear
                _remove(Path(self._workplace, name))
        except OSError as error:
            yield f"its working folder: {error.strerror}"

    def _streams_left(self) -> Iterator[str]:
        """Put streams back; what was printed gets to where it was meant to first."""
        for stream in self._streams[1:]:
            with suppress(OSError, ValueError):  # closed
                stream.flush()
        sys.stdin, sys.stdout, sys.stderr = self._streams
        for number, spare, file in zip(_STANDARD, self._spare, self._files, strict=True):
            if _file_of(number) != file:
                if _file_of(spare) != file:
                    yield f"descriptor {number}"
                else:
                    os.dup2(spare, number, inheritable=True)
        if any(stream.closed for stream in self._streams):
            yield "a closed stream"

    def _limits_left(self) -> Iterator[str]:
        for kind, limits in zip(_LIMITS, self._limits, strict=True):
            if resource.getrlimit(kind) != limits:
                try:
                    resource.setrlimit(kind, limits)
                except (OSError, ValueError):
                    yield "a limit"
        if os.getpriority(os.PRIO_PROCESS, 0) != self._nice:
            yield "a priority"

    def _threads_left(self) -> list[str]:
        if threading.active_count() == len(self._threads):
            return []
        left = [thread for thread in threading.enumerate() if thread not in self._threads]
        return [f"thread {thread.name}" for thread in left if not thread.name.startswith(OWN_THREADS)]


def adopt_orphans() -> None:
    """Become the parent of whatever descendants lose theirs, where the system can do that, so that none gets away unseen."""
    if not sys.platform.startswith("linux"):
        return
    from ctypes import CDLL

    CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def leave_terminal() -> None:
    """Have no terminal, so that nothing that a task runs asks there, or is stopped because it may not."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return  # there is none
    try:
        fcntl.ioctl(terminal, termios.TIOCNOTTY)
    finally:
        os.close(terminal)


def end_children() -> None:
    """Kill whatever descends from this process; what a child leaves becomes a child of ours, and is next."""
    while children := {pid for task in Path("/proc/self/task").glob("*/children") for pid in task.read_text().split()}:
        for pid in map(int, children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children_left() -> list[str]:
    """Reap children that have ended; say whether others live."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return []
        if pid == 0:
            return ["child processes"]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        rmtree(path)
    else:
        path.unlink()


def _directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  # as above
    except FileNotFoundError:
        return ""


def _file_of(descriptor: int) -> tuple[int, int] | None:
    """Return what tells the file behind a descriptor from others; ``None`` when it is closed."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _variables() -> dict[bytes, bytes]:
    """Return the environment as ``os.environ`` keeps it; copying it by its public face decodes every variable for every attempt."""
    kept: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]  # as above
    return kept


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
