"""
For generated types and values: literals, plain forms and texts keep the value, and the JSON schema describes the plain form.
"""

import dataclasses
import enum
import json
import math
from datetime import UTC, date, datetime, timedelta
from types import GenericAlias
from typing import Any, Literal, NamedTuple, Optional, Union

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from plait_core.ir.codec import dumps, loads
from plait_core.ir.literals import Literal as IrLiteral
from plait_core.types import TypeEngine
from plait_core.types.contexts import DETACHED

ENGINE = TypeEngine()


class Color(enum.Enum):
    RED = "red"
    BLUE = "2026-01-31"


SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=8),
    bool: st.booleans(),
    type(None): st.none(),
    bytes: st.binary(max_size=8),
    datetime: st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    date: st.dates(date(1700, 1, 1), date(2200, 1, 1)),
    timedelta: st.timedeltas(timedelta(days=-90_000), timedelta(days=90_000)),
    Color: st.sampled_from(Color),
    Literal["a", "b"]: st.sampled_from(["a", "b"]),
}
KEYS = [int, str, bool, date, Color]

Typed = tuple[Any, st.SearchStrategy[Any]]
"""A type with a strategy for its values."""


def lists(item: Typed) -> Typed:
    return GenericAlias(list, (item[0],)), st.lists(item[1], max_size=3)


def tuples(items: list[Typed]) -> Typed:
    return tuple[tuple(kind for kind, _ in items)], st.tuples(*(values for _, values in items))  # type: ignore[misc]


def maps(key: Any, item: Typed) -> Typed:
    return GenericAlias(dict, (key, item[0])), st.dictionaries(SCALARS[key], item[1], max_size=3)


def unions(items: list[Typed]) -> Typed:
    """Unlike variants, each with a class of its own: the others are ambiguous by design."""
    unlike = list({str(getattr(kind, "__origin__", kind)): (kind, values) for kind, values in items}.values())
    return Union[tuple(kind for kind, _ in unlike)], st.one_of([values for _, values in unlike])


def structs(items: list[Typed]) -> Typed:
    fields = [(f"field_{n}", kind) for n, (kind, _) in enumerate(items)]
    cls = dataclasses.make_dataclass("Generated", fields)
    return cls, st.builds(cls, *(values for _, values in items))


def named(items: list[Typed]) -> Typed:
    cls: Any = NamedTuple("Named", [(f"field_{n}", kind) for n, (kind, _) in enumerate(items)])  # type: ignore[misc]
    return cls, st.builds(cls, *(values for _, values in items))


def optionals(item: Typed) -> Typed:
    return Optional[item[0]], st.none() | item[1]


def larger(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        inner.map(lists),
        inner.map(optionals),
        st.builds(maps, st.sampled_from(KEYS), inner),
        several.map(tuples),
        several.map(structs),
        several.map(named),
        st.lists(st.sampled_from(list(SCALARS.items())[:10]), min_size=2, max_size=4).map(unions),
    )


TYPES = st.recursive(st.sampled_from(list(SCALARS.items())), larger, max_leaves=5)
VALUES = TYPES.flatmap(lambda typed: st.tuples(st.just(typed[0]), typed[1]))

thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(VALUES)
def test_literal_keeps_the_value(typed: tuple[Any, Any]) -> None:
    """Through bytes, as between two processes."""
    python_type, value = typed
    converter = ENGINE.converter(python_type)

    stored = dumps(converter.to_literal(value, DETACHED))

    assert converter.to_python(loads(IrLiteral, stored), DETACHED) == value


@thorough
@given(VALUES)
def test_text_keeps_the_value(typed: tuple[Any, Any]) -> None:
    """What is shown can be typed, but for a bare union, where the text of one variant may be that of another."""
    python_type, value = typed
    converter = ENGINE.converter(list[python_type])  # type: ignore[valid-type]  # made at run time

    assert converter.parse(converter.render([value])) == [value]


@thorough
@given(VALUES)
def test_schema_describes_the_plain_form(typed: tuple[Any, Any]) -> None:
    """A valid schema of the 2020-12 draft, which the JSON of every value meets."""
    python_type, value = typed
    converter = ENGINE.converter(list[python_type])  # type: ignore[valid-type]  # made at run time
    schema = converter.json_schema()

    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(converter.render([value])))


@given(st.floats())
def test_every_float_survives(value: float) -> None:
    """Infinities, not-a-number and negative zero included."""
    converter = ENGINE.converter(float)

    found = converter.to_python(loads(IrLiteral, dumps(converter.to_literal(value, DETACHED))), DETACHED)

    assert math.copysign(1, found) == math.copysign(1, value) or math.isnan(value)
    assert found == value or (math.isnan(found) and math.isnan(value))
