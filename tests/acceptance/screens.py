"""Terminals that programs under test print to."""

import os
import pty
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PATIENCE_S = 120.0


class Screen:
    """What has been printed to a terminal, whose side for the program is the descriptor ``theirs``."""

    def __init__(self) -> None:
        self._ours, self.theirs = pty.openpty()
        self._seen = bytearray()
        self._news = threading.Condition()
        self._reading = threading.Thread(target=self._read, name="screen", daemon=True)
        self._reading.start()

    @property
    def text(self) -> str:
        """All of it."""
        with self._news:
            return self._seen.decode(errors="replace").replace("\r\n", "\n")

    def wait_for(self, text: str) -> None:
        """Wait until *text* has been printed."""
        with self._news:
            assert self._news.wait_for(lambda: text.encode() in self._seen, PATIENCE_S), self._seen

    def close(self) -> None:
        """Let nobody print any more, and take in what was."""
        os.close(self.theirs)
        self._reading.join()
        os.close(self._ours)

    def _read(self) -> None:
        """Read all the time: a terminal holds a few kilobytes, and whoever prints more has to wait."""
        with suppress(OSError):  # nobody has the other side open
            while data := os.read(self._ours, 1 << 16):
                with self._news:
                    self._seen += data
                    self._news.notify_all()


@contextmanager
def screen() -> Iterator[Screen]:
    """Open a terminal; after the block it is closed, and its text is whole."""
    opened = Screen()
    try:
        yield opened
    finally:
        opened.close()
