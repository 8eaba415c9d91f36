"""What is written as one class of dataframe can be read as any other, whole or in part."""

import asyncio
import sys
from datetime import UTC, datetime
from itertools import product
from typing import Annotated

import pandas as pd
import pyarrow as pa
import pytest

from plait_core.authoring.renderers import render
from plait_core.errors.values import LibraryMissing, UnreadableDataset, WrongColumn
from plait_core.ir.literals import StructuredDatasetValue
from plait_core.testing.memory import MemoryBlobStore
from plait_core.types.datasets import StructuredDataset, kwtypes
from tests.plugins.dataframes.frames import KINDS, ROWS, Kind, make_context, make_types

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_format = pytest.mark.parametrize("format", ["parquet", "csv"])


def stored_names(blobs: MemoryBlobStore) -> list[str]:
    async def names() -> list[str]:
        return [found.uri.rpartition("/")[2] async for found in blobs.list("memory://raw")]

    return asyncio.run(names())


@every_format
@pytest.mark.parametrize(("written", "read"), list(product(KINDS, repeat=2)))
def test_frame_written_as_one_class_is_read_as_another(written: str, read: str, format: str) -> None:
    """The classes agree on what a table of texts and numbers is."""
    types = make_types()
    context, _ = make_context(types)
    dataset = StructuredDataset(dataframe=KINDS[written].make(ROWS))
    literal = types.converter(Annotated[StructuredDataset, format]).to_literal(dataset, context)

    found = types.converter(StructuredDataset).to_python(literal, context).open(KINDS[read].type).all()

    assert isinstance(found, KINDS[read].type)
    assert KINDS[read].rows(found) == ROWS


@every_kind
def test_frame_is_a_type_of_its_own(kind: Kind) -> None:
    """A task may declare the class itself instead of a dataset."""
    types = make_types()
    context, _ = make_context(types)
    converter = types.converter(kind.type)

    found = converter.to_python(converter.to_literal(kind.make(ROWS), context), context)

    assert isinstance(found, kind.type)
    assert kind.rows(found) == ROWS


@every_format
@every_kind
def test_file_has_a_visible_name(kind: Kind, format: str) -> None:
    """People and other tools see one file that says what it is."""
    types = make_types()
    context, blobs = make_context(types)
    dataset = StructuredDataset(dataframe=kind.make(ROWS))

    types.converter(Annotated[StructuredDataset, format]).to_literal(dataset, context)

    assert stored_names(blobs) == [f"00000.{format}"]


@every_format
@every_kind
def test_reader_gets_the_columns_that_it_declares(kind: Kind, format: str) -> None:
    """Whatever else is stored."""
    types = make_types()
    context, _ = make_context(types)
    dataset = StructuredDataset(dataframe=kind.make(ROWS))
    literal = types.converter(Annotated[StructuredDataset, format]).to_literal(dataset, context)

    found = types.converter(Annotated[kind.type, kwtypes(people=int)]).to_python(literal, context)

    assert kind.rows(found) == [{"people": 709}, {"people": 2748}]


@every_format
@every_kind
def test_writer_stores_the_columns_that_it_declares(kind: Kind, format: str) -> None:
    """A reader that declares none gets those of the producer."""
    types = make_types()
    context, _ = make_context(types)
    declared = Annotated[StructuredDataset, kwtypes(city=str), format]
    literal = types.converter(declared).to_literal(StructuredDataset(dataframe=kind.make(ROWS)), context)

    found = types.converter(kind.type).to_python(literal, context)

    assert kind.rows(found) == [{"city": "Oslo"}, {"city": "Rome"}]


@every_format
@every_kind
def test_missing_column_is_named_beside_those_that_exist(kind: Kind, format: str) -> None:
    """In the same words for every library."""
    types = make_types()
    context, _ = make_context(types)
    dataset = StructuredDataset(dataframe=kind.make(ROWS))
    literal = types.converter(Annotated[StructuredDataset, format]).to_literal(dataset, context)

    with pytest.raises(UnreadableDataset) as caught:
        types.converter(Annotated[kind.type, kwtypes(area=float)]).to_python(literal, context)

    assert "there is no column 'area', only 'city', 'people'" in caught.value.problem


@every_kind
def test_file_that_is_no_table_is_an_error_of_the_dataset(kind: Kind) -> None:
    """It is found when the dataset is opened, also by classes that read later."""
    types = make_types()
    context, blobs = make_context(types)
    asyncio.run(blobs.put("memory://raw/broken.parquet", b"no table"))
    converter = types.converter(StructuredDataset)
    literal = converter.to_literal(converter.parse("memory://raw/broken.parquet"), context)

    with pytest.raises(UnreadableDataset):
        converter.to_python(literal, context).open(kind.type).all()


