"""Types, through real runs: what each one lets cross from task to task, and what it refuses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, Optional, Union

import numpy as np
import pytest
from pydantic import BaseModel, Field, field_validator

from plait import Annotation, HashMethod, Pickled, TaskFailure, task, workflow
from plait_core.authoring.typesystem import process_types
from plait_core.errors.values import (
    AmbiguousUnion,
    ConversionFailed,
    NoneRefused,
    TransformerClash,
    UnsupportedType,
    WrongFields,
    WrongValue,
)
from plait_core.ir.literals import Literal as IrLiteral
from plait_core.ir.literals import Primitive
from plait_core.ir.types import FLOAT, LiteralType, SimpleType
from plait_core.types import ConversionContext
from plait_core.types.transformers import TypeTransformer
from tests.acceptance.rows.recording import record


class Color(Enum):
    """An enum of texts."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Address:
    """A nested record."""

    street: str
    zip_code: Optional[str] = None


@dataclass
class Person:
    """A record of everything."""

    name: str
    age: int
    height: float = 1.7
    tags: list[str] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    color: Color = Color.RED
    address: Optional[Address] = None
    born: Optional[datetime] = None


class Reading(BaseModel):
    """A model with an alias and a validator."""

    celsius: float
    place: str = Field(default="hall", alias="where")

    @field_validator("place")
    @classmethod
    def _lower(cls, place: str) -> str:
        return place.lower()


class Pair(NamedTuple):
    """A tuple with names."""

    a: int
    b: str


def echo(python_type: Any) -> Any:
    """Make a task that is given a value of *python_type* and returns it, in a workflow that hands it on twice."""

    @task
    def give(x: python_type) -> python_type:
        return x

    @workflow
    def wf(x: python_type) -> python_type:
        return give(x=give(x=x))

    return wf


NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ADA = Person(name="Ada", age=36, tags=["x"], scores={"m": 1.0}, color=Color.BLUE, address=Address("Hill"), born=NOON)


@pytest.mark.parametrize(
    ("python_type", "value"),
    [
        (int, -(2**63)),
        (float, 2.5),
        (str, "dü"),
        (bool, False),
        (datetime, NOON),
        (date, date(2026, 3, 1)),
        (timedelta, timedelta(days=-1, microseconds=7)),
        (list[int], []),
        (list[list[str]], [["a"], []]),
        (dict[str, int], {"b": 1, "a": 2}),
        (dict[str, list[float]], {"x": [0.5]}),
        (dict, {"a": [1, {"b": None}], "c": 2.5}),
        (dict[int, str], {1: "one"}),
        (Optional[int], None),
        (Optional[int], 3),
        (Union[int, str], "3"),
        (int | list[str], ["a"]),
        (Color, Color.BLUE),
        (list[Color], [Color.RED, Color.BLUE]),
        (Literal["a", "b"], "b"),
        (Person, ADA),
        (list[Person], [ADA, Person(name="B", age=1)]),
        (dict[str, Person], {"a": ADA}),
        (Optional[Person], None),
        (Reading, Reading(celsius=1.5, where="YARD")),
        (list[tuple[int, str]], [(1, "a")]),
        (list[Pair], [Pair(a=1, b="x")]),
        (Annotated[int, Annotation({"unit": "m"})], 4),
        (Annotated[set, Pickled()], {1, 2}),
    ],
    ids=str,
)
def test_value_comes_back_equal_from_two_tasks_and_a_workflow(python_type: Any, value: Any) -> None:
    """Y-01 to Y-18, Y-32, Y-33: and of the same class."""
    returned = echo(python_type)(x=value)

    assert returned == value
    assert type(returned) is type(value)


def test_tuple_can_be_an_input() -> None:
    """Y-33: as a result it would be several outputs."""

    @task
    def total(pair: tuple[int, int], named: Pair) -> str:
        return f"{sum(pair)} {named.a}{named.b}"

    assert total(pair=(1, 2), named=Pair(a=1, b="x")) == "3 1x"


