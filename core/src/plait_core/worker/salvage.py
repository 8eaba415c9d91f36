"""
Salvage: a warm worker's log of its last attempt, when the engine that read what it prints is gone.

As long as the engine lives, it reads the pipes. When it hangs up, the worker's own end of them is read here, by a thread, and stored
behind what is there already. Otherwise a task that prints a lot would wait for ever for somebody to read it.
"""

import os
import select
import threading
from collections.abc import Sequence
from contextlib import suppress

from plait_core.errors import PlaitError
from plait_core.ports.specs import BlobAccess
from plait_core.types.blocking import run
from plait_core.worker.logs import PIECE_BYTES, STDERR, STDOUT, LogWriter, end_of_log

STORE_AFTER_S = 0.5
"""How long what was printed waits for more before it is stored."""

_UNSTORED = (PlaitError, OSError, MemoryError, RuntimeError)
"""What keeps a piece from being stored: the store, the network, or a limit of the attempt."""


class Salvage:
    """Reads *outputs*, the ends of the pipes for stdout and stderr, from ``begin`` to ``end``."""

    def __init__(self, outputs: Sequence[int], blobs: BlobAccess, *, limit_bytes: int) -> None:
        self._streams = dict(zip(outputs, (STDOUT, STDERR), strict=True))
        self._blobs = blobs
        self._limit_bytes = limit_bytes
        self._prefix = ""
        self._secrets: set[str] = set()
        self._has_begun = False
        self._is_needed = threading.Event()
        self._waking, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._read, name="plait-salvage", daemon=True)
        self._thread.start()  # now, because later a limit of the attempt may forbid it

    def follow(self, output_prefix: str) -> None:
        """Know whose output is printed from now on; empty when it is nobody's."""
        self._prefix = output_prefix
        self._consider()

    def hide(self, secret: str) -> None:
        """Keep the value of a secret out of the logs of all attempts that are still to come, too: a library may remember it."""
        self._secrets.add(secret)

    def begin(self) -> None:
        """Read from now on: nobody else does. Later calls change nothing."""
        self._has_begun = True
        self._consider()

    def end(self) -> None:
        """Store what is left, after the last attempt."""
        os.close(self._wake)
        if self._is_needed.is_set():
            self._thread.join()

    def _consider(self) -> None:
        """Read once there is an attempt whose output it is; what was printed before waits in the pipes."""
        if self._has_begun and self._prefix:
            self._is_needed.set()

    def _read(self) -> None:
        self._is_needed.wait()
        log = self._new_log()
        ready: list[int] = []
        while self._waking not in ready:
            ready, _, _ = select.select([self._waking, *self._streams], [], [], STORE_AFTER_S)
            for descriptor in self._streams.keys() & ready:
                self._drain(descriptor, log)
            if not ready:
                self._store(log)
        for descriptor in [*self._streams]:
            self._drain(descriptor, log)
        log.finish()
        self._store(log)

    def _new_log(self) -> LogWriter:
        offset = 0
        with suppress(*_UNSTORED):
            offset = run(end_of_log(self._blobs, self._prefix))
        log = LogWriter(self._prefix, limit_bytes=self._limit_bytes, offset=offset)
        for secret in [*self._secrets]:
            log.hide(secret)
        return log

    def _drain(self, descriptor: int, log: LogWriter) -> None:
        try:
            while data := os.read(descriptor, PIECE_BYTES):
                log.feed(self._streams[descriptor], data)
                if log.n_waiting >= PIECE_BYTES:
                    self._store(log)
        except BlockingIOError:
            return
        except OSError:
            pass
        self._streams.pop(descriptor)

    def _store(self, log: LogWriter) -> None:
        """Store what waits; where that fails the log is lost, but not the attempt."""
        if (piece := log.take()) is not None:
            with suppress(*_UNSTORED):
                run(self._blobs(piece[0]).put(*piece))
