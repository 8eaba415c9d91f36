"""How calls fit a signature, and how outputs are packed."""

from typing import Any, NamedTuple

import pytest

from plait_core.authoring.interfaces import PythonInput, PythonInterface, default_output_tuple, interface_of
from plait_core.errors.authoring import WrongArguments, WrongOutputs

One = NamedTuple("One", [("only", int)])


def outputs_of(annotation: Any) -> PythonInterface:
    def declared() -> None: ...

    declared.__annotations__["return"] = annotation
    return interface_of("declared", declared)


@pytest.mark.parametrize(
    ("annotation", "names"),
    [
        (None, ()),
        (int, ("o0",)),
        (tuple[int, str], ("o0", "o1")),
        ((int, str), ("o0", "o1")),
        (One, ("only",)),
        (tuple[int, ...], ("o0",)),
    ],
    ids=str,
)
def test_outputs_are_named_by_position_unless_a_named_tuple_names_them(annotation: Any, names: tuple[str, ...]) -> None:
    """A tuple of any length is one value."""
    assert tuple(outputs_of(annotation).outputs) == names


def test_several_outputs_are_packed_into_the_default_tuple() -> None:
    """Its fields are o0, o1 and so on, and it prints by that name."""
    packed = outputs_of(tuple[int, str]).pack({"o1": "x", "o0": 1})

    assert repr(packed) == "DefaultNamedTupleOutput(o0=1, o1='x')"
    assert type(packed) is default_output_tuple("o0", "o1")


def test_one_named_output_stays_a_tuple() -> None:
    """The function may return the value, a tuple of one, or an instance."""
    shape = outputs_of(One)

    assert shape.pack({"only": 2}) == One(only=2)
    assert [shape.unpack("f", returned) for returned in (2, (2,), One(2))] == [{"only": 2}] * 3


@pytest.mark.parametrize(
    ("annotation", "returned"),
    [(tuple[int, str], (1,)), (tuple[int, str], (1, "x", 2)), (tuple[int, str], 1), (int, (1, 2)), (None, 3)],
    ids=str,
)
def test_wrong_number_of_outputs_is_one_error(annotation: Any, returned: Any) -> None:
    """Too many, too few, one for several and something for nothing are the same mistake."""
    with pytest.raises(WrongOutputs):
        outputs_of(annotation).unpack("f", returned)


@pytest.mark.parametrize("annotation", [tuple[int, ...], Any, object, list[int] | tuple[int, ...]], ids=str)
def test_a_tuple_is_a_value_where_the_type_allows_one(annotation: Any) -> None:
    """Only a type that holds no tuple makes a tuple a mistake."""
    assert outputs_of(annotation).unpack("f", (1, 2)) == {"o0": (1, 2)}


SHAPE = PythonInterface({"a": PythonInput(int), "b": PythonInput(int, 2)})


def test_arguments_are_bound_in_order_of_declaration_with_defaults() -> None:
    """By position, by name, or both."""
    assert SHAPE.bind("f", (1,), {}) == {"a": 1, "b": 2}
    assert list(SHAPE.bind("f", (), {"b": 3, "a": 1}).items()) == [("a", 1), ("b", 3)]


@pytest.mark.parametrize(
    ("args", "kwargs", "told"),
    [
        ((1, 2, 3), {}, "takes 2 positional arguments, and 3 were given"),
        ((1,), {"a": 1}, "got 'a' twice"),
        ((1,), {"c": 1}, "has no input 'c'"),
        ((), {"b": 1}, "needs 'a'"),
    ],
)
def test_call_that_does_not_fit_is_one_error(args: tuple[int, ...], kwargs: dict[str, int], told: str) -> None:
    """It names the entity, what does not fit, and the inputs there are."""
    with pytest.raises(WrongArguments, match=told) as refused:
        SHAPE.bind("f", args, kwargs)

    assert refused.value.inputs == ("a", "b")
