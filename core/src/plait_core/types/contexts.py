"""
What a conversion may use besides the value: a place for new blobs, and stores to reach old ones.

The worker makes one context per attempt, and sets it as the ambient one while user code runs, so that a ``File`` made
inside a task knows where to put its bytes.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import attrs

from plait_core.errors.values import NoStorage
from plait_core.ir.shapes import Shape


class BlobInfo(Protocol):
    """One object of a listing."""

    @property
    def uri(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...


class BlobStore(Protocol):
    """The part of ``plait_core.ports.blobs.BlobStore`` that conversions use; see there."""

    async def get(self, uri: str) -> bytes: ...

    async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool: ...

    def stream(self, uri: str, *, start: int = 0) -> AsyncIterator[bytes]: ...

    async def download(self, uri: str, path: Path) -> None: ...

    async def upload(self, path: Path, uri: str) -> None: ...

    def list(self, prefix: str) -> AsyncIterator[BlobInfo]: ...

    async def exists(self, uri: str) -> bool: ...


class DatasetReader(Protocol):
    """Reads what a ``StructuredDataset`` refers to, as dataframes of a class."""

    def read(self, dataset: Any, python_type: type, context: "ConversionContext") -> Iterator[Any]:
        """Yield the parts of a dataset, one per stored file."""
        ...

    def read_all(self, dataset: Any, python_type: type, context: "ConversionContext") -> Any:
        """Return a dataset as one dataframe."""
        ...


BlobAccess: TypeAlias = Callable[[str], BlobStore]
"""Finds the store of a URI."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ConversionContext(Shape):
    """
    Where conversions write and read.

    ``raw_prefix`` is the URI under which files, datasets and pickles are stored; ``blobs`` finds the store of any URI. ``directory``
    is a local one for what is downloaded; empty for the system's temporary directory. ``datasets`` reads
    the datasets that user code makes from URIs. Whoever made the context closes it when nothing that was downloaded is needed any more.
    """

    raw_prefix: str
    blobs: BlobAccess
    directory: str = ""
    datasets: DatasetReader | None = None
    _closing: list[Callable[[], object]] = attrs.field(factory=list, init=False, eq=False, repr=False)

    def new_uri(self, name: str = "") -> str:
        """Make a URI that nothing has been written to, ending in *name* if there is one."""
        fresh = f"{self.raw_prefix.rstrip('/')}/{os.urandom(8).hex()}"
        return f"{fresh}/{name}" if name else fresh

    def new_directory(self) -> Path:
        """Make an empty local directory, which lasts until the context is closed."""
        from shutil import rmtree
        from tempfile import mkdtemp

        made = mkdtemp(prefix="plait-", dir=self.directory or None)
        self.when_closed(lambda: rmtree(made, ignore_errors=True))
        return Path(made)

    def when_closed(self, act: Callable[[], object]) -> None:
        """Have *act* called by ``close``; the latest comes first."""
        self._closing.append(act)

    def close(self) -> None:
        """Delete the directories that were made, and do what else was left for now."""
        while self._closing:
            self._closing.pop()()


def _no_store(uri: str) -> BlobStore:
    raise NoStorage(uri=uri)


DETACHED = ConversionContext(raw_prefix="detached:", blobs=_no_store)
"""For conversions that touch no storage: texts, schemas and defaults."""

ambient: ContextVar[ConversionContext] = ContextVar("conversion_context", default=DETACHED)
"""The context of the attempt that is running user code here, if any."""
