"""N_ITEMS steps of a DBOS workflow that do not depend on each other, gathered by an event loop as DBOS's documentation advises."""

import asyncio
import os

from dbos import DBOS  # type: ignore[import-not-found]  # installed in the peer's own environment

N_STEPS = int(os.environ["N_ITEMS"])


async def increment(x: int) -> int:
    """Add one."""
    return x + 1


step = DBOS.step()(increment)


async def fan(x: int) -> list[int]:
    """Add one to the same number, N_STEPS times."""
    return list(await asyncio.gather(*(step(x) for _ in range(N_STEPS))))


workflow = DBOS.workflow()(fan)


def prepare() -> None:
    """Open DBOS's system database: the one given, or SQLite in the working directory."""
    database = os.environ.get("DATABASE_URL", "")
    DBOS(config={"name": "fan", "log_level": "WARNING", **({"system_database_url": database} if database else {})})
    DBOS.launch()


def run() -> None:
    """Run the steps once and check their answers."""
    assert asyncio.run(workflow(0)) == [1] * N_STEPS
