"""
Tasks for the tests of the worker, and what it takes to run them without an engine.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from plait_core.authoring.contexts import current_context
from plait_core.authoring.decks import Deck
from plait_core.authoring.secret_values import asking
from plait_core.authoring.secrets import Secret
from plait_core.authoring.tasks import PythonFunctionTask, task
from plait_core.authoring.typesystem import process_types
from plait_core.errors import NonRecoverableError, RecoverableError
from plait_core.errors.running import IgnoreOutputs
from plait_core.ir.ids import AttemptId, ExecutionId, NodeId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.units import FunctionCall, Unit
from plait_core.plugins import Plugins, Settings
from plait_core.testing.memory import MemoryBlobStore
from plait_core.types import ConversionContext
from plait_core.worker import WorkerServices

ROOT = "memory://run"


class Flaky(ConnectionError):
    """An error that says which code it wants."""

    error_code = "FLAKY"


@task
def add(a: int, b: int) -> int:
    return a + b


@task
def fail(message: str) -> int:
    raise ValueError(message)


@task
def fail_from_cause() -> int:
    try:
        return int(os.environ["PLAIT_ABSENT"])
    except KeyError as error:
        raise Flaky("no luck") from error


@task
def raise_named(name: str) -> int:
    raise {
        "recoverable": RecoverableError("again"),
        "pointless": NonRecoverableError("never"),
        "flaky": Flaky("coded"),
        "memory": MemoryError(),
        "exit": SystemExit(3),
        "interrupt": KeyboardInterrupt(),
        "cancelled": asyncio.CancelledError(),
        "ignore": IgnoreOutputs(),
        "value": ValueError("plain"),
        "endless": ValueError("begin" + 100_000 * "." + "end"),
    }[name]


@task
def ignore() -> None:
    raise IgnoreOutputs


@task
def lie() -> int:
    return "no int"  # type: ignore[return-value]  # on purpose


@task
async def wait_a_turn(a: int) -> int:
    await asyncio.sleep(0)
    return a + 1


@task
async def wait_for_ever() -> None:
    await asyncio.Event().wait()


@task(timeout=1)
def overrun() -> int:
    time.monotonic()
    return 1


@task
def repeat(text: str, times: int) -> str:
    return text * times


@task
def write_in_directory() -> str:
    directory = Path(current_context().working_directory)
    directory.joinpath("scratch").write_text("x")
    return str(directory)


@task
def count_checkpoints() -> int:
    checkpoint = current_context().checkpoint
    count = int(checkpoint.read() or b"0") + 1
    checkpoint.write(str(count).encode())
    return count


@task(enable_deck=True)
def decorate(a: int) -> int:
    Deck("mine", "<b>bold</b>")
    current_context().default_deck.append("<i>more</i>")
    return a


@task(enable_deck=True)
def decorate_with(text: str) -> str:
    Deck("mine").append(text)
    return text


@task(enable_deck=True)
def decorate_and_fail(a: int) -> int:
    Deck("last words", str(a))
    raise ValueError("after the deck")


@task(enable_deck=True, secret_requests=[Secret(group="db", key="password")])
def tell_all() -> None:
    password = current_context().secrets.get("db", "password")
    Deck("mine", f"<b>{password}</b>")
    raise ValueError(f"the password is {password}")


BY_ID = {sample.id: sample for sample in vars().copy().values() if isinstance(sample, PythonFunctionTask)}


def make_services(blobs: MemoryBlobStore | None = None, **changes: Any) -> WorkerServices:
    """Services with the local plugin only, over blobs in memory."""
    store = blobs or MemoryBlobStore()
    plugins = Plugins.load(Settings(allow_plugins=("local",)))
    values: dict[str, Any] = {
        "plugins": plugins,
        "types": process_types(),
        "blobs": lambda uri: store,
        "secrets": asking(plugins.secret_providers),
        "entities": BY_ID,
        "worker": "test",
    }
    return WorkerServices(**{**values, **changes})


def make_unit(entity: Any, inputs: dict[str, Any] | None = None, **changes: Any) -> Unit:
    """A unit for the first attempt of *entity*."""
    values: dict[str, Any] = {
        "attempt": AttemptId(execution=ExecutionId(name="run"), node=NodeId("n0"), task=entity.id),
        "template": entity.template,
        "action": FunctionCall(entity=entity.id, location=entity.location),
        "inputs": literals(inputs or {}),
        "output_prefix": f"{ROOT}/out",
        "raw_prefix": f"{ROOT}/raw",
        "checkpoint_prefix": f"{ROOT}/checkpoint/0",
    }
    return Unit(**{**values, **changes})


def literals(values: dict[str, Any]) -> LiteralMap:
    """Convert scalars and plain containers of them."""
    context = ConversionContext(raw_prefix=ROOT, blobs=lambda uri: MemoryBlobStore())
    return {name: process_types().converter(type(value)).to_literal(value, context) for name, value in values.items()}
