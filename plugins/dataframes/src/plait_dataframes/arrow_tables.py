"""Handlers of ``pyarrow.Table``: the only module that imports pyarrow for its tables' sake."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from plait_dataframes.columns import chosen


class ArrowParquet:
    """``DatasetFormat`` of pyarrow in parquet."""

    def write(self, dataframe: pa.Table, directory: Path, columns: Sequence[str] | None) -> None:
        pq.write_table(_selected(dataframe, columns), directory / "00000.parquet")

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pa.Table:
        return pa.concat_tables(_read_parquet(path, columns) for path in paths)


class ArrowCsv:
    """``DatasetFormat`` of pyarrow in csv."""

    def write(self, dataframe: pa.Table, directory: Path, columns: Sequence[str] | None) -> None:
        pyarrow.csv.write_csv(_selected(dataframe, columns), directory / "00000.csv")

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> pa.Table:
        return pa.concat_tables(_selected(pyarrow.csv.read_csv(path), columns) for path in paths)


def _selected(table: pa.Table, columns: Sequence[str] | None) -> pa.Table:
    return table.select(chosen(columns, table.column_names))


def _read_parquet(path: Path, columns: Sequence[str] | None) -> pa.Table:
    file = pq.ParquetFile(path)
    return file.read(columns=chosen(columns, file.schema_arrow.names))
