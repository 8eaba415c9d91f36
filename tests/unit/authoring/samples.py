"""Tasks that the tests of authoring call."""

from typing import Any, NamedTuple

from plait_core.authoring.tasks import task
from plait_core.ir.ids import NodeId
from plait_core.ir.workflows import Promise

Pair = NamedTuple("Pair", [("number", int), ("text", str)])


@task
def add(a: int, b: int = 2) -> int:
    """Add."""
    return a + b


@task
def split(a: int) -> tuple[int, str]:
    """Return two outputs without names."""
    return a, str(a)


@task
def named(a: int) -> Pair:
    """Return two outputs with names."""
    return Pair(a, str(a))


@task
def shout(text: str) -> None:
    """Return nothing."""
    print(text)


@task
def total(numbers: list[int]) -> int:
    """Take a list."""
    return sum(numbers)


say: Any = shout
"""The same without a type: what it returns can be ordered with ``>>``, which type checkers do not know."""


def output(node: str, var: str, *path: str | int) -> Promise:
    """Name an output, as bindings do."""
    return Promise(node=NodeId(node), var=var, path=path)
