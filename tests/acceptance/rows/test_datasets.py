"""Datasets, through real runs: which columns cross, in which format, opened as what."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from plait import StructuredDataset, kwtypes, task, workflow
from plait_core.errors.values import (
    ConversionFailed,
    DatasetNotOpened,
    UnreadableDataset,
    UnsupportedType,
    WrongValue,
)

FRAME = pd.DataFrame({"name": ["a", "b", "c"], "n": [1, 2, 3], "x": [0.5, 1.5, 2.5]})

Named = Annotated[pd.DataFrame, kwtypes(name=str, n=int)]
AsCsv = Annotated[StructuredDataset, "csv"]


@task
def make() -> pd.DataFrame:
    return FRAME


@task
def make_named() -> Named:
    """Return three columns, two of which are declared."""
    return FRAME


@task
def columns(frame: pd.DataFrame) -> list[str]:
    return list(frame.columns)


@task
def wrap() -> StructuredDataset:
    return StructuredDataset(dataframe=FRAME)


def test_dataframe_goes_from_task_to_task_and_back() -> None:
    """Y-22, Y-40: values, types and order of columns kept; what a body does to its frame stays its own."""

    @task
    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        frame["n"] = frame["n"] * 10
        return frame

    @workflow
    def wf(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        return spoil(frame=frame), spoil(frame=frame)

    given = FRAME.copy()
    first, second = wf(frame=given)

    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(first, FRAME.assign(n=[10, 20, 30]))
    pd.testing.assert_frame_equal(given, FRAME)


@pytest.mark.parametrize("kind", [pd.DataFrame, pa.Table, pl.DataFrame, pl.LazyFrame])
def test_one_dataset_is_opened_as_any_dataframe(kind: type) -> None:
    """Y-42: also outside, by who called the workflow."""

    @task
    def look(dataset: StructuredDataset) -> str:
        return type(dataset.open(kind).all()).__name__

    @workflow
    def wf() -> tuple[str, StructuredDataset]:
        dataset = wrap()
        return look(dataset=dataset), dataset

    name, dataset = wf()
    frame = dataset.open(kind).all()
    assert (name, type(frame)) == (kind.__name__, kind)
    assert len(list(dataset.open(kind).iter())) == 1


def test_producer_and_consumer_may_declare_different_dataframes() -> None:
    """Y-22, Y-40: what one stores as pandas the other reads as polars; a lazy result can be computed by the caller."""

    @task
    def more(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(n=pl.col("n") + 1)

    @workflow
    def wf() -> pl.LazyFrame:
        return more(frame=make())  # type: ignore[arg-type]  # of one literal type

    assert wf().collect()["n"].to_list() == [2, 3, 4]


def test_unwrapped_dataframe_is_refused_where_a_dataset_is_declared() -> None:
    """Y-41: with the advice to wrap it."""

    @task
    def bare() -> StructuredDataset:
        return FRAME  # type: ignore[return-value]  # under test

    with pytest.raises(WrongValue, match=r"StructuredDataset\(dataframe="):
        bare()


def test_dataset_of_nothing_is_refused() -> None:
    """Y-41."""
    with pytest.raises(WrongValue, match="dataframe or a uri"):
        StructuredDataset()


def test_dataset_is_read_after_it_was_opened() -> None:
    """Y-42: all() alone does not know as what."""

    @task
    def look(dataset: StructuredDataset) -> int:
        return len(dataset.all())

    @workflow
    def wf() -> int:
        return look(dataset=wrap())

    with pytest.raises(DatasetNotOpened, match="open"):
        wf()


def test_receiver_selects_columns() -> None:
    """Y-43: in the order in which it declares them."""

    @task
    def take(frame: Annotated[pd.DataFrame, kwtypes(x=float, name=str)]) -> list[str]:
        return list(frame.columns)

    @workflow
    def wf() -> list[str]:
        return take(frame=make())

    assert wf() == ["x", "name"]


def test_producers_columns_are_all_that_an_undeclaring_receiver_gets() -> None:
    """Y-43: two of three."""

    @workflow
    def wf() -> list[str]:
        return columns(frame=make_named())

    assert wf() == ["name", "n"]


def test_missing_column_is_named() -> None:
    """Y-43: with those that there are."""

    @task
    def take(frame: Annotated[pd.DataFrame, kwtypes(name=str, size=int)]) -> int:
        return 1

    @workflow
    def wf() -> int:
        return take(frame=make())

    with pytest.raises(UnreadableDataset, match=r"'size'.*'name', 'n', 'x'"):
        wf()


@pytest.mark.parametrize("given", [FRAME.assign(n=["x", "y", "z"]), FRAME.assign(n=[0.5, 1, 2])], ids=["text", "float"])
@pytest.mark.parametrize("kind", [pd.DataFrame, pa.Table, pl.DataFrame])
def test_column_of_another_type_is_refused_where_it_is_stored(kind: type, given: pd.DataFrame) -> None:
    """Y-44: the error names the column, its type and the declared one."""
    frame = {pd.DataFrame: given, pa.Table: pa.Table.from_pandas(given), pl.DataFrame: pl.from_pandas(given)}[kind]

    @task
    def bad() -> Annotated[kind, kwtypes(name=str, n=int)]:  # type: ignore[valid-type]
        return frame  # type: ignore[no-any-return]

    with pytest.raises(ConversionFailed, match=r"column 'n'.*int"):
        bad()


def test_column_of_another_type_is_refused_where_it_is_read() -> None:
    """Y-43, Y-44: the receiver's declaration is checked against the data, too."""

    @task
    def take(frame: Annotated[pd.DataFrame, kwtypes(name=int)]) -> int:
        return 1

    @workflow
    def wf() -> int:
        return take(frame=make())

    with pytest.raises(ConversionFailed, match="column 'name'"):
        wf()


