"""
``StructuredDataset``: a table held by reference, opened as whichever dataframe the reader likes.

Also ``kwtypes``, by which columns are declared, and ``DatasetFormat``, the protocol that plugins implement to store dataframes.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from plait_core.errors.values import DatasetNotOpened, WrongValue
from plait_core.ir.json import Json
from plait_core.ir.types import StructuredDatasetType
from plait_core.types.contexts import ConversionContext, DatasetReader, ambient

CSV = "csv"


class _NamedTypes(dict[str, Any]):
    """Can be hashed, because what stands in ``Annotated`` must be, for unions to hold it."""

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none
        return hash(tuple(self))


def kwtypes(**types: Any) -> dict[str, Any]:
    """Declare names with types, in order: the columns of a dataset, or the inputs and outputs of a task."""
    return _NamedTypes(types)


class DatasetFormat(Protocol):
    """
    Stores dataframes of one class in files of one format.

    Methods run in any thread. They raise what the library raises; the caller adds where it happened. A format may also have
    ``column_types(dataframe)``, which maps the names of columns to int, float, str, bool, datetime or timedelta; what it leaves out is
    not compared with what authors declare.
    """

    def write(self, dataframe: Any, directory: Path, columns: Sequence[str] | None) -> None:
        """Write *columns* (all for ``None``) of a dataframe to one or more files in the empty *directory*."""
        ...

    def read(self, paths: Sequence[Path], columns: Sequence[str] | None) -> Any:
        """Read one dataframe from *paths*, the files of a dataset in order, with *columns* (all for ``None``)."""
        ...


class TableFormat(Protocol):
    """Stores dataframes of one class at URIs that are no blobs, such as tables of a warehouse."""

    def save(self, dataframe: Any, uri: str, columns: Sequence[str] | None) -> None:
        """Write *columns* (all for ``None``) of a dataframe to *uri*, replacing what is there."""
        ...

    def load(self, uri: str, columns: Sequence[str] | None) -> Any:
        """Read a dataframe from *uri*."""
        ...


class StructuredDataset:
    """
    A table: either a dataframe that is about to be stored, or one that is.

    ``StructuredDataset(dataframe=df)`` is stored when a task returns it, at *uri* if that is given; ``StructuredDataset(uri=...)`` refers
    to what is stored there. Read it by ``dataset.open(pandas.DataFrame).all()``, or in parts by ``.iter()``. ``columns`` are those
    that will be read, ``None`` for all; ``stored_type`` is the type of the literal that the handle came from, ``declared_type`` that
    of its receiver.
    """

    __plait_transformer__ = "plait_core.types.dataset_conversions:DatasetTransformer"

    def __init__(
        self,
        dataframe: Any = None,
        uri: str | None = None,
        *,
        file_format: str = "",
        metadata: Mapping[str, Json] | None = None,
    ) -> None:
        if dataframe is None and uri is None:
            raise WrongValue(expected="a dataframe or a uri", found="neither", advice="StructuredDataset(dataframe=df)")
        self.dataframe = dataframe
        self.uri = uri
        self.file_format = file_format
        self.metadata = metadata
        self.columns: tuple[str, ...] | None = None
        self.stored_type: StructuredDatasetType | None = None
        self.declared_type = StructuredDatasetType()
        self._opened_as: type | None = None
        self._reader: DatasetReader | None = None
        self._context: ConversionContext | None = None

    def bind(self, reader: DatasetReader, context: ConversionContext, columns: tuple[str, ...] | None) -> Self:
        """Give the handle what it reads through, and the columns that its receiver asked for."""
        self._reader, self._context, self.columns = reader, context, columns
        return self

    def open(self, python_type: type) -> Self:
        """Choose the class of dataframe to read."""
        self._opened_as = python_type
        return self

    def all(self) -> Any:
        """Read the whole table."""
        python_type = self._chosen()
        if self._holds(python_type):
            return self.dataframe
        return self._bound_reader().read_all(self, python_type, self._context or ambient.get())

    def iter(self) -> Iterator[Any]:
        """Read the table in parts, one per stored file."""
        python_type = self._chosen()
        if self._holds(python_type):
            return iter([self.dataframe])
        return self._bound_reader().read(self, python_type, self._context or ambient.get())

    def __repr__(self) -> str:
        held = f"dataframe={type(self.dataframe).__name__}" if self.dataframe is not None else f"uri={self.uri!r}"
        return f"StructuredDataset({held}, file_format={self.file_format!r})"

    def _chosen(self) -> type:
        if self._opened_as is None:
            raise DatasetNotOpened(dataset=repr(self))
        return self._opened_as

    def _holds(self, python_type: type) -> bool:
        return self.dataframe is not None and isinstance(self.dataframe, python_type)

    def _bound_reader(self) -> DatasetReader:
        reader = self._reader or ambient.get().datasets
        if reader is None:
            raise DatasetNotOpened(dataset=repr(self), reason="is read outside of any task")
        return reader
