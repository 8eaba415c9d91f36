"""
Handlers of ``polars.DataFrame`` and ``polars.LazyFrame``: the only module that imports polars.

A lazy frame is computed when it is stored, in batches; a stored one is scanned, so that only what a query needs is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from plait_dataframes.columns import chosen


class PolarsColumns:
    """What the columns of frames hold."""

    def column_types(self, dataframe: pl.LazyFrame | pl.DataFrame) -> Mapping[str, type]:
        found = {name: _kind(dtype) for name, dtype in dataframe.lazy().collect_schema().items()}
        return {name: kind for name, kind in found.items() if kind is not None}


class LazyPolarsParquet(PolarsColumns):
    """``DatasetFormat`` of lazy polars in parquet."""

    def write(self, dataframe: pl.LazyFrame, directory: Path, columns: Sequence[str] | None) -> None:
        with _complaints_as_values():
            _selected(dataframe, columns).sink_parquet(directory / "00000.parquet")

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pl.LazyFrame:
        with _complaints_as_values():
            return _selected(pl.scan_parquet(list(paths)), columns)


class LazyPolarsCsv(PolarsColumns):
    """``DatasetFormat`` of lazy polars in csv."""

    def write(self, dataframe: pl.LazyFrame, directory: Path, columns: Sequence[str] | None) -> None:
        with _complaints_as_values():
            _selected(dataframe, columns).sink_csv(directory / "00000.csv")

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pl.LazyFrame:
        with _complaints_as_values():
            return _selected(pl.scan_csv(list(paths), try_parse_dates=True), columns)


class PolarsParquet(PolarsColumns):
    """``DatasetFormat`` of polars in parquet."""

    def write(self, dataframe: pl.DataFrame, directory: Path, columns: Sequence[str] | None) -> None:
        LazyPolarsParquet().write(dataframe.lazy(), directory, columns)

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pl.DataFrame:
        with _complaints_as_values():
            return LazyPolarsParquet().read(paths, columns).collect()


class PolarsCsv(PolarsColumns):
    """``DatasetFormat`` of polars in csv."""

    def write(self, dataframe: pl.DataFrame, directory: Path, columns: Sequence[str] | None) -> None:
        LazyPolarsCsv().write(dataframe.lazy(), directory, columns)

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pl.DataFrame:
        with _complaints_as_values():
            return LazyPolarsCsv().read(paths, columns).collect()


_KINDS: Mapping[object, type] = {
    pl.String: str,
    pl.Boolean: bool,
    pl.Datetime: datetime,
    pl.Date: datetime,
    pl.Duration: timedelta,
}


def _kind(dtype: pl.DataType) -> type | None:
    if dtype.is_integer():
        return int
    return float if dtype.is_float() else _KINDS.get(dtype.base_type())


def _selected(frame: pl.LazyFrame, columns: Sequence[str] | None) -> pl.LazyFrame:
    return frame.select(chosen(columns, frame.collect_schema().names()))


@contextmanager
def _complaints_as_values() -> Iterator[None]:
    """Raise what polars finds wrong with data as ``ValueError``, as other libraries do."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error)) from error
