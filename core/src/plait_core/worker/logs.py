"""
Logs of attempts: what a task prints, in pieces under its ``output_prefix``, while it runs and ever after.

Whoever reads a task's output feeds a ``LogWriter`` and stores the pieces it makes as blobs ``logs/<start>-<end>``; ``read_log`` puts
them together again. Offsets count the bytes of both streams in the order in which they were read, so that a reader can go on
where it stopped, whoever wrote the pieces. The values of secrets never get into a piece.
"""

import re
from collections.abc import AsyncIterator, Iterator
from struct import Struct

import attrs

from plait_core.ports.specs import BlobAccess
from plait_core.worker.redaction import Redactor

STDOUT, STDERR, NOTICE = "stdout", "stderr", "plait"
PIECE_BYTES = 1 << 16
TAIL_BYTES = 4000

_HEAD = Struct(">BI")
_STREAMS = (STDOUT, STDERR, NOTICE)
_PIECE = re.compile(r"/logs/([0-9]{16})-([0-9]{16})$")


@attrs.frozen
class LogChunk:
    """
    Bytes that were printed together.

    ``offset`` is where they begin in the whole log; ``stream`` is ``stdout``, ``stderr``, or ``plait`` for remarks of ours.
    """

    offset: int
    stream: str
    data: bytes


async def read_log(blobs: BlobAccess, output_prefix: str, *, since: int = 0) -> AsyncIterator[LogChunk]:
    """
    Yield the log of the attempt that has *output_prefix*, as far as it is stored, from byte *since* on.

    Chunks come in order and without overlap, so ``chunk.offset + len(chunk.data)`` of the last is where the next call goes on.
    An attempt that printed nothing has none. Raises what the blob store raises.
    """
    folder = f"{output_prefix}/logs"
    store = blobs(folder)
    async for info in store.list(folder):
        start, end = _span(info.uri)
        if end > since:
            for chunk in _parse(start, await store.get(info.uri)):
                if (rest := _from(chunk, since)) is not None:
                    since = rest.offset + len(rest.data)
                    yield rest


async def end_of_log(blobs: BlobAccess, output_prefix: str) -> int:
    """Return the offset behind the last byte that is stored."""
    folder = f"{output_prefix}/logs"
    return max([_span(info.uri)[1] async for info in blobs(folder).list(folder)], default=0)


class LogWriter:
    """
    Makes the stored pieces of one attempt's log.

    Keeps at most *limit_bytes* of all that is printed: what comes later is dropped, which a remark in the log says. ``tail`` is
    the end of what was printed, kept or not.
    """

    def __init__(self, output_prefix: str, *, limit_bytes: int, offset: int = 0) -> None:
        self._folder = f"{output_prefix}/logs"
        self._limit_bytes = limit_bytes
        self._redactors = {STDOUT: Redactor(), STDERR: Redactor()}
        self._start = self._end = offset
        self._piece = bytearray()
        self.is_full = offset > limit_bytes
        self._tail = b""

    def hide(self, secret: str) -> None:
        """Keep the value of a secret out of what is printed from now on."""
        for redactor in self._redactors.values():
            redactor.learn(secret)

    def feed(self, stream: str, data: bytes) -> None:
        """Take in what was printed on *stream*."""
        self._add(stream, self._redactors[stream].feed(data))

    def finish(self) -> None:
        """Take in what was held back; nothing is fed afterwards."""
        for stream, redactor in self._redactors.items():
            self._add(stream, redactor.end())

    @property
    def has_news(self) -> bool:
        """Whether something was fed that is not taken yet."""
        return bool(self._piece) or any(redactor.is_holding for redactor in self._redactors.values())

    @property
    def n_waiting(self) -> int:
        """How many bytes wait to be stored."""
        return len(self._piece)

    @property
    def tail(self) -> str:
        """The last lines."""
        return self._tail.decode(errors="replace").rstrip()

    def waiting(self) -> Iterator[LogChunk]:
        """Yield what waits to be stored."""
        return _parse(self._start, bytes(self._piece))

    def take(self) -> tuple[str, bytes] | None:
        """Return the URI and the bytes of the next piece to store, if something waits."""
        if not self._piece:
            return None
        piece, uri = bytes(self._piece), f"{self._folder}/{self._start:016d}-{self._end:016d}"
        self._piece.clear()
        self._start = self._end
        return uri, piece

    def _add(self, stream: str, data: bytes) -> None:
        if not data:
            return
        self._tail = (self._tail + data)[-TAIL_BYTES:]
        if self.is_full:
            return
        room = self._limit_bytes - self._end
        self._frame(stream, data[:room])
        if len(data) > room:
            self.is_full = True
            remark = f"\nthe log ends here: an attempt keeps {self._limit_bytes} bytes of what it prints\n"
            self._frame(NOTICE, remark.encode())

    def _frame(self, stream: str, data: bytes) -> None:
        self._piece += _HEAD.pack(_STREAMS.index(stream), len(data)) + data
        self._end += len(data)


def _span(uri: str) -> tuple[int, int]:
    """Return which bytes of the log the piece at *uri* holds: none if it is something else that a task put there."""
    found = _PIECE.search(uri)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _parse(offset: int, piece: bytes) -> Iterator[LogChunk]:
    at = 0
    while at + _HEAD.size <= len(piece):
        stream, length = _HEAD.unpack_from(piece, at)
        at += _HEAD.size
        if stream >= len(_STREAMS):  # a task has written over what it printed
            return
        yield LogChunk(offset, _STREAMS[stream], piece[at : at + length])
        at += length
        offset += length


def _from(chunk: LogChunk, since: int) -> LogChunk | None:
    """Return what of *chunk* lies behind *since*."""
    known = max(0, since - chunk.offset)
    return LogChunk(chunk.offset + known, chunk.stream, chunk.data[known:]) if known < len(chunk.data) else None
