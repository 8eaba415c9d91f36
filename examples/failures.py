"""
When tasks fail: retries, a policy for the rest of the graph, and a handler that has the last word.

    plait run examples/failures.py wf                 # succeeds at the second attempt
    plait run examples/failures.py fails --budget 3   # fails, after its handler has run
"""

from datetime import timedelta

from plait import (
    Backoff,
    NonRecoverableError,
    Retry,
    TaskFailure,
    WorkflowFailurePolicy,
    current_context,
    task,
    workflow,
)


@task(retries=Retry(3, on=(ConnectionError,), backoff=Backoff(base=timedelta(milliseconds=10))), timeout=60)
def fetch(budget: int) -> int:
    """Reach a service that is down at first. ``retries=3`` alone would retry any exception."""
    if current_context().attempt == 0:
        raise ConnectionError("the service is starting up")
    return budget


@task(retries=3)
def spend(budget: int, amount: int) -> int:
    """Spend; what cannot get better is not tried again, whatever ``retries`` says."""
    if amount > budget:
        raise NonRecoverableError(f"{amount} is more than {budget}")
    return budget - amount


@task
def give_back(budget: int, amount: int, err: TaskFailure | None = None) -> None:
    """Clean up: a handler gets the workflow's inputs, and what went wrong in ``err``."""
    print(f"giving back {budget}, because node {err.failed_node_id if err else '?'} failed")


@workflow(
    failure_policy=WorkflowFailurePolicy.FAIL_AFTER_EXECUTABLE_NODES_COMPLETE,  # what can still run, does
    on_failure=give_back,
)
def wf(budget: int = 10, amount: int = 4) -> int:
    """Fetch a budget and spend some of it."""
    return spend(budget=fetch(budget=budget), amount=amount)


@workflow
def fails(budget: int = 3) -> int:
    """Call the same with too little."""
    return wf(budget=budget, amount=1_000)
