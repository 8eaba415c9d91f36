"""
Cycles: found among the keys that a topological order had to leave out.

Used for the nodes of a workflow and for workflows that contain each other.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

_Key = TypeVar("_Key")


def cycles(upstream: Mapping[_Key, tuple[_Key, ...]], order: tuple[_Key, ...]) -> Iterator[tuple[_Key, ...]]:
    """
    Yield cycles in the direction in which values flow, at least one for each set of keys that wait for each other.

    Args:
        upstream: Key -> the keys it waits for.
        order: What could be put in a topological order.
    """
    placed, walked = set(order), set[_Key]()
    for start in upstream:
        path: dict[_Key, None] = {}
        key = start
        while key not in placed and key not in walked and key not in path:
            path[key] = None
            key = next(above for above in upstream[key] if above not in placed)
        if key in path:
            steps = list(path)
            yield tuple(reversed(steps[steps.index(key) :]))
        walked.update(path)
