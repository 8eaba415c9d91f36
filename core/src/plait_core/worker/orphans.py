"""
Orphans: workers whose engine is gone. They end their attempt, and are ended themselves when nobody looks for its result in time.

An engine that follows an attempt of another touches a file of the worker every now and then; whoever deletes the folder of that
file wants no result any more. Even a task that never lets Python run again is ended, by a timer of the interpreter that needs no turn
of its own.
"""

import faulthandler
import os
import signal
import threading
from pathlib import Path
from time import monotonic

LOOK_S = 1.0
GRACE_S = 5.0
"""How long a task may clean up after it was asked to end."""


class OrphanWatch:
    """Waits from ``begin`` on; ends this process's whole group *patience_s* seconds after *sign* was last touched."""

    def __init__(self, sign: Path, patience_s: float) -> None:
        self._sign = sign
        self._patience_s = patience_s
        self._has_begun = threading.Event()
        threading.Thread(target=self._watch, name="plait-orphans", daemon=True).start()

    def begin(self) -> None:
        """Know that the engine is gone. Later calls change nothing."""
        self._has_begun.set()

    def _watch(self) -> None:
        self._has_begun.wait()
        touched, seen_at = self._touched(), monotonic()
        with Path(os.devnull).open("w") as nowhere:
            while (left_s := seen_at + self._patience_s - monotonic()) > 0 and self._sign.parent.exists():
                faulthandler.dump_traceback_later(left_s + 2 * GRACE_S, exit=True, file=nowhere)
                threading.Event().wait(min(left_s, LOOK_S))
                if self._touched() != touched:
                    touched, seen_at = self._touched(), monotonic()
            if left_s > 0:
                os.killpg(os.getpid(), signal.SIGKILL)  # a word about it would make the folders of the log anew
            remark = f"no engine came for this attempt in {self._patience_s:g} s, so it is ended\n"
            os.write(2, remark.encode())
            os.killpg(os.getpid(), signal.SIGTERM)
            threading.Event().wait(GRACE_S)
            os.killpg(os.getpid(), signal.SIGKILL)

    def _touched(self) -> int:
        try:
            return self._sign.stat().st_mtime_ns
        except FileNotFoundError:
            return 0
