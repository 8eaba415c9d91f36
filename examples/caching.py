"""
Caching: a task whose inputs and code are those of an earlier run hands back what it returned then.

    plait run examples/caching.py wf
    plait run examples/caching.py wf                      # nothing runs
    plait run --overwrite-cache examples/caching.py wf    # all of it does
"""

from hashlib import sha256
from typing import Annotated

from plait import Cache, File, HashMethod, current_context, task, workflow


def content_hash(file: File) -> str:
    """Know a file by its content, so that an equal one elsewhere counts as the same input."""
    with file.open("rb") as content:
        return sha256(content.read()).hexdigest()


Numbers = Annotated[File, HashMethod(content_hash)]


@task(cache=True)
def write(n: int) -> Numbers:
    """With ``cache=True`` the version follows from the code: edit it, and the task runs again."""
    path = current_context().working_directory / "numbers.txt"
    path.write_text(" ".join(map(str, range(n))))
    return File(path)


@task(cache=Cache(version="1", ignored_inputs=("label",), serialize=True))
def total(numbers: Numbers, label: str) -> int:
    """
    Add up.

    The version is ours, *label* does not matter, and of equal calls at one time only the first runs.
    """
    print(f"adding up for {label}")
    with numbers.open() as text:
        return sum(map(int, text.read().split()))


@workflow
def wf(n: int = 5) -> tuple[int, int]:
    """Ask twice; the second call waits for the first and takes its answer."""
    numbers = write(n=n)
    return total(numbers=numbers, label="me"), total(numbers=numbers, label="you")
