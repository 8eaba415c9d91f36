"""
Conversion of ``File``, ``Directory``, ``os.PathLike``, ``pathlib.Path`` and the streams of ``typing``: blobs.

A local path is uploaded to a new place under the raw data prefix and its literal carries the hash of its content, so that equal
content is equal to the cache. What has a URI is passed by it.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO, Self

from plait_core.errors.values import MissingPath, UnreadableLiteral, UnreadableText
from plait_core.ir.json import Json
from plait_core.ir.literals import Blob, Literal
from plait_core.ir.types import BlobType, Dimensionality, LiteralType
from plait_core.types.annotations import BatchSize
from plait_core.types.blocking import run
from plait_core.types.contexts import DETACHED, BlobStore, ConversionContext
from plait_core.types.converters import Converter, Plain, Types, type_name, wrong_value
from plait_core.types.files import Directory, File, files_under, is_remote, local_path
from plait_core.types.transformers import TypeTransformer

FILES_AT_ONCE = 16
"""How many files of a directory are transferred at once unless ``BatchSize`` says otherwise."""


class StoredTransformer(TypeTransformer[File | Directory]):
    """Converts files and directories, of any format; *n_files* of a directory are uploaded at once."""

    name = "file"
    python_type = File
    plain_kinds = frozenset({dict})

    def __init__(self, n_files: int = FILES_AT_ONCE) -> None:
        self._n_files = n_files

    def beside(self, remarks: Sequence[Any]) -> Self:
        sizes = [remark.n_files for remark in remarks if isinstance(remark, BatchSize)]
        return type(self)(sizes[0]) if sizes else self

    def literal_type(self, python_type: Any) -> LiteralType:
        many = issubclass(python_type, Directory)
        dimensionality = Dimensionality.MULTIPART if many else Dimensionality.SINGLE
        return LiteralType(type=BlobType(format=_kind(python_type).format, dimensionality=dimensionality))

    def to_literal(self, value: Any, python_type: Any, context: ConversionContext) -> Literal:
        kind = _kind(python_type)
        if not isinstance(value, File | Directory) and isinstance(value, str | os.PathLike):
            value = kind(value)
        elif not _may_stand_for(value, kind):
            raise wrong_value(value, type_name(python_type), _promised(kind))
        blob_type = self.literal_type(python_type).type
        assert isinstance(blob_type, BlobType)
        if value.remote_source is not None:
            return Literal(value=Blob(uri=value.remote_source, type=blob_type))
        path = _existing(value.path, kind)
        if value.remote_path is False:
            return Literal(value=Blob(uri=f"file://{path.resolve()}", type=blob_type))
        uri = os.fspath(value.remote_path) if value.remote_path else context.new_uri(path.name)
        content = _upload(path, uri, context.blobs(uri), self._n_files)
        return Literal(value=Blob(uri=uri, type=blob_type), hash=content)

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> Any:
        return _kind(python_type).at(_blob(literal, python_type).uri, context)

    def pack(self, value: Any, python_type: Any, context: ConversionContext) -> Plain:
        if context is DETACHED:
            return {"path": str(value)}
        return super().pack(value, python_type, context)

    def unpack(self, plain: Plain, python_type: Any, context: ConversionContext) -> Any:
        path = plain.get("path") if isinstance(plain, dict) else plain
        if not isinstance(path, str):
            raise wrong_value(plain, type_name(python_type))
        kind = _kind(python_type)
        if context is not DETACHED and "://" in path:
            return kind.at(path, context)
        return kind(path if is_remote(path) else _existing(local_path(path), kind))

    def json_schema(self, python_type: Any) -> Json:
        return {
            "type": "object",
            "title": type_name(python_type),
            "properties": {"path": {"type": "string"}},
            "required": ["path"],
        }

    def parse(self, text: str, python_type: Any) -> Any:
        try:
            return self.unpack(text, python_type, DETACHED)
        except MissingPath as error:
            example = "an existing path, or a URL"
            raise UnreadableText(text=text, expected=f"path of a {error.expected}", example=example) from error

    def render(self, value: Any, python_type: Any) -> str:
        return str(value)

    def guess(self, literal_type: LiteralType) -> Any | None:
        blob = literal_type.type
        if not isinstance(blob, BlobType):
            return None
        kind = File if blob.dimensionality is Dimensionality.SINGLE else Directory
        return kind[blob.format] if blob.format else kind  # type: ignore[index]  # a format, not a type argument


class PathTransformer(StoredTransformer):
    """Converts ``pathlib.Path``: a file that is downloaded before the task starts."""

    name = "path"

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> Any:
        return Path(super().to_python(literal, python_type, context))

    def unpack(self, plain: Plain, python_type: Any, context: ConversionContext) -> Any:
        found = super().unpack(plain, python_type, context)
        return Path(found if context is not DETACHED else found.path)


class StreamTransformer(TypeTransformer[IO[Any]]):
    """Converts ``TextIO`` and ``BinaryIO``: files open for reading while the task runs; a task cannot return them."""

    name = "stream"
    python_type = IO

    def literal_type(self, python_type: Any) -> LiteralType:
        return LiteralType(type=BlobType(format="bin" if python_type is BinaryIO else ""))

    def to_literal(self, value: Any, python_type: Any, context: ConversionContext) -> Literal:
        if isinstance(value, str | os.PathLike):
            return StoredTransformer().to_literal(value, File, context)
        raise wrong_value(value, "a File or a path", advice="streams can only be read; hand over a File")

    def to_python(self, literal: Literal, python_type: Any, context: ConversionContext) -> IO[Any]:
        path = File.at(_blob(literal, python_type).uri, context).download()
        stream = Path(path).open("rb" if python_type is BinaryIO else "r")  # noqa: SIM115  # closed with the context
        context.when_closed(stream.close)
        return stream


def compile_pathlike(python_type: Any, types: Types) -> Converter:
    """Compile ``os.PathLike``: a ``File``, downloaded when its path is asked for."""
    return StoredTransformer().compile(File, types)


def compile_path(python_type: Any, types: Types) -> Converter:
    """Compile ``pathlib.Path``."""
    return PathTransformer().compile(python_type, types)


def compile_stream(python_type: Any, types: Types) -> Converter:
    """Compile ``TextIO`` or ``BinaryIO``."""
    return StreamTransformer().compile(python_type, types)


def _kind(python_type: Any) -> Any:
    return python_type if issubclass(python_type, File | Directory) else File


def _may_stand_for(value: Any, kind: Any) -> bool:
    """Whether *value* is a file or directory of the format that *kind* promises; a handle that promises none is taken at the task's word."""
    many = issubclass(kind, Directory)
    return isinstance(value, kind) or (
        isinstance(value, Directory if many else File) and value.format in {"", kind.format}
    )


