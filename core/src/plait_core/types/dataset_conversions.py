"""
Conversion of ``StructuredDataset`` and of the dataframes that installed formats can store.

A dataset is a prefix with one or more files, in the format that its literal names. The columns that a receiver declares select what it
reads; without a declaration it gets the columns of the literal.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from plait_core.errors.values import MissingPath, UnreadableDataset, UnreadableLiteral, UnreadableText, UnsupportedType
from plait_core.ir.json import Json
from plait_core.ir.literals import Literal, StructuredDatasetValue
from plait_core.ir.types import (
    BOOLEAN,
    DATETIME,
    DURATION,
    FLOAT,
    INTEGER,
    STRING,
    DatasetColumn,
    LiteralType,
    StructuredDatasetType,
)
from plait_core.types.blocking import run
from plait_core.types.contexts import DETACHED, BlobStore, ConversionContext
from plait_core.types.converters import Converter, Plain, Types, type_name, wrong_value
from plait_core.types.dataset_columns import check_columns
from plait_core.types.dataset_formats import DatasetFormats
from plait_core.types.datasets import CSV, StructuredDataset
from plait_core.types.files import files_under, is_remote, local_path
from plait_core.types.transformers import TypeTransformer


class DatasetTransformer(TypeTransformer[Any]):
    """Converts ``StructuredDataset`` and dataframes; *columns* and *format* are those declared beside the type."""

    name = "dataset"
    python_type = StructuredDataset
    plain_kinds = frozenset({dict})

    def __init__(self, remarks: Sequence[Any] = ()) -> None:
        columns = [remark for remark in remarks if isinstance(remark, Mapping)]
        formats = [remark for remark in remarks if isinstance(remark, str)]
        if len(formats) > 1 or len(columns) > 1:
            raise UnsupportedType(
                python_type="StructuredDataset",
                reason=f"is annotated with several formats or columns: {', '.join(map(repr, formats or columns))}",
                advice='give at most one of each: Annotated[StructuredDataset, kwtypes(x=int), "parquet"]',
            )
        self._columns: Mapping[str, Any] = columns[0] if columns else {}
        self._format = formats[0] if formats else ""
        self._schema = next((remark for remark in remarks if type(remark).__module__.startswith("pyarrow")), None)

    def beside(self, remarks: Sequence[Any]) -> "DatasetTransformer":
        return DatasetTransformer(remarks)

    def compile(self, python_type: Any, types: Types) -> Converter:
        schema = self._schema
        declared = StructuredDatasetType(
            columns=tuple(_column(name, column, types) for name, column in _flat(self._columns)),
            format=self._format,
            external_schema_type="arrow" if schema is not None else "",
            external_schema=schema.to_string().encode() if schema is not None else b"",
        )
        return _Bound(declared, types.formats).compile(python_type, types)


class _Bound(TypeTransformer[Any]):
    """The conversions of datasets of one declared type."""

    name = DatasetTransformer.name
    plain_kinds = DatasetTransformer.plain_kinds

    def __init__(self, declared: StructuredDatasetType, formats: DatasetFormats) -> None:
        self._declared = declared
        self._formats = formats
        self._reader = FormatReader(formats)
        self._columns = tuple(column.name for column in declared.columns) or None

    def literal_type(self, python_type: Any) -> LiteralType:
        return LiteralType(type=self._declared)

    def to_literal(self, value: Any, python_type: Any, context: ConversionContext) -> Literal:
        dataset = self._dataset(value, python_type)
        if dataset.dataframe is None:
            return self._reference(self._uploaded(dataset.uri, context), dataset)
        uri = dataset.uri or context.new_uri()
        scheme = uri.partition("://")[0] if "://" in uri else ""
        wanted = self._declared.format or dataset.file_format
        spec, handler = self._formats.find(type(dataset.dataframe), scheme, wanted)
        check_columns(handler, dataset.dataframe, self._declared)
        if spec.protocol:
            handler.save(dataset.dataframe, uri, self._columns)
        else:
            directory = context.new_directory()
            _in_words(handler.write, dataset.dataframe, directory, self._columns)
            _upload(directory, uri, context.blobs(uri))
        return self._reference(uri, dataset, spec.format)

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> Any:
        stored = literal.value
        if not isinstance(stored, StructuredDatasetValue):
            raise UnreadableLiteral(expected=type_name(python_type), found=type(stored).__name__)
        columns = self._columns or tuple(column.name for column in stored.type.columns) or None
        dataset = StructuredDataset(uri=stored.uri, file_format=stored.type.format)
        dataset.bind(self._reader, context, columns)
        dataset.stored_type, dataset.declared_type = stored.type, self._declared
        return dataset if _is_handle(python_type) else dataset.open(python_type).all()

    def pack(self, value: Any, python_type: Any, context: ConversionContext) -> Plain:
        if context is DETACHED:
            dataset = self._dataset(value, python_type)
            return {"uri": dataset.uri, "file_format": dataset.file_format}
        return super().pack(value, python_type, context)

    def unpack(self, plain: Plain, python_type: Any, context: ConversionContext) -> Any:
        fields = {"uri": plain} if isinstance(plain, str) else plain
        if not isinstance(fields, dict) or not isinstance(fields.get("uri"), str):
            raise wrong_value(plain, type_name(python_type))
        if context is DETACHED:
            return _typed(fields["uri"], fields.get("file_format") or "")
        stored_type = StructuredDatasetType(format=fields.get("file_format") or self._declared.format)
        stored = StructuredDatasetValue(uri=fields["uri"], type=stored_type)
        return self.to_python(Literal(value=stored), python_type, context)

    def json_schema(self, python_type: Any) -> Json:
        return {
            "type": "object",
            "title": type_name(python_type),
            "properties": {"uri": {"type": "string"}, "file_format": {"type": "string"}},
            "required": ["uri"],
        }

    def parse(self, text: str, python_type: Any) -> Any:
        try:
            return _typed(text, "")
        except MissingPath as error:
            raise UnreadableText(text=text, expected="path of a dataset", example="data.parquet, or a URL") from error

    def render(self, value: Any, python_type: Any) -> str:
        return str(value.uri) if isinstance(value, StructuredDataset) else repr(value)

    def _dataset(self, value: Any, python_type: Any) -> StructuredDataset:
        if isinstance(value, StructuredDataset):
            return value
        if _is_handle(python_type):
            advice = f"wrap it: StructuredDataset(dataframe=...), or declare it as {type_name(type(value))}"
            raise wrong_value(value, type_name(python_type), advice)
        if not isinstance(value, python_type):
            raise wrong_value(value, type_name(python_type))
        return StructuredDataset(dataframe=value)

    def _reference(self, uri: str, dataset: StructuredDataset, format: str = "") -> Literal:
        """The literal of what is stored at *uri*; it carries its own columns and format."""
        own = dataset.stored_type or self._declared
        stored = StructuredDatasetType(
            columns=self._declared.columns or own.columns,
            format=format or dataset.file_format or own.format or _suffix(uri),
            external_schema_type=own.external_schema_type,
            external_schema=own.external_schema,
        )
        return Literal(value=StructuredDatasetValue(uri=uri, type=stored))

    def _uploaded(self, uri: str | None, context: ConversionContext) -> str:
        assert uri is not None
        if "://" in uri:
            return uri
        target = context.new_uri(Path(uri).name)
        _upload(_existing(uri), target, context.blobs(target))
        return target


class FormatReader:
    """Reads stored datasets by the handlers of *formats*."""

    def __init__(self, formats: DatasetFormats) -> None:
        self._formats = formats

    def read(self, dataset: StructuredDataset, python_type: type, context: ConversionContext) -> Iterator[Any]:
        """Yield the parts of a dataset, one per stored file."""
        spec, handler = self._handler(dataset, python_type)
        if spec.protocol:
            yield handler.load(dataset.uri, dataset.columns)
            return
        for path in _fetched(dataset, context):
            yield _read(spec, handler, [path], dataset)

    def read_all(self, dataset: StructuredDataset, python_type: type, context: ConversionContext) -> Any:
        """Return a dataset as one dataframe."""
        spec, handler = self._handler(dataset, python_type)
        if spec.protocol:
            return handler.load(dataset.uri, dataset.columns)
        return _read(spec, handler, _fetched(dataset, context), dataset)

    def _handler(self, dataset: StructuredDataset, python_type: type) -> tuple[Any, Any]:
        uri = dataset.uri or ""
        scheme = uri.partition("://")[0] if "://" in uri else ""
        return self._formats.find(python_type, scheme, dataset.file_format or _suffix(uri))


def _read(spec: Any, handler: Any, paths: Sequence[Path], dataset: StructuredDataset) -> Any:
    dataframe = _in_words(handler.read, paths, dataset.columns)
    if spec.format != CSV:  # in which a column has the type that its reader guesses
        check_columns(handler, dataframe, dataset.declared_type)
    return dataframe


def _is_handle(python_type: Any) -> bool:
    return isinstance(python_type, type) and issubclass(python_type, StructuredDataset)


def _typed(uri: str, file_format: str) -> StructuredDataset:
    """Make the dataset that a person named: a URI, or a path that exists."""
    if not is_remote(uri):
        uri = str(_existing(local_path(uri)))
    return StructuredDataset(uri=uri, file_format=file_format or _suffix(uri))


def _existing(path: str) -> Path:
    if not Path(path).exists():
        raise MissingPath(local_path=path, expected="dataset")
    return Path(path)


def _suffix(uri: str) -> str:
    return Path(uri).suffix.removeprefix(".")


def _fetched(dataset: StructuredDataset, context: ConversionContext) -> list[Path]:
    """Return local copies of a dataset's files, in order; a local dataset is read in place."""
    uri = dataset.uri or ""
    if "://" not in uri:
        root = _existing(uri)
        return [root] if root.is_file() else [root / relative for relative, _ in files_under(root)]
    return run(_download_all(uri, context.new_directory(), context.blobs(uri)))


