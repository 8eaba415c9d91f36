"""
Handlers of ``pandas.DataFrame``: the only module that imports pandas.

Parquet keeps the index; csv has columns only, and what it reads has the types that pandas infers.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from pandas.api.types import infer_dtype

from plait_dataframes.columns import chosen


class PandasColumns:
    """What the columns of dataframes hold; a float column with gaps may be one of integers."""

    def column_types(self, dataframe: pd.DataFrame) -> Mapping[str, type]:
        found = {str(name): _KINDS.get(infer_dtype(column, skipna=True)) for name, column in dataframe.items()}
        return {
            name: kind
            for name, kind in found.items()
            if kind is not None and not (kind is float and dataframe[name].hasnans)
        }


class PandasParquet(PandasColumns):
    """``DatasetFormat`` of pandas in parquet."""

    def write(self, dataframe: pd.DataFrame, directory: Path, columns: Sequence[str] | None) -> None:
        _selected(dataframe, columns).to_parquet(directory / "00000.parquet", engine="pyarrow")

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pd.DataFrame:
        return _joined([_read_parquet(path, columns) for path in paths])


class PandasCsv(PandasColumns):
    """``DatasetFormat`` of pandas in csv."""

    def write(self, dataframe: pd.DataFrame, directory: Path, columns: Sequence[str] | None) -> None:
        _selected(dataframe, columns).to_csv(directory / "00000.csv", index=False)

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pd.DataFrame:
        return _joined([_selected(pd.read_csv(path), columns) for path in paths])


_KINDS = {
    "integer": int,
    "floating": float,
    "string": str,
    "boolean": bool,
    "datetime64": datetime,
    "datetime": datetime,
    "date": datetime,
    "timedelta64": timedelta,
    "timedelta": timedelta,
}
"""What pandas calls the content of a column -> its type."""


def _selected(dataframe: pd.DataFrame, columns: Sequence[str] | None) -> pd.DataFrame:
    return dataframe if columns is None else dataframe[chosen(columns, list(dataframe.columns))]


def _read_parquet(path: Path, columns: Sequence[str] | None) -> pd.DataFrame:
    if columns is not None:
        columns = chosen(columns, pq.read_schema(path).names)
    return pd.read_parquet(path, engine="pyarrow", columns=columns)


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
