"""
The line between a worker in a process of its own and the engine that started it: JSON, one message per line.

The worker asks ``{"id": 1, "ask": "secret", "with": …}`` and is answered ``{"id": 1, "answer": …}`` or
``{"id": 1, "refusal": …}``, or ``{"id": 1, "failure": …}`` for what may pass, in any order. ``EngineLine`` is the worker's end and ``answer`` what the engine's end does with one
message, whatever carries it. Secrets pass here and nowhere else.
"""

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count
from typing import Any

import attrs

from plait_core.errors import PlaitError, Retryable
from plait_core.errors.running import EngineGone, EngineUnable, RefusedByEngine
from plait_core.ir.codec import from_json, to_json
from plait_core.ir.ids import AttemptId
from plait_core.ir.json import Json
from plait_core.ir.tasks import SecretRequest
from plait_core.ports.channels import ChildCall, ChildOutcome, TaskChannel
from plait_core.ports.secrets import AskSecret, SecretAnswer

LOOK_THERE = "the log of the engine tells what went wrong"

_log = logging.getLogger("plait.worker")


class EngineLine:
    """The worker's end: a ``TaskChannel`` that also answers for secrets. Usable from every thread and loop."""

    def __init__(self, connection: socket.socket) -> None:
        """Speak over *connection*, and listen in a thread of its own."""
        self._stream = connection.makefile("rw", encoding="utf-8", newline="\n")
        self._ids = count()
        self._sending = threading.Lock()
        self._waiting: dict[int, Future[Any]] = {}
        self._is_gone = False
        self._when_gone: list[Callable[[], None]] = []
        threading.Thread(target=self._listen, name="plait-line", daemon=True).start()

    async def heartbeat(self, *, progress: float | None = None, message: str = "") -> None:
        await self._ask("heartbeat", {"progress": progress, "message": message})

    async def call(self, child: ChildCall) -> ChildOutcome:
        outcome: ChildOutcome = from_json(ChildOutcome, await self._ask("call", to_json(child)))
        return outcome

    async def publish_deck(self, html: str) -> str:
        return str(await self._ask("publish_deck", html))

    async def secret(self, request: SecretRequest) -> SecretAnswer:
        """Ask for a secret on behalf of the task; this is an ``AskSecret``."""
        found = await self._ask("secret", to_json(request))
        return SecretAnswer(value=found["value"], places=tuple(found["places"]))

    def when_gone(self, act: Callable[[], None]) -> None:
        """Call *act*, in some thread, once the engine has hung up."""
        with self._sending:
            self._when_gone.append(act)
            if not self._is_gone:
                return
        act()

    async def _ask(self, what: str, payload: Json) -> Any:
        answer: Future[Any] = Future()
        with self._sending:
            if self._is_gone:
                raise EngineGone(asked=what)
            number = next(self._ids)
            self._waiting[number] = answer
            try:
                print(json.dumps({"id": number, "ask": what, "with": payload}), file=self._stream, flush=True)
            except ConnectionError as error:  # before the listener has noticed
                raise EngineGone(asked=what) from error
        try:
            return await asyncio.wrap_future(answer)
        except ConnectionError as error:
            raise EngineGone(asked=what) from error

    def _listen(self) -> None:
        try:
            for line in self._stream:
                message = json.loads(line)
                waiting = self._waiting.pop(message["id"])
                if not waiting.set_running_or_notify_cancel():
                    continue  # who asked has given up
                if "failure" in message:
                    waiting.set_exception(EngineUnable(**message["failure"]))
                elif "refusal" in message:
                    waiting.set_exception(RefusedByEngine(**message["refusal"]))
                else:
                    waiting.set_result(message["answer"])
        except ConnectionError:
            pass
        with self._sending:
            self._is_gone = True
        for act in self._when_gone:
            act()
        for waiting in self._waiting.values():
            if waiting.set_running_or_notify_cancel():
                waiting.set_exception(ConnectionResetError())


@attrs.frozen
class Question:
    """What a worker asks, as its message says it."""

    number: int
    what: str
    payload: Any

    @property
    def is_call(self) -> bool:
        """Whether the answer is what another attempt comes to."""
        return self.what == "call"


def parse_question(line: bytes | bytearray) -> Question:
    """Read one message of a worker; raises ``ValueError`` for what is none."""
    match json.loads(line):
        case {"id": int(number), "ask": "heartbeat" as what, "with": {"progress": _, "message": str()} as payload}:
            return Question(number, what, payload)
        case {"id": int(number), "ask": "publish_deck" as what, "with": str(payload)}:
            return Question(number, what, payload)
        case {"id": int(number), "ask": ("call" | "secret") as what, "with": payload}:
            return Question(number, what, payload)
    raise ValueError("a question that nobody asks")


async def answer(
    question: Question,
    *,
    attempt: AttemptId | None,
    secrets: AskSecret | None,
    channel: Callable[[AttemptId], TaskChannel] | None,
) -> dict[str, Json]:
    """Carry out what the worker of *attempt*, if it has one, asks, and make the message that answers it."""
    try:
        found = await _carry_out(question.what, question.payload, attempt, secrets, channel)
    except Retryable as error:
        return {"id": question.number, "failure": {"kind": type(error).__name__, "said": error.problem}}
    except PlaitError as error:
        refusal = {"kind": type(error).__name__, "said": error.problem, "advice": error.remedy}
        return {"id": question.number, "refusal": refusal}
    except Exception as error:  # noqa: BLE001  # what a plugin has not foreseen; without an answer the attempt would wait for ever
        _log.error("what attempt %s asks for cannot be answered: %s", attempt, question.what, exc_info=error)
        said = f"the engine cannot answer: {type(error).__name__}"  # the rest may be about the engine's own rights
        return {"id": question.number, "refusal": {"kind": "InternalError", "said": said, "advice": LOOK_THERE}}
    return {"id": question.number, "answer": found}


async def _carry_out(
    what: str,
    payload: Any,
    attempt: AttemptId | None,
    secrets: AskSecret | None,
    channel: Callable[[AttemptId], TaskChannel] | None,
) -> Json:
    if attempt is None:
        raise EngineGone(asked=what)
    if what == "secret":
        found = await secrets(from_json(SecretRequest, payload)) if secrets else SecretAnswer(value=None)
        return {"value": found.value, "places": list(found.places)}
    if channel is None:
        raise EngineGone(asked=what)
    line = channel(attempt)
    match what:
        case "call":
            outcome = await line.call(from_json(ChildCall, payload))
            return to_json(ChildOutcome(outputs=outcome.outputs, error=outcome.error))
        case "publish_deck":
            return await line.publish_deck(payload)
        case _:
            await line.heartbeat(**payload)
            return None
