"""
The warm worker: ``python -m plait_core.worker.serving CONTROL LINE STDOUT STDERR``, one attempt after another.

The arguments are numbers of open descriptors: the socket that brings units and takes results, the line on which attempts ask
their engine, and the ends at which what this process prints can be read. The first frame is an ``Outfit``, each later one a unit.
A result is on disk before it is sent, so it is found even if whoever sent the unit is gone by then; in that case the worker ends
its attempt, keeps its log, and exits. It also exits, and says so with the result, when a task left something behind that
would meet the next one.
"""

import asyncio
import faulthandler
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import attrs

from plait_core.authoring.typesystem import process_types
from plait_core.errors import PlaitError
from plait_core.ir.codec import dumps
from plait_core.ir.tasks import SecretRequest
from plait_core.plugins import Plugins, Settings, install_process_plugins, process_plugins
from plait_core.ports.secrets import SecretAnswer
from plait_core.worker.frames import packed, receive
from plait_core.worker.handing import UnitReader
from plait_core.worker.limits import limited
from plait_core.worker.lines import EngineLine
from plait_core.worker.orphans import OrphanWatch
from plait_core.worker.performing import run_without_loop
from plait_core.worker.processes import TERMINATED, Terminated, end_on_sigterm, perform_alone, worker_name
from plait_core.worker.results import add_result
from plait_core.worker.salvage import Salvage
from plait_core.worker.services import WorkerServices
from plait_core.worker.surroundings import Surroundings, adopt_orphans, end_children, leave_terminal

USAGE = "usage: python -m plait_core.worker.serving CONTROL LINE STDOUT STDERR"
LINGER_S = 5.0
"""How long a worker that is done may take to end."""

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@attrs.frozen(kw_only=True)
class Outfit:
    """
    What a worker is given before its first unit.

    ``results`` is the folder where it adds its results to a file; ``sign`` the file that an engine touches which looks for them when the one that
    started this worker is gone, and ``orphan_s`` how long the worker goes on without. ``nice`` is by how much it gives way to
    other processes. ``settings`` are plain settings, or ``None`` to discover them here; ``bundle`` is the URI of the code to use; ``workplace`` a folder to be emptied after each attempt, if
    the worker has one of its own; ``log_bytes`` how much is kept of what an attempt prints;
    ``allowances`` are limits of every attempt, as ``plait_core.worker.limits`` names them.
    """

    results: str
    sign: str
    orphan_s: float
    nice: int = 0
    settings: Mapping[str, Any] | None = None
    bundle: str = ""
    workplace: str = ""
    log_bytes: int = 1 << 24
    allowances: Mapping[str, int] = attrs.field(factory=dict)

    def message(self) -> dict[str, Any]:
        """Return it as a frame has it."""
        return attrs.asdict(self)

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Self:
        """Read what ``message`` made."""
        return cls(**message)


@attrs.frozen
class Answer:
    """
    What a worker sends back for one unit.

    ``document`` is the stored form of the result of attempt ``number``; ``left`` says what keeps the worker from another.
    """

    number: int
    document: bytes
    left: tuple[str, ...] = ()

    def message(self) -> dict[str, Any]:
        """Return it as a frame has it."""
        return {"number": self.number, "document": self.document, "left": self.left}


def parse_answer(message: Mapping[str, Any]) -> Answer:
    """Read what ``Answer.message`` made; raises ``ValueError`` for anything else."""
    match message:
        case {"number": int(number), "document": bytes(document), "left": [*left]}:
            return Answer(number, document, tuple(map(str, left)))
    raise ValueError("a frame that holds no result")


