"""
The folder of one attempt: all that the process executor knows of it, in a form that outlives the engine.

The lock tells whether the worker lives: it is taken before the worker starts and handed down to it, so there is no moment at
which a living worker goes without, and the system frees it however the worker dies.
"""

import fcntl
import os
from pathlib import Path

import attrs

from plait_core.ir.codec import loads
from plait_core.ir.units import Result

LOG_TAIL_BYTES = 4000


@attrs.frozen
class Folder:
    """What is on disk for one attempt."""

    path: Path

    @property
    def unit(self) -> Path:
        """The unit's document."""
        return self.path / "unit"

    @property
    def result(self) -> Path:
        """The result's document, written last by the worker."""
        return self.path / "result"

    @property
    def log(self) -> Path:
        """What the worker printed."""
        return self.path / "log"

    @property
    def pid(self) -> Path:
        """The worker's process id, which is also that of its group."""
        return self.path / "pid"

    @property
    def lock(self) -> Path:
        """Locked while the worker lives."""
        return self.path / "lock"

    def take_lock(self) -> int | None:
        """Return a descriptor that holds the lock, or ``None`` while a worker has it."""
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def is_alive(self) -> bool:
        """Whether a worker holds the lock."""
        if not self.path.is_dir():
            return False
        descriptor = self.take_lock()
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is None

    def read_result(self) -> Result | None:
        """Return the result, if the worker wrote one."""
        return loads(Result, self.result.read_bytes()) if self.result.exists() else None

    def log_tail(self) -> str:
        """Return the last lines of the log."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace").rstrip()
