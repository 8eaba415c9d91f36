"""
Async tasks wait without blocking; eager tasks are plain async Python in which every call is recorded.

    plait run examples/async_and_eager.py wf --last 9
"""

import asyncio

from plait import eager, task


@task
async def halve(n: int) -> int:
    """Halve; an async task may await whatever it likes, and shares its thread meanwhile."""
    await asyncio.sleep(0)
    return n // 2


@task
def triple_and_one(n: int) -> int:
    """Take the other step of the Collatz sequence."""
    return 3 * n + 1


@eager
async def steps(start: int) -> int:
    """
    Count the steps down to 1.

    Ordinary ``while`` and ``if`` on real results. After a crash, calls that have ended are not run again.
    """
    n, taken = start, 0
    while n != 1:
        n = await (halve(n=n) if n % 2 == 0 else triple_and_one.aio(n=n))
        taken += 1
    return taken


@eager
async def wf(first: int = 4, last: int = 5) -> int:
    """Run children side by side, and find the longest sequence; eager tasks call each other, too."""
    return max(await asyncio.gather(*(steps(start=start) for start in range(first, last + 1))))
