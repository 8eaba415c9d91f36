"""
How the engine finds converters: overrides, plugins, pickle by consent, guesses; and offloading.
"""

import asyncio
import dataclasses
import enum
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, NewType, Optional, Union

import attrs
import pytest

from plait_core.errors.values import TransformerClash, UnsupportedType
from plait_core.ir.canonical import digest
from plait_core.ir.ids import NodeId
from plait_core.ir.json import Json
from plait_core.ir.literals import (
    NOTHING,
    Binary,
    Blob,
    Collection,
    ErrorValue,
    Generic,
    Offloaded,
    Primitive,
    UnionValue,
)
from plait_core.ir.literals import (
    Literal as IrLiteral,
)
from plait_core.ir.types import (
    INTEGER,
    NONE,
    STRING,
    BlobType,
    CollectionType,
    LiteralType,
    SimpleType,
    TypeStructure,
    UnionType,
)
from plait_core.ports.specs import TypeTransformerSpec
from plait_core.testing.memory import MemoryBlobStore
from plait_core.types import ConversionContext, TypeEngine
from plait_core.types.annotations import Annotation, HashMethod, Pickled
from plait_core.types.contexts import DETACHED
from plait_core.types.failures import TaskFailure
from plait_core.types.offloading import fetch, offload
from tests.unit.types.test_conformance_suite import Metres, MetresTransformer

ENGINE = TypeEngine()


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Reading:
    sensor: str
    at: Optional[datetime] = None
    color: Color = Color.RED


class Feet(Metres):
    pass


def metres_spec(factory: str = "MetresTransformer") -> TypeTransformerSpec:
    module = Metres.__module__
    return TypeTransformerSpec(name="metres", python_type=f"{module}:Metres", factory=f"{module}:{factory}")


def integer(n: int) -> IrLiteral:
    return IrLiteral(value=Primitive(kind=SimpleType.INTEGER, value=n))


def test_converter_is_compiled_once() -> None:
    """The same type is the same object; the order of a union's variants makes another type."""
    assert ENGINE.converter(list[Reading]) is ENGINE.converter(list[Reading])
    assert ENGINE.literal_type(Union[int, str]) != ENGINE.literal_type(Union[str, int])


def test_struct_type_says_what_is_in_it() -> None:
    """JSON schema as metadata; field types, in order, in the structure."""
    found = ENGINE.literal_type(Reading)

    assert found.type is SimpleType.STRUCT
    assert found.structure == TypeStructure(
        tag="dataclass",
        fields={
            "sensor": STRING,
            "at": ENGINE.literal_type(Optional[datetime]),
            "color": ENGINE.literal_type(Color),
        },
    )
    assert found.metadata == {
        "type": "object",
        "title": "Reading",
        "properties": {
            "sensor": {"type": "string"},
            "at": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}], "default": None},
            "color": {"type": "string", "enum": ["red"], "default": "red"},
        },
        "required": ["sensor"],
        "additionalProperties": False,
    }


def test_optional_is_a_union_with_none() -> None:
    """Variants keep their order and their transformers' names."""
    tagged = [attrs.evolve(kind, structure=TypeStructure(tag=tag)) for kind, tag in ((INTEGER, "int"), (NONE, "none"))]

    assert ENGINE.literal_type(Optional[int]) == LiteralType(type=UnionType(variants=tuple(tagged)))
    assert ENGINE.converter(Optional[int]).to_literal(3, DETACHED).value == UnionValue(value=integer(3), type=tagged[0])


