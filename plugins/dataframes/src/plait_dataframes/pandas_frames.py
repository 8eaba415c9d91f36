"""
Handlers of ``pandas.DataFrame``: the only module that imports pandas.

Parquet keeps the index; csv has columns only, and what it reads has the types that pandas infers.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from plait_dataframes.columns import chosen


class PandasParquet:
    """``DatasetFormat`` of pandas in parquet."""

    def write(self, dataframe: pd.DataFrame, directory: Path, columns: Sequence[str] | None) -> None:
        _selected(dataframe, columns).to_parquet(directory / "00000.parquet", engine="pyarrow")

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pd.DataFrame:
        return _joined([_read_parquet(path, columns) for path in paths])


class PandasCsv:
    """``DatasetFormat`` of pandas in csv."""

    def write(self, dataframe: pd.DataFrame, directory: Path, columns: Sequence[str] | None) -> None:
        _selected(dataframe, columns).to_csv(directory / "00000.csv", index=False)

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pd.DataFrame:
        return _joined([_selected(pd.read_csv(path), columns) for path in paths])


def _selected(dataframe: pd.DataFrame, columns: Sequence[str] | None) -> pd.DataFrame:
    return dataframe if columns is None else dataframe[chosen(columns, list(dataframe.columns))]


def _read_parquet(path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    if columns is not None:
        columns = chosen(columns, pq.read_schema(path).names)
    return pd.read_parquet(path, engine="pyarrow", columns=columns)


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
