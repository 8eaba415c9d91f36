"""The chain of integers as a DBOS workflow: N_ITEMS steps, with DBOS's default durability."""

import os

from dbos import DBOS  # type: ignore[import-not-found]  # installed in the peer's own environment

N_STEPS = int(os.environ["N_ITEMS"])


def increment(x: int) -> int:
    """Add one."""
    return x + 1


step = DBOS.step()(increment)


def chain(x: int) -> int:
    """Add one, N_STEPS times."""
    for _ in range(N_STEPS):
        x = step(x)
    return x


workflow = DBOS.workflow()(chain)


def prepare() -> None:
    """Open DBOS's system database: the one given, or SQLite in the working directory."""
    database = os.environ.get("DATABASE_URL", "")
    DBOS(config={"name": "chain", "log_level": "WARNING", **({"system_database_url": database} if database else {})})
    DBOS.launch()


def run() -> None:
    """Run the chain once and check its answer."""
    assert workflow(0) == N_STEPS
