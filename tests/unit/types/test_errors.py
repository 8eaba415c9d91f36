"""
A value that does not fit its annotation is refused, by an error that leads to it.
"""

import dataclasses
import enum
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Literal, NewType, NoReturn, Optional, TypedDict, Union

import numpy as np
import pytest

from plait_core.errors.values import (
    AmbiguousUnion,
    NoneRefused,
    UnreadableLiteral,
    UnsupportedType,
    WrongFields,
    WrongValue,
)
from plait_core.ir.literals import Collection, NoneValue
from plait_core.ir.literals import Literal as IrLiteral
from plait_core.types import TypeEngine
from plait_core.types.contexts import DETACHED


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class Reading:
    sensor: str
    celsius: float = 0.0


@dataclasses.dataclass
class LateReading(Reading):
    late_by_s: int = 0


@dataclasses.dataclass
class Positive:
    n: int

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError("n must not be negative")


class Row(TypedDict):
    name: str


class Model:
    pass


Meters = NewType("Meters", int)


def to_literal(python_type: Any, value: Any) -> IrLiteral:
    return TypeEngine().converter(python_type).to_literal(value, DETACHED)


@pytest.mark.parametrize(
    ("python_type", "value"),
    [
        (int, True),
        (int, 1.0),
        (int, np.int64(1)),
        (int, 2**63),
        (int, Level.LOW),
        (datetime, datetime.max),
        (date, date.min),
        (timedelta, timedelta.max),
        (float, 1),
        (float, True),
        (str, 1),
        (str, b"a"),
        (bool, 1),
        (Color, "blue"),
        (Literal["a", "b"], "c"),
        (list[int], (1,)),
        (list[int], "ab"),
        (tuple[int, str], (1,)),
        (dict[str, int], {1: 1}),
        (dict, {"a": object()}),
        (Reading, LateReading("roof")),
        (Meters, "1"),
        (Union[int, str], 1.5),
    ],
)
def test_wrong_value_is_refused(python_type: Any, value: Any) -> None:
    """Nothing is widened, sliced or guessed; Flyte's classes of error catch it."""
    for kind in (WrongValue, TypeError, ValueError):
        with pytest.raises(kind):
            to_literal(python_type, value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1.5, "float 1.5"),
        ("str", "str 'str'"),
        (date(2024, 1, 2), "datetime.date(2024, 1, 2)"),
        (np.int64(1), "np.int64(1)"),
        (Reading("roof"), "Reading(sensor='roof', celsius=0.0)"),
        (Color.RED, "<Color.RED: 'red'>"),
        (np.zeros((2, 2)), "ndarray array([[0., 0.], [0., 0.]])"),
        ("x" * 100, "str '" + "x" * 76 + "..."),
    ],
)
def test_what_was_found_is_shown_on_a_line(value: Any, found: str) -> None:
    """Its class is named once, and a value of many lines does not tear the message."""
    with pytest.raises(WrongValue) as caught:
        to_literal(int, value)

    assert caught.value.problem == f"expected int, found {found}"


def test_subclasses_of_scalars_become_plain() -> None:
    """What numpy computes as a float is one, and comes back as Python's own."""
    assert to_literal(float, np.float64(1.5)) == to_literal(float, 1.5)


@pytest.mark.parametrize(
    ("python_type", "value", "path"),
    [
        (list[list[int]], [[1], [2, "a"]], "$[1][1]"),
        (dict[str, list[int]], {"a": [None]}, "$['a'][0]"),
        (list[Reading], [Reading("a"), Reading("b", "hot")], "$[1].celsius"),  # type: ignore[arg-type]  # the fault
        (dict[int, Reading], {7: Reading(7)}, "$[7].sensor"),  # type: ignore[arg-type]  # the fault
        (list[Optional[Reading]], [None, Reading(7)], "$[1].sensor"),  # type: ignore[arg-type]  # the fault
        (tuple[int, Row], (1, {"name": 7}), "$[1].name"),
        (dict, {"a": [{"b": object()}]}, "$['a'][0]['b']"),
    ],
)
def test_error_leads_to_the_value(python_type: Any, value: Any, path: str) -> None:
    """Through lists, dicts, fields and unions."""
    with pytest.raises((WrongValue, NoneRefused)) as caught:
        to_literal(python_type, value)

    assert caught.value.path == path


def test_none_wants_an_optional() -> None:
    """The remedy spells it."""
    with pytest.raises(NoneRefused, match=r"Optional\[int\]"):
        to_literal(int, None)


def test_wrong_fields_are_listed_at_once() -> None:
    """A dict may stand for a dataclass if it has its fields."""
    assert to_literal(Reading, {"sensor": "roof"}) == to_literal(Reading, Reading("roof"))
    with pytest.raises(WrongFields) as caught:
        to_literal(Reading, {"celcius": 1.0, "sensr": "roof"})
    with pytest.raises(WrongFields):
        to_literal(Row, {})

    assert (caught.value.missing, caught.value.extra) == (("sensor",), ("celcius", "sensr"))


def test_constructor_that_refuses_is_an_error_of_the_value() -> None:
    """A class that checks its fields is listened to."""
    with pytest.raises(WrongValue, match="must not be negative"):
        to_literal(Positive, {"n": -1})


def test_literal_of_another_type_is_refused() -> None:
    """Also an empty one."""
    for literal in (IrLiteral(value=Collection(literals=())), IrLiteral(value=None)):
        with pytest.raises(UnreadableLiteral):
            TypeEngine().converter(int).to_python(literal, DETACHED)
    with pytest.raises(NoneRefused):
        TypeEngine().converter(int).to_python(IrLiteral(value=NoneValue()), DETACHED)


def test_ambiguous_value_is_refused() -> None:
    """An empty list could be of either variant."""
    with pytest.raises(AmbiguousUnion, match=r"list\[int\] and list\[str\]"):
        to_literal(Union[list[int], list[str]], [])


def function() -> NoReturn:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("python_type", "message"),
    [
        (Model, r"Model.*pickle_untyped"),
        (Any, "pickle_untyped"),
        (set[int], "pickle_untyped"),
        (list[Model], "Model"),
        (Callable[[], int], "pickle_untyped"),
        (list, "list\\[T\\]"),
        (tuple, "tuple\\[A, B\\]"),
        (dict[tuple[int, int], str], "scalars"),
        (Level, "str as value"),
        (Literal[1, "a"], "share one type"),
        (dataclasses.make_dataclass("Odd", [("x", "Missing")]), "Missing"),
    ],
    ids=str,
)
def test_unsupported_type_is_refused(python_type: Any, message: str) -> None:
    """When it is declared, before any value is there; the remedy names the class."""
    with pytest.raises(UnsupportedType, match=f"(?s){message}"):
        TypeEngine().converter(python_type)
