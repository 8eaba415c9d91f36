"""
Datasets are stored in a format that some plugin handles, and read with the columns that the receiver asks for.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest

from plait_core.errors.values import (
    DatasetNotOpened,
    TransformerClash,
    UnknownDatasetFormat,
    UnreadableDataset,
    UnreadableText,
    UnsupportedType,
    WrongValue,
)
from plait_core.ir.literals import StructuredDatasetValue
from plait_core.ir.types import DATETIME, INTEGER, DatasetColumn, StructuredDatasetType
from plait_core.ports.specs import DatasetFormatSpec
from plait_core.types import ConversionContext, TypeEngine
from plait_core.types.contexts import ambient
from plait_core.types.datasets import DatasetFormat, StructuredDataset, TableFormat, kwtypes


@attrs.frozen
class Frame:
    """A dataframe: column name -> cells."""

    columns: dict[str, list[Any]]


@attrs.frozen
class OtherFrame:
    columns: dict[str, list[Any]]


class JsonFrames:
    """One file per column, so that a dataset has several."""

    frame: type[Any] = Frame

    def write(self, dataframe: Any, directory: Path, columns: Sequence[str] | None) -> None:
        for name in columns or dataframe.columns:
            (directory / f"{name}.json").write_text(json.dumps({name: dataframe.columns[name]}))

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> Any:
        found: dict[str, list[Any]] = {}
        for path in paths:
            found |= json.loads(path.read_text())
        return self.frame({name: found[name] for name in columns or found})


class OtherJsonFrames(JsonFrames):
    frame = OtherFrame


class Warehouse:
    tables: dict[str, Any] = {}

    def save(self, dataframe: Any, uri: str, columns: Sequence[str] | None) -> None:
        self.tables[uri] = dataframe

    def load(self, uri: str, columns: Sequence[str] | None) -> Any:
        return self.tables[uri]


_protocols: tuple[DatasetFormat, TableFormat] = (JsonFrames(), Warehouse())

HERE = __name__
SPECS = [
    DatasetFormatSpec(python_type=f"{HERE}:Frame", format="json", factory=f"{HERE}:JsonFrames", is_default=True),
    DatasetFormatSpec(python_type=f"{HERE}:Frame", format="lines", factory=f"{HERE}:JsonFrames"),
    DatasetFormatSpec(python_type=f"{HERE}:OtherFrame", format="json", factory=f"{HERE}:OtherJsonFrames"),
    DatasetFormatSpec(python_type=f"{HERE}:Frame", format="", protocol="bq", factory=f"{HERE}:Warehouse"),
]
FRAME = Frame({"x": [1, 2], "y": [3, 4], "z": [5, 6]})


@pytest.fixture
def engine() -> TypeEngine:
    return TypeEngine(dataset_formats=lambda: [(spec, "frames") for spec in SPECS])


def stored(literal: Any) -> StructuredDatasetValue:
    assert isinstance(literal.value, StructuredDatasetValue)
    return literal.value


def test_dataframe_survives(engine: TypeEngine, context: ConversionContext) -> None:
    """A class that some format handles can be annotated directly; the literal names the default format."""
    converter = engine.converter(Frame)

    literal = converter.to_literal(FRAME, context)

    assert stored(literal).type == StructuredDatasetType(format="json")
    assert stored(literal).uri.startswith("memory://raw/")
    assert converter.to_python(literal, context) == FRAME


def test_dataset_is_opened_as_another_dataframe(engine: TypeEngine, context: ConversionContext) -> None:
    """Whole, or one part per stored file."""
    converter = engine.converter(StructuredDataset)

    dataset = converter.to_python(converter.to_literal(StructuredDataset(dataframe=FRAME), context), context)

    assert dataset.open(OtherFrame).all() == OtherFrame(FRAME.columns)
    assert list(dataset.open(Frame).iter()) == [Frame({name: cells}) for name, cells in FRAME.columns.items()]


def test_receiver_selects_columns(engine: TypeEngine, context: ConversionContext) -> None:
    """Columns that the producer declares are all that an undeclared receiver gets; a declared one may take fewer."""
    two, one = Annotated[Frame, kwtypes(x=int, y=int)], Annotated[StructuredDataset, kwtypes(y=int)]

    literal = engine.converter(two).to_literal(FRAME, context)

    assert engine.converter(Frame).to_python(literal, context) == Frame({"x": [1, 2], "y": [3, 4]})
    assert engine.converter(one).to_python(literal, context).open(Frame).all() == Frame({"y": [3, 4]})


def test_missing_column_is_named(engine: TypeEngine, context: ConversionContext) -> None:
    """A receiver that asks for what is not there learns its name."""
    literal = engine.converter(Frame).to_literal(FRAME, context)

    with pytest.raises(UnreadableDataset, match="absent"):
        engine.converter(Annotated[Frame, kwtypes(absent=int)]).to_python(literal, context)


def test_columns_are_part_of_the_type(engine: TypeEngine) -> None:
    """Nested ones have dotted names."""
    declared = Annotated[StructuredDataset, kwtypes(a=int, b={"c": datetime})]

    assert engine.literal_type(declared).type == StructuredDatasetType(
        columns=(DatasetColumn(name="a", type=INTEGER), DatasetColumn(name="b.c", type=DATETIME))
    )


def test_annotation_picks_the_format(engine: TypeEngine, context: ConversionContext) -> None:
    """At most one; an unknown one names what is there."""
    assert stored(engine.converter(Annotated[Frame, "lines"]).to_literal(FRAME, context)).type.format == "lines"
    with pytest.raises(UnsupportedType, match="several"):
        engine.converter(Annotated[Frame, "lines", "json"])
    with pytest.raises(UnknownDatasetFormat, match="Frame as json"):
        engine.converter(Annotated[Frame, "orc"]).to_literal(FRAME, context)


def test_unopened_dataset_is_passed_by_its_uri(engine: TypeEngine, context: ConversionContext) -> None:
    """With the columns and format it was stored with."""
    literal = engine.converter(Annotated[Frame, kwtypes(x=int)]).to_literal(FRAME, context)
    converter = engine.converter(StructuredDataset)

    assert converter.to_literal(converter.to_python(literal, context), context) == literal


def test_table_is_stored_by_its_protocol(engine: TypeEngine, context: ConversionContext) -> None:
    """A handler of a protocol that is no blob store gets the URI itself."""
    converter = engine.converter(StructuredDataset)

    literal = converter.to_literal(StructuredDataset(dataframe=FRAME, uri="bq://project:set.table"), context)

    assert stored(literal).uri == "bq://project:set.table"
    assert converter.to_python(literal, context).open(Frame).all() == FRAME


def test_dataset_of_a_uri_is_read_inside_a_task(engine: TypeEngine, context: ConversionContext) -> None:
    """User code that makes a handle itself reads through the context of its attempt, and only there."""
    uri = stored(engine.converter(Frame).to_literal(FRAME, context)).uri
    dataset = StructuredDataset(uri=uri, file_format="json").open(Frame)

    with pytest.raises(DatasetNotOpened, match="outside"):
        dataset.all()
    token = ambient.set(engine.context("memory://raw", context.blobs))
    try:
        assert dataset.all() == FRAME
    finally:
        ambient.reset(token)


def test_misuse_is_explained(engine: TypeEngine, context: ConversionContext) -> None:
    """A raw dataframe wants a wrapper, a dataset wants something to hold, and reading wants ``open``."""
    with pytest.raises(WrongValue, match="StructuredDataset\\(dataframe"):
        engine.converter(StructuredDataset).to_literal(FRAME, context)
    with pytest.raises(ValueError, match="dataframe or a uri"):
        StructuredDataset()
    with pytest.raises(ValueError, match="open"):
        StructuredDataset(dataframe=FRAME).all()


def test_dataset_is_typed_as_a_path(engine: TypeEngine, context: ConversionContext, tmp_path: Path) -> None:
    """A local file is uploaded like any other; one that is not there is refused."""
    path = tmp_path / "x.json"
    path.write_text('{"x": [1]}')
    converter = engine.converter(Frame)

    literal = converter.to_literal(converter.parse(str(path)), context)

    assert converter.to_python(literal, context) == Frame({"x": [1]})
    with pytest.raises(UnreadableText):
        converter.parse("absent.json")


def test_two_handlers_of_one_format_are_refused() -> None:
    """Both distributions are named."""
    engine = TypeEngine(dataset_formats=lambda: [(SPECS[0], "one"), (SPECS[0], "two")])

    with pytest.raises(TransformerClash, match="one and two"):
        engine.converter(Frame)
