"""Closures with references, and the registry that has what they refer to."""

import asyncio
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from plait_core.authoring.launch_plans import LaunchPlan
from plait_core.authoring.references import reference_launch_plan, reference_task, reference_workflow
from plait_core.authoring.tasks import task
from plait_core.authoring.tracing import trace
from plait_core.authoring.workflows import workflow
from plait_core.compiler.checks import check
from plait_core.compiler.completion import complete, complete_known
from plait_core.compiler.versions import versioned
from plait_core.errors.compiling import CompileFailed
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.references import references, templates
from plait_core.ports.databases import Registry
from plait_core.testing.memory import MemoryDatabase

PLACE: Any = {"project": "lab", "domain": "production"}


@task
def double(a: int) -> int:
    return 2 * a


@workflow
def twice(a: int, b: int = 1) -> int:
    return double(a=double(a=a))


nightly = LaunchPlan.create("test_completion.nightly", twice, default_inputs={"a": 1})


def registry(*versions: str) -> Registry:
    """A registry that holds everything above, in *versions*."""
    database = MemoryDatabase()

    async def fill() -> None:
        for at_ns, version in enumerate(versions or ("v1",)):
            for closure in versioned([trace(nightly).closure], version=version, **PLACE):
                await database.registry.register(closure, at_ns=at_ns)

    asyncio.run(fill())
    return database.registry


def there(entity: Any, version: str = "v1") -> dict[str, str]:
    return {**PLACE, "name": entity.name, "version": version}


def using(reference: Any, **inputs: Any) -> Closure:
    """Trace a workflow of one node that calls *reference*."""

    @workflow
    def user(a: int) -> None:
        reference(**(inputs or {"a": a}))

    return trace(user).closure


def completed(closure: Closure, registry_: Registry | None = None) -> Closure:
    return asyncio.run(complete(closure, registry_ or registry()))


def faults(closure: Closure, registry_: Registry | None = None) -> list[tuple[str, str]]:
    with pytest.raises(CompileFailed) as caught:
        completed(closure, registry_)
    return [(fault.code, fault.message) for fault in caught.value.faults]


def test_closure_without_references_is_left_as_it_is() -> None:
    """The very object is returned, so that it is compiled once."""
    closure = trace(twice).closure

    assert completed(closure) is closure


@reference_task(**there(double))
def double_there(a: int) -> int:
    raise NotImplementedError


@reference_launch_plan(**there(nightly))
def nightly_there(a: int) -> int:
    raise NotImplementedError


@reference_workflow(**there(twice))
def twice_there(a: int) -> int:
    raise NotImplementedError


@pytest.mark.parametrize("reference", [double_there, nightly_there], ids=["task", "launch plan"])
def test_reference_is_replaced_by_what_is_registered(reference: Any) -> None:
    """All that the registered entity reaches comes along, and no stub is left."""
    made = completed(using(reference))

    named = {id_ for part in templates(made) for id_ in references(part)}
    assert named <= {part.id for part in templates(made)}
    assert [task.type for task in made.tasks] == ["python-function"]
    assert check(made) == ()


def test_launched_reference_to_a_workflow_is_found() -> None:
    """What is to run may itself be only a name."""
    made = completed(Closure(main=twice_there.id))

    assert made.main == twice_there.id
    assert made.main in made.workflow_by_id


@pytest.mark.parametrize(
    ("versions", "activated", "expected"), [(("v1", "v2"), "v1", "v1"), (("v1", "v2"), None, "v2")]
)
def test_reference_without_version_is_the_active_plan_or_the_newest(
    versions: tuple[str, ...], activated: str | None, expected: str
) -> None:
    """The completed graph names the version that was found."""
    held = registry(*versions)
    plan = EntityId(kind=EntityKind.LAUNCH_PLAN, **there(nightly, ""))
    if activated:
        asyncio.run(held.activate(attrs.evolve(plan, version=activated), is_active=True, at_ns=1))

    @reference_launch_plan(**there(nightly, ""))
    def newest(a: int) -> int:
        raise NotImplementedError

    made = completed(using(newest), held)

    assert {id_ for part in made.workflows for id_ in references(part) if id_.kind is EntityKind.LAUNCH_PLAN} == {
        attrs.evolve(plan, version=expected)
    }


def test_all_missing_entities_are_named() -> None:
    """One report lists every reference that leads nowhere."""

    @reference_task(**there(double, "v9"))
    def other(a: int) -> int:
        raise NotImplementedError

    @workflow
    def user(a: int) -> None:
        other(a=a)
        nightly_there(a=a)

    found = faults(trace(user).closure, MemoryDatabase().registry)

    assert {message for _, message in found} == {
        f"{other.id} is not registered",
        f"{nightly_there.id} is not registered",
    }


def declared(function: Callable[..., Any]) -> Any:
    return reference_task(**there(double))(function)


def renamed_input(b: int) -> int:

    raise NotImplementedError


def other_input(a: str) -> int:
    raise NotImplementedError


def other_output(a: int) -> str:
    raise NotImplementedError


def no_input() -> int:
    raise NotImplementedError


def more_outputs(a: int) -> tuple[int, int]:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("function", "inputs", "messages"),
    [
        (renamed_input, {"b": 1}, ["input 'b' is declared, and the registered inputs are a", "input 'a' is required"]),
        (other_input, {"a": "x"}, ["input 'a' has another type: str is not int"]),
        (other_output, {"a": 1}, ["output 'o0' has another type: int is not str"]),
        (more_outputs, {"a": 1}, ["output 'o1' is declared, and the registered outputs are o0"]),
    ],
)
def test_signature_that_differs_names_the_field(
    function: Callable[..., Any], inputs: dict[str, Any], messages: list[str]
) -> None:
    """Every field at fault is named, with both sides."""
    found = faults(using(declared(function), **inputs))

    assert [code for code, _ in found] == ["reference-mismatch"] * len(messages)
    assert all(message in text for message, (_, text) in zip(messages, found, strict=True))


def test_optional_inputs_of_a_plan_need_not_be_declared() -> None:
    """A plan fills what a reference leaves out."""

    @reference_launch_plan(**there(nightly))
    def bare() -> int:
        raise NotImplementedError

    @workflow
    def user() -> int:
        return bare()

    assert check(completed(trace(user).closure)) == ()


def test_what_is_not_registered_may_stay_for_a_stand_in() -> None:
    """The lenient form fills in what it finds and keeps the other stubs, but never accepts a wrong signature."""

    @reference_task(**there(double, "v9"))
    def unknown(a: int) -> int:
        raise NotImplementedError

    @workflow
    def user(a: int) -> None:
        unknown(a=a)
        double_there(a=a)

    made = asyncio.run(complete_known(trace(user).closure, registry()))

    assert {task.id.version: task.type for task in made.tasks} == {"v1": "python-function", "v9": "reference"}
    with pytest.raises(CompileFailed, match="another type"):
        asyncio.run(complete_known(using(declared(other_input), a="x"), registry()))
