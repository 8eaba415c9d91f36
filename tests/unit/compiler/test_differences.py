"""Differences of templates are told by the field, as people read them."""

import attrs

from plait_core.compiler.differences import MOST, differences
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.interfaces import TypedInterface, Variable
from plait_core.ir.tasks import CachePolicy, RetryPolicy, TaskMetadata, TaskTemplate
from plait_core.ir.types import LiteralType, SimpleType

NUMBER = LiteralType(type=SimpleType.INTEGER)
TASK = TaskTemplate(
    id=EntityId(kind=EntityKind.TASK, name="flow.double", version="v1"),
    type="python-function",
    interface=TypedInterface(inputs=(Variable(name="a", type=NUMBER),)),
    metadata=TaskMetadata(retry=RetryPolicy(retries=2), cache=CachePolicy(version="1")),
)


def test_equal_templates_do_not_differ() -> None:
    """Whether or not they are the same object."""
    assert differences(TASK, attrs.evolve(TASK)) == ()


def test_each_field_is_told() -> None:
    """What changed, what is new and what is gone."""
    changed = attrs.evolve(
        TASK,
        interface=TypedInterface(inputs=(*TASK.interface.inputs, Variable(name="z", type=NUMBER))),
        metadata=TaskMetadata(retry=RetryPolicy(retries=4)),
    )

    assert differences(TASK, changed) == (
        '$.interface.inputs[1] is new: {"name": "z", "type": {"type": "integer"}}',
        '$.metadata.cache was {"version": "1"}, and is gone',
        "$.metadata.retry.retries was 2, and is 4",
    )


def test_many_differences_are_counted() -> None:
    """And a long value is cut."""
    changed = attrs.evolve(TASK, custom={f"k{n}": "x" * 100 for n in range(MOST + 2)})
    one = attrs.evolve(TASK, custom={f"k{n}": n for n in range(MOST + 2)})

    told = differences(one, changed)

    assert (len(told), told[-1]) == (MOST + 1, "and 2 more")
    assert told[0] == f'$.custom.k0 was 0, and is "{"x" * 79}…'
