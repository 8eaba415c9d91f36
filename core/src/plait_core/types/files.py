"""
``File`` and ``Directory``: content held by reference, downloaded when it is looked at and streamed where it can be.

Users annotate with these classes and get instances of them. A file is *local* (a path that the user made) or *remote* (a URI:
``remote_source``). Handing a local one over uploads it; handing a remote one on passes the URI, without a copy.
"""

import io
import os
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any, ClassVar, Literal, Self

from plait_core.errors.values import WrongValue
from plait_core.types.blocking import run
from plait_core.types.contexts import BlobStore, ConversionContext, ambient
from plait_core.types.locations import resolve

Destination = str | os.PathLike[str] | Literal[False] | None
"""Where a local file goes: a URI, ``False`` for nowhere, ``None`` for a new place under the raw data prefix."""


def is_remote(path: str) -> bool:
    """Say whether *path* is a URI of something other than a local file."""
    return "://" in path and not path.startswith("file://")


def local_path(path: str) -> str:
    """Return *path* without the scheme of local files."""
    return path.removeprefix("file://")


class _Stored:
    """
    What files and directories have in common.

    ``format`` is the extension that a subclass promises, empty for any. ``remote_path`` is where it is to be uploaded.
    """

    __plait_transformer__ = "plait_core.types.stored:StoredTransformer"

    format: ClassVar[str] = ""
    remote_source: str | None
    remote_path: Destination

    def __init__(self, path: str | os.PathLike[str], *, remote_path: Destination = None) -> None:
        text = os.fspath(path)
        self.remote_source = text if is_remote(text) else None
        self.remote_path = remote_path
        self._path: str | None = None if self.remote_source else local_path(text)
        self._context: ConversionContext | None = None
        self._is_downloaded = False

    def __init_subclass__(cls, format: str | None = None) -> None:
        """Fix the format of a subclass: ``class CSVFile(File, format="csv")``."""
        if format is not None:
            cls.format = format

    def __class_getitem__(cls, format: str) -> type[Self]:
        """Return the subclass with a format: ``File["csv"]``."""
        found: type[Self] = _with_format(cls, format.lstrip("."))  # type: ignore[arg-type]  # classes are hashable
        return found

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Tell pydantic how models have such fields."""
        return resolve("plait_core.types.model_fields:core_schema")(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        """Tell pydantic how such fields are described."""
        return resolve("plait_core.types.model_fields:json_schema")(cls)

    @classmethod
    def at(cls, uri: str, context: ConversionContext) -> Self:
        """Make the handle of what is stored at *uri*."""
        found = cls("")
        found.remote_source, found._path, found._context = uri, None, context
        return found

    @classmethod
    def new_remote(cls, name: str = "") -> Self:
        """Make a handle to write to: it lives under the raw data prefix of the running task."""
        context = ambient.get()
        return cls.at(context.new_uri(name), context)

    @classmethod
    def _inside(cls, parent: "Directory", name: str) -> Self:
        if parent.remote_source is not None and not parent._is_downloaded:
            return cls.at(f"{parent.remote_source.rstrip('/')}/{name}", parent.context)
        return cls(Path(parent.path) / name)

    @property
    def path(self) -> str:
        """The local path, where a remote file's content appears once it is downloaded."""
        if self._path is None:
            name = (self.remote_source or "").rstrip("/").rpartition("/")[2]
            self._path = str(self.context.new_directory() / (name or "content"))
        return self._path

    @property
    def context(self) -> ConversionContext:
        """What this handle reads and writes through."""
        return self._context or ambient.get()

    def download(self) -> str:
        """Fetch the content, once, and return the local path."""
        if self.remote_source is not None and not self._is_downloaded:
            run(self._fetch(self.remote_source, Path(self.path)))
            self._is_downloaded = True
        return self.path

    def __fspath__(self) -> str:
        return self.download()

    def __str__(self) -> str:
        """Return what other programs can use, too: a path for what is stored on this machine, else the URI."""
        return self.path if self.remote_source is None else local_path(self.remote_source)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(str(self))

    def _store(self, uri: str) -> BlobStore:
        return self.context.blobs(uri)

    async def _fetch(self, uri: str, path: Path) -> None:
        raise NotImplementedError


