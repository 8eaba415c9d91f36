"""
Values of every built-in type survive the literal, the plain form and the text.
"""

import dataclasses
import enum
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, Literal, NamedTuple, NotRequired, Optional, TypedDict, TypeVar, Union

import attrs
import pytest

from plait_core.types import TypeEngine
from plait_core.types.contexts import DETACHED

T = TypeVar("T")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Reading:
    sensor: str
    serial: int
    celsius: float = 0.0
    color: Color = Color.RED


@dataclasses.dataclass
class LateReading(Reading):
    late_by: timedelta = timedelta(seconds=1)


@dataclasses.dataclass
class Box(Generic[T]):
    item: T
    packed_at: datetime
    inner: "Optional[Box[int]]" = None


@dataclasses.dataclass
class LabelledBox(Box[list[T]], Generic[T]):
    label: Union[str, datetime] = "none"


@dataclasses.dataclass
class Tree:
    value: int
    children: "list[Tree]" = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Squared:
    side: int
    area: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "area", self.side**2)


@attrs.define
class Shelf:
    _height: int
    items: list[int] = attrs.field(factory=list)


class Point(NamedTuple):
    x: int
    y: float = 0.5


class Row(TypedDict):
    name: str
    note: NotRequired[str]


VALUES: list[tuple[Any, Any]] = [
    (int, 3),
    (int, -(2**63)),
    (float, 1.5),
    (str, "å"),
    (bool, False),
    (None, None),
    (bytes, b"\x00\xff"),
    (datetime, NOON),
    (date, date(2026, 1, 31)),
    (timedelta, timedelta(days=-3, microseconds=7)),
    (Color, Color.BLUE),
    (Literal["a", "b"], "b"),
    (Literal[1, 2], 2),
    (list[int], [1, 2, 3]),
    (list[list[str]], [["a"], []]),
    (tuple[int, ...], (1, 2)),
    (tuple[int, str], (1, "a")),
    (dict[str, list[float]], {"a": [1.0]}),
    (dict[int, str], {1: "one"}),
    (dict[date, int], {date(2026, 1, 1): 1}),
    (dict, {"a": [1, None, {"b": b"raw"}]}),
    (Optional[int], None),
    (Optional[int], 4),
    (Union[int, str], "four"),
    (Union[str, datetime], NOON),
    (list[Union[Reading, Tree]], [Tree(1), Reading("roof", 1)]),
    (Reading, Reading("roof", 7, 21.5, Color.BLUE)),
    (LateReading, LateReading("roof", 7)),
    (Box[str], Box("a", NOON, Box(3, NOON))),
    (LabelledBox[int], LabelledBox([1], NOON, label=NOON)),
    (Tree, Tree(1, [Tree(2), Tree(3, [Tree(4)])])),
    (Squared, Squared(4)),
    (Shelf, Shelf(2, [1])),
    (Point, Point(1)),
    (Row, {"name": "a"}),
    (Row, {"name": "a", "note": "b"}),
]

every_value = pytest.mark.parametrize(("python_type", "value"), VALUES, ids=lambda it: str(it)[:40])


@every_value
def test_value_survives_its_literal(python_type: Any, value: Any) -> None:
    """What comes back is equal and of the same class."""
    converter = TypeEngine().converter(python_type)

    again = converter.to_python(converter.to_literal(value, DETACHED), DETACHED)

    assert (again, type(again)) == (value, type(value))


@every_value
def test_value_survives_as_a_field(python_type: Any, value: Any) -> None:
    """Every type can be a field of a dataclass."""
    holder = dataclasses.make_dataclass("Holder", [("held", python_type)])
    converter = TypeEngine().converter(holder)

    again = converter.to_python(converter.to_literal(holder(value), DETACHED), DETACHED)

    assert again == holder(value)


@pytest.mark.parametrize(("python_type", "value"), [pair for pair in VALUES if pair[0] is not dict], ids=str)
def test_text_that_is_shown_can_be_typed(python_type: Any, value: Any) -> None:
    """The text form reads back as the value, but for bytes inside untyped dicts, which JSON cannot tell from text."""
    converter = TypeEngine().converter(python_type)

    assert converter.parse(converter.render(value)) == value
