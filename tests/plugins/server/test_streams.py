"""Whoever follows an execution hears what happens, once each, and can go on where they stopped."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Self

import httpx
import pytest

from plait_core.engine import output_prefix
from plait_core.ir.ids import ExecutionId
from plait_core.worker.logs import STDOUT, LogWriter
from tests.plugins.server.console import samples
from tests.plugins.server.outages import break_store
from tests.plugins.server.registered import EXECUTIONS, ended, integers, launched, problem, registered
from tests.plugins.server.serving import HERE, Serving

pytestmark = pytest.mark.anyio


class Listener:
    """Reads a stream of the app message by message, as it comes; the client of the other tests waits for the end."""

    def __init__(self, serving: Serving, path: str, token: str, **headers: str) -> None:
        self._left = asyncio.Event()
        self._messages: asyncio.Queue[Any] = asyncio.Queue()
        self._headers = {"host": "localhost", "authorization": f"Bearer {token}", **headers}
        self._path, self._app = path, serving.app

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        path, _, query = self._path.partition("?")
        scope = {
            "type": "http",
            "method": "GET",
            "path": f"/api/v1{path}",
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in self._headers.items()],
        }
        self._task = asyncio.create_task(self._app(scope, self._receive, self._messages.put))
        start = await self._messages.get()
        assert start["status"] == 200
        self.headers = httpx.Headers(start["headers"])
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave, as a browser does that is closed."""
        self._left.set()
        await asyncio.wait_for(self._task, 60)

    async def _receive(self) -> Any:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what comes until it ends."""
        while True:
            message = await asyncio.wait_for(self._messages.get(), 60)
            yield message["body"]
            if not message.get("more_body"):
                return

    async def events(self) -> AsyncIterator[dict[str, str]]:
        """Yield server-sent events."""
        async for chunk in self.chunks():
            for text in chunk.decode().split("\n\n"):
                if text and not text.startswith(":"):
                    yield dict(line.split(": ", 1) for line in text.split("\n"))


async def followed(serving: Serving, name: str, query: str = "", **headers: str) -> list[dict[str, str]]:
    """Follow an execution to its end."""
    path = f"{EXECUTIONS}/{name}/events{query}"
    async with Listener(serving, path, serving.tokens["viewer"], **headers) as listener:
        return [event async for event in listener.events()]


async def test_events_are_those_of_the_log(serving: Serving) -> None:
    """Numbered as they are there; the last says how it ended."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))

    events = await followed(serving, name)

    log = await serving.engine.database.log.read(ExecutionId(name=name))
    assert [event["id"] for event in events[:-1]] == [str(event.seq) for event in log]
    assert events[0]["event"] == "execution_started"
    assert (events[-1]["event"], json.loads(events[-1]["data"])) == ("end", {"phase": "SUCCEEDED"})


