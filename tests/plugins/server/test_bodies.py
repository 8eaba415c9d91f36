"""What cannot be read is refused with every fault, at no great cost, and nothing is done."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from plait_server import bodies
from plait_server.bodies import MAX_DEPTH
from plait_server.settings import ServerSettings
from tests.plugins.server import serving as making
from tests.plugins.server.registered import EXECUTIONS, REGISTER, problem
from tests.plugins.server.serving import HERE, ORIGIN, Serving, client_of

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}


async def post(serving: Serving, content: bytes, path: str = EXECUTIONS) -> httpx.Response:
    """Send bytes that claim to be JSON."""
    return await serving.author.post(path, content=content, headers=JSON)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"target": {"kind": "task", "name": "a", "name": "b"}}',
        b'{"target": NaN}',
        b'{"target": 1e999}',
        b'{"target": 9223372036854775808}',
        b'{"target": "\\ud800"}',
        b'{"\\ud800": 1}',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"1" * 100_000,
    ],
    ids=lambda content: repr(content[:20]),
)
async def test_what_is_no_json_is_malformed(serving: Serving, content: bytes) -> None:
    """Or is JSON that others would read in another way, or that nests beyond all reason."""
    answer = await post(serving, content)

    assert problem(answer) == (400, "MalformedRequest")
    assert answer.json()["faults"][0].startswith("$: ")


@pytest.mark.parametrize(
    ("document", "places"),
    [
        ([], ["expected a map, found []"]),
        ({"target": {"kind": "task", "name": "x"}, "options": {"tags": "ab"}}, ["expected a list, found 'ab'"]),
        ({}, ["'target' is missing"]),
        ({"target": {"kind": "planet", "name": 3}}, ["$.target.kind", "$.target.name"]),
        ({"target": {"kind": "task", "name": "x"}, "inputs": {"x": {"integer": "1"}}}, ["$.inputs"]),
        ({"target": {"kind": "task", "name": "x"}, "colour": 1}, ["unknown: colour"]),
    ],
)
async def test_every_fault_of_a_document_is_listed(serving: Serving, document: Any, places: list[str]) -> None:
    """With the place where it is."""
    answer = await serving.runner.post(EXECUTIONS, json=document)

    assert problem(answer) == (400, "NotReadable")
    assert all(any(place in fault for fault in answer.json()["faults"]) for place in places), answer.json()


async def test_body_of_another_type_is_refused(serving: Serving) -> None:
    """The remedy says which type is read."""
    answer = await serving.runner.post(EXECUTIONS, content=b"target: x", headers={"Content-Type": "text/yaml"})

    assert problem(answer) == (415, "WrongContentType")
    assert answer.json()["remedy"] == "send 'Content-Type: application/json'"


async def test_type_may_say_its_charset(serving: Serving) -> None:
    """And be written in capitals."""
    answer = await serving.author.post(
        REGISTER, content=b'{"closures": []}', headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )

    assert answer.status_code == 200


async def test_body_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    """Whether it says so or not."""
    n_sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal n_sent
        while n_sent < 1000:
            n_sent += 1
            yield b"x" * 100

    async with making.serving(tmp_path, settings=ServerSettings(max_body_bytes=1000)) as serving:
        declared = await post(serving, b"x" * 1001)
        streamed = await serving.author.post(EXECUTIONS, content=endless(), headers=JSON)

    assert problem(declared) == problem(streamed) == (413, "TooLarge")
    assert n_sent <= 12
    assert "max_body_bytes" in declared.json()["remedy"]


async def test_connection_that_breaks_changes_nothing(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """And is no failure of the server."""
    messages = iter(
        [
            {"type": "http.request", "body": b'{"target": {"kind"', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    sent = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"host": "localhost", "authorization": f"Bearer {serving.tokens['runner']}", **JSON}
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/api/v1{EXECUTIONS}",
        "raw_path": f"/api/v1{EXECUTIONS}".encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await serving.app(scope, receive, send)

    assert sent[0]["status"] == 400
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


# ── paths and methods ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/projects/default/domains/nowhere/executions", "UnknownDomain"),
        ("/projects/nothing/domains/development/executions", "UnknownProject"),
        (f"{EXECUTIONS}/nothing", "UnknownExecution"),
        (f"{EXECUTIONS}/..%2f..%2fetc", "NoSuchPath"),
        (f"{EXECUTIONS}/%00", "NoSuchPath"),
        (f"{EXECUTIONS}/nothing/nodes", "UnknownExecution"),
        (f"{EXECUTIONS}/nothing/nodes/n0", "UnknownExecution"),
        (f"{EXECUTIONS}/nothing/attempts", "UnknownExecution"),
        (f"{EXECUTIONS}/nothing/attempts/n0/0/logs", "UnknownExecution"),
        (f"{EXECUTIONS}/nothing/attempts/n0/0/deck", "UnknownExecution"),
        (f"{EXECUTIONS}/nothing/events", "UnknownExecution"),
        (f"{EXECUTIONS}/nothing/closure", "UnknownExecution"),
        (f"{EXECUTIONS}/nothing/rerun", "UnknownExecution"),
        (f"{HERE}/tasks/nothing/versions/v1", "EntityUnknown"),
        (f"{HERE}/", "NoSuchPath"),
        ("/", "NoSuchPath"),
        ("/projects//domains", "NoSuchPath"),
    ],
)
async def test_what_is_not_there_is_not_found(serving: Serving, path: str, expected: str) -> None:
    """It says what of the path is unknown."""
    answer = await serving.clients["admin"].get(path)

    assert problem(answer) == (404, expected)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(serving: Serving, method: str) -> None:
    """The header says which there are."""
    answer = await serving.viewer.request(method, "/identity")

    assert problem(answer) == (405, "WrongMethod")
    assert answer.headers["allow"] == "GET, HEAD"


async def test_head_is_get_without_a_body(serving: Serving) -> None:
    """Also for what would never end."""
    whole = await serving.viewer.get("/identity")
    head = await serving.viewer.head("/identity")
    stream = await asyncio.wait_for(serving.viewer.head(f"{HERE}/events"), 60)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert (stream.status_code, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


async def test_server_answers_to_its_own_names_only(serving: Serving) -> None:
    """A page elsewhere cannot reach it under a name of its own."""
    async with client_of(serving.app) as client:
        answer = await client.get("/openapi.json", headers={"Host": "evil.example"})

    assert problem(answer) == (421, "WrongHost")


@pytest.mark.parametrize("given", ["x" * 65, "a b", "<script>", "\u00e9"])
async def test_odd_request_ids_are_replaced(serving: Serving, given: str) -> None:
    """What is written to the log is harmless."""
    answer = await serving.nobody.get(f"{ORIGIN}/healthz", headers={b"X-Request-Id": given.encode("latin-1")})

    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


async def test_body_that_does_not_come_is_not_waited_for(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little was announced; the connection is of no more use."""
    monkeypatch.setattr(bodies, "SILENCE_S", 0.01)

    async def begun() -> AsyncIterator[bytes]:
        yield b'{"target"'
        await asyncio.Event().wait()

    answer = await serving.author.post(EXECUTIONS, content=begun(), headers={**JSON, "Content-Length": "50"})

    assert problem(answer) == (408, "TooSlow")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(("encoding", "status"), [("gzip", 415), ("br, gzip", 415), ("", 415), ("Identity", 400)])
