"""
Outputs with names: annotate the result with a NamedTuple.

    plait run examples/named_outputs.py wf --numbers '[3, 1, 2]'
"""

from typing import NamedTuple

from plait import task, workflow


class Extremes(NamedTuple):
    """The smallest and the largest of some numbers."""

    low: int
    high: int


class Spread(NamedTuple):
    """What ``wf`` answers; a plain ``tuple[int, int]`` would name its outputs o0 and o1."""

    low: int
    width: int


@task
def extremes(numbers: list[int]) -> Extremes:
    """Find the smallest and the largest number."""
    return Extremes(low=min(numbers), high=max(numbers))


@task
def subtract(a: int, b: int) -> int:
    """Return the difference."""
    return a - b


@workflow
def wf(numbers: list[int] = [4, 8, 15, 16, 23, 42]) -> Spread:  # noqa: B006  # a default of a workflow is a constant
    """Pick outputs by name, as attributes of the call, or unpack them as a tuple."""
    found = extremes(numbers=numbers)
    return Spread(low=found.low, width=subtract(a=found.high, b=found.low))