async def _download_all(prefix: str, directory: Path, store: BlobStore) -> list[Path]:
    uris = [found.uri async for found in store.list(prefix.rstrip("/"))] or [prefix]
    paths = []
    for n, uri in enumerate(uris):
        path = directory / f"{n:05}{Path(uri).suffix}"
        await store.download(uri, path)
        paths.append(path)
    return paths


def _upload(root: Path, uri: str, store: BlobStore) -> None:
    """Upload a file, or the files of a directory below *uri*."""
    if root.is_file():
        run(store.upload(root, uri))
    for relative, _ in files_under(root) if root.is_dir() else ():
        run(store.upload(root / relative, f"{uri.rstrip('/')}/{relative}"))


def _in_words(act: Any, *arguments: Any) -> Any:
    """Call a handler; what the library finds wrong with the data becomes an error about the dataset."""
    try:
        return act(*arguments)
    except (KeyError, ValueError, TypeError) as error:
        raise UnreadableDataset(
            columns=tuple(arguments[-1] or ()), detail=f"{type(error).__name__}: {error}"
        ) from error


def _flat(columns: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield columns with dotted names for those inside nested mappings and dataclasses."""
    from plait_core.types.fields import fields_of, has_fields

    for name, column in columns.items():
        if isinstance(column, Mapping):
            yield from _flat(column, f"{prefix}{name}.")
        elif has_fields(column):
            yield from _flat({field.name: field.type for field in fields_of(column)}, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", column


_NUMPY = {
    "integer": INTEGER,
    "floating": FLOAT,
    "bool_": BOOLEAN,
    "bool": BOOLEAN,
    "str_": STRING,
    "datetime64": DATETIME,
    "timedelta64": DURATION,
}
"""Name of a numpy scalar class, or of a base of one -> type."""


def _column(name: str, column: Any, types: Types) -> DatasetColumn:
    for base in getattr(column, "__mro__", ()):
        if base.__module__ == "numpy" and base.__name__ in _NUMPY:
            return DatasetColumn(name=name, type=_NUMPY[base.__name__])
    return DatasetColumn(name=name, type=types.converter(column).literal_type)
