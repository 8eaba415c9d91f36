"""
Maps: one node that runs a task for every element of a list.

    plait run examples/maps.py wf --words '["a", "bb", ""]'
"""

from functools import partial

from plait import map_task, task, workflow


@task
def repeat(word: str, times: int) -> str:
    """Repeat a word; there must be one."""
    if not word:
        raise ValueError("nothing to repeat")
    return word * times


@task
def join(parts: list[str | None]) -> str:
    """Join what there is; elements that failed are None."""
    return " ".join(part or "?" for part in parts)


@workflow
def wf(words: list[str] = ["ha", "", "ho"], times: int = 2) -> str:  # noqa: B006  # a constant
    """
    Repeat every word.

    ``partial`` shares an input among all elements. Two run at once here, and half of them may fail.
    """
    repeated = map_task(partial(repeat, times=times), concurrency=2, min_success_ratio=0.5)(word=words)
    return join(parts=repeated)