@every_kind
def test_parts_are_read_one_by_one(kind: Kind) -> None:
    """A dataset of several files, such as other tools write, need not fit into memory."""
    types = make_types()
    context, blobs = make_context(types)
    converter = types.converter(StructuredDataset)
    for n, row in enumerate(ROWS):
        part = converter.to_literal(StructuredDataset(dataframe=kind.make([row])), context).value
        assert isinstance(part, StructuredDatasetValue)
        content = asyncio.run(blobs.get(f"{part.uri}/00000.parquet"))
        asyncio.run(blobs.put(f"memory://raw/many/part-{n}.parquet", content))
    many = StructuredDataset(uri="memory://raw/many", file_format="parquet")

    handle = converter.to_python(converter.to_literal(many, context), context).open(kind.type)

    assert [kind.rows(part) for part in handle.iter()] == [[row] for row in ROWS]
    assert kind.rows(handle.all()) == ROWS


def test_index_of_pandas_survives_parquet() -> None:
    """A frame comes back as it was, labels of rows included."""
    frame = pd.DataFrame({"people": [709, 2748]}, index=pd.Index(["Oslo", "Rome"], name="city"))
    types = make_types()
    context, _ = make_context(types)
    converter = types.converter(pd.DataFrame)

    found = converter.to_python(converter.to_literal(frame, context), context)

    pd.testing.assert_frame_equal(found, frame)


def test_times_keep_zone_and_precision() -> None:
    """Nothing is cut to coarser units on the way."""
    moment = pd.Timestamp(datetime(2026, 3, 1, tzinfo=UTC)).as_unit("ns") + pd.Timedelta(1, "ns")
    frame = pd.DataFrame({"at": pd.Series([moment]), "for": pd.Series([pd.Timedelta(3, "us")])})
    types = make_types()
    context, _ = make_context(types)
    converter = types.converter(pd.DataFrame)

    found = converter.to_python(converter.to_literal(frame, context), context)

    pd.testing.assert_frame_equal(found, frame)


def test_part_of_a_nested_column_brings_the_whole() -> None:
    """Columns inside a structure are declared by dotted names."""
    rows = [{"place": {"city": "Oslo", "land": "NO"}, "people": 709}]
    types = make_types()
    context, _ = make_context(types)
    literal = types.converter(pa.Table).to_literal(pa.Table.from_pylist(rows), context)

    found = types.converter(Annotated[pa.Table, kwtypes(place={"city": str})]).to_python(literal, context)

    assert found.to_pylist() == [{"place": {"city": "Oslo", "land": "NO"}}]


def test_literal_says_what_is_stored() -> None:
    """Its own columns and format, whatever the declaration left open."""
    types = make_types()
    context, _ = make_context(types)

    literal = types.converter(pd.DataFrame).to_literal(pd.DataFrame(ROWS), context)

    assert isinstance(literal.value, StructuredDatasetValue)
    assert literal.value.type.format == "parquet"


def test_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """pandas alone cannot write parquet."""
    types = make_types()
    context, _ = make_context(types)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for loaded in ("pyarrow.parquet", "plait_dataframes.pandas_frames"):
        monkeypatch.delitem(sys.modules, loaded, raising=False)

    with pytest.raises(LibraryMissing) as caught:
        types.converter(pd.DataFrame).to_literal(pd.DataFrame(ROWS), context)

    assert caught.value.problem == "pandas.DataFrame cannot be stored or read as parquet without pyarrow"


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_deck_shows_the_first_rows(library: str) -> None:
    """As the library shows them in a notebook."""
    frame = KINDS[library].make([{"n": 1000 + n} for n in range(30)])

    html = render(frame, type(frame))

    assert "<table" in html
    assert [str(1000 + n) in html for n in range(30)] == [True] * 10 + [False] * 20


@every_kind
def test_column_that_holds_something_else_than_declared_is_refused(kind: Kind) -> None:
    """When it is stored, and when it is read by a receiver that declares another type."""
    types = make_types()
    context, _ = make_context(types)
    frame = kind.make(ROWS)
    right = types.converter(Annotated[kind.type, kwtypes(city=str, people=float)])
    wrong = types.converter(Annotated[kind.type, kwtypes(city=str, people=str)])

    literal = right.to_literal(frame, context)

    for convert in (lambda: wrong.to_literal(frame, context), lambda: wrong.to_python(literal, context)):
        with pytest.raises(WrongColumn, match="'people' holds int, where str is declared"):
            convert()
