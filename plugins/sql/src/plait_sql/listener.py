"""
The listener: one more link, on which PostgreSQL says what other processes announce.

Started by whoever waits for the first time. It connects again whenever it is cut off; what was announced meanwhile is found
by those who poll, so it is never the only way to learn of something.
"""

import socket
import threading
from collections.abc import Callable

from plait_sql.links import Link, LinkFailure

_RECONNECT_S = 1.0


class Listener:
    """Calls those who were added with each subject that another process announces, in a thread of its own."""

    def __init__(self, connect: Callable[[], Link]) -> None:
        self._connect = connect
        self._hearers: list[Callable[[str], None]] = []
        self._is_stopped = threading.Event()
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="plait-sql listener", daemon=True)
        self._thread.start()

    def add(self, hear: Callable[[str], None]) -> None:
        """Call *hear* from now on; once, however often it is added."""
        if hear not in self._hearers:
            self._hearers.append(hear)

    def stop(self) -> None:
        """Disconnect, and return when nobody will be called any more."""
        self._is_stopped.set()
        self._wake.send(b"!")
        self._thread.join()
        self._wake.close()
        self._woken.close()

    def _run(self) -> None:
        while not self._is_stopped.is_set():
            try:
                self._listen()
            except LinkFailure:
                self._is_stopped.wait(_RECONNECT_S)

    def _listen(self) -> None:
        link = self._connect()
        try:
            for subject in link.announcements(self._woken):
                for hear in tuple(self._hearers):
                    hear(subject)
        finally:
            link.close()
