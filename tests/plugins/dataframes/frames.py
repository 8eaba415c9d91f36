"""One small table in every class that the plugin serves, and ways to look at any of them."""

from collections.abc import Callable
from typing import Any

import attrs
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

from plait_core.testing.memory import MemoryBlobStore
from plait_core.types import ConversionContext, TypeEngine
from plait_dataframes.hooks import plait_dataset_formats

ROWS = [{"city": "Oslo", "people": 709}, {"city": "Rome", "people": 2748}]


@attrs.frozen
class Kind:
    """A class of dataframe, how one is made of rows, and how its rows are listed."""

    type: Any
    make: Callable[[list[dict[str, Any]]], Any]
    rows: Callable[[Any], list[dict[str, Any]]]


def _relation(rows: list[dict[str, Any]]) -> Any:
    return duckdb.connect().from_arrow(pa.Table.from_pylist(rows))


def _fetched(relation: Any) -> list[dict[str, Any]]:
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


KINDS = {
    "pandas": Kind(pd.DataFrame, pd.DataFrame, lambda frame: frame.to_dict("records")),
    "pyarrow": Kind(pa.Table, pa.Table.from_pylist, lambda table: table.to_pylist()),
    "polars": Kind(pl.DataFrame, pl.DataFrame, lambda frame: frame.to_dicts()),
    "lazy polars": Kind(pl.LazyFrame, pl.LazyFrame, lambda frame: frame.collect().to_dicts()),
    "duckdb": Kind(duckdb.DuckDBPyRelation, _relation, _fetched),
}


def make_types() -> TypeEngine:
    """A type engine with the formats of this plugin alone."""
    return TypeEngine(dataset_formats=lambda: [(spec, "plait-dataframes") for spec in plait_dataset_formats()])


def make_context(types: TypeEngine) -> tuple[ConversionContext, MemoryBlobStore]:
    """A context over blobs in memory, and those blobs."""
    blobs = MemoryBlobStore()
    return types.context("memory://raw", lambda _: blobs), blobs
