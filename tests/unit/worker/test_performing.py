"""Running units: inputs in, one result out, whatever user code does."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pytest

from plait_core.errors.stores import BlobUnavailable
from plait_core.ir.executions import Fault
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.literals import Offloaded
from plait_core.ir.tasks import RetryPolicy, SecretRequest
from plait_core.ir.units import FunctionCall, Result, Unit
from plait_core.ports.executors import Performed
from plait_core.ports.secrets import SecretAnswer
from plait_core.testing.memory import MemoryBlobStore
from plait_core.types.offloading import fetch
from plait_core.worker import WorkerServices, perform, performing
from plait_core.worker.failures import LONGEST_MESSAGE, LONGEST_TRACEBACK
from tests.unit.worker import samples
from tests.unit.worker.samples import literals, make_services, make_unit


def run(unit: Unit, services: WorkerServices | None = None) -> Performed:
    return asyncio.run(perform(unit, services or make_services()))


def error_of(entity: Any, inputs: dict[str, Any] | None = None, **changes: Any) -> Any:
    error = run(make_unit(entity, inputs, **changes)).result.error
    assert error is not None
    return error


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the worker's clocks finds a second gone."""
    ticks = count(0, 10**9)
    monkeypatch.setattr(performing, "time_ns", lambda: next(ticks))
    monkeypatch.setattr(performing, "monotonic_ns", lambda: next(ticks))


@pytest.mark.usefixtures("seconds")
def test_sync_function_gives_its_outputs() -> None:
    """The result holds the outputs as literals, with times taken in the worker, and nothing else."""
    performed = run(make_unit(samples.add, {"a": 1, "b": 2}))

    outputs = literals({"o0": 3})
    assert performed == Performed(
        result=Result(outputs=outputs, started_at_ns=0, ended_at_ns=10**9, worker="test"), exception=None
    )


def test_async_function_is_awaited() -> None:
    """A coroutine function gives what it returns, not a coroutine."""
    assert run(make_unit(samples.wait_a_turn, {"a": 1})).result.outputs == literals({"o0": 2})


def test_sync_function_never_suspends() -> None:
    """A sync function of scalars runs to its end in one step, so that no event loop is needed."""
    step = perform(make_unit(samples.add, {"a": 1, "b": 2}), make_services())

    with pytest.raises(StopIteration) as stopped:
        step.send(None)

    assert stopped.value.value.result.outputs == literals({"o0": 3})


def test_exception_becomes_the_error_with_the_users_frames_only() -> None:
    """Code, message, class and a traceback that begins in the task's body; the object is handed on as well."""
    performed = run(make_unit(samples.fail, {"message": "no such row"}))

    error = performed.result.error
    assert error is not None
    assert (error.code, error.message, error.exception) == (
        "USER:RuntimeError",
        "ValueError: no such row",
        "builtins:ValueError",
    )
    assert (error.fault, error.is_recoverable, error.worker) == (Fault.USER, True, "test")
    lines = error.traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert [line.split(", in ")[1] for line in lines if line.startswith("  File")] == ["fail"]
    assert lines[-1] == "ValueError: no such row"
    assert isinstance(performed.exception, ValueError)


def test_traceback_keeps_the_cause() -> None:
    """What an exception was raised from is shown above it, also without plait's frames."""
    error = error_of(samples.fail_from_cause)

    assert "KeyError: 'PLAIT_ABSENT'" in error.traceback
    assert "direct cause" in error.traceback
    assert "performing.py" not in error.traceback


@pytest.mark.parametrize(
    ("name", "code", "is_recoverable"),
    [
        ("value", "USER:RuntimeError", True),
        ("recoverable", "USER:RuntimeError", True),
        ("pointless", "USER:RuntimeError", False),
        ("flaky", "USER:FLAKY", True),
        ("memory", "OOMKilled", True),
        ("exit", "USER:RuntimeError", True),
        ("cancelled", "USER:RuntimeError", True),
        ("ignore", "OutputsNotFound", True),
    ],
)
def test_exception_decides_code_and_recoverability(name: str, code: str, is_recoverable: bool) -> None:
    """Any exception may be retried but one that says it is pointless; one with an `error_code` names its code."""
    error = error_of(samples.raise_named, {"name": name})

    assert (error.code, error.fault, error.is_recoverable) == (code, Fault.USER, is_recoverable)


@pytest.mark.parametrize(
    ("name", "is_recoverable"), [("value", False), ("flaky", True), ("recoverable", True), ("pointless", False)]
)
def test_retry_policy_narrows_what_is_recoverable(name: str, is_recoverable: bool) -> None:
    """With `Retry(on=OSError)`, only that class and its subclasses are retried, and whoever asks for it by name."""
    template = samples.raise_named.template
    metadata = attrs.evolve(template.metadata, retry=RetryPolicy(retries=3, only_on=("builtins:OSError",)))

    error = error_of(samples.raise_named, {"name": name}, template=attrs.evolve(template, metadata=metadata))

    assert error.is_recoverable is is_recoverable