@dataclass
class Inner:
    """Part of a column."""

    a: int
    b: str


def test_columns_of_every_kind_pass() -> None:
    """Y-44: times, numpy scalars, lists, and nested records by dotted names."""
    frame = pd.DataFrame(
        {
            "at": [datetime(2026, 1, 1, tzinfo=UTC)],
            "took": [pd.Timedelta(seconds=1)],
            "small": np.array([1], dtype=np.int8),
            "half": np.array([0.5], dtype=np.float32),
            "ok": [True],
            "many": [[1, 2]],
            "inner": [{"a": 1, "b": "x"}],
        }
    )
    declared = kwtypes(
        at=datetime, took=np.timedelta64, small=np.int8, half=np.float32, ok=bool, many=list[int], inner=Inner
    )

    @task
    def give() -> Annotated[pd.DataFrame, declared]:
        return frame

    @workflow
    def wf() -> list[str]:
        return columns(frame=give())

    assert wf() == ["at", "took", "small", "half", "ok", "many", "inner"]


def test_column_type_that_nothing_converts_is_refused_at_declaration() -> None:
    """Y-44."""

    @task
    def give() -> Annotated[pd.DataFrame, kwtypes(c=complex)]:
        return FRAME

    with pytest.raises(UnsupportedType, match="complex"):
        give()


def test_annotated_format_is_used_and_its_file_is_visible() -> None:
    """Y-45, Q-32: CSV, by an annotation."""

    @task
    def give() -> AsCsv:
        return StructuredDataset(dataframe=FRAME)

    dataset = give()

    assert dataset.file_format == "csv"
    [file] = Path((dataset.uri or "").removeprefix("file://")).iterdir()
    assert file.read_text().splitlines()[0] == "name,n,x"
    assert columns(frame=dataset) == ["name", "n", "x"]  # type: ignore[arg-type]  # of one literal type


def test_two_formats_are_refused() -> None:
    """Y-45."""

    @task
    def give() -> Annotated[StructuredDataset, "csv", "parquet"]:
        return StructuredDataset(dataframe=FRAME)

    with pytest.raises(UnsupportedType, match=r"csv.*parquet"):
        give()


def test_arrow_schema_is_part_of_the_type() -> None:
    """Y-46: stored as text beside the columns."""
    schema = pa.schema([("name", pa.string())])

    @task
    def give() -> Annotated[StructuredDataset, schema]:
        return StructuredDataset(dataframe=FRAME)

    [output] = give.interface.outputs
    assert output.type.type.external_schema == schema.to_string().encode()  # type: ignore[union-attr]
    assert give().stored_type.external_schema_type == "arrow"  # type: ignore[union-attr]


def test_unopened_dataset_keeps_its_uri() -> None:
    """Y-51: nothing is copied."""

    @task
    def hand_on(dataset: StructuredDataset) -> StructuredDataset:
        return dataset

    @workflow
    def wf() -> tuple[StructuredDataset, StructuredDataset]:
        made = wrap()
        return made, hand_on(dataset=made)

    made, handed_on = wf()
    assert made.uri == handed_on.uri


def test_dataset_of_a_path_is_read_by_its_suffix(tmp_path: Path) -> None:
    """Y-41: in a task, and handed over by somebody."""
    FRAME.to_parquet(tmp_path / "t.parquet")
    FRAME.to_csv(tmp_path / "t.csv", index=False)

    @task
    def rows(path: str) -> int:
        return len(StructuredDataset(uri=path).open(pd.DataFrame).all())

    for name in ("t.parquet", "t.csv"):
        assert rows(path=str(tmp_path / name)) == 3
        assert columns(frame=StructuredDataset(uri=str(tmp_path / name))) == ["name", "n", "x"]  # type: ignore[arg-type]


def test_literal_carries_columns_and_format() -> None:
    """Y-52: the handle knows the type that it was stored with."""

    @task
    def give() -> Annotated[StructuredDataset, kwtypes(name=str)]:
        return StructuredDataset(dataframe=FRAME)

    stored = give().stored_type

    assert stored is not None
    assert ([column.name for column in stored.columns], stored.format) == (["name"], "parquet")


def test_explicit_uri_is_where_it_is_stored(tmp_path: Path) -> None:
    """Y-41: StructuredDataset(dataframe=..., uri=...)."""
    uri = f"file://{tmp_path}/stored"

    @task
    def give() -> StructuredDataset:
        return StructuredDataset(dataframe=FRAME, uri=uri)

    assert give().uri == uri
    assert len(pd.read_parquet(tmp_path / "stored")) == 3
