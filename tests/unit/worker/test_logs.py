"""The log of an attempt: pieces that hide secrets, end at the limit, and read as one."""

import asyncio

import pytest

from plait_core.testing.memory import MemoryBlobStore
from plait_core.worker.logs import NOTICE, STDERR, STDOUT, LogChunk, LogWriter, end_of_log, read_log

PREFIX = "memory://bucket/meta/x/n0/0"


def store(blobs: MemoryBlobStore, log: LogWriter) -> None:
    if (piece := log.take()) is not None:
        asyncio.run(blobs.put(*piece))


def read(blobs: MemoryBlobStore, *, since: int = 0) -> list[LogChunk]:
    async def chunks() -> list[LogChunk]:
        return [chunk async for chunk in read_log(lambda _: blobs, PREFIX, since=since)]

    return asyncio.run(chunks())


def printed(chunks: list[LogChunk]) -> bytes:
    return b"".join(chunk.data for chunk in chunks)


def test_streams_are_read_in_the_order_in_which_they_were_written() -> None:
    """Both streams share one count of bytes, over all pieces."""
    blobs, log = MemoryBlobStore(), LogWriter(PREFIX, limit_bytes=100)
    log.feed(STDOUT, b"one ")
    log.feed(STDERR, b"two ")
    store(blobs, log)
    log.feed(STDOUT, b"three")
    store(blobs, log)

    assert read(blobs) == [LogChunk(0, STDOUT, b"one "), LogChunk(4, STDERR, b"two "), LogChunk(8, STDOUT, b"three")]


@pytest.mark.parametrize("since", range(12))
def test_reading_goes_on_from_any_byte(since: int) -> None:
    """What was read before is left out, down to the byte."""
    blobs, log = MemoryBlobStore(), LogWriter(PREFIX, limit_bytes=100)
    for data in (b"0123", b"4567", b"89a"):
        log.feed(STDOUT, data)
        store(blobs, log)

    assert printed(read(blobs, since=since)) == b"0123456789a"[since:]


def test_pieces_of_two_writers_are_merged_by_offset() -> None:
    """A worker that goes on where its engine stopped may store again what the engine has stored already."""
    blobs = MemoryBlobStore()
    engine, worker = LogWriter(PREFIX, limit_bytes=100), LogWriter(PREFIX, limit_bytes=100, offset=2)
    engine.feed(STDOUT, b"abcd")
    store(blobs, engine)
    worker.feed(STDOUT, b"cdef")
    store(blobs, worker)

    assert printed(read(blobs)) == b"abcdef"
    assert asyncio.run(end_of_log(lambda _: blobs, PREFIX)) == 6


def test_attempt_that_prints_nothing_has_no_log() -> None:
    """Nothing is stored, and nothing is read."""
    blobs = MemoryBlobStore()
    store(blobs, LogWriter(PREFIX, limit_bytes=100))

    assert read(blobs) == []


def test_log_ends_at_its_limit_with_a_remark() -> None:
    """What comes later is dropped, and the end is kept apart for the error of a crash."""
    blobs, log = MemoryBlobStore(), LogWriter(PREFIX, limit_bytes=5)
    log.feed(STDOUT, b"1234567")
    log.feed(STDERR, b"Segmentation fault\n")
    store(blobs, log)

    first, remark = read(blobs)
    assert (first.data, remark.stream, log.is_full) == (b"12345", NOTICE, True)
    assert b"keeps 5 bytes" in remark.data
    assert log.tail == "1234567Segmentation fault"


@pytest.mark.parametrize("at", range(1, 14))
def test_secret_is_hidden_wherever_the_output_is_cut(at: int) -> None:
    """A value that arrives in two parts is masked like one that arrives whole."""
    blobs, log = MemoryBlobStore(), LogWriter(PREFIX, limit_bytes=100)
    log.hide("hunter2!")
    text = b"is hunter2! ok"
    log.feed(STDOUT, text[:at])
    log.feed(STDOUT, text[at:])
    log.finish()
    store(blobs, log)

    assert printed(read(blobs)) == b"is *** ok"
    assert log.tail == "is *** ok"


def test_each_line_of_a_secret_is_hidden() -> None:
    """A key of several lines is masked when it is printed line by line, too; other streams are not mixed up."""
    blobs, log = MemoryBlobStore(), LogWriter(PREFIX, limit_bytes=100)
    log.hide("first line\nsecond line\n")
    log.feed(STDOUT, b"second ")
    log.feed(STDERR, b"line, first line")
    log.finish()
    store(blobs, log)

    assert printed(read(blobs)) == b"line, ***second "


def test_full_log_stays_full_for_whoever_goes_on_with_it() -> None:
    """Neither more text nor a second remark."""
    writer = LogWriter("memory://p", limit_bytes=10)
    writer.feed(STDOUT, b"x" * 20)
    _, piece = writer.take() or ("", b"")
    heir = LogWriter(
        "memory://p",
        limit_bytes=10,
        offset=10 + len("\nthe log ends here: an attempt keeps 10 bytes of what it prints\n"),
    )

    heir.feed(STDOUT, b"more")

    assert piece
    assert heir.take() is None