def test_endless_error_is_cut_in_the_middle() -> None:
    """How it begins and how it ends is kept, and how much is left out is told."""
    error = error_of(samples.raise_named, {"name": "endless"})

    assert error.message.startswith("ValueError: begin")
    assert error.message.endswith("end")
    assert "characters left out" in error.message
    assert len(error.message) < LONGEST_MESSAGE + 100
    assert error.traceback.endswith("end")
    assert len(error.traceback) < LONGEST_TRACEBACK + 100


def test_sys_exit_says_what_was_called() -> None:
    """A task that exits fails; the process that runs it goes on."""
    assert error_of(samples.raise_named, {"name": "exit"}).message == "the task called sys.exit(3)"


def test_keyboard_interrupt_passes_through() -> None:
    """Ctrl-C stops plait, not the task."""
    with pytest.raises(KeyboardInterrupt):
        run(make_unit(samples.raise_named, {"name": "interrupt"}))


def test_cancellation_passes_through() -> None:
    """An attempt that is cancelled makes no result."""

    async def cancelled() -> bool:
        task = asyncio.create_task(perform(make_unit(samples.wait_for_ever), make_services()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(cancelled())


def test_input_of_a_wrong_type_is_not_recoverable() -> None:
    """The border names the input, and trying again would not change it."""
    error = error_of(samples.add, {"a": "one", "b": 2})

    assert (error.code, error.is_recoverable, error.traceback) == ("USER:TypeError", False, "")
    assert error.message.startswith("at $.a: expected int, found str 'one'")


def test_output_of_a_wrong_type_is_not_recoverable() -> None:
    """The border names the output."""
    error = error_of(samples.lie)

    assert (error.code, error.is_recoverable) == ("USER:TypeError", False)
    assert error.message.startswith("at $.o0: expected int, found str 'no int'")


def test_trouble_with_stores_at_the_border_is_the_systems_fault() -> None:
    """A blob store that does not answer is paid for by the system's retry budget."""

    class Unavailable(MemoryBlobStore):
        async def put(self, uri: str, data: bytes, *, if_absent: bool = False) -> bool:
            raise BlobUnavailable(uri=uri, detail="down")

    performed = run(make_unit(samples.repeat, {"text": "x", "times": 100_000}), make_services(Unavailable()))

    error = performed.result.error
    assert error is not None
    assert (error.code, error.fault, error.is_recoverable) == ("SYSTEM:BlobUnavailable", Fault.SYSTEM, True)


def test_large_output_is_stored_by_reference() -> None:
    """Above 64 KiB an output goes to the raw prefix, and the result carries the reference."""
    blobs = MemoryBlobStore()

    performed = run(make_unit(samples.repeat, {"text": "x", "times": 70_000}), make_services(blobs))

    literal = (performed.result.outputs or {})["o0"]
    assert isinstance(literal.value, Offloaded)
    assert literal.value.uri.startswith("memory://run/raw/")
    assert asyncio.run(fetch(literal, lambda uri: blobs)) == literals({"o0": "x" * 70_000})["o0"]


def test_offloaded_input_is_fetched() -> None:
    """An input that arrives by reference reaches the function as its value."""
    blobs = MemoryBlobStore()
    services = make_services(blobs)
    large = (run(make_unit(samples.repeat, {"text": "x", "times": 70_000}), services).result.outputs or {})["o0"]

    unit = make_unit(samples.repeat, inputs={"times": 1})
    performed = run(attrs.evolve(unit, inputs={**unit.inputs, "text": large}), services)

    assert performed.result.error is None
    assert isinstance((performed.result.outputs or {})["o0"].value, Offloaded)


@pytest.mark.usefixtures("seconds")
def test_body_that_ran_longer_than_its_timeout_has_expired() -> None:
    """A sync body cannot be stopped in this process; its time is judged when it has ended."""
    error = error_of(samples.overrun, timeout_ns=10**8)

    assert (error.code, error.fault, error.is_recoverable) == ("TimeoutExpired", Fault.USER, True)
    assert error.message == "the attempt ran longer than its timeout of 0.1 s"


def test_async_body_is_stopped_at_its_timeout() -> None:
    """A body that waits is cancelled when its time is up."""
    error = error_of(samples.wait_for_ever, timeout_ns=10**7)

    assert error.code == "TimeoutExpired"


def test_ignored_outputs_of_a_task_without_any_are_a_success() -> None:
    """`IgnoreOutputs` ends the attempt well where nobody waits for outputs."""
    assert run(make_unit(samples.ignore)).result.outputs == {}


def test_entity_is_imported_where_this_process_does_not_hold_it() -> None:
    """A worker elsewhere finds the task by its location."""
    services = make_services(entities={})

    performed = run(make_unit(samples.add, {"a": 1, "b": 2}), services)

    assert performed.result.outputs == literals({"o0": 3})


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("tests.unit.worker.samples:absent", "no attribute 'absent'"),
        ("tests.unit.worker.nowhere:add", "No module named 'tests.unit.worker.nowhere'"),
        ("tests.unit.worker.samples:ROOT", "there is a str, no entity"),
        ("", "a location reads 'module:name'"),
    ],
)
def test_entity_that_cannot_be_loaded_is_named(location: str, reason: str) -> None:
    """The error says which entity, where it was looked for, and why it is not there; retrying is pointless."""
    gone = EntityId(kind=EntityKind.TASK, name="gone")
    template = attrs.evolve(samples.add.template, id=gone)

    error = error_of(samples.add, template=template, action=FunctionCall(entity=gone, location=location))

    assert (error.code, error.is_recoverable) == ("USER:EntityNotLoadable", False)
    assert error.message.startswith(f"'gone' cannot be loaded from {location!r}")
    assert reason in error.message


