"""Handlers of ``pyarrow.Table``: the only module that imports pyarrow for its tables' sake."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from plait_dataframes.columns import chosen


class ArrowColumns:
    """What the columns of tables hold."""

    def column_types(self, dataframe: pa.Table) -> Mapping[str, type]:
        return {field.name: kind for field in dataframe.schema for kind, is_one in _KINDS.items() if is_one(field.type)}


class ArrowParquet(ArrowColumns):
    """``DatasetFormat`` of pyarrow in parquet."""

    def write(self, dataframe: pa.Table, directory: Path, columns: Sequence[str] | None) -> None:
        pq.write_table(_selected(dataframe, columns), directory / "00000.parquet")

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pa.Table:
        return pa.concat_tables(_read_parquet(path, columns) for path in paths)


class ArrowCsv(ArrowColumns):
    """``DatasetFormat`` of pyarrow in csv."""

    def write(self, dataframe: pa.Table, directory: Path, columns: Sequence[str] | None) -> None:
        pyarrow.csv.write_csv(_selected(dataframe, columns), directory / "00000.csv")

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pa.Table:
        return pa.concat_tables(_selected(pyarrow.csv.read_csv(path), columns) for path in paths)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


_KINDS: Mapping[type, Callable[[pa.DataType], bool]] = {
    int: pa.types.is_integer,
    float: pa.types.is_floating,
    str: _is_text,
    bool: pa.types.is_boolean,
    datetime: lambda kind: pa.types.is_timestamp(kind) or pa.types.is_date(kind),
    timedelta: pa.types.is_duration,
}


def _selected(table: pa.Table, columns: Sequence[str] | None) -> pa.Table:
    return table.select(chosen(columns, table.column_names))


def _read_parquet(path: Path, columns: Sequence[str] | None) -> pa.Table:
    file = pq.ParquetFile(path)
    return file.read(columns=chosen(columns, file.schema_arrow.names))
