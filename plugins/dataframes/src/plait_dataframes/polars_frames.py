"""
Handlers of ``polars.DataFrame`` and ``polars.LazyFrame``: the only module that imports polars.

A lazy frame is computed when it is stored, in batches; a stored one is scanned, so that only what a query needs is read.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from plait_dataframes.columns import chosen


class LazyPolarsParquet:
    """``DatasetFormat`` of lazy polars in parquet."""

    def write(self, dataframe: pl.LazyFrame, directory: Path, columns: Sequence[str] | None) -> None:
        with _complaints_as_values():
            _selected(dataframe, columns).sink_parquet(directory / "00000.parquet")

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pl.LazyFrame:
        with _complaints_as_values():
            return _selected(pl.scan_parquet(list(paths)), columns)


class LazyPolarsCsv:
    """``DatasetFormat`` of lazy polars in csv."""

    def write(self, dataframe: pl.LazyFrame, directory: Path, columns: Sequence[str] | None) -> None:
        with _complaints_as_values():
            _selected(dataframe, columns).sink_csv(directory / "00000.csv")

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pl.LazyFrame:
        with _complaints_as_values():
            return _selected(pl.scan_csv(list(paths), try_parse_dates=True), columns)


class PolarsParquet:
    """``DatasetFormat`` of polars in parquet."""

    def write(self, dataframe: pl.DataFrame, directory: Path, columns: Sequence[str] | None) -> None:
        LazyPolarsParquet().write(dataframe.lazy(), directory, columns)

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pl.DataFrame:
        with _complaints_as_values():
            return LazyPolarsParquet().read(paths, columns).collect()


class PolarsCsv:
    """``DatasetFormat`` of polars in csv."""

    def write(self, dataframe: pl.DataFrame, directory: Path, columns: Sequence[str] | None) -> None:
        LazyPolarsCsv().write(dataframe.lazy(), directory, columns)

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pl.DataFrame:
        with _complaints_as_values():
            return LazyPolarsCsv().read(paths, columns).collect()


def _selected(frame: pl.LazyFrame, columns: Sequence[str] | None) -> pl.LazyFrame:
    return frame.select(chosen(columns, frame.collect_schema().names()))


@contextmanager
def _complaints_as_values() -> Iterator[None]:
    """Raise what polars finds wrong with data as ``ValueError``, as other libraries do."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error)) from error
