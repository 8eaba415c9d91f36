"""
Warm workers: a worker process as the engine that started it sees it.

One attempt at a time is given to it. What comes back – results, questions, its end – goes to the ``Owner``; whatever is no result
and no question is told as a lie, after which nothing that the worker says is believed. When the engine goes away, the process ends
its attempt by itself.
"""

import asyncio
import json
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol

from plait_core.ir.units import Unit
from plait_core.worker.frames import FrameReader, packed
from plait_core.worker.handing import UnitWriter
from plait_core.worker.limits import memory_limit
from plait_core.worker.lines import Question, parse_question
from plait_core.worker.logs import LogWriter
from plait_core.worker.serving import Outfit, parse_answer
from plait_local.launching import Key, exit_of, launch, send_signal
from plait_local.links import Link
from plait_local.outputs import Outputs, Store
from plait_local.settings import LocalSettings
from plait_local.traces import WorkerFolder
from plait_local.vitals import resident_bytes

LONGEST_QUESTION_BYTES = 1 << 27
MOST_UNREAD_BYTES = 1 << 27
"""How much a worker may have been answered and not read."""


class Owner(Protocol):
    """Who started a worker and hears of it."""

    def ended(self, worker: "WarmWorker", number: int, document: bytes, *, is_fit: bool) -> None:
        """Take the result of the attempt with that number, and whether the worker can take another."""
        ...

    def lied(self, worker: "WarmWorker", reason: str) -> None:
        """Take word that the worker said what no worker says."""
        ...

    def gone(self, worker: "WarmWorker", returncode: int) -> None:
        """Take word that the process has ended, with the exit status as ``subprocess`` has it."""
        ...

    async def answer(self, worker: "WarmWorker", question: Question) -> dict[str, Any]:
        """Answer what the worker's attempt asks."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* until it is done or the owner closes."""
        ...


class WarmWorker:
    """
    One worker process.

    ``number`` counts its attempts; ``is_busy`` while it has one, ``is_worn`` when that must be its last, ``is_retired`` once it
    was asked to end. ``secrets`` are those that it was told, for any of its attempts.
    """

    def __init__(self, owner: Owner, key: Key, folder: WorkerFolder, settings: LocalSettings, store: Store) -> None:
        process, ends = launch(key, Path(folder.path))
        folder.identify(process.pid)
        self.key = key
        self.folder = folder
        self.pid = process.pid
        self.outputs = Outputs(ends.outputs, store)
        self.secrets: set[str] = set()
        self.number = 0
        self.is_busy = False
        self.is_worn = False
        self.is_retired = False
        self.is_gone = False
        self.stopped_at: float | None = None
        self.resident_before = 0
        self._loop = asyncio.get_running_loop()
        self.idle_since = self._loop.time()
        self._owner = owner
        self._settings = settings
        self._frames = FrameReader()
        self._asked = bytearray()
        self._control = Link(ends.control, self._hear)
        self._line = Link(ends.line, self._hear_question)
        owner.spawn(self._wait(exit_of(process, folder.name)))

    @property
    def is_free(self) -> bool:
        """Whether it can be given an attempt."""
        return not (self.is_busy or self.is_worn or self.is_retired)

    def equip(self, outfit: Outfit) -> None:
        """Send what comes before the first unit."""
        self._control.send(packed(outfit.message()))

    def give(self, key: str, unit: Unit, log: LogWriter, writer: UnitWriter) -> None:
        """Hand over an attempt."""
        self.number += 1
        self.is_busy = True
        self.outputs.log = log
        for secret in self.secrets:
            log.hide(secret)
        if memory_limit(unit):
            self.resident_before = resident_bytes(self.pid)
        self._control.send(packed({"number": self.number, "key": key, **writer.message(unit)}))

    def free(self, *, is_fit: bool) -> None:
        """Know that the attempt is over, and whether the worker says that it can take another."""
        self.is_busy = False
        self.idle_since = self._loop.time()
        if not is_fit or self.is_worn or self.number >= self._settings.attempts_per_worker:
            self.retire()

    def retire(self) -> None:
        """Let the process end as soon as it has nothing to do, and see to it that it does."""
        if not self.is_retired:
            self.is_retired = True
            self.hang_up()
            self._owner.spawn(self._see_off())

    def stop(self, number: signal.Signals) -> None:
        """Send a signal to the worker's group; whatever it makes of that, it gets no other attempt."""
        self.is_worn = True
        if not self.is_gone:
            send_signal(self.pid, number)

    def hang_up(self) -> None:
        """Close the sockets, which lets the process end once it has no attempt."""
        self._control.close()
        self._line.close()

    # ── what it says ─────────────────────────────────────────────────────────

    def _hear(self, data: bytes) -> None:
        try:
            answers = [parse_answer(message) for message in self._frames.feed(data)]
        except ValueError as error:
            self._distrust(str(error))
            return
        for answer in answers:
            self._owner.ended(self, answer.number, answer.document, is_fit=not answer.left)

    def _hear_question(self, data: bytes) -> None:
        self._asked += data
        *lines, self._asked = self._asked.split(b"\n") if b"\n" in data else [self._asked]
        try:
            if len(self._asked) > LONGEST_QUESTION_BYTES:
                raise ValueError("a question without end")
            for line in lines:
                self._owner.spawn(self._reply(parse_question(line)))
        except ValueError as error:
            self._distrust(str(error))

    async def _reply(self, question: Question) -> None:
        """Answer one question; a call may take long and does not hold up the next."""
        self._line.send(json.dumps(await self._owner.answer(self, question)).encode() + b"\n")
        if self._line.n_unsent > MOST_UNREAD_BYTES:
            self._distrust("questions without end, whose answers it does not read,")

    def _distrust(self, reason: str) -> None:
        self.hang_up()
        self._owner.lied(self, reason)

    # ── the end ──────────────────────────────────────────────────────────────

    async def _wait(self, ended: "asyncio.Future[int]") -> None:
        returncode = await ended
        self.is_retired = self.is_gone = True
        await self.outputs.finish()
        self.outputs.close()
        self.hang_up()
        self._owner.gone(self, returncode)

    async def _see_off(self) -> None:
        await asyncio.sleep(self._settings.timeout_grace_s)
        self.stop(signal.SIGKILL)