@pytest.mark.parametrize(
    ("python_type", "literal", "value"),
    [
        (Optional[int], integer(3), 3),
        (Optional[int], NOTHING, None),
        (Union[int, str], IrLiteral(value=Primitive(kind=SimpleType.STRING, value="3")), "3"),
        (Union[list[int], int], IrLiteral(value=Collection(literals=(integer(3),))), [3]),
        (Union[Literal["a"], Color], IrLiteral(value=Primitive(kind=SimpleType.STRING, value="red")), Color.RED),
        (Union[int, Reading], IrLiteral(value=Generic(value={"sensor": "roof"})), Reading("roof")),
        (int, IrLiteral(value=UnionValue(value=integer(3), type=INTEGER)), 3),
        (int, IrLiteral(value=Primitive(kind=SimpleType.FLOAT, value=3.0)), 3),
        (float, integer(3), 3.0),
        (list[int], IrLiteral(value=Generic(value=[1.0, 2.0])), [1, 2]),
        (Reading, IrLiteral(value=Generic(value={"sensor": "roof", "color": "red"})), Reading("roof")),
        (str, IrLiteral(value=Binary(value=b"\xa1a", tag="msgpack")), "a"),
        (Color, IrLiteral(value=Binary(value=b"\xa3red", tag="msgpack")), Color.RED),
    ],
    ids=str,
)
def test_literal_from_elsewhere_is_read(python_type: Any, literal: IrLiteral, value: Any) -> None:
    """Unwrapped variants, wrapped plain values, JSON from a console, and what an attribute path selected."""
    found = ENGINE.converter(python_type).to_python(literal, DETACHED)

    assert (found, type(found)) == (value, type(value))


def test_value_of_a_variants_class_is_not_ambiguous() -> None:
    """A text that is also a member's value is a text."""
    converter = ENGINE.converter(Union[Color, str])

    assert [converter.to_python(converter.to_literal(value, DETACHED), DETACHED) for value in ("red", Color.RED)] == [
        "red",
        Color.RED,
    ]


def test_annotations_ride_along() -> None:
    """A hash on the literal, JSON on the type, a transformer instead of the usual one; others are passed over."""
    hashed = ENGINE.converter(Annotated[int, HashMethod(lambda value: f"is {value}"), "a remark"])
    annotated = ENGINE.literal_type(Annotated[int, Annotation({"unit": "m"})])
    overridden = ENGINE.converter(Annotated[Metres, MetresTransformer()])

    assert hashed.to_literal(3, DETACHED) == attrs.evolve(integer(3), hash="is 3")
    assert annotated == LiteralType(type=SimpleType.INTEGER, annotation={"unit": "m"})
    assert overridden.to_literal(Metres(3), DETACHED) == integer(3)
    with pytest.raises(UnsupportedType, match="several"):
        ENGINE.converter(Annotated[int, Annotation({}), Annotation({})])


def test_new_type_is_converted_like_its_supertype() -> None:
    """It exists for static checkers only."""
    assert ENGINE.literal_type(list[NewType("Count", int)]) == LiteralType(type=CollectionType(element=INTEGER))  # type: ignore[misc]


def test_plugins_are_asked_for_unknown_types_only() -> None:
    """Their transformers also serve subclasses."""
    asked: list[int] = []

    def offered() -> list[tuple[TypeTransformerSpec, str]]:
        asked.append(1)
        return [(metres_spec(), "plait-metres")]

    engine = TypeEngine(offered)
    engine.converter(list[dict[str, int]])
    assert asked == []

    assert engine.literal_type(Metres) == engine.literal_type(Feet) == INTEGER
    assert asked == [1]


def test_two_transformers_of_one_type_are_refused() -> None:
    """Both distributions are named, plait's own included."""
    with pytest.raises(TransformerClash, match="one and two"):
        TypeEngine(lambda: [(metres_spec(), "one"), (metres_spec(), "two")]).converter(Metres)
    engine = TypeEngine()
    engine.register(MetresTransformer())
    with pytest.raises(TransformerClash):
        engine.register(MetresTransformer())

    class Ints(MetresTransformer):
        python_type: ClassVar[Any] = int

    with pytest.raises(TransformerClash, match="plait-core"):
        TypeEngine().register(Ints())


def test_unknown_types_are_pickled_by_consent(context: ConversionContext) -> None:
    """Given for one type or for all of a signature, at any depth."""
    for converter in (
        ENGINE.converter(list[Annotated[Metres, Pickled]]),
        ENGINE.converter(list[Metres], pickle_untyped=True),
    ):
        literal = converter.to_literal([Metres(1)], context)

        assert isinstance(literal.value, Collection)
        assert isinstance(literal.value.literals[0].value, Blob)
        assert converter.to_python(literal, context) == [Metres(1)]


def test_pickled_type_names_the_class() -> None:
    """A reader learns what it would have to import."""
    assert ENGINE.literal_type(Annotated[Metres, Pickled]) == LiteralType(
        type=BlobType(format="PythonPickle"), metadata={"python_class_name": "Metres"}
    )


