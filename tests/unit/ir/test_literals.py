"""
Lists of primitives are kept without an object for each item, and nobody can tell but by the memory they take.
"""

import pickle
from collections.abc import Sequence
from typing import Any

import pytest

from plait_core.errors.stores import NotReadable
from plait_core.ir.canonical import digest
from plait_core.ir.codec import dumps, from_json, loads, to_json
from plait_core.ir.literals import NOTHING, Collection, Literal, Primitive, Primitives
from plait_core.ir.types import SimpleType
from plait_core.types import TypeEngine
from plait_core.types.contexts import DETACHED
from tests.unit.ir.collector import tracked
from tests.unit.ir.samples import integer

KINDS: dict[SimpleType, tuple[Any, ...]] = {
    SimpleType.INTEGER: (0, -1, 2**63 - 1),
    SimpleType.FLOAT: (0.5, -0.0, 1e308),
    SimpleType.STRING: ("", "a", "b" * 100),
    SimpleType.BOOLEAN: (True, False, True),
    SimpleType.DATETIME: (0, 10**18, -1),
    SimpleType.DURATION: (0, 10**18, -1),
}


def forms(kind: SimpleType) -> tuple[Primitives, tuple[Literal, ...]]:
    """The same literals, as one and as the other."""
    values = KINDS[kind]
    return Primitives(kind, values), tuple(Literal(value=Primitive(kind=kind, value=value)) for value in values)


@pytest.mark.parametrize("kind", KINDS)
def test_primitives_are_the_tuple_of_them(kind: SimpleType) -> None:
    """Whatever can be asked of the tuple is answered alike."""
    short, long = forms(kind)

    assert (tuple(short), short[1], short[-1], len(short)) == (long, long[1], long[-1], 3)
    assert short == long
    assert long == short
    assert hash(short) == hash(long)
    assert short[1:] == long[1:]
    assert pickle.loads(pickle.dumps(short)) == short
    assert (short != long[1:], short != [*long]) == (True, True)
    with pytest.raises(IndexError):
        short[3]


@pytest.mark.parametrize("kind", KINDS)
def test_forms_do_not_depend_on_how_a_list_is_kept(kind: SimpleType) -> None:
    """Both are stored and digested alike, and are read as what takes less."""
    short, long = (Literal(value=Collection(literals=literals)) for literals in forms(kind))

    assert (dumps(short), to_json(short), digest(short)) == (dumps(long), to_json(long), digest(long))
    assert kept(loads(Literal, dumps(long))) == kept(short)
    assert kept(from_json(Literal, to_json(long))) == kept(short)


def kept(literal: Literal) -> tuple[type, Sequence[Literal]]:
    """How a list is kept, and what is in it."""
    assert isinstance(literal.value, Collection)
    return type(literal.value.literals), literal.value.literals


@pytest.mark.parametrize(
    "items",
    [
        (integer(1), Literal(value=Primitive(kind=SimpleType.FLOAT, value=1.0))),
        (integer(1), Literal(value=Primitive(kind=SimpleType.INTEGER, value=1), hash="h")),
        (integer(1), NOTHING),
        (Literal(value=Collection(literals=(integer(1),))),),
        (),
    ],
)
def test_other_lists_are_tuples(items: tuple[Literal, ...]) -> None:
    """Where an item is more than a primitive of the one kind, all are kept as they are."""
    whole = Literal(value=Collection(literals=items))

    assert kept(loads(Literal, dumps(whole))) == (tuple, items)


@pytest.mark.parametrize("item", [{"integer": True}, {"integer": 1, "float": 1.0}, {"integer": 1, "x": 2}, 1])
def test_what_is_wrong_in_a_list_is_named(item: Any) -> None:
    """An item that is no primitive makes the reader say where it is."""
    with pytest.raises(NotReadable, match=r"literals\[1\]"):
        from_json(Literal, {"collection": {"literals": [{"integer": 1}, item]}})


def test_a_list_of_ints_is_little_work_for_the_collector() -> None:
    """A thousand items more are no objects more that it has to visit."""
    to_literal = TypeEngine().converter(list[int]).to_literal

    small, large = (tracked(to_literal([*range(n)], DETACHED)) for n in (10, 1000))

    assert large == small