def main(arguments: Sequence[str]) -> int:
    """Serve until the other end hangs up; returns the exit status."""
    if len(arguments) != 4:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    end_on_sigterm()
    leave_terminal()
    control, line, *outputs = map(int, arguments)
    for descriptor in (control, line, *outputs):
        os.set_inheritable(descriptor, False)
    connection = socket.socket(fileno=control)
    try:
        outfit = receive(connection)
        if outfit is None:
            return 0
        worker = _Worker(connection, socket.socket(fileno=line), outputs, Outfit.of(outfit))
        return worker.serve()
    except Terminated:
        return TERMINATED
    except PlaitError as error:
        sys.stderr.write(f"{error}\n")
        return 1


class _Worker:
    def __init__(self, control: socket.socket, line: socket.socket, outputs: Sequence[int], outfit: Outfit) -> None:
        self._control = control
        self._outfit = outfit
        if outfit.settings is not None:
            install_process_plugins(Plugins.load(Settings.of(outfit.settings)))
        if outfit.bundle:
            from plait_core.worker.bundles import use_bundle

            use_bundle(outfit.bundle)
        plugins = process_plugins()
        self._line = EngineLine(line)
        self._salvage = Salvage(outputs, plugins.blob_store, limit_bytes=outfit.log_bytes)
        self._line.when_gone(self._salvage.begin)
        self._line.when_gone(OrphanWatch(Path(outfit.sign), outfit.orphan_s).begin)
        self._services = WorkerServices(
            plugins=plugins,
            types=process_types(),
            blobs=plugins.blob_store,
            secrets=self._ask_secret,
            channel=lambda _: self._line,
            worker=worker_name(),
            run_body=run_without_loop,
        )
        self._units = UnitReader()
        self._pid = os.getpid()
        self._loop = asyncio.Runner()
        _show_task_logs()
        adopt_orphans()
        os.nice(outfit.nice)  # not before it is ready, which is waited for
        self._surroundings = Surroundings(outfit.workplace)

    def serve(self) -> int:
        """Take units until there are no more, or until a task left something behind."""
        try:
            while (frame := receive(self._control)) is not None:
                if self._attempt(frame):
                    break
        finally:
            self._loop.close()
            end_children()
            self._salvage.end()
            faulthandler.dump_traceback_later(LINGER_S, exit=True)  # for threads that would keep the process
        return 0

    def _attempt(self, frame: Mapping[str, Any]) -> bool:
        """Perform one unit and send its result; says whether it was the last."""
        unit = self._units.unit(frame)
        self._salvage.follow(unit.output_prefix)
        with limited(unit, self._outfit.allowances):
            result = self._loop.get_loop().run_until_complete(perform_alone(unit, self._services))
        if os.getpid() != self._pid:
            os._exit(0)  # a child that the task forked and that came back from its body
        document = dumps(result)
        left = (*self._not_put(frame["key"], document), *self._left_behind())
        if not self._send(Answer(frame["number"], document, left)):
            self._salvage.begin()
            return True
        self._salvage.follow("")
        return bool(left)

    async def _ask_secret(self, request: SecretRequest) -> SecretAnswer:
        answer = await self._line.secret(request)
        if answer.value is not None:
            self._salvage.hide(answer.value)
        return answer

    def _not_put(self, key: str, document: bytes) -> list[str]:
        """Store the result; says why it could not be, in which case it reaches nobody but the engine that listens now."""
        try:
            add_result(self._outfit.results, key, document)
        except OSError as error:
            return [f"a result that was not stored: {error}"]
        return []

    def _left_behind(self) -> list[str]:
        """Make this process fit for the next attempt; returns what keeps it from that."""
        left = self._surroundings.restore()
        if not left and not asyncio.all_tasks(self._loop.get_loop()):
            return []
        self._loop.close()  # ends tasks of the loop and the threads it lent out
        self._loop = asyncio.Runner()
        return self._surroundings.restore()

    def _send(self, answer: Answer) -> bool:
        """Send what came of a unit; says whether anybody is there to take it."""
        try:
            self._control.sendall(packed(answer.message()))
        except OSError:
            return False
        return True


def _show_task_logs() -> None:
    """Let what tasks log with ``current_context().logging`` be part of what they print."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    logger = logging.getLogger("plait.task")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
