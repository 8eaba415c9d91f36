"""
Stories about engines that are killed: executions are enlisted, engines live and die, and in the end it is asked what was done.

Used by the tests of this folder. Every process that is started here is ended here.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import attrs

from plait_core.engine import Engine
from plait_core.engine._children import Ending, ending_of
from plait_core.ir.ids import ExecutionId
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.phases import TERMINAL_EXECUTION, ExecutionPhase
from plait_core.ir.types import SimpleType
from plait_core.plugins import Plugins
from plait_core.ports.databases import AttemptRow, Database, ExecutionFilter, Page
from tests.durability import durable_flow as flow
from tests.durability.engine_process import Fate, Life

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0
N_TURNS = 32
"""More turns than both executions take together; an engine that is to die later does not."""
MAIN, DOOMED = ExecutionId(name="main"), ExecutionId(name="doomed")
YES = Literal(value=Primitive(kind=SimpleType.BOOLEAN, value=True))
EXPECTED = 700
LABELS = (
    *("first", "square-1", "square-2", "square-3", "small", "rested", "inner", "planned", "total", "collect"),
    *("grown-0", "grown-1", "grown-2", "eager-1", "eager-2", "eager-3", "shaky", "shaky", "dear"),
    *("breaks", "give_back"),
)
"""What the bodies of both executions are called in the ledger."""


def text(value: str) -> Literal:
    return Literal(value=Primitive(kind=SimpleType.STRING, value=value))


def integer(value: int) -> Literal:
    return Literal(value=Primitive(kind=SimpleType.INTEGER, value=value))


@attrs.define
class Story:
    """A store, a home and a ledger that outlive the engines of a story."""

    home: Path
    store: str
    is_murderous: bool = False
    ttl_s: float = 0.8
    concurrency: int = 8

    @property
    def ledger(self) -> Path:
        return self.home / "ledger"

    def another(self) -> "Story":
        """Make a new story beside this one."""
        home = self.home / uuid4().hex
        home.mkdir()
        return attrs.evolve(self, home=home, store=f"sqlite:///{home}/plait.db")

    def life(self, **fate: Any) -> Life:
        return Life(home=self.home, store=self.store, fate=Fate(**fate), ttl_s=self.ttl_s, concurrency=self.concurrency)

    def environment(self) -> Mapping[str, str]:
        murderous = {flow.MURDEROUS: "1"} if self.is_murderous else {}
        return {
            **os.environ,
            **murderous,
            flow.LEDGER: str(self.ledger),
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        }

    @contextmanager
    def engine(self, **fate: Any) -> Iterator[subprocess.Popen[str]]:
        """Run an engine process; at the end it is asked to leave, or is dead already."""
        command = [sys.executable, "-m", "tests.durability.engine_process", self.life(**fate).dumps()]
        log: IO[str]
        with (self.home / "log").open("a") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment()
            )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdout.readline()  # "ready", or nothing if it died
            yield process
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.wait(timeout=PATIENCE_S)
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(BrokenPipeError):
                    pipe.close()

    def end(self) -> None:
        """Kill the workers that outlive the engines of this story."""
        for pid in self.workers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def workers(self) -> Sequence[int]:
        """Return the processes that run, or are ready to run, attempts of this story."""
        mark = f"{flow.LEDGER}={self.ledger}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                is_worker = b"plait_core.worker" in (process / "cmdline").read_bytes()
                if is_worker and mark in (process / "environ").read_bytes():
                    found.append(int(process.name))
        return found

    # ── what is asked of the store ───────────────────────────────────────────

    def ask(self, act: Callable[[Engine], Any]) -> Any:
        """Carry out *act* with an engine that drives nothing."""

        async def run() -> Any:
            settings = self.life().settings()
            async with Engine(settings=settings, plugins=Plugins.load(settings), pool="default") as engine:
                return await act(engine)

        return asyncio.run(run())

    def look(self, act: Callable[[Database], Any]) -> Any:
        """Carry out *act* with the store, which is not written to."""

        async def run() -> Any:
            settings = self.life().settings()
            database = Plugins.load(settings).database(settings.store)
            await database.open()
            try:
                return await act(database)
            finally:
                await database.close()

        return asyncio.run(run())

    def enlist(self) -> None:
        """Leave two executions to the pool, and answers to what the first will ask."""

        async def act(engine: Engine) -> None:
            await engine.enlist(flow.every_kind, {"x": integer(3)}, name=MAIN.name)
            await engine.enlist(flow.doomed, {"x": integer(3)}, name=DOOMED.name)
            await engine.signal(MAIN, "go on", YES)
            await engine.signal(MAIN, "more", integer(6))

        self.ask(act)

    def phases(self) -> dict[str, ExecutionPhase]:
        """Return how executions stand, by name."""

        async def act(database: Database) -> dict[str, ExecutionPhase]:
            rows, _ = await database.views.executions(ExecutionFilter(), Page(limit=1000))
            return {row.id.name: row.phase for row in rows}

        found: dict[str, ExecutionPhase] = self.look(act)
        return found

    def ending(self, execution: ExecutionId) -> Ending:
        """Return how an execution ended."""

        async def act(engine: Engine) -> Ending:
            return ending_of(await engine.state(execution))

        found: Ending = self.ask(act)
        return found

    def attempts(self, execution: ExecutionId) -> Sequence[AttemptRow]:
        """Return the attempts of an execution."""

        async def act(database: Database) -> Sequence[AttemptRow]:
            return await database.views.attempts(execution)

        found: Sequence[AttemptRow] = self.look(act)
        return found

    def have_ended(self) -> bool:
        return all(phase in TERMINAL_EXECUTION for phase in self.phases().values())

    def n_events(self) -> int:
        """Return how much has been decided about all executions."""

        async def act(database: Database) -> int:
            return sum([len(await database.log.read(execution)) for execution in (MAIN, DOOMED)])

        found: int = self.look(act)
        return found

    def wait_moved(self, process: subprocess.Popen[str]) -> None:
        """Wait until *process* has decided something more, or everything has ended."""
        give_up_at, n_before = time.monotonic() + PATIENCE_S, self.n_events()
        while self.n_events() == n_before and not self.have_ended():
            assert process.poll() is None, self.told()
            assert time.monotonic() < give_up_at, self.told()
            time.sleep(0.05)

    def wait(self, process: subprocess.Popen[str]) -> bool:
        """Return whether everything has ended, once it has, or *process* is dead."""
        give_up_at = time.monotonic() + PATIENCE_S
        while not self.have_ended():
            if process.poll() is not None:
                return self.have_ended()
            assert time.monotonic() < give_up_at, self.told()
            time.sleep(0.05)
        return True

    # ── what was done ────────────────────────────────────────────────────────

    def told(self) -> str:
        """Return what engines said, for whoever looks into a failure."""
        lines = (self.home / "log").read_text().splitlines()
        return "\n".join([str(self.phases()), *self.lines(), *lines[-60:]])

    def lines(self) -> Sequence[str]:
        return self.ledger.read_text().splitlines() if self.ledger.exists() else []

    def check(self, *, may_repeat: bool = False) -> None:
        """
        Prove that both executions ended as they should, and that no body was run again after its attempt had ended.

        Args:
            may_repeat: Whether workers were killed: what an attempt did that was lost may be done again, once per such loss.
        """
        ending = self.ending(MAIN)
        assert ending.outputs == {"o0": integer(EXPECTED)}, (ending, self.told())
        assert self.ending(DOOMED).phase is ExecutionPhase.FAILED, self.told()
        bodies = self.bodies()
        assert set(bodies) == set(LABELS), self.told()
        assert len(set(self.lines())) == len(self.lines()), self.told()  # no attempt twice
        if not may_repeat:
            assert bodies == Counter(LABELS), self.told()

    def bodies(self) -> Counter[str]:
        """Return how often each body came to its end."""
        return Counter(line.split()[0] for line in self.lines())
