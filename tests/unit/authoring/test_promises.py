"""What can be done with a promise, and what the error for everything else says."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import pytest

from plait_core.authoring.conditions import constant
from plait_core.authoring.tasks import task
from plait_core.authoring.workflows import workflow
from plait_core.errors.authoring import ForeignPromise, PromiseMisuse, UnknownField
from plait_core.ir.literals import NOTHING, Literal, Primitive
from plait_core.ir.types import SimpleType
from plait_core.ir.workflows import Binding, Const
from tests.unit.authoring.samples import add, output, say, shout, split


@dataclass
class Point:
    x: int
    tags: list[str]


@task
def locate() -> Point:
    return Point(1, ["a"])


@task
def table() -> dict[str, list[int]]:
    return {}


def traced(body: Callable[[Any], Any]) -> None:
    """Trace a workflow whose body is *body*, handed one promise of an int."""

    @workflow
    def sample() -> None:
        body(add(a=1))

    _ = sample.template


MISUSES: dict[str, Callable[[Any], Any]] = {
    "truth": lambda p: 1 if p else 2,
    "and": lambda p: p and 1,
    "not": lambda p: not p,
    "iteration": lambda p: [*p],
    "length": lambda p: [len(p)],
    "membership": lambda p: 1 in p,
    "addition": lambda p: p + 1,
    "reflected": lambda p: 1 - p,
    "negation": lambda p: -p,
    "f-string": lambda p: f"{p}",
    "str": lambda p: [str(p)],
    "percent": lambda p: "%s" % p,
    "int": lambda p: [int(p)],
    "range": lambda p: [range(p)],
    "call": lambda p: p(),
    "bitwise": lambda p: p & p,
    "condition and": lambda p: p > 1 and p < 3,
    "condition beside a promise": lambda p: (p > 1) & p,
    "index by promise": lambda p: p[p],
    "compare with a list": lambda p: constant([1]),
    "override with a promise": lambda p: p.with_overrides(retries=p),
    "pass a condition": lambda p: add(a=p > 1),
    "nothing as a value": lambda p: add(a=say(text="x")),
    "nothing compared": lambda p: shout(text="x") == 1,
    "several as one": lambda p: add(a=split(a=1)),  # type: ignore[arg-type]  # under test
}


@pytest.mark.parametrize("body", MISUSES.values(), ids=MISUSES)
def test_misuse_of_a_promise_names_the_line_and_what_to_write(body: Callable[[Any], Any]) -> None:
    """One class for all of them, raised where it happens."""
    with pytest.raises(PromiseMisuse) as refused:
        traced(body)

    assert (refused.value.file, refused.value.line) == (__file__, body.__code__.co_firstlineno)
    assert refused.value.instead


def test_repr_of_a_promise_tells_where_it_is_from() -> None:
    """Debuggers and messages may show it."""
    seen: list[str] = []
    traced(lambda p: seen.append(repr(p)))

    assert seen == ["<promise add#n0.o0>"]


def test_parts_of_a_promise_become_paths() -> None:
    """Fields, keys and indices, to any depth."""

    @workflow
    def sample() -> None:
        point = locate()
        add(a=point.x)
        shout(text=point.tags[0])
        add(a=table()["k"][1])

    template = sample.template
    found = [node.inputs[0].data for node in template.nodes if node.inputs]
    assert found == [
        output("n0", "o0", "x"),
        output("n0", "o0", "tags", 0),
        output("n3", "o0", "k", 1),
    ]


def test_field_that_the_type_does_not_have_is_refused_while_tracing() -> None:
    """The message lists the fields there are."""
    with pytest.raises(UnknownField) as refused:
        traced(lambda _: locate().y)  # type: ignore[attr-defined]  # under test

    assert refused.value.known == ("x", "tags")


def test_part_of_a_value_without_parts_is_refused() -> None:
    """An int has no elements."""
    with pytest.raises(UnknownField):
        traced(lambda p: p[0])


def test_promise_of_another_workflow_is_refused() -> None:
    """Values cross the border as inputs and outputs only."""
    kept: list[Any] = []
    traced(kept.append)

    with pytest.raises(ForeignPromise):
        traced(lambda _: add(a=kept[0]))


class Colour(Enum):
    RED = "red"


NOON_NS = 1_767_268_800 * 10**9


@pytest.mark.parametrize(
    ("value", "kind", "stored"),
    [
        (True, SimpleType.BOOLEAN, True),
        (3, SimpleType.INTEGER, 3),
        (Colour.RED, SimpleType.STRING, "red"),
        (timedelta(seconds=1.5), SimpleType.DURATION, 1_500_000_000),
        (datetime(2026, 1, 1, 12, tzinfo=UTC), SimpleType.DATETIME, NOON_NS),
        (datetime(2026, 1, 1, 12), SimpleType.DATETIME, NOON_NS),
    ],
    ids=str,
)
def test_operand_of_a_comparison_is_a_scalar(value: Any, kind: SimpleType, stored: Any) -> None:
    """Times are nanoseconds, and a time without zone is UTC."""
    assert constant(value) == Const(value=Literal(value=Primitive(kind=kind, value=stored)))


def test_none_is_an_operand() -> None:
    """So that optional values can be tested."""
    assert constant(None) == Const(value=NOTHING)


def test_lists_and_dicts_of_promises_become_bindings() -> None:
    """Promises and constants may be mixed."""

    @workflow
    def sample(n: int) -> dict[str, list[int]]:
        return {"a": [n, 1]}

    (bound,) = sample.template.outputs
    assert isinstance(bound, Binding)
    ((key, items),) = bound.data.items  # type: ignore[union-attr,misc]  # a map
    assert (key, items.items[0]) == ("a", output("", "n"))  # type: ignore[union-attr]  # a collection
