"""
Caching: a task whose inputs and code are those of an earlier run hands back what it returned then.

    plait run examples/caching.py wf
    plait run examples/caching.py wf                      # nothing runs
    plait run --overwrite-cache examples/caching.py wf    # all of it does
"""

from typing import Annotated

import pandas as pd

from plait import Cache, HashMethod, task, workflow


def content_hash(dataframe: pd.DataFrame) -> str:
    """Name a dataframe by its content, so that an equal one counts as the same input."""
    return str(int(pd.util.hash_pandas_object(dataframe).sum()))


Numbers = Annotated[pd.DataFrame, HashMethod(content_hash)]


@task(cache=True)
def load(n: int) -> Numbers:
    """With ``cache=True`` the version follows from the code: edit it, and the task runs again."""
    return pd.DataFrame({"x": range(n)})


@task(cache=Cache(version="1", ignored_inputs=("label",), serialize=True))
def total(numbers: Numbers, label: str) -> int:
    """
    Add up.

    The version is ours, *label* does not matter, and of equal calls at one time only the first runs.
    """
    print(f"adding up for {label}")
    return int(numbers["x"].sum())


@workflow
def wf(n: int = 5) -> tuple[int, int]:
    """Ask twice; the second call waits for the first and takes its answer."""
    numbers = load(n=n)
    return total(numbers=numbers, label="me"), total(numbers=numbers, label="you")
