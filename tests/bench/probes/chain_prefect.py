"""The chain of integers as a Prefect flow of N_ITEMS tasks, through Prefect's own server."""

import os

from prefect import flow, task  # type: ignore[import-not-found]  # installed in the peer's own environment

from tests.bench.probes import prefect_server

N_TASKS = int(os.environ["N_ITEMS"])


@task  # type: ignore[untyped-decorator]  # as above
def increment(x: int) -> int:
    """Add one."""
    return x + 1


@flow  # type: ignore[untyped-decorator]  # as above
def chain(x: int) -> int:
    """Add one, N_TASKS times."""
    for _ in range(N_TASKS):
        x = increment(x)
    return x


def prepare() -> None:
    """Start the server."""
    prefect_server.start()


def run() -> None:
    """Run the chain once and check its answer."""
    assert chain(0) == N_TASKS
