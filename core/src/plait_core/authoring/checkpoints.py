"""
Checkpoints: what an attempt saves so that the next one need not begin anew.

Used by task bodies through ``current_context().checkpoint``. An attempt writes below its own prefix and reads below that of
the attempt before; nothing that was saved is ever overwritten by a later attempt. Calls block until the bytes are stored.
"""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from plait_core.errors.running import CheckpointAmbiguous, CheckpointUnavailable
from plait_core.ports.specs import BlobAccess

_T = TypeVar("_T")

VALUE = "checkpoint"
"""Name of the file that ``write`` saves."""


class Checkpoint:
    """What the previous attempt left, and a place to leave something for the next."""

    def __init__(self, *, prefix: str, previous: str, blobs: BlobAccess) -> None:
        """Write below the URI *prefix*, read below *previous*; an empty one is not there."""
        self._prefix = prefix.rstrip("/")
        self._previous = previous.rstrip("/")
        self._blobs = blobs
        self.is_saved = False
        """Whether this attempt saved anything."""

    def prev_exists(self) -> bool:
        """Say whether the previous attempt saved anything."""
        return bool(self._found())

    def read(self) -> bytes | None:
        """
        Return the one file that the previous attempt saved, or ``None``.

        Raises:
            CheckpointAmbiguous: It saved several.
        """
        found = self._found()
        if len(found) > 1:
            raise CheckpointAmbiguous(prefix=self._previous, n_files=len(found))
        return _wait(self._blobs(found[0]).get(found[0])) if found else None

    def restore(self, directory: str | Path) -> Path | None:
        """Copy everything the previous attempt saved into *directory*, made if absent; ``None`` when there is nothing."""
        found = self._found()
        for uri in found:
            target = Path(directory, uri.removeprefix(f"{self._previous}/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            _wait(self._blobs(uri).download(uri, target))
        return Path(directory) if found else None

    def write(self, data: bytes) -> None:
        """Save *data* as the one file of this attempt's checkpoint, in place of what it wrote before."""
        uri = self._target("write", VALUE)
        _wait(self._blobs(uri).put(uri, data))
        self.is_saved = True

    def save(self, source: str | Path | BinaryIO) -> None:
        """Save a file, a directory with all that is in it, or what can be read from a binary stream."""
        if not isinstance(source, str | Path):
            return self.write(source.read())
        path = Path(source)
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                name = file.relative_to(path).as_posix() if path.is_dir() else file.name
                uri = self._target("save", name)
                _wait(self._blobs(uri).upload(file, uri))
                self.is_saved = True
        return None

    def _target(self, operation: str, name: str) -> str:
        if not self._prefix:
            raise CheckpointUnavailable(operation=operation)
        return f"{self._prefix}/{name}"

    def _found(self) -> list[str]:
        return _wait(self._list()) if self._previous else []

    async def _list(self) -> list[str]:
        return [info.uri async for info in self._blobs(self._previous).list(self._previous)]


def _wait(coroutine: Coroutine[Any, Any, _T]) -> _T:
    from plait_core.types.blocking import run

    return run(coroutine)
