"""What the transformers make of texts, of invalid values, and in workflows."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from google.protobuf import struct_pb2
from numpy.typing import NDArray

from plait_core.engine import Engine
from plait_core.errors.values import MissingPath, UnreadableText, UnsupportedType, WrongValue
from plait_core.testing.memory import MemoryBlobStore, MemoryDatabase
from plait_core.types import ConversionContext, TypeEngine
from plait_core.types.datasets import kwtypes
from plait_core.types.files import File
from plait_datatypes.hooks import plait_type_transformers
from tests.plugins.datatypes.samples import Boat, Crew, Fleet, Shelf, measured

TYPES = TypeEngine(lambda: [(spec, "plait-datatypes") for spec in plait_type_transformers()])


def make_context() -> ConversionContext:
    blobs = MemoryBlobStore()
    return ConversionContext(raw_prefix="memory://raw", blobs=lambda _: blobs)


def test_models_and_arrays_pass_from_task_to_task() -> None:
    """A field of a model is a value of its own, also before the model exists."""

    async def run() -> Any:
        async with Engine(database=MemoryDatabase()) as engine:
            inputs = {"boat": Boat(name="Ann", length_m=8.0), "values": np.array([1.0, 2.0])}
            return await engine.call(measured, (), inputs)

    assert asyncio.run(run()) == 15.5


def test_model_is_read_from_json_by_name_and_by_alias() -> None:
    """People type either."""
    converter = TYPES.converter(Crew)

    assert converter.parse('{"head": "Bo"}') == converter.parse('{"Captain": "Bo"}') == Crew(head="Bo")


def test_text_of_a_model_can_be_read_back() -> None:
    """What is shown can be typed."""
    converter = TYPES.converter(Fleet)
    fleet = Fleet([Boat(name="Ann", tags={"red"})])

    assert converter.parse(converter.render(fleet)) == fleet


def test_file_in_a_model_is_uploaded_and_read_elsewhere(tmp_path: Path) -> None:
    """It stays a reference, in lists as well, and is downloaded when it is looked at."""
    for name in ("log", "page"):
        (tmp_path / name).write_text(f"a {name}")
    converter, context = TYPES.converter(Shelf), make_context()
    shelf = Shelf(log=File(tmp_path / "log"), pages=[File(str(tmp_path / "page"))])

    found = converter.to_python(converter.to_literal(shelf, context), context)

    assert [str(file).startswith("memory://raw/") for file in (found.log, *found.pages)] == [True, True]
    assert [Path(file).read_text() for file in (found.log, *found.pages)] == ["a log", "a page"]


def test_file_in_a_model_is_typed_as_a_path(tmp_path: Path) -> None:
    """One that does not exist is a fault of the field."""
    converter = TYPES.converter(Shelf)
    (tmp_path / "log").touch()

    assert converter.parse(json.dumps({"log": str(tmp_path / "log")})).log == File(tmp_path / "log")
    with pytest.raises(WrongValue, match=r"log: .*there is no file at"):
        converter.parse('{"log": "missing"}')


def test_failure_to_store_a_file_in_a_model_stays_what_it_is() -> None:
    """Whether it may pass, and what to do, depends on its class."""
    with pytest.raises(MissingPath, match="there is no file at '/nowhere'"):
        TYPES.converter(Shelf).to_literal(Shelf(log=File("/nowhere")), make_context())


def test_every_fault_of_a_model_is_told_with_its_field() -> None:
    """Those that validators of the model find, too."""
    with pytest.raises(WrongValue) as caught:
        TYPES.converter(Boat).parse('{"name": "ann", "length_m": "long"}')

    assert caught.value.problem == (
        "expected a valid Boat, found name: Value error, names begin with a capital; "
        "length_m: Input should be a valid number, unable to parse string as a number"
    )


def test_schema_of_a_model_rides_on_its_type() -> None:
    """By the names of fields."""
    metadata = TYPES.literal_type(Crew).metadata

    assert metadata is not None
    assert metadata["properties"] == {"head": {"title": "Head", "type": "string"}}


def test_equal_arrays_are_equal_to_the_cache() -> None:
    """Their content counts, not where it is stored."""
    converter, context = TYPES.converter(np.ndarray), make_context()

    one, other, third = (converter.to_literal(np.arange(n), context) for n in (3, 3, 4))

    assert one.hash == other.hash
    assert one.hash != third.hash


def test_array_is_read_from_json_or_a_file(tmp_path: Path) -> None:
    """With the declared type of element."""
    np.save(tmp_path / "a.npy", np.arange(2))

    parsed = TYPES.converter(NDArray[np.float32]).parse("[[1, 2], [3, 4]]")

    assert (parsed.dtype, parsed.tolist()) == (np.float32, [[1.0, 2.0], [3.0, 4.0]])
    assert TYPES.converter(np.ndarray).parse(str(tmp_path / "a.npy")).tolist() == [0, 1]


@pytest.mark.parametrize("text", ["1, 2", "missing.npy", "[[1], [1, 2]]"])
def test_text_that_is_no_array_is_refused(text: str) -> None:
    """With an example of one."""
    with pytest.raises(UnreadableText, match=r"\[\[1, 2\], \[3, 4\]\]"):
        TYPES.converter(np.ndarray).parse(text)


def test_array_is_mapped_into_memory_on_demand() -> None:
    """A large array need not fit."""
    converter, context = TYPES.converter(Annotated[np.ndarray, kwtypes(mmap_mode="r")]), make_context()

    found = converter.to_python(converter.to_literal(np.arange(3), context), context)

    assert isinstance(found, np.memmap)
    assert found.tolist() == [0, 1, 2]


def test_pickled_array_is_not_read_without_consent() -> None:
    """Whoever reads an array need not trust who wrote it."""
    context = make_context()
    trusting = TYPES.converter(Annotated[np.ndarray, kwtypes(allow_pickle=True)])
    literal = trusting.to_literal(np.array([None], dtype=object), context)

    with pytest.raises(WrongValue, match="allow_pickle"):
        TYPES.converter(np.ndarray).to_python(literal, context)


def test_unknown_option_of_an_array_is_named() -> None:
    """When the type is compiled."""
    with pytest.raises(UnsupportedType, match="is annotated with fortran"):
        TYPES.converter(Annotated[np.ndarray, kwtypes(fortran=True)])


def test_types_from_elsewhere_are_guessed() -> None:
    """An array by its format, a message by the class that its type names."""
    assert TYPES.guess(TYPES.literal_type(np.ndarray)) is np.ndarray
    assert TYPES.guess(TYPES.literal_type(struct_pb2.Struct)) is struct_pb2.Struct


def test_text_of_a_message_is_its_json() -> None:
    """Both ways."""
    converter = TYPES.converter(struct_pb2.Struct)
    message = converter.parse('{"a": [1, "b"]}')

    assert converter.render(message) == '{"a": [1.0, "b"]}'


def test_invalid_text_of_a_message_is_told() -> None:
    """In protobuf's words."""
    with pytest.raises(WrongValue, match="the JSON form of ListValue"):
        TYPES.converter(struct_pb2.ListValue).parse('{"a": 1}')
