"""
What is stored can be read again, and forms once stored are read for ever.
"""

import json
from collections.abc import Sequence
from functools import cache
from types import UnionType as PlainUnion
from typing import Any, NewType, Union, get_args, get_origin

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from plait_core.errors.stores import NotReadable, NotStorable
from plait_core.ir.codec import _resolved, dumps, from_json, loads, to_json
from plait_core.ir.events import AttemptScheduled, Decision, ElementsSucceeded
from plait_core.ir.executions import Closure
from plait_core.ir.ids import NodeId
from plait_core.ir.literals import Literal, LiteralVariant, Primitive, Primitives
from plait_core.ir.tags import TAGS
from plait_core.ir.tasks import TaskTarget, TaskTemplate
from plait_core.ir.types import LiteralType, SimpleType, TypeVariant
from plait_core.ir.units import Action, Result, Unit
from plait_core.ir.workflows import BindingData, NodeTarget
from tests.unit.ir.samples import LITERALS, STORED, TASKS, golden, integer, primitive

FORMS = golden("stored.json")
NAMES = sorted(set(FORMS) | set(STORED))


def same(found: Any, expected: Any) -> bool:
    """Equality by which NaN equals itself, maps have an order, and fields outside equality count."""
    found, expected = (tuple(value) if isinstance(value, Primitives) else value for value in (found, expected))
    if found.__class__ is not expected.__class__:
        return False
    if attrs.has(found.__class__):
        names = attrs.fields_dict(found.__class__)
        return all(same(getattr(found, name), getattr(expected, name)) for name in names)
    if isinstance(found, dict):
        return list(found) == list(expected) and same([*found.values()], [*expected.values()])
    if isinstance(found, tuple | list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return repr(found) == repr(expected)


@pytest.mark.parametrize("name", NAMES)
def test_stored_form_is_as_ever(name: str) -> None:
    """What is written today is what golden files hold, byte for byte."""
    _, value = STORED[name]

    assert to_json(value) == FORMS[name]["json"]
    assert dumps(value).hex() == FORMS[name]["msgpack"]


@pytest.mark.parametrize("name", NAMES)
def test_golden_form_is_read(name: str) -> None:
    """Both forms give back the whole value, fields outside equality included."""
    kind, value = STORED[name]

    assert same(from_json(kind, FORMS[name]["json"]), value)
    assert same(loads(kind, bytes.fromhex(FORMS[name]["msgpack"])), value)


def test_every_tag_has_a_golden_form() -> None:
    """A class that is one of several alternatives cannot be added without a sample."""
    text = json.dumps(FORMS)

    assert [tag for tag in TAGS.values() if f'"{tag}": ' not in text] == []


@pytest.mark.parametrize("union", [Decision, LiteralVariant, TypeVariant, BindingData, NodeTarget, TaskTarget, Action])
def test_alternatives_are_told_apart(union: Any) -> None:
    """Every class of a union has a tag, and no other class of that union has the same."""
    classes = [member for member in get_args(union) if member not in {Primitive, SimpleType}]

    assert len({TAGS[member] for member in classes}) == len(classes)


def test_json_form_is_json() -> None:
    """It survives a strict encoder: no tuples, no bytes, no NaN."""
    forms: dict[str, Any] = {name: to_json(value) for name, (_, value) in STORED.items()}

    assert json.loads(json.dumps(forms, allow_nan=False)) == forms


# ── any value ────────────────────────────────────────────────────────────────

FOREIGN: Any = object()
INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)
TEXT = st.text(max_size=5)
ATOMS: dict[Any, st.SearchStrategy[Any]] = {
    int: INT64,
    str: TEXT,
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    bytes: st.binary(max_size=5),
    type(None): st.none(),
}
JSON = st.recursive(
    st.none() | st.booleans() | INT64 | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
PRIMITIVES = st.one_of(
    *(
        st.builds(Primitive, kind=st.just(kind), value=ATOMS[python_type])
        for kind, python_type in {
            SimpleType.INTEGER: int,
            SimpleType.FLOAT: float,
            SimpleType.STRING: str,
            SimpleType.BOOLEAN: bool,
            SimpleType.DATETIME: int,
            SimpleType.DURATION: int,
        }.items()
    )
)


@cache
def values(kind: Any, depth: int = 3) -> st.SearchStrategy[Any]:
    """
    Make values of a class of the IR, of one of its unions, or of what their fields hold.

    At depth 0 come the shortest ones: only fields that must be given, and the first member of a union, which none of ours
    makes recursive.
    """
    if kind is Primitive:
        return PRIMITIVES
    if kind in ATOMS:
        return ATOMS[kind]
    if isinstance(kind, NewType):
        return values(kind.__supertype__)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, PlainUnion}:
        members = arguments if depth else arguments[:1]
        return JSON if float in arguments else st.one_of(*(values(member, depth) for member in members))
    if origin is tuple and arguments[-1] is not ...:
        return st.tuples(*(values(item, depth) for item in arguments))
    if origin is not None and not depth:
        return st.just(()) if origin in {tuple, Sequence} else st.just({})
    if origin in {tuple, Sequence}:
        return st.lists(values(arguments[0], depth - 1), max_size=2).map(tuple)
    if origin is not None:
        return st.dictionaries(TEXT, values(arguments[1], depth - 1), max_size=2)
    if not attrs.has(kind):
        return st.sampled_from(kind)
    wanted = [field for field in attrs.fields(_resolved(kind)) if depth or field.default is attrs.NOTHING]
    return st.builds(kind, **{field.name: values(field.type, max(depth - 1, 0)) for field in wanted})


