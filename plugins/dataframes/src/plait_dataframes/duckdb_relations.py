"""
Handlers of ``duckdb.DuckDBPyRelation``, the tables that ``duckdb.sql`` makes: the only module that imports duckdb.

Each relation that is read has a connection of its own, so that tasks of one process share no tables. It is computed when somebody
fetches from it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from plait_dataframes.columns import chosen


class DuckdbColumns:
    """What the columns of relations hold."""

    def column_types(self, dataframe: duckdb.DuckDBPyRelation) -> Mapping[str, type]:
        found = zip(dataframe.columns, dataframe.types, strict=True)
        return {name: _KINDS[kind.id] for name, kind in found if kind.id in _KINDS}


class DuckdbParquet(DuckdbColumns):
    """``DatasetFormat`` of duckdb in parquet."""

    def write(self, dataframe: duckdb.DuckDBPyRelation, directory: Path, columns: Sequence[str] | None) -> None:
        with _complaints_as_values():
            _selected(dataframe, columns).write_parquet(str(directory / "00000.parquet"))

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> duckdb.DuckDBPyRelation:
        with _complaints_as_values():
            return _selected(duckdb.connect().read_parquet([str(path) for path in paths]), columns)


class DuckdbCsv(DuckdbColumns):
    """``DatasetFormat`` of duckdb in csv."""

    def write(self, dataframe: duckdb.DuckDBPyRelation, directory: Path, columns: Sequence[str] | None) -> None:
        with _complaints_as_values():
            _selected(dataframe, columns).write_csv(str(directory / "00000.csv"))

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> duckdb.DuckDBPyRelation:
        with _complaints_as_values():
            files: Any = [str(path) for path in paths]  # duckdb's stubs know of one file only
            return _selected(duckdb.connect().read_csv(files), columns)


_KINDS: Mapping[str, type] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint", "hugeint"), int),
    **dict.fromkeys(("utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"), int),
    **dict.fromkeys(("float", "double"), float),
    **dict.fromkeys(("date", "timestamp", "timestamp with time zone"), datetime),
    "varchar": str,
    "boolean": bool,
    "interval": timedelta,
}
"""What duckdb calls the type of a column -> its type."""


def _selected(relation: duckdb.DuckDBPyRelation, columns: Sequence[str] | None) -> duckdb.DuckDBPyRelation:
    if columns is None:
        return relation
    quoted = ('"' + name.replace('"', '""') + '"' for name in chosen(columns, relation.columns))
    return relation.project(", ".join(quoted))


@contextmanager
def _complaints_as_values() -> Iterator[None]:
    """Raise what duckdb finds wrong with data as ``ValueError``, as other libraries do."""
    try:
        yield
    except duckdb.Error as error:
        raise ValueError(str(error)) from error
