"""How long a worker whose engine is gone waits for another: until nobody has touched its sign for as long as it is patient."""

import os
import signal
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from plait_core.worker import orphans
from plait_core.worker.orphans import GRACE_S, OrphanWatch

PATIENCE_S = 10.0
HOUR_S = 3600.0


class Ended(BaseException):
    """The process would be dead."""


class Watched:
    """A worker that is an orphan from the start; time passes as it looks, and somebody touches its sign until *wanted_until_s*."""

    def __init__(self, sign: Path, *, wanted_until_s: float = 0.0, deleted_at_s: float = HOUR_S) -> None:
        self.now_s = 0.0
        self.signals: list[tuple[float, int]] = []
        self._sign = sign
        self._wanted_until_s = wanted_until_s
        self._deleted_at_s = deleted_at_s
        sign.parent.mkdir()
        sign.touch()

    def wait(self, seconds: float | None = None) -> bool:
        """Let time pass, and things happen that are due."""
        self.now_s += seconds or 0.0
        if self.now_s >= self._deleted_at_s and self._sign.exists():
            self._sign.unlink()
            self._sign.parent.rmdir()
        elif self.now_s <= self._wanted_until_s:
            os.utime(self._sign, (self.now_s, self.now_s))
        return True

    def killpg(self, _pid: int, number: int) -> None:
        """Note a signal instead of sending it."""
        self.signals.append((self.now_s, number))
        if number == signal.SIGKILL:
            raise Ended

    def play(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int]]:
        """Watch until the process would be dead; returns when it was sent which signals."""
        nothing = Mock()
        system = SimpleNamespace(devnull=os.devnull, getpid=os.getpid, killpg=self.killpg, write=nothing)
        monkeypatch.setattr(orphans, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(orphans, "threading", SimpleNamespace(Event=lambda: self, Thread=nothing))
        monkeypatch.setattr(orphans, "os", system)
        monkeypatch.setattr(orphans, "faulthandler", nothing)
        watch = OrphanWatch(self._sign, PATIENCE_S)
        with pytest.raises(Ended):
            watch._watch()
        return self.signals


def test_orphan_that_nobody_wants_is_asked_to_end_and_then_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once its patience is over."""
    signals = Watched(tmp_path / "worker" / "alive").play(monkeypatch)

    assert signals == [(PATIENCE_S, signal.SIGTERM), (PATIENCE_S + GRACE_S, signal.SIGKILL)]


def test_orphan_is_patient_anew_whenever_its_sign_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long that goes on."""
    signals = Watched(tmp_path / "worker" / "alive", wanted_until_s=HOUR_S / 2).play(monkeypatch)

    assert signals[0] == (HOUR_S / 2 + PATIENCE_S, signal.SIGTERM)


def test_orphan_whose_folder_is_deleted_is_killed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word, which would make folders anew."""
    signals = Watched(tmp_path / "worker" / "alive", deleted_at_s=3.0).play(monkeypatch)

    assert signals == [(3.0, signal.SIGKILL)]
