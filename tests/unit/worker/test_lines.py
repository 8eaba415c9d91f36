"""The worker's end of the line to its engine, when that hangs up, or when whoever asked does not wait for the answer."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from plait_core.errors import PlaitError, Retryable
from plait_core.errors.running import AttemptSuperseded, EngineGone, EngineUnable
from plait_core.errors.stores import StoreUnavailable
from plait_core.testing._samples import attempt_id, execution_id
from plait_core.worker.lines import EngineLine, answer, parse_question


class Cut:
    """A connection that has ended, which its reader has not noticed yet."""

    def __init__(self) -> None:
        self.may_notice = threading.Event()

    def makefile(self, *_: object, **__: object) -> "Cut":
        return self

    def __iter__(self) -> Iterator[str]:
        self.may_notice.wait(60)
        return iter(())

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None: ...


def test_an_engine_that_is_gone_is_no_fault_of_the_task() -> None:
    """Whether that is noticed by asking, or before: the attempt is made again by the next engine."""
    connection = Cut()
    line = EngineLine(connection)  # type: ignore[arg-type]  # as much of a socket as is used

    with pytest.raises(EngineGone):
        asyncio.run(line.heartbeat())
    gone = threading.Event()
    line.when_gone(gone.set)
    connection.may_notice.set()
    assert gone.wait(60)
    told = threading.Event()
    line.when_gone(told.set)
    assert told.is_set()
    with pytest.raises(EngineGone):
        asyncio.run(line.heartbeat())


def test_an_answer_that_never_comes_is_not_waited_for() -> None:
    """An engine that hangs up while it is asked."""

    async def run() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            asking = asyncio.ensure_future(EngineLine(ours).heartbeat())
            assert await asyncio.to_thread(theirs.recv, 1)
            theirs.shutdown(socket.SHUT_RDWR)
            with pytest.raises(EngineGone):
                await asyncio.wait_for(asking, timeout=60)

    asyncio.run(run())


async def given_up(line: EngineLine, engine: socket.socket) -> None:
    """Ask, and do not wait for the answer."""
    asking = asyncio.ensure_future(line.heartbeat())
    assert await asyncio.to_thread(engine.recv, 1000)
    asking.cancel()
    await asyncio.wait([asking])


def test_an_answer_that_nobody_waits_for_is_dropped() -> None:
    """A task may time out a call; what it asks later is answered all the same."""

    async def run() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            line = EngineLine(ours)
            await given_up(line, theirs)
            asking = asyncio.ensure_future(line.heartbeat())
            assert await asyncio.to_thread(theirs.recv, 1000)
            theirs.sendall(b'{"id": 0, "answer": null}\n{"id": 1, "answer": null}\n')
            await asyncio.wait_for(asking, timeout=60)
            theirs.shutdown(socket.SHUT_RDWR)

    asyncio.run(run())


def test_an_engine_that_hangs_up_is_heard_by_whoever_still_waits() -> None:
    """Though others have given up before."""

    async def run() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            line = EngineLine(ours)
            await given_up(line, theirs)
            asking = asyncio.ensure_future(line.heartbeat())
            assert await asyncio.to_thread(theirs.recv, 1000)
            theirs.shutdown(socket.SHUT_RDWR)
            with pytest.raises(EngineGone):
                await asyncio.wait_for(asking, timeout=60)

    asyncio.run(run())


@pytest.mark.parametrize(
    "error", [AttemptSuperseded(attempt="e/n0/0"), StoreUnavailable(url="postgresql://db", detail="it is away")]
)
def test_what_may_pass_at_the_engine_is_no_fault_of_the_task(error: PlaitError) -> None:
    """An engine that lost the execution, or its store: another attempt may be luckier, so the task has not failed."""

    class Unlucky:
        async def heartbeat(self, **_: object) -> None:
            raise error

    async def run() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            asking = asyncio.ensure_future(EngineLine(ours).heartbeat())
            question = parse_question(await asyncio.to_thread(theirs.recv, 1000))
            told = await answer(question, attempt=attempt_id(execution_id()), secrets=None, channel=lambda _: Unlucky())  # type: ignore[arg-type,return-value]  # as much of a channel as is used
            theirs.sendall(json.dumps(told).encode() + b"\n")
            with pytest.raises(EngineUnable, match=type(error).__name__) as caught:
                await asyncio.wait_for(asking, timeout=60)
            theirs.shutdown(socket.SHUT_RDWR)
        assert isinstance(caught.value, Retryable)

    asyncio.run(run())