class File(_Stored, os.PathLike[str]):
    """
    One object, held by reference.

    ``File(path)`` refers to a local file or to a URI. As an input it is downloaded by ``open()``, ``download()`` or
    ``os.fspath``; as an output it is uploaded, to *remote_path* if that is given.
    """

    @classmethod
    def new_remote_file(cls, name: str = "file") -> Self:
        """Make a remote file to write to: ``with file.open("w") as stream``."""
        return cls.new_remote(name)

    @contextmanager
    def open(self, mode: str = "r", **options: Any) -> Generator[IO[Any], None, None]:
        """
        Open the content; a remote file is streamed.

        What is written to a remote file is uploaded when the block ends without an exception. *options* go to
        :class:`io.TextIOWrapper` or to ``open``.
        """
        if self.remote_source is None or self._is_downloaded:
            with Path(self.path).open(mode, **options) as stream:
                yield stream
        elif set(mode) & set("wax+"):
            yield from self._upload_after(mode, options)
        else:
            raw = io.BufferedReader(_Chunks(self._store(self.remote_source).stream(self.remote_source)), 1 << 20)
            with raw if "b" in mode else io.TextIOWrapper(raw, **{"encoding": "utf-8", **options}) as stream:
                yield stream

    def _upload_after(self, mode: str, options: dict[str, Any]) -> Iterator[IO[Any]]:
        assert self.remote_source is not None
        if set(mode) & set("a+"):
            self.download()
        with Path(self.path).open(mode, **options) as stream:
            yield stream
        run(self._store(self.remote_source).upload(Path(self.path), self.remote_source))
        self._is_downloaded = True

    async def _fetch(self, uri: str, path: Path) -> None:
        await self._store(uri).download(uri, path)


class Directory(_Stored, os.PathLike[str]):
    """
    Files under a common prefix, held by reference.

    ``Directory(path)`` refers to a local directory or to a URI. It is downloaded by ``download()`` or ``os.fspath``, and can be looked
    through without being downloaded by ``listdir`` and ``crawl``.
    """

    def listdir(self) -> "list[File | Directory]":
        """List the files and directories directly inside, sorted by name."""
        names: dict[str, bool] = {}
        for relative, _ in self._listing():
            name, _, rest = relative.partition("/")
            names[name] = bool(rest)
        return [
            (Directory if is_directory else File)._inside(self, name) for name, is_directory in sorted(names.items())
        ]

    def crawl(self, maxdepth: int | None = None, *, detail: bool = False) -> Iterator[tuple[str, Any]]:
        """
        Yield (base, relative path) of every file, sorted, down to *maxdepth* levels (1 is the top).

        With *detail*, the second item is a dict with ``name`` and ``size`` in bytes.
        """
        base = str(self)
        for relative, size_bytes in self._listing():
            if maxdepth is None or relative.count("/") < maxdepth:
                yield base, {"name": relative, "size": size_bytes} if detail else relative

    def new_file(self, name: str) -> File:
        """Make the handle of a file inside, to be written."""
        return File._inside(self, _relative(name))

    def new_dir(self, name: str) -> "Directory":
        """Make the handle of a directory inside, to be filled."""
        return Directory._inside(self, _relative(name))

    def __truediv__(self, name: str | os.PathLike[str]) -> Path:
        """Return the local path of what is inside, after a download."""
        return Path(self) / name

    def _listing(self) -> list[tuple[str, int]]:
        """List (relative path, size in bytes) of every file, sorted by path."""
        if self.remote_source is not None and not self._is_downloaded:
            return run(_list(self._store(self.remote_source), self.remote_source))
        return files_under(Path(self.path))

    async def _fetch(self, uri: str, path: Path) -> None:
        store = self._store(uri)
        found = await _list(store, uri)
        _make_directories(path, [relative for relative, _ in found])
        for relative, _ in found:
            await store.download(f"{uri.rstrip('/')}/{relative}", path / relative)


def _make_directories(root: Path, relatives: list[str]) -> None:
    for parent in {root, *((root / relative).parent for relative in relatives)}:
        parent.mkdir(parents=True, exist_ok=True)


def files_under(root: Path) -> list[tuple[str, int]]:
    """List (relative path, size in bytes) of every file under *root*, sorted by path."""
    files = (path for path in root.rglob("*") if path.is_file())
    return sorted((path.relative_to(root).as_posix(), path.stat().st_size) for path in files)


class _Chunks(io.RawIOBase):
    """The bytes of an asynchronous stream, read as they are asked for."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = run(_next(self._stream))
        n = min(len(buffer), len(self._rest))
        buffer[:n], self._rest = self._rest[:n], self._rest[n:]
        return n


async def _next(stream: AsyncIterator[bytes]) -> bytes:
    return await anext(stream, b"")


async def _list(store: BlobStore, prefix: str) -> list[tuple[str, int]]:
    root = f"{prefix.rstrip('/')}/"
    return [(found.uri.removeprefix(root), found.size_bytes) async for found in store.list(prefix.rstrip("/"))]


def _relative(name: str) -> str:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise WrongValue(expected="a path below the directory", found=repr(name), advice="give a relative path")
    return name


@cache
def _with_format(cls: Any, format: str) -> Any:
    """Make the subclass of a format, one per format, so that types compare equal."""
    return type(cls.__name__, (cls,), {"format": format, "__module__": cls.__module__}) if format else cls
