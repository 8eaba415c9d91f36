"""Values by name: converted when they are looked at, as whatever type is asked for."""

import pickle
from typing import Any

import attrs
import pytest

from plait import LiteralsResolver
from plait.errors import NoSuchValue
from plait_core.authoring.typesystem import constants, process_types
from plait_core.ir.literals import Literal


@attrs.frozen
class Point:
    x: int
    y: int


def literal(value: Any) -> Literal:
    """Convert a value."""
    return process_types().converter(type(value)).to_literal(value, constants())


VALUES = LiteralsResolver({"n": literal(3), "point": literal(Point(1, 2))})


def test_values_are_of_the_types_that_they_show() -> None:
    """Nobody needs to say any; whoever does is heard."""
    assert VALUES["n"] == VALUES.get("n") == 3
    assert VALUES["point"] != Point(1, 2)
    assert VALUES.get("point", Point) == VALUES.get("point", as_type=Point) == Point(1, 2)
    assert LiteralsResolver(VALUES.literals, python_types={"point": Point})["point"] == Point(1, 2)


def test_they_are_a_mapping() -> None:
    """Of names that are there."""
    assert list(VALUES) == list(VALUES.keys()) == ["n", "point"]
    assert "n" in VALUES
    assert "m" not in VALUES
    assert VALUES.get("m", default=None) is None


@pytest.mark.parametrize("wrong", [NoSuchValue, KeyError, ValueError, AttributeError])
def test_value_that_is_not_there_is_an_error_that_everybody_knows(wrong: type[Exception]) -> None:
    """Those of a mapping, and those of flytekit; it names what there is."""
    with pytest.raises(wrong, match="use one of: n, point"):
        VALUES["m"]
    with pytest.raises(wrong, match="there is no value 'm'"):
        VALUES.get("m")
    assert str(pickle.loads(pickle.dumps(NoSuchValue(name="m", known=())))).startswith("there is no value 'm'")
