"""What a task body can ask about itself."""

from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from plait_core.authoring.contexts import ExecutionContext, current_context, entered
from plait_core.authoring.secret_values import SecretReader
from plait_core.errors.running import SecretMissing, SecretNotRequested, UnknownContextAttribute
from plait_core.ir.ids import AttemptId, EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.tasks import SecretRequest, SecurityContext, TaskTemplate
from plait_core.ir.units import FunctionCall, Unit
from plait_core.ports.secrets import SecretAnswer
from plait_core.testing.memory import MemoryBlobStore

LOAD = EntityId(kind=EntityKind.TASK, name="load")
UNIT = Unit(
    attempt=AttemptId(execution=ExecutionId(name="run"), node=NodeId("n0"), task=LOAD, n=2),
    template=TaskTemplate(id=LOAD, type="python-function"),
    action=FunctionCall(entity=LOAD, location=""),
    inputs={},
    raw_prefix="memory://raw",
    env={"COLOUR": "red"},
)


async def holds_password(request: SecretRequest) -> SecretAnswer:
    if request.key == "password":
        return SecretAnswer(value=f"secret of {request.group}{request.group_version}")
    return SecretAnswer(value=None, places=("here", "there"))


def make_context(unit: Unit = UNIT) -> ExecutionContext:
    store = MemoryBlobStore()
    return ExecutionContext(
        unit, blobs=lambda uri: store, ask_secret=holds_password, started_at_ns=1_767_268_800_000_000_000
    )


def requesting(*requests: SecretRequest) -> ExecutionContext:
    return make_context(
        attrs.evolve(UNIT, template=attrs.evolve(UNIT.template, security=SecurityContext(secrets=requests)))
    )


def test_context_tells_which_attempt_this_is() -> None:
    """Ids, number, time and places come from the unit."""
    context = make_context()

    assert (context.execution_id, context.task_id, context.attempt) == (ExecutionId(name="run"), LOAD, 2)
    assert context.execution_date == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert context.raw_output_prefix == "memory://raw"
    assert context.environment == {"COLOUR": "red"}
    assert context.logging.name == "plait.task.load"


def test_context_is_current_while_entered() -> None:
    """Inside it is the current one, outside it is not."""
    context = make_context()

    with entered(context):
        assert current_context() is context

    assert current_context() is not context


def test_outside_of_tasks_every_id_is_local() -> None:
    """A function that asks for its context can be called in a notebook."""
    execution = current_context().execution_id

    assert execution == ExecutionId(project="local", domain="local", name="local")


def test_working_directory_is_one_and_ends_with_the_attempt() -> None:
    """The same folder each time, gone after close."""
    context = make_context()

    directory = context.working_directory

    assert directory.is_dir()
    assert context.working_directory == directory
    context.close()
    assert not Path(directory).exists()


def test_unknown_attribute_is_named_with_those_that_exist() -> None:
    """A slip or a context of another platform meets a list of what there is; `hasattr` works."""
    context = make_context()

    with pytest.raises(UnknownContextAttribute, match="no attribute 'spark_session'") as unknown:
        _ = context.spark_session

    assert {"secrets", "checkpoint", "execution_id", "default_deck"} <= set(unknown.value.known)
    assert not hasattr(context, "spark_session")


def test_requested_secret_is_read_by_call_or_attribute() -> None:
    """Both ways give the value; it is asked for as the request spells it."""
    secrets = requesting(SecretRequest(group="db", key="password")).secrets

    assert secrets.get("db", "password") == "secret of db"
    assert secrets.db.password == "secret of db"
    assert secrets.get("DB", "PASSWORD") == "secret of db"


def test_version_of_the_request_is_asked_for() -> None:
    """A task that requested a version reads that one."""
    secrets = requesting(SecretRequest(group="db", key="password", group_version="3")).secrets

    assert secrets.get("db", "password") == "secret of db3"


def test_request_without_key_covers_its_group() -> None:
    """All keys of the group may be read, and none of another."""
    secrets = requesting(SecretRequest(group="db")).secrets

    assert secrets.get("db", "password") == "secret of db"
    with pytest.raises(SecretNotRequested):
        secrets.get("mail", "password")


def test_request_with_a_key_covers_no_other_key() -> None:
    """However the one it names is spelt."""
    secrets = requesting(SecretRequest(group="db", key="password")).secrets

    assert secrets.get("DB", "Password") == "secret of db"
    with pytest.raises(SecretNotRequested):
        secrets.get("db", "user")


def test_secret_that_was_not_requested_is_refused() -> None:
    """Reading it would work here and fail in a cluster; the error shows the declaration that is missing."""
    with pytest.raises(SecretNotRequested) as refused:
        make_context().secrets.get("db", "password")

    assert isinstance(refused.value, ValueError)
    assert str(refused.value) == (
        "task 'load' reads secret db/password, which it does not request\n"
        "  → declare it: @task(secret_requests=[Secret(group='db', key='password')])"
    )


def test_missing_secret_names_every_place() -> None:
    """The places of all providers are in the message."""
    with pytest.raises(SecretMissing, match="looked in here, there"):
        requesting(SecretRequest(group="db")).secrets.get("db", "user")


def test_reader_without_requests_reads_everything() -> None:
    """Outside of tasks there is nothing to declare."""
    reader = SecretReader(ask=holds_password, task="local", requests=None)

    assert reader.get("any", "password") == "secret of any"