def test_directory_of_an_attempt_ends_with_it() -> None:
    """`working_directory` is there during the attempt and gone after it."""
    performed = run(make_unit(samples.write_in_directory))

    path = (performed.result.outputs or {})["o0"].value.value  # type: ignore[union-attr]  # a string
    assert not Path(str(path)).exists()


def test_checkpoint_passes_from_attempt_to_attempt() -> None:
    """The next attempt reads what the one before wrote, and the result says where that is."""
    services = make_services()
    first = run(make_unit(samples.count_checkpoints), services).result

    second = run(
        make_unit(
            samples.count_checkpoints,
            checkpoint_prefix="memory://run/checkpoint/1",
            previous_checkpoint=first.checkpoint_uri,
        ),
        services,
    ).result

    assert first.checkpoint_uri == "memory://run/checkpoint/0"
    assert second.outputs == literals({"o0": 2})


def test_deck_is_stored_beside_the_outputs() -> None:
    """The page holds the author's tabs first, then those of plait."""
    blobs = MemoryBlobStore()

    result = run(make_unit(samples.decorate, {"a": 7}), make_services(blobs)).result

    assert result.deck_uri == "memory://run/out/deck.html"
    html = asyncio.run(blobs.get(result.deck_uri)).decode()
    names = ["mine", "Default", "Source Code", "Dependencies", "Timeline", "Input", "Output"]
    assert [html.index(f">{name}</a>") for name in names] == sorted(html.index(f">{name}</a>") for name in names)
    assert "<b>bold</b>" in html
    assert "def decorate" in html


def test_deck_with_the_name_of_any_file_is_stored() -> None:
    """Names that are no text hold halves of surrogate pairs, which nothing can encode."""
    blobs = MemoryBlobStore()

    result = run(make_unit(samples.decorate_with, {"text": "a\udc80\0b"}), make_services(blobs)).result

    assert result.outputs is not None
    assert b"a?\0b" in asyncio.run(blobs.get(result.deck_uri))


def test_deck_that_cannot_be_made_costs_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever keeps it from being stored, also what its author has written."""

    async def fail(self: object) -> str:
        raise RuntimeError("no deck today")

    monkeypatch.setattr("plait_core.worker.reports.DeckReport.store", fail)

    result = run(make_unit(samples.decorate_with, {"text": "a"}), make_services(MemoryBlobStore())).result

    assert (result.outputs, result.deck_uri) == (literals({"o0": "a"}), "")


def test_deck_is_stored_when_the_attempt_fails() -> None:
    """What a task reported before it failed is worth the most then."""
    blobs = MemoryBlobStore()

    result = run(make_unit(samples.decorate_and_fail, {"a": 7}), make_services(blobs)).result

    assert result.error is not None
    html = asyncio.run(blobs.get(result.deck_uri)).decode()
    assert "last words" in html


def test_secret_stays_out_of_error_and_deck() -> None:
    """In whichever process the task runs; the exception, which nobody stores, is as it was raised."""

    async def ask(_: SecretRequest) -> SecretAnswer:
        return SecretAnswer(value="s3cr3t")

    blobs = MemoryBlobStore()
    performed = run(make_unit(samples.tell_all), make_services(blobs, secrets=ask))

    error = performed.result.error
    assert error is not None
    assert error.message == "ValueError: the password is ***"
    assert "s3cr3t" not in error.traceback
    html = asyncio.run(blobs.get(performed.result.deck_uri)).decode()
    assert "<b>***</b>" in html
    assert "s3cr3t" not in html
    assert str(performed.exception) == "the password is s3cr3t"


def test_task_without_deck_stores_nothing() -> None:
    """Tabs cost nothing where nobody asked for a deck."""
    blobs = MemoryBlobStore()

    result = run(make_unit(samples.add, {"a": 1, "b": 2}), make_services(blobs)).result

    assert result.deck_uri == ""
    assert not asyncio.run(blobs.exists("memory://run/out/deck.html"))