@pytest.mark.parametrize(
    "python_type",
    [
        int,
        float,
        str,
        bool,
        type(None),
        bytes,
        datetime,
        list[int],
        dict[str, list[str]],
        Optional[int],
        TaskFailure,
        dict,
    ],
)
def test_guess_is_the_type(python_type: Any) -> None:
    """Types without names are found again."""
    assert ENGINE.guess(ENGINE.literal_type(python_type)) == python_type


def test_guess_makes_a_dataclass() -> None:
    """With its optional, enum and defaulted fields; values are read and written alike."""
    literal = ENGINE.converter(Reading).to_literal(Reading("roof"), DETACHED)

    guessed = ENGINE.converter(ENGINE.guess(ENGINE.literal_type(Reading)))

    value = guessed.to_python(literal, DETACHED)
    assert type(value).__name__ == "Reading"
    assert guessed.to_literal(value, DETACHED) == literal


def test_guess_reads_a_schema_without_structure() -> None:
    """A foreign front end sends JSON schema alone."""
    schema: dict[str, Json] = {
        "title": "P",
        "properties": {"x": {"type": "integer"}, "y": {"type": "array", "items": {"type": "string"}}},
    }

    guessed = ENGINE.guess(LiteralType(type=SimpleType.STRUCT, metadata=schema))

    assert [(field.name, field.type) for field in dataclasses.fields(guessed)] == [("x", int), ("y", list[str])]


def test_guess_of_an_enum_is_called_dynamic() -> None:
    """Members are named for their values."""
    guessed = ENGINE.guess(ENGINE.literal_type(Color))

    assert (guessed.__name__, [member.value for member in guessed]) == ("DynamicEnum", ["red"])


@pytest.mark.parametrize(
    "library", ["no_such_library:Model", "no_such_library.models:Model", "json.no_such_part:Model"]
)
def test_guess_passes_over_libraries_that_are_not_installed(library: str) -> None:
    """A plugin offers what it can convert, whichever of those libraries are there; no value of the others can be met."""
    spec = TypeTransformerSpec(name="absent", python_type=library, factory="no_such_library:ModelTransformer")
    engine = TypeEngine(lambda: [(spec, "dist")])

    assert engine.guess(LiteralType(type=SimpleType.FLOAT)) is float


def test_pickle_cannot_be_guessed() -> None:
    """The error names the class."""
    with pytest.raises(UnsupportedType, match="Metres"):
        ENGINE.guess(ENGINE.literal_type(Annotated[Metres, Pickled]))


def test_failure_is_told_to_handlers() -> None:
    """As a value of type ERROR, also where it is optional."""
    failure = TaskFailure("out of luck", "n0")
    literal = IrLiteral(value=ErrorValue(failed_node_id=NodeId("n0"), message="out of luck"))

    assert ENGINE.converter(TaskFailure).to_literal(failure, DETACHED) == literal
    assert ENGINE.converter(Optional[TaskFailure]).to_python(literal, DETACHED) == failure


def test_large_literal_is_offloaded(blobs: MemoryBlobStore, context: ConversionContext) -> None:
    """The reference says what it stands for, keeps the hash, and is read like the value."""
    converter = ENGINE.converter(list[int])
    large = attrs.evolve(converter.to_literal(list(range(10_000)), context), hash="h")

    reference = asyncio.run(offload(large, converter.literal_type, "memory://raw", lambda _: blobs))

    assert isinstance(reference.value, Offloaded)
    assert (reference.value.type, reference.value.length, reference.hash) == (converter.literal_type, 10_000, "h")
    assert reference.value.digest == digest(large)
    assert asyncio.run(fetch(reference, lambda _: blobs)) == large
    assert converter.to_python(reference, context) == list(range(10_000))


@pytest.mark.parametrize("value", [[1, 2], ["a" * 1000]])
def test_small_literal_stays_inline(value: Any, blobs: MemoryBlobStore) -> None:
    """Nothing is stored."""
    converter = ENGINE.converter(list[type(value[0])])  # type: ignore[misc]  # made at run time
    literal = converter.to_literal(value, DETACHED)

    assert asyncio.run(offload(literal, converter.literal_type, "memory://raw", lambda _: blobs)) is literal
