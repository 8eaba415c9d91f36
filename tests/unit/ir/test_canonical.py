"""
Two things count as the same exactly when their canonical bytes are equal, in every process and release.
"""

import json
import os
import subprocess
import sys
from typing import Any

import attrs
import pytest

from plait_core.errors.stores import NotStorable
from plait_core.ir.canonical import canonical_bytes, digest, interface_digest
from plait_core.ir.literals import Binary, Collection, Literal, MapValue, Offloaded, UnionValue
from plait_core.ir.types import INTEGER, LiteralType, SimpleType
from plait_core.ir.workflows import SourceLine
from tests.unit.ir.samples import CLOSURE, INTERFACE, LITERALS, TYPES, golden, integer, primitive

PRINT_FORMS = "import json; from tests.unit.ir.samples import canonical_forms; print(json.dumps(canonical_forms()))"


def offloaded(literal: Literal) -> Literal:
    """The same value as it is when it was too large to carry."""
    stored = Offloaded(
        uri="s3://b/1", size_bytes=10**6, type=LiteralType(type=SimpleType.STRUCT), digest=digest(literal)
    )
    return Literal(value=stored)


@pytest.mark.parametrize("seed", ["0", "1", "31337"])
def test_golden_vectors_hold_under_any_hash_seed(seed: str) -> None:
    """Bytes and digests of a fresh process are those on file."""
    command = [sys.executable, "-c", PRINT_FORMS]

    printed = subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}
    ).stdout

    assert json.loads(printed) == golden("canonical.json")


def test_different_values_differ() -> None:
    """No two samples share a digest but those that are the same by rule."""
    digests: dict[str, str] = {}
    for name, literal in LITERALS.items():
        digests.setdefault(digest(literal), name)

    assert sorted(set(LITERALS) - set(digests.values())) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (integer(1), primitive(SimpleType.FLOAT, 1.0)),
        (integer(1), primitive(SimpleType.BOOLEAN, True)),
        (integer(1), primitive(SimpleType.STRING, "1")),
        (integer(1), primitive(SimpleType.DATETIME, 1)),
        (primitive(SimpleType.FLOAT, 0.0), primitive(SimpleType.FLOAT, -0.0)),
        (Literal(value=None), Literal(value=Collection(literals=()))),
        (Literal(value=MapValue(literals={})), Literal(value=Collection(literals=()))),
        (
            Literal(value=Collection(literals=(primitive(SimpleType.STRING, "ab"), primitive(SimpleType.STRING, "c")))),
            Literal(value=Collection(literals=(primitive(SimpleType.STRING, "a"), primitive(SimpleType.STRING, "bc")))),
        ),
    ],
)
def test_kinds_do_not_run_into_each_other(one: Literal, other: Literal) -> None:
    """Equal in Python, or alike as text, is not the same value."""
    assert digest(one) != digest(other)


def test_every_nan_is_one_nan() -> None:
    """The payload bits of a NaN mean nothing."""
    nan, other_nan = float("nan"), -float("nan")

    assert canonical_bytes(primitive(SimpleType.FLOAT, nan)) == canonical_bytes(primitive(SimpleType.FLOAT, other_nan))


def test_maps_have_no_order() -> None:
    """Neither maps of literals, nor JSON, nor what msgpack bytes hold."""
    a, b = ("a", integer(1)), ("b", integer(2))

    assert digest(Literal(value=MapValue(literals=dict([a, b])))) == digest(
        Literal(value=MapValue(literals=dict([b, a])))
    )
    assert canonical_bytes({"x": 1, "y": {"p": 1, "q": 2}}) == canonical_bytes({"y": {"q": 2, "p": 1}, "x": 1})
    ab, ba = (
        Literal(value=Binary(value=bytes.fromhex(hexed), tag="msgpack"))
        for hexed in ("82a16101a16202", "82a16202a16101")
    )
    assert digest(ab) == digest(ba)


def test_msgpack_that_cannot_be_read_counts_by_its_bytes() -> None:
    """A digest never fails because of what a foreign front end packed."""
    cut, other = (Literal(value=Binary(value=data, tag="msgpack")) for data in (b"\x82\xa1", b"\x82\xa2"))

    assert digest(cut) != digest(other)


def test_hash_stands_for_the_value() -> None:
    """Inside lists and maps too; metadata never counts."""
    one, other = (Literal(value=integer(n).value, hash="h", metadata={"n": str(n)}) for n in (1, 2))

    assert digest(one) == digest(other)
    assert digest(Literal(value=Collection(literals=(one,)))) == digest(Literal(value=Collection(literals=(other,))))
    assert digest(one) != digest(integer(1))
    assert digest(attrs.evolve(integer(1), metadata={"k": "v"})) == digest(integer(1))


@pytest.mark.parametrize("name", ["long collection", "string", "map"])
def test_an_offloaded_value_counts_as_its_twin(name: str) -> None:
    """By itself; and inside other values, where what is offloaded is never short."""
    literal = LITERALS[name]

    assert digest(offloaded(literal)) == digest(literal)


def test_an_offloaded_part_counts_as_its_twin() -> None:
    """A list of large values has one digest, whether they are carried or not, and so has a map."""
    large = LITERALS["long collection"]
    inline, carried = (Literal(value=Collection(literals=(part, integer(1)))) for part in (large, offloaded(large)))

    assert digest(inline) == digest(carried)
    inline, carried = (Literal(value=MapValue(literals={"a": part})) for part in (large, offloaded(large)))
    assert digest(inline) == digest(carried)


def test_a_union_counts_as_its_inner_value() -> None:
    """Optional[int] given 3 is 3."""
    union = Literal(value=UnionValue(value=integer(3), type=INTEGER))

    assert digest(union) == digest(integer(3))
    assert digest(Literal(value=Collection(literals=(union,)))) == digest(
        Literal(value=Collection(literals=(integer(3),)))
    )


def test_where_code_stands_does_not_count() -> None:
    """Moving a workflow down by a line leaves its digest."""
    workflow = CLOSURE.workflows[0]
    moved = attrs.evolve(
        workflow, nodes=tuple(attrs.evolve(node, source=SourceLine(file="x.py", line=9)) for node in workflow.nodes)
    )

    assert digest(moved) == digest(workflow)
    assert digest(attrs.evolve(workflow, nodes=workflow.nodes[::-1])) != digest(workflow)


def test_an_interface_is_its_names_and_types() -> None:
    """Descriptions, artifacts and schemas are left out; structure, annotation and order count."""
    variable = INTERFACE.inputs[0]

    def with_type(**changes: Any) -> str:
        changed = attrs.evolve(variable, type=attrs.evolve(TYPES["type with side-cars"], **changes))
        return interface_digest(attrs.evolve(INTERFACE, inputs=(changed, variable)))

    assert interface_digest(
        attrs.evolve(INTERFACE, inputs=(attrs.evolve(variable, description="", artifact=None),))
    ) == (interface_digest(INTERFACE))
    assert with_type(metadata={"title": "Q"}) == with_type()
    assert with_type(annotation=None) != with_type()
    assert with_type(structure=None) != with_type()
    swapped = attrs.evolve(INTERFACE, inputs=(variable, attrs.evolve(variable, name="z")))
    assert interface_digest(swapped) != interface_digest(attrs.evolve(swapped, inputs=swapped.inputs[::-1]))


def test_what_is_no_value_is_refused() -> None:
    """A foreign object has no canonical form."""
    with pytest.raises(NotStorable):
        canonical_bytes({"when": object()})