async def test_packed_body_is_refused_as_it_is(serving: Serving, encoding: str, status: int) -> None:
    """It is not unpacked, and so cannot become large; nor is it taken for what it is not."""
    packed = gzip.compress(b"{" + b" " * 1_000_000 + b"}")

    answer = await serving.author.post(EXECUTIONS, content=packed, headers={**JSON, "Content-Encoding": encoding})

    assert problem(answer) == (status, "WrongContentEncoding" if status == 415 else "MalformedRequest")


@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, "-" + "9" * 30, "9" * 5000, "x", "1.5"])
@pytest.mark.parametrize(
    ("path", "token"),
    [
        (EXECUTIONS, "{}/default/development/x"),
        (f"{EXECUTIONS}?sort=name", "{}/default/development/x"),
        (f"{HERE}/tasks", "{}"),
        ("/audit", "{}"),
    ],
)
async def test_token_that_no_page_gave_is_refused(serving: Serving, path: str, token: str, number: str) -> None:
    """Whatever number a store could not even compare with."""
    answer = await serving.admin.get(path, params={"token": token.format(number)})

    assert problem(answer) == (400, "NotReadable")
    assert len(answer.text) < 1000


async def test_path_with_nul_is_no_path(serving: Serving) -> None:
    """No store needs to be asked, and not every one could be."""
    for path in (f"{EXECUTIONS}/a%00b", f"{HERE}/tasks/a%00", "/downloads/%00"):
        assert problem(await serving.admin.get(path)) == (404, "NoSuchPath")
