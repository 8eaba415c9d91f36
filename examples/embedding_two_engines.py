"""
Two engines in one program: each has its own settings, store and plugins, and neither knows of the other.

    python examples/embedding_two_engines.py
    plait run examples/embedding_two_engines.py wf
"""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from plait import task, workflow
from plait_core.engine import Engine
from plait_core.ir.ids import ExecutionId
from plait_core.plugins import Settings


@task
def price(item: str) -> float:
    """Ask what something costs."""
    return len(item) * 1.25


@workflow
def wf(item: str = "teapot") -> float:
    """Price one thing."""
    return price(item=item)


async def main(folder: Path) -> tuple[list[float], list[list[str]]]:
    """Run the same workflow for two shops at once; returns the prices, and whom each store has heard of."""
    shops = ("north", "south")
    homes = [Settings(home=str(folder / shop), project=shop) for shop in shops]
    async with Engine(settings=homes[0]) as north, Engine(settings=homes[1]) as south:
        prices = await asyncio.gather(
            north.call(wf, (), {"item": "teapot"}, name="first"), south.call(wf, (), {"item": "spoon"}, name="first")
        )
        heard = [
            [shop for shop in shops if await engine.database.views.execution(ExecutionId(project=shop, name="first"))]
            for engine in (north, south)
        ]
    return list(prices), heard


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        print(*asyncio.run(main(Path(folder))))
