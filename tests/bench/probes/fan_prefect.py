"""N_ITEMS tasks that a Prefect flow submits to its task runner, through Prefect's own server."""

import os

from prefect import flow, task  # type: ignore[import-not-found]  # installed in the peer's own environment

from tests.bench.probes import prefect_server

N_TASKS = int(os.environ["N_ITEMS"])


@task  # type: ignore[untyped-decorator]  # as above
def increment(x: int) -> int:
    """Add one."""
    return x + 1


@flow  # type: ignore[untyped-decorator]  # as above
def fan(x: int) -> list[int]:
    """Add one to the same number, N_TASKS times."""
    submitted = [increment.submit(x) for _ in range(N_TASKS)]
    return [future.result() for future in submitted]


def prepare() -> None:
    """Start the server."""
    prefect_server.start()


def run() -> None:
    """Run the tasks once and check their answers."""
    assert fan(0) == [1] * N_TASKS
