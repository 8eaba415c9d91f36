"""
Outputs of elements are what was put in, whatever takes their place in memory.
"""

import pytest

from plait_core.engine._outputs import Outputs
from plait_core.ir.literals import NOTHING, Literal, Primitive, Primitives
from plait_core.ir.types import SimpleType
from tests.unit.ir.collector import tracked
from tests.unit.ir.samples import integer

HALF = Literal(value=Primitive(kind=SimpleType.FLOAT, value=0.5))
HASHED = Literal(value=Primitive(kind=SimpleType.INTEGER, value=1), hash="h")
NOTED = Literal(value=Primitive(kind=SimpleType.INTEGER, value=1), metadata={"a": "b"})
TRUE = Literal(value=Primitive(kind=SimpleType.BOOLEAN, value=True))


@pytest.mark.parametrize(
    "made",
    [
        (integer(1), integer(2)),
        (integer(1), HALF, integer(2)),
        (HASHED, integer(1), NOTED),
        (TRUE, integer(1)),
        (NOTHING, integer(1)),
        (integer(1), None),
        (None, None),
        (),
    ],
)
def test_outputs_come_back(made: tuple[Literal | None, ...]) -> None:
    """Each is found where it was put, in whatever order they came."""
    outputs = Outputs.none(len(made))

    for element in reversed(range(len(made))):
        outputs[element] = made[element]

    assert (tuple(outputs), len(outputs)) == (made, len(made))
    assert [outputs[element] for element in range(len(made))] == [*made]
    assert tuple(Outputs(made)) == made


def test_the_list_of_outputs_has_one_per_element() -> None:
    """Primitives of one kind make ``Primitives``; of anything else the list is a tuple, in which nothing is a value."""
    assert repr(Outputs((integer(1), integer(2))).literals()) == repr(Primitives(SimpleType.INTEGER, (1, 2)))
    assert Outputs((integer(1), HALF)).literals() == (integer(1), HALF)
    assert Outputs((integer(1), None, NOTHING)).literals() == (integer(1), NOTHING, NOTHING)
    assert Outputs(()).literals() == ()


def test_many_outputs_are_little_work_for_the_collector() -> None:
    """A thousand primitives are no more objects for it to visit than one."""
    assert tracked(Outputs(map(integer, range(1000)))) == tracked(Outputs([integer(0)]))
