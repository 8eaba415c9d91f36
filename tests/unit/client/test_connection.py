"""Requests to a server: what is sent again, what is not, and what a refusal says."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from plait.control.connection import Connection, Message, token_of
from plait.control.patience import FOLLOWING_S, LOOKING_S, Patience
from plait.control.server import ServerPlane
from plait.errors import (
    NoEndpoint,
    NotOnServer,
    NotRecognised,
    ServerConflict,
    ServerRefused,
    ServerUnreachable,
    ServerUnsound,
    UnusableToken,
)
from plait_core.ir.codec import to_json
from plait_core.ir.executions import ExecutionMode, ExecutionSpec
from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.phases import ExecutionPhase
from plait_core.plugins import Settings
from plait_core.ports.api import ExecutionDetail, LaunchRequest, Problem, ProjectList
from plait_core.ports.databases import ExecutionRow

pytestmark = pytest.mark.anyio

ENDPOINT = "http://plait.example:30080"
TARGET = EntityId(kind=EntityKind.TASK, name="flow.double", version="v1")
RUN = ExecutionId(name="mine")
DETAIL = ExecutionDetail(
    row=ExecutionRow(
        id=RUN,
        target=TARGET,
        phase=ExecutionPhase.RUNNING,
        mode=ExecutionMode.MANUAL,
        principal="me",
        pool="default",
        created_at_ns=1,
        updated_at_ns=1,
    ),
    phase=ExecutionPhase.RUNNING,
    spec=ExecutionSpec(target=TARGET, inputs={}, user_inputs={}),
)

Step = httpx.Response | Exception


@pytest.fixture
def anyio_backend() -> str:
    """The client runs on asyncio."""
    return "asyncio"


class Time:
    """Time that passes when somebody rests, and what is said meanwhile."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.told: list[tuple[float, str]] = []

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def patience(self, limit_s: float = LOOKING_S) -> Patience:
        """Wait in this time."""
        return Patience(
            limit_s,
            tell=lambda text: self.told.append((self.now_s, text)),
            now_s=lambda: self.now_s,
            sleep=self.sleep,
        )