def _promised(kind: Any) -> str:
    """Say what would have been right, where the name of the type does not tell."""
    return f"hand over one that promises the format {kind.format!r}, or none" if kind.format else ""


def _existing(text: str, kind: Any) -> Path:
    path = Path(text)
    is_there = path.is_dir() if issubclass(kind, Directory) else path.is_file()
    if not is_there:
        raise MissingPath(local_path=text, expected="directory" if issubclass(kind, Directory) else "file")
    return path


def _blob(literal: Literal, python_type: Any) -> Blob:
    blob = literal.value
    many = issubclass(python_type, Directory) if isinstance(python_type, type) else False
    wanted = Dimensionality.MULTIPART if many else Dimensionality.SINGLE
    if not isinstance(blob, Blob) or blob.type.dimensionality is not wanted:
        found = "a directory" if isinstance(blob, Blob) and not many else type(blob).__name__
        raise UnreadableLiteral(expected=type_name(python_type), found=found)
    return blob


def _upload(path: Path, uri: str, store: BlobStore, n_files: int) -> str:
    """Upload a file, or all files of a directory; return the hash of the content."""
    if path.is_file():
        run(store.upload(path, uri))
        return _hash_of(path)
    relatives = [relative for relative, _ in files_under(path)]
    run(_upload_each(path, relatives, uri, store, n_files))
    return _digest(f"{relative}\0{_hash_of(path / relative)}\0".encode() for relative in relatives)


async def _upload_each(root: Path, relatives: Sequence[str], uri: str, store: BlobStore, n_files: int) -> None:
    from asyncio import Semaphore, TaskGroup

    slots = Semaphore(n_files)

    async def upload(relative: str) -> None:
        async with slots:
            await store.upload(root / relative, f"{uri}/{relative}")

    async with TaskGroup() as group:
        for relative in relatives:
            group.create_task(upload(relative))


def _hash_of(path: Path) -> str:
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def _digest(parts: Iterable[bytes]) -> str:
    return f"sha256:{hashlib.sha256(b''.join(parts)).hexdigest()}"