@pytest.mark.parametrize(
    ("python_type", "value"),
    [
        (int, True),
        (int, 1.0),
        (int, "1"),
        (int, 2**63),
        (float, "1.0"),
        (str, 1),
        (bool, 1),
        (datetime, "2026-03-01"),
        (date, NOON),
        (timedelta, 1),
        (list[int], (1, 2)),
        (list[int], [1, "x"]),
        (dict[str, int], {1: 1}),
        (Union[int, float], "x"),
        (Color, "green"),
        (Literal["a", "b"], "c"),
        (Person, {"name": "Ada"}),
        (Reading, {"celsius": "warm"}),
        (tuple[int, str], (1,)),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["task", "workflow"])
def test_value_that_does_not_fit_is_refused_before_anything_runs(python_type: Any, value: Any, kind: str) -> None:
    """Y-01 to Y-16: by one class of error, which is a TypeError and a ValueError."""

    @task
    def take(x: python_type) -> None:
        raise AssertionError("ran")

    @workflow
    def wf(x: python_type) -> None:
        take(x=x)

    with pytest.raises(ConversionFailed) as caught:
        (take if kind == "task" else wf)(x=value)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("python_type", [int, str, list[int], Color, Person])
def test_none_is_refused_where_the_type_does_not_allow_it(python_type: Any) -> None:
    """Y-63: as an input, and as what a task returns."""

    nothing = None

    @task
    def give() -> python_type:
        return nothing

    with pytest.raises(NoneRefused, match="cannot be None"):
        echo(python_type)(x=None)
    with pytest.raises(NoneRefused, match="cannot be None"):
        give()


def test_wrong_return_value_names_the_output_and_fails_the_task() -> None:
    """Y-60: with where in the value it went wrong; it is not retried."""

    @task(retries=2)
    def give() -> dict[str, list[int]]:
        return {"a": [1, "x"]}  # type: ignore[list-item]  # under test

    failed = record(give)

    assert "$.o0['a'][1]" in failed.error.message
    assert len(failed.attempts) == 1


def test_naive_datetime_gains_utc_and_offsets_become_utc() -> None:
    """Y-05: here as everywhere."""
    same = echo(datetime)

    assert same(x=datetime(2026, 3, 1, 12)) == datetime(2026, 3, 1, 12, tzinfo=UTC)
    moved = same(x=datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=9))))
    assert (moved, moved.tzinfo) == (datetime(2026, 3, 1, 3, tzinfo=UTC), UTC)


@pytest.mark.parametrize("python_type", [list, set, tuple, Any, object, Callable[[], int], bytes | complex])
def test_type_that_nothing_converts_is_refused_at_declaration(python_type: Any) -> None:
    """Y-09, Y-32, Y-33: with what to write instead."""

    @task
    def take(x: python_type) -> int:
        return 1

    with pytest.raises(UnsupportedType) as caught:
        take(x=[])
    assert caught.value.remedy


def test_enum_accepts_the_value_of_a_member() -> None:
    """Y-13: and the body gets the member."""

    @task
    def show(c: Color) -> str:
        return repr(c)

    assert show(c="red") == "<Color.RED: 'red'>"  # type: ignore[arg-type]  # under test


def test_enum_of_numbers_is_refused() -> None:
    """Y-13: its values are no texts."""

    class Size(Enum):
        SMALL = 1

    @task
    def show(size: Size) -> str:
        return repr(size)

    with pytest.raises(UnsupportedType, match="Size"):
        show(size=Size.SMALL)


def test_value_that_fits_several_variants_equally_is_refused() -> None:
    """Y-12: nobody could tell how to read it back."""

    @dataclass
    class A:
        x: int

    @dataclass
    class B:
        x: int

    @task
    def take(v: Union[list[A], list[B]]) -> int:
        return 1

    with pytest.raises(AmbiguousUnion):
        take(v=[])


def test_text_that_is_also_an_enum_value_stays_a_text() -> None:
    """Y-12: the exact class wins."""
    assert echo(Union[Color, str])(x="red") == "red"
    assert echo(Union[Color, str])(x=Color.RED) is Color.RED


def test_mutable_values_cross_by_value() -> None:
    """A body that changes its input changes nothing for others."""

    @task
    def spoil(xs: list[int], p: Person) -> int:
        xs.append(1)
        p.tags.append("spoiled")
        return len(xs)

    @workflow
    def wf(xs: list[int], p: Person) -> tuple[int, int]:
        return spoil(xs=xs, p=p), spoil(xs=xs, p=p)

    xs, person = [0], Person(name="A", age=1)
    assert tuple(wf(xs=xs, p=person)) == (2, 2)
    assert (xs, person.tags) == ([0], [])


def test_dataclass_default_and_attribute_path_work_in_workflows() -> None:
    """Y-15: a field of a task's output is an input of another."""

    @task
    def make() -> Person:
        return ADA

    @task
    def join(street: str, tag: str, score: float) -> str:
        return f"{street} {tag} {score}"

    @workflow
    def wf() -> str:
        person = make()
        return join(street=person.address.street, tag=person.tags[0], score=person.scores["m"])  # type: ignore[union-attr]

    assert wf() == "Hill x 1.0"