@pytest.mark.parametrize("kind", [Literal, LiteralType, Decision, TaskTemplate, Unit, Result, Closure], ids=str)
@settings(max_examples=15, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(data=st.data())
def test_any_value_comes_back(kind: Any, data: st.DataObject) -> None:
    """Through msgpack, and through JSON as text."""
    value = data.draw(values(kind))

    assert same(loads(kind, dumps(value)), value)
    assert same(from_json(kind, json.loads(json.dumps(to_json(value)))), value)


# ── what is refused ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "document", "faults"),
    [
        (
            Decision,
            {"attempt_scheduled": {"node": "n0", "n": "1", "m": 2}},
            ("expected int, found '1' @ $.n", "unknown: m @ $"),
        ),
        (AttemptScheduled, {"attempt_scheduled": {"node": "n0"}}, ("'n' is missing or not known @ $.n",)),
        (
            AttemptScheduled,
            {"attempt_due": {"node": "n0", "n": 0}},
            ("expected 'attempt_scheduled', found 'attempt_due' @ $",),
        ),
        (Literal, {"integer": True}, ("expected integer, found True @ $",)),
        (Literal, {"integer": 1, "float": 1.0}, None),
        (LiteralType, {"type": "integers"}, None),
        (Result, {"outputs": {"o0": {"integer": 1.5}}}, ("expected integer, found 1.5 @ $.outputs['o0']",)),
        (
            ElementsSucceeded,
            {"elements_succeeded": {"node": "n0", "outcomes": [[0, 0, None, 1], [0, 0, {"integer": ""}, True]]}},
            ("expected bool, found 1 @ $.outcomes[0][3]", "expected integer, found '' @ $.outcomes[1][2]"),
        ),
        (
            ElementsSucceeded,
            {"elements_succeeded": {"node": "n0", "outcomes": {}}},
            ("expected a list, found {} @ $.outcomes",),
        ),
        (Unit, [], ("expected a map, found [] @ $",)),
        (Literal, {"collection": {"literals": "ab"}}, ("expected a list, found 'ab' @ $.literals",)),
        (
            Result,
            {"outputs": [["o0", {"integer": 1}]]},
            ("expected a map, found [['o0', {'integer': 1}]] @ $.outputs",),
        ),
    ],
)
def test_wrong_document_is_refused(kind: Any, document: Any, faults: tuple[str, ...] | None) -> None:
    """Unknown tags and fields, missing ones and wrong types; every place is named."""
    with pytest.raises(NotReadable) as caught:
        from_json(kind, document)

    assert caught.value.faults
    assert faults is None or caught.value.faults == faults


@pytest.mark.parametrize("data", [b"", b"\xc1", dumps(LITERALS["map"])[:-1], dumps(LITERALS["map"]) + b"\x00"])
def test_damaged_bytes_are_refused(data: bytes) -> None:
    """Cut, extended or foreign bytes are one class of error."""
    with pytest.raises(NotReadable):
        loads(Literal, data)


@pytest.mark.parametrize(
    "value",
    [
        integer(2**64),
        attrs.evolve(TASKS[0], custom={"when": FOREIGN}),
        primitive(SimpleType.STRING, object()),
    ],
)
def test_what_has_no_form_is_refused(value: Any) -> None:
    """Integers beyond 64 bits and foreign objects are told by one class of error."""
    with pytest.raises(NotStorable):
        dumps(value)


def test_defaults_are_left_out() -> None:
    """The form of an ordinary event is as short as what it says."""
    assert to_json(AttemptScheduled(node=NodeId("n0"), n=0)) == {"attempt_scheduled": {"node": "n0", "n": 0}}
