"""Reading what workers print."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from plait_core.worker.logs import LogWriter
from plait_local import outputs
from plait_local.outputs import Outputs


class Store:
    """What was stored, and news of that."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.news = asyncio.Event()

    async def put(self, uri: str, piece: bytes) -> None:
        assert uri
        self.pieces.append(piece)
        self.news.set()


def read(play: Callable[[Outputs, int, Store], Coroutine[Any, Any, None]]) -> list[bytes]:
    """Play with the pipes of a worker, of which the writing end of the first is given; returns what was stored."""
    stored = Store()

    async def with_pipes() -> None:
        pipes = os.pipe(), os.pipe()
        for reading, _ in pipes:
            os.set_blocking(reading, False)
        reader = Outputs((pipes[0][0], pipes[1][0]), stored.put)
        try:
            await play(reader, pipes[0][1], stored)
        finally:
            reader.close()
            for _, writing in pipes:
                os.close(writing)

    asyncio.run(with_pipes())
    return stored.pieces


async def turns(n: int = 20) -> None:
    """Let the loop go around."""
    for _ in range(n):
        await asyncio.sleep(0)


def test_little_waits_in_the_pipe_until_it_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it is still there when the engine is not."""
    monkeypatch.setattr(outputs, "STORE_AFTER_S", 1000.0)
    seen: list[tuple[int, int]] = []

    async def play(reader: Outputs, writing: int, stored: Store) -> None:
        reader.log = LogWriter("memory://p", limit_bytes=1000)
        os.write(writing, b"little")
        await turns()
        seen.append((reader.log.n_waiting, len(stored.pieces)))
        loop = asyncio.get_running_loop()
        now_s = loop.time
        monkeypatch.setattr(loop, "time", lambda: now_s() + 1000.0)
        await stored.news.wait()

    assert [piece[-6:] for piece in read(play)] == [b"little"]
    assert seen == [(0, 0)]


def test_much_is_stored_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without waiting for more."""
    monkeypatch.setattr(outputs, "STORE_AFTER_S", 1000.0)

    async def play(reader: Outputs, writing: int, stored: Store) -> None:
        reader.log = LogWriter("memory://p", limit_bytes=1 << 20)
        os.write(writing, b"x" * (1 << 16))
        await stored.news.wait()

    assert sum(map(len, read(play))) > 1 << 16


def test_what_is_not_kept_is_read_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipe fills, and whoever prints has to wait."""
    monkeypatch.setattr(outputs, "SLOW_S", 1000.0)
    left: list[int] = []

    async def play(reader: Outputs, writing: int, stored: Store) -> None:
        reader.log = LogWriter("memory://p", limit_bytes=10)
        for _ in range(2):
            os.write(writing, b"x" * (1 << 16))
            await turns()
        os.set_blocking(writing, False)
        with pytest.raises(BlockingIOError):
            os.write(writing, b"x")
        left.append(len(stored.pieces))

    read(play)

    assert left == [1]


def test_what_nobody_printed_for_an_attempt_is_dropped() -> None:
    """Between attempts there is no log to keep it in."""

    async def play(reader: Outputs, writing: int, stored: Store) -> None:
        os.write(writing, b"stray")
        await turns()
        reader.log = LogWriter("memory://p", limit_bytes=1000)
        await reader.finish()

    assert read(play) == []
