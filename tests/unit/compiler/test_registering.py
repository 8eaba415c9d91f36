"""What becomes of a request to register."""

import asyncio
from typing import Any

import attrs
import pytest

from plait_core.authoring.launch_plans import LaunchPlan
from plait_core.authoring.references import reference_launch_plan, reference_task
from plait_core.authoring.tasks import task
from plait_core.authoring.tracing import trace
from plait_core.authoring.workflows import workflow
from plait_core.compiler.registering import register
from plait_core.compiler.versions import versioned
from plait_core.errors.compiling import CompileFailed
from plait_core.errors.stores import VersionConflict
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ports.api import RegisterReply, RegisterRequest
from plait_core.ports.databases import Registry
from plait_core.testing.memory import MemoryDatabase

PLACE: Any = {"project": "lab", "domain": "development"}


@task
def double(a: int) -> int:
    return 2 * a


@workflow
def twice(a: int = 1) -> int:
    return double(a=double(a=a))


nightly = LaunchPlan.create("test_registering.nightly", twice, auto_activate=True)


def id_of(entity: Any, version: str = "v1") -> EntityId:
    id_: EntityId = attrs.evolve(entity.id, version=version, **PLACE)
    return id_


TASK, WORKFLOW, NIGHTLY = id_of(double), id_of(twice), id_of(nightly)
DEFAULT = attrs.evolve(WORKFLOW, kind=EntityKind.LAUNCH_PLAN)


def request(*entities: Any, version: str = "v1", **rest: Any) -> RegisterRequest:
    closures = versioned([trace(entity).closure for entity in entities], version=version, **PLACE)
    return RegisterRequest(closures=tuple(closures), **rest)


def registered(registry: Registry, asked: RegisterRequest, at_ns: int = 1) -> RegisterReply:
    return asyncio.run(register(asked, registry, at_ns=at_ns))


def ids(registry: Registry) -> set[EntityId]:
    async def read() -> set[EntityId]:
        return {id_ for kind in EntityKind for id_ in (await registry.list(kind, **PLACE))[0]}

    return asyncio.run(read())


def test_everything_reached_is_registered_once() -> None:
    """Closures overlap; each id is reported once, as new, and then as unchanged."""
    registry = MemoryDatabase().registry
    everything = (TASK, WORKFLOW, DEFAULT, NIGHTLY)

    first = registered(registry, request(nightly, twice, double))
    again = registered(registry, request(twice, nightly))

    assert (set(first.created), first.unchanged, first.activated) == (set(everything), (), (NIGHTLY,))
    assert (again.created, set(again.unchanged), again.activated) == ((), set(everything), (NIGHTLY,))
    assert ids(registry) == set(everything)


def test_asked_for_activation_reaches_all_plans_of_the_request() -> None:
    """Default plans, too."""
    reply = registered(MemoryDatabase().registry, request(nightly, activate=True))

    assert set(reply.activated) == {DEFAULT, NIGHTLY}


def test_dry_run_keeps_nothing() -> None:
    """It says what would be new."""
    registry = MemoryDatabase().registry

    reply = registered(registry, request(nightly, dry_run=True))

    assert set(reply.created) == {TASK, WORKFLOW, DEFAULT, NIGHTLY}
    assert ids(registry) == set()


@pytest.mark.parametrize("dry_run", [False, True])
def test_version_with_other_content_is_a_conflict_and_nothing_is_kept(dry_run: bool) -> None:
    """What is registered never changes, and what is new beside it waits."""
    registry = MemoryDatabase().registry
    registered(registry, request(double))
    (closure,) = request(nightly).closures
    changed = attrs.evolve(closure, tasks=(attrs.evolve(closure.tasks[0], bundle="other"),))

    with pytest.raises(VersionConflict) as conflict:
        registered(registry, RegisterRequest(closures=(changed,), dry_run=dry_run))

    assert conflict.value.differences == ('$.bundle is new: "other"',)
    assert ids(registry) == {TASK}


@reference_task(**PLACE, name=double.name, version="v1")
def double_there(a: int) -> int:
    return a


@reference_launch_plan(**PLACE, name="nowhere", version="v1")
def nowhere(a: int) -> int:
    return a


@workflow
def user(a: int) -> int:
    return double_there(a=a)


@workflow
def lost(a: int) -> int:
    return nowhere(a=a)


def test_referenced_entities_are_neither_registered_again_nor_reported() -> None:
    """They belong to whoever registered them."""
    registry = MemoryDatabase().registry
    registered(registry, request(double))

    reply = registered(registry, request(user, version="v2", activate=True))

    own = id_of(user, "v2")
    assert set(reply.created) == {own, attrs.evolve(own, kind=EntityKind.LAUNCH_PLAN)}
    assert (reply.unchanged, reply.activated) == ((), (attrs.evolve(own, kind=EntityKind.LAUNCH_PLAN),))
    held = asyncio.run(registry.closure(own))
    assert held is not None
    assert [part.type for part in held.tasks] == ["python-function"]


def test_faults_of_all_closures_are_reported_at_once() -> None:
    """Neither the first missing entity nor the first bad graph hides another."""
    broken = Closure(main=id_of(twice, "v3"))

    with pytest.raises(CompileFailed) as caught:
        registered(MemoryDatabase().registry, RegisterRequest(closures=(*request(user, lost).closures, broken)))

    assert [fault.message for fault in caught.value.faults] == [
        f"{double_there.id} is not registered",
        f"{nowhere.id} is not registered",
        f"{broken.main} is not registered",
    ]
