"""
The engine inside a program of yours: no command line, no settings files, no globals.

    python examples/embedding.py
    plait run examples/embedding.py wf
"""

import asyncio
from collections import Counter

from plait import task, workflow
from plait_core.engine import Engine
from plait_core.hookspecs import hookimpl
from plait_core.ir.events import Event
from plait_core.ir.ids import ExecutionId
from plait_core.plugins import Plugins
from plait_core.testing.memory import MemoryDatabase


@task
def area(width: int, height: int) -> int:
    """Multiply."""
    return width * height


@workflow
def wf(width: int = 6, height: int = 7) -> int:
    """Measure a rectangle."""
    return area(width=width, height=height)


class Listener:
    """A plugin as an object: it hears what is recorded, and counts."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()

    @hookimpl
    def plait_on_event(self, execution: ExecutionId, event: Event) -> None:
        """Count a decision by its kind."""
        self.heard[type(event.decision).__name__] += 1


async def main() -> tuple[list[int], Counter[str]]:
    """Run ten executions side by side, recorded nowhere."""
    listener = Listener()
    plugins = Plugins.load(extra=[listener])
    async with Engine(plugins=plugins, database=MemoryDatabase()) as engine:
        areas = await asyncio.gather(*(engine.call(wf, (), {"width": width}) for width in range(10)))
    return areas, listener.heard


if __name__ == "__main__":
    found, heard = asyncio.run(main())
    print(found)
    print(dict(heard))