def test_fields_that_a_dataclass_lacks_are_named() -> None:
    """Y-15: missing and unknown ones in one error."""
    with pytest.raises(WrongFields, match="age") as caught:
        echo(Person)(x={"name": "Ada", "size": 2})
    assert "size" in str(caught.value)


def test_aliases_and_validators_of_models_apply() -> None:
    """Y-16: in both directions."""
    returned = echo(Reading)(x=Reading(celsius=1, where="HALL"))

    assert returned == Reading(celsius=1.0, where="hall")


def test_hash_method_decides_whether_a_cached_task_runs() -> None:
    """Y-18: values with equal hashes are one value to the cache."""
    ran: list[int] = []

    @task
    def make(n: int) -> Annotated[list[int], HashMethod(lambda xs: str(len(xs)))]:
        return list(range(n, n + 3))

    @task(cache=True, cache_version="1")
    def total(xs: list[int]) -> int:
        ran.append(1)
        return sum(xs)

    @workflow
    def wf(n: int) -> int:
        return total(xs=make(n=n))

    assert (wf(n=1), wf(n=5)) == (6, 6)
    assert len(ran) == 1


def test_arrays_come_back_equal() -> None:
    """Y-24: dtype and shape kept."""
    array = np.arange(6, dtype=np.int16).reshape(2, 3)

    @task
    def double(a: np.ndarray) -> np.ndarray:
        return a * 2

    @workflow
    def wf(a: np.ndarray) -> np.ndarray:
        return double(a=double(a=a))

    returned = wf(a=array)

    assert (returned.dtype.name, returned.tolist()) == ("int16", [[0, 4, 8], [12, 16, 20]])


def test_failure_is_a_value() -> None:
    """Y-31."""
    assert echo(TaskFailure)(x=TaskFailure(message="m", failed_node_id="n0")) == TaskFailure(
        message="m", failed_node_id="n0"
    )


class Degrees:
    """A class that only a transformer of its author's knows."""

    def __init__(self, celsius: float) -> None:
        self.celsius = celsius


class DegreesTransformer(TypeTransformer[Degrees]):
    """Stores degrees as a number, and says how often it did."""

    name = "degrees"
    python_type = Degrees

    def literal_type(self, python_type: Any) -> LiteralType:
        return FLOAT

    def to_literal(self, value: Degrees, python_type: Any, context: ConversionContext) -> IrLiteral:
        return IrLiteral(value=Primitive(kind=SimpleType.FLOAT, value=value.celsius))

    def to_python(self, literal: IrLiteral, python_type: Any, context: ConversionContext) -> Degrees:
        assert isinstance(literal.value, Primitive)
        return Degrees(float(literal.value.value))


def test_registered_transformer_converts_its_class_and_only_one_may() -> None:
    """Y-61: elsewhere it comes from a plugin; a second one for the class is an error."""
    types = process_types()
    types.register(DegreesTransformer())

    assert echo(Degrees)(x=Degrees(3.5)).celsius == 3.5
    assert [each.celsius for each in echo(list[Degrees])(x=[Degrees(1.0)])] == [1.0]
    with pytest.raises(TransformerClash):
        types.register(DegreesTransformer())


class Doubling(DegreesTransformer):
    """Another way to store degrees."""

    def to_literal(self, value: Degrees, python_type: Any, context: ConversionContext) -> IrLiteral:
        return IrLiteral(value=Primitive(kind=SimpleType.FLOAT, value=value.celsius * 2))


def test_transformer_in_an_annotation_wins() -> None:
    """Y-18, Y-61: for that one input or output."""

    @task
    def give() -> Annotated[Degrees, Doubling()]:
        return Degrees(1.5)

    assert give().celsius == 3.0


def test_large_values_are_stored_apart_and_come_back_equal() -> None:
    """Y-64: beyond 64 KiB the record has a reference."""
    texts = ["x" * 70_000, "y"]

    assert echo(list[str])(x=texts) == texts


def test_raising_a_conversion_error_names_what_was_expected() -> None:
    """Y-63: found and expected type are in the text."""
    with pytest.raises(WrongValue, match="expected int, found"):
        echo(int)(x="a")


def test_types_are_guessed_back_for_those_who_have_no_code() -> None:
    """Y-62: a dataclass made from what the literal type says has the same fields."""
    types = process_types()

    guessed = types.guess(types.literal_type(Person))

    assert list(guessed.__dataclass_fields__) == [
        "name",
        "age",
        "height",
        "tags",
        "scores",
        "color",
        "address",
        "born",
    ]