async def test_reader_that_comes_back_misses_nothing(serving: Serving) -> None:
    """And hears nothing twice."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))
    events = await followed(serving, name)

    rest = await followed(serving, name, **{"Last-Event-ID": events[4]["id"]})

    assert rest == events[5:]


async def test_reader_may_want_names_alone(serving: Serving) -> None:
    """From the event on that it knows; the header, which browsers send when they come back, says it better."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))
    events = await followed(serving, name)

    brief = await followed(serving, name, "?brief=true&after=2")
    again = await followed(serving, name, "?brief=true&after=2", **{"Last-Event-ID": events[4]["id"]})

    assert brief == [*({**event, "data": "{}"} for event in events[2:-1]), events[-1]]
    assert again == brief[3:]


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 30])
async def test_odd_place_to_go_on_from_is_refused(serving: Serving, given: str) -> None:
    """It was never an id."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))

    answer = await serving.viewer.get(f"{EXECUTIONS}/{name}/events", headers={"Last-Event-ID": given})

    assert problem(answer) == (400, "MalformedRequest")


async def test_live_events_come_as_they_are_committed(serving: Serving) -> None:
    """The stream ends with the execution."""
    await registered(serving, samples.asking)
    name = await launched(serving, samples.asking)

    async with Listener(serving, f"{EXECUTIONS}/{name}/events", serving.tokens["viewer"]) as listener:
        events = listener.events()
        assert (await anext(events))["event"] == "execution_started"
        await serving.runner.post(f"{EXECUTIONS}/{name}/abort", json={"reason": "enough"})
        rest = [event["event"] async for event in events]

    assert "abort_requested" in rest
    assert rest[-2:] == ["execution_ended", "end"]


async def test_reader_that_leaves_is_forgotten(serving: Serving) -> None:
    """Nothing goes on for nobody."""
    await registered(serving, samples.asking)
    name = await launched(serving, samples.asking)

    async with Listener(serving, f"{EXECUTIONS}/{name}/events", serving.tokens["viewer"]) as listener:
        await anext(listener.events())

    assert listener._task.done()
    await serving.engine.abort(ExecutionId(name=name), reason="")


async def test_stream_breaks_off_with_its_store(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word of an end, so that whoever listens comes back, and goes on where it was."""
    await registered(serving, samples.asking)
    name = await launched(serving, samples.asking)

    async with Listener(serving, f"{EXECUTIONS}/{name}/events", serving.tokens["viewer"]) as listener:
        events = listener.events()
        first = await anext(events)
        with monkeypatch.context() as patch:
            break_store(serving, patch, "views")
            broken = [first, *[event async for event in events]]
    await serving.runner.post(f"{EXECUTIONS}/{name}/abort", json={})
    rest = await followed(serving, name, **{"Last-Event-ID": broken[-1]["id"]})

    assert "end" not in {event["event"] for event in broken}
    log = await serving.engine.database.log.read(ExecutionId(name=name))
    assert [event["id"] for event in (*broken, *rest[:-1])] == [str(event.seq) for event in log]


async def test_changes_of_a_place_are_told_as_they_happen(serving: Serving) -> None:
    """Those that began, moved on and ended; not those of other places."""
    await registered(serving, samples.sums)

    async with Listener(serving, f"{HERE}/events", serving.tokens["viewer"]) as listener:
        assert await anext(listener.chunks()) == b":\n\n"
        name = await ended(serving, samples.sums, integers(x=1))
        async for event in listener.events():
            told = json.loads(event["data"])
            assert (event["event"], told["row"]["id"]["name"]) == ("execution", name)
            if told["phase"] == "SUCCEEDED":
                break


# ── logs ─────────────────────────────────────────────────────────────────────


async def test_log_is_read_from_any_byte(serving: Serving) -> None:
    """The header says where it will go on."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))
    logs = f"{EXECUTIONS}/{name}/attempts/n1/0/logs"
    await _print(serving, name, b"adding 3 and 2\n")

    whole = await serving.viewer.get(logs)
    rest = await serving.viewer.get(logs, params={"since": 7})
    beyond = await serving.viewer.get(logs, params={"since": 99})

    assert (whole.status_code, whole.text) == (200, "adding 3 and 2\n")
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert (rest.text, beyond.text) == ("3 and 2\n", "")
    assert (whole.headers["plait-log-offset"], beyond.headers["plait-log-offset"]) == ("15", "99")


async def test_log_that_is_followed_ends_with_its_attempt(serving: Serving) -> None:
    """All of it comes."""
    await registered(serving, samples.sums)
    name = await ended(serving, samples.sums, integers(x=1))
    await _print(serving, name, b"one\n", b"two\n")

    path = f"{EXECUTIONS}/{name}/attempts/n1/0/logs?follow=true"
    async with Listener(serving, path, serving.tokens["viewer"]) as listener:
        assert b"".join([chunk async for chunk in listener.chunks()]) == b"one\ntwo\n"


async def _print(serving: Serving, name: str, *pieces: bytes) -> None:
    """Leave the log of an attempt where executors do; tasks of these tests run in the server's own process."""
    log = LogWriter(output_prefix(f"default/development/{name}/n1/0", serving.server.blobs_root), limit_bytes=1000)
    for piece in pieces:
        log.feed(STDOUT, piece)
        uri, data = log.take() or ("", b"")
        await serving.engine.blobs(uri).put(uri, data)
