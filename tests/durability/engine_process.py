"""
An engine in a process of its own, to be killed: ``python -m tests.durability.engine_process '{"store": …}'``.

It adopts executions of the pool ``default`` and runs their tasks in worker processes, until its standard input is closed. Told so, it
kills itself at a transition of its own choosing: right before, or right after, the commit of its nth turn.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import attrs

from plait_core.engine import Engine, _adopting, _leases, _run
from plait_core.ir.ids import ExecutionId
from plait_core.plugins import Plugins
from plait_core.plugins.settings import Settings
from plait_core.ports.databases import Append, Database

TTL_S = 0.8
"""So that nobody waits long for what a dead engine owned."""


@attrs.frozen(kw_only=True)
class Fate:
    """
    When a process dies: around the commit of turn number *turn* of its life, 0 for never.

    With *kills_workers*, its workers die then in its stead.
    """

    turn: int = 0
    when: Literal["before", "after"] = "after"
    kills_workers: bool = False


@attrs.frozen(kw_only=True)
class Life:
    """What an engine process is told."""

    home: Path
    store: str
    fate: Fate = Fate()
    ttl_s: float = TTL_S
    concurrency: int = 8

    def settings(self) -> Settings:
        """Return the settings that all processes of a story share."""
        local = {"concurrency": self.concurrency, "idle_s": 10.0, "orphan_s": 60.0}
        return Settings(
            home=str(self.home),
            store=self.store,
            blobs=f"file://{self.home}/blobs",
            executors=("process",),
            plugins={"local": local},
        )

    def dumps(self) -> str:
        return json.dumps(attrs.asdict(self), default=str)

    @classmethod
    def loads(cls, text: str) -> "Life":
        told = json.loads(text)
        return cls(**{**told, "home": Path(told["home"]), "fate": Fate(**told["fate"])})


def die() -> None:
    """End as nothing can be done about."""
    os.kill(os.getpid(), signal.SIGKILL)


def orphan() -> None:
    """Kill the processes that this one has started."""
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended, and its children with it
            for pid in (task / "children").read_text().split():
                os.kill(int(pid), signal.SIGKILL)


def doom(database: Database, fate: Fate) -> None:
    """Have somebody die around the nth commit of *database*."""
    append: Callable[[Sequence[Append]], Any] = database.log.append
    strike = orphan if fate.kills_workers else die
    n_turns = 0

    async def fated(batches: Sequence[Append]) -> Sequence[ExecutionId]:
        nonlocal n_turns
        n_turns += 1
        turn = n_turns  # another may begin before this one is committed
        if (turn, "before") == (fate.turn, fate.when):
            strike()
        refused: Sequence[ExecutionId] = await append(batches)
        if (turn, "after") == (fate.turn, fate.when):
            strike()
        return refused

    setattr(database.log, "append", fated)  # noqa: B010  # a method is no attribute to a type checker


async def live(life: Life) -> None:
    """Drive executions until nobody needs that any more."""
    _leases.TTL_S, _leases.RENEW_EVERY_S, _adopting.LOOK_EVERY_S = life.ttl_s, life.ttl_s / 4, 0.1
    _run.SURE_FOR_S = _leases.RENEW_EVERY_S
    settings = life.settings()
    plugins = Plugins.load(settings)
    database = plugins.database(settings.store)
    if life.fate.turn:
        doom(database, life.fate)
    async with Engine(settings=settings, plugins=plugins, database=database, pool="default", adopts=True):
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(live(Life.loads(sys.argv[1])))