class Script:
    """Answers one request after the other as it is told, and remembers them."""

    def __init__(self, *steps: Step) -> None:
        self._steps: Iterator[Step] = iter(steps)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = next(self._steps)
        if isinstance(step, Exception):
            raise step
        return step

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Methods and paths, in order."""
        return [(request.method, request.url.path.removeprefix("/api/v1")) for request in self.requests]


def connected(
    script: Callable[[httpx.Request], httpx.Response], token: str = "", patience: Patience | None = None
) -> Connection:
    patience = patience or Time().patience()
    return Connection(ENDPOINT, token, transport=httpx.MockTransport(script), patience=patience)


def document(value: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=to_json(value))


def problem(status: int, kind: str, detail: str = "no", **more: Any) -> httpx.Response:
    body = to_json(Problem(type=f"urn:plait:problem:{kind}", title=kind, status=status, detail=detail, **more))
    return httpx.Response(status, content=json.dumps(body), headers={"content-type": "application/problem+json"})


NOTHING = document(ProjectList(items=(), domains=()))


async def test_reading_is_repeated_when_the_line_breaks() -> None:
    """A server that goes away for a while is waited for, and so is one that says it cannot at the moment."""
    script = Script(
        httpx.ReadError("gone"), problem(503, "Unavailable"), document(ProjectList(items=(), domains=("a",)))
    )

    async with connected(script) as connection:
        found = await ServerPlane(connection).projects()

    assert found.domains == ("a",)
    assert script.asked == [("GET", "/projects")] * 3


async def test_server_that_never_answered_is_not_waited_for() -> None:
    """Nobody listens: that is said at once, with the endpoint and what to do."""
    script = Script(httpx.ConnectError("refused"))

    with pytest.raises(ServerUnreachable, match="plait demo start") as raised:
        async with connected(script) as connection:
            await ServerPlane(connection).projects()

    assert (raised.value.endpoint, len(script.requests)) == (ENDPOINT, 1)


async def test_server_that_has_no_room_is_asked_again() -> None:
    """It did nothing yet, so even a nameless launch may be sent again, after the time that it asks for."""
    full = problem(429, "Saturated")
    full.headers["retry-after"] = "7"
    script = Script(full, document(DETAIL))

    async with connected(script) as connection:
        started = await ServerPlane(connection).launch("default", "development", LaunchRequest(target=TARGET))

    assert (started.row.id, len(script.requests)) == (RUN, 2)


@pytest.mark.parametrize("limit_s", [LOOKING_S, FOLLOWING_S])
@pytest.mark.parametrize("away", [httpx.ConnectError("refused"), problem(503, "StoreAway", "refused")])
async def test_server_that_stays_away_is_given_up(away: Step, limit_s: float) -> None:
    """When patience is at its end; after two seconds, and once, it is said what is waited for and why."""
    time = Time()
    script = Script(NOTHING, *[away] * 40)

    async with connected(script, patience=time.patience(limit_s)) as connection:
        plane = ServerPlane(connection)
        await plane.projects()
        with pytest.raises(ServerUnreachable if isinstance(away, Exception) else ServerRefused):
            await plane.projects()

    assert limit_s - 5.0 < time.now_s < limit_s
    assert time.told == [(2.0, f"waiting for the server at {ENDPOINT}: refused")]


async def test_answers_that_come_late_count() -> None:
    """A server that takes seconds to say that it cannot is not asked as often as a quick one."""
    time = Time()

    def slow(_: httpx.Request) -> httpx.Response:
        time.now_s += 8.0
        return problem(503, "StoreAway", "the database is away")

    async with connected(slow, patience=time.patience()) as connection:
        with pytest.raises(ServerRefused, match="database"):
            await ServerPlane(connection).projects()

    assert time.now_s < 2 * LOOKING_S
    assert [text for _, text in time.told] == [f"waiting for the server at {ENDPOINT}: the database is away"]


async def test_streams_of_an_execution_outlive_a_restart() -> None:
    """Events and logs go on after half a minute without a server, or with one that has no database yet."""
    time = Time()
    away = [httpx.ConnectError("refused")] * 5 + [problem(503, "StoreAway", "starting")] * 5
    events = httpx.Response(200, text="event: end\ndata: 3\n\n")
    script = Script(NOTHING, *away, events, *away, httpx.Response(200, content=b"two"))
    attempt = AttemptId(execution=RUN, node=NodeId("n0"), task=TARGET)

    async with connected(script, patience=time.patience(FOLLOWING_S)) as connection:
        plane = ServerPlane(connection)
        await plane.projects()
        messages = [message async for message in connection.follow("/events")]
        read = b"".join([chunk async for chunk in plane.log(attempt, follows=True)])

    assert (messages, read) == ([Message("", "end", "3")], b"two")
    assert [text for _, text in time.told] == [f"waiting for the server at {ENDPOINT}: refused"] * 2
    assert time.now_s > 2 * 25.0


async def test_stream_that_ends_again_and_again_is_given_up() -> None:
    """Something in between that answers and says nothing is no server that comes back."""
    time = Time()
    script = Script(*[httpx.Response(200, text=":\n\n") for _ in range(40)])

    async with connected(script, patience=time.patience(FOLLOWING_S)) as connection:
        with pytest.raises(ServerUnreachable, match="ended early"):
            [message async for message in connection.follow("/events")]

    assert time.now_s < FOLLOWING_S


async def test_nameless_launch_is_never_repeated() -> None:
    """It might start two executions."""
    script = Script(httpx.ReadError("gone"))

    async with connected(script) as connection:
        with pytest.raises(ServerUnreachable):
            await ServerPlane(connection).launch("default", "development", LaunchRequest(target=TARGET))

    assert len(script.requests) == 1


async def test_named_launch_that_was_cut_off_starts_one_execution() -> None:
    """The second request finds the execution of the first."""
    script = Script(httpx.ReadError("gone"), problem(409, "ExecutionExists"), document(DETAIL))

    async with connected(script) as connection:
        request = LaunchRequest(target=TARGET, name="mine")
        started = await ServerPlane(connection).launch("default", "development", request)

    assert started.row.id == RUN
    place = "/projects/default/domains/development/executions"
    assert script.asked == [("POST", place), ("POST", place), ("GET", f"{place}/mine")]


async def test_cut_off_launch_does_not_take_over_what_is_not_its_own() -> None:
    """Under the name is something else, so that the conflict stands."""
    script = Script(httpx.ReadError("gone"), problem(409, "ExecutionExists"), document(DETAIL))

    async with connected(script) as connection:
        request = LaunchRequest(target=attrs.evolve(TARGET, name="flow.other"), name="mine")
        with pytest.raises(ServerConflict):
            await ServerPlane(connection).launch("default", "development", request)


async def test_name_that_was_taken_before_is_a_conflict() -> None:
    """The first request was answered, so the execution is not ours."""
    script = Script(problem(409, "ExecutionExists", "there is an execution 'mine' already"))

    async with connected(script) as connection:
        with pytest.raises(ServerConflict, match="already"):
            await ServerPlane(connection).launch("default", "development", LaunchRequest(target=TARGET, name="mine"))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, NotRecognised), (404, NotOnServer), (409, ServerConflict), (403, ServerRefused), (500, ServerRefused)],
)
async def test_refusal_says_what_the_problem_document_says(status: int, kind: type[ServerRefused]) -> None:
    """Class, status, text, remedy and every fault."""
    script = Script(problem(status, "SomeError", "it cannot be", remedy="let it be", faults=("$.a", "$.b")))

    async with connected(script) as connection:
        with pytest.raises(ServerRefused) as raised:
            await connection.tell("POST", "/tokens")

    error = raised.value
    assert type(error) is kind
    assert (error.status, error.kind, error.faults) == (status, "SomeError", ("$.a", "$.b"))
    assert "it cannot be" in error.problem
    assert error.remedy == "let it be" or kind is NotRecognised


async def test_answer_of_something_else_is_told_as_such() -> None:
    """A page where a document should be, and a refusal that is no problem document."""
    script = Script(httpx.Response(200, text="<html>"), httpx.Response(502, text="bad gateway"))

    async with connected(script) as connection:
        plane = ServerPlane(connection)
        with pytest.raises(ServerUnsound, match="/projects"):
            await plane.projects()
        with pytest.raises(ServerRefused, match="bad gateway"):
            await plane.projects()


async def test_token_goes_to_the_server_alone() -> None:
    """A signed URL of some storage is called without it."""
    script = Script(NOTHING, httpx.Response(200))

    async with connected(script, token="secret") as connection:
        await ServerPlane(connection).projects()
        await connection.send("PUT", "https://bucket.example/signed?x=1", content=b"data")

    assert [request.headers.get("authorization") for request in script.requests] == ["Bearer secret", None]


async def test_server_may_be_mounted_under_a_prefix() -> None:
    """The API is below the endpoint; a signed URL has the prefix in it already, and needs no token."""
    script = Script(NOTHING, httpx.Response(200))

    async with Connection(f"{ENDPOINT}/plait", "secret", transport=httpx.MockTransport(script)) as connection:
        await ServerPlane(connection).projects()
        await connection.send("PUT", connection.signed("/plait/api/v1/uploads/x"), content=b"data")

    assert [str(request.url) for request in script.requests] == [
        f"{ENDPOINT}/plait/api/v1/projects",
        f"{ENDPOINT}/plait/api/v1/uploads/x",
    ]
    assert "authorization" not in script.requests[1].headers


async def test_stream_goes_on_behind_the_last_event() -> None:
    """When the line breaks, the id of the last event is sent, and the end ends it."""
    script = Script(
        httpx.Response(200, text=":\n\nid: 1\nevent: a\ndata: {\ndata: }\n\n"),
        httpx.ConnectError("restarting"),
        httpx.Response(200, text="id: 2\nevent: b\ndata: 2\n\nevent: end\ndata: 3\n\n"),
    )

    async with connected(script) as connection:
        messages = [message async for message in connection.follow("/events")]

    assert messages == [Message("1", "a", "{\n}"), Message("2", "b", "2"), Message("", "end", "3")]
    assert [request.headers.get("last-event-id") for request in script.requests] == [None, "1", "1"]


async def test_download_goes_on_where_it_is_asked_to() -> None:
    """Whether or not the server understands ranges."""
    script = Script(httpx.Response(206, content=b"cd"), httpx.Response(200, content=b"abcd"))

    async with connected(script) as connection:
        read = [b"".join([chunk async for chunk in connection.read("/blob", start=2)]) for _ in range(2)]

    assert read == [b"cd", b"cd"]
    assert script.requests[0].headers["range"] == "bytes=2-"


@pytest.mark.parametrize("token", ["two words", "two\nlines", "réponse"])
async def test_token_that_is_no_word_is_refused(token: str) -> None:
    """Before anything is sent, and without a word of it in the error."""
    with pytest.raises(UnusableToken) as caught:
        async with Connection(ENDPOINT, token):
            pass

    assert token not in str(caught.value)


async def test_endpoint_that_is_no_url_is_refused() -> None:
    """Before anything is sent."""
    with pytest.raises(NoEndpoint, match="no URL"):
        async with Connection("localhost:30080"):
            pass


@pytest.mark.parametrize(("kept", "endpoint"), [("localhost", "127.0.0.1"), ("127.0.0.1", "localhost")])
def test_token_of_the_loopback_is_found_under_either_name(kept: str, endpoint: str, tmp_path: Path) -> None:
    """A server listens on an address and calls itself by a name."""
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / f"{kept}_30080").write_text("secret\n")

    found = [
        token_of(Settings(home=str(tmp_path), endpoint=f"http://{name}:30080")) for name in (endpoint, "plait.example")
    ]

    assert found == ["secret", ""]
    assert token_of(Settings(home=str(tmp_path), endpoint=f"http://{endpoint}:30080", token="own\n")) == "own"


async def test_log_of_the_first_element_is_asked_for() -> None:
    """Its number is 0, which is no absence of one."""
    script = Script(httpx.Response(200, content=b"first"))
    attempt = AttemptId(execution=RUN, node=NodeId("n0"), element=0, task=TARGET)

    async with connected(script) as connection:
        read = b"".join([chunk async for chunk in ServerPlane(connection).log(attempt)])

    assert read == b"first"
    assert dict(script.requests[0].url.params) == {"element": "0"}


async def test_log_that_falls_silent_is_asked_to_go_on() -> None:
    """From the byte behind the last one, as long as the server is there."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"one "
        raise httpx.ReadTimeout("silence")

    script = Script(
        httpx.Response(200, content=broken()), httpx.ConnectError("restarting"), httpx.Response(200, content=b"two")
    )
    attempt = AttemptId(execution=RUN, node=NodeId("n0"), task=TARGET)

    async with connected(script) as connection:
        read = b"".join([chunk async for chunk in ServerPlane(connection).log(attempt, follows=True)])

    assert read == b"one two"
    assert [request.url.params.get("since") for request in script.requests] == [None, "4", "4"]
