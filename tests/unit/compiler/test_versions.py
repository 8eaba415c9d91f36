"""The ids under which entities are registered."""

from pathlib import Path

import attrs

from plait_core.authoring.conditionals import conditional
from plait_core.authoring.launch_plans import LaunchPlan
from plait_core.authoring.maps import map_task
from plait_core.authoring.references import reference_task
from plait_core.authoring.tasks import task
from plait_core.authoring.tracing import trace
from plait_core.authoring.workflows import workflow
from plait_core.compiler.checks import check, check_all
from plait_core.compiler.versions import automatic_version, versioned, with_plan_options
from plait_core.ir.executions import Closure
from plait_core.ir.ids import LOCAL_VERSION, EntityId, EntityKind
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.references import references, templates
from plait_core.ir.tasks import SecurityContext


@task
def double(a: int) -> int:
    return 2 * a


@task
def clean_up(a: int) -> None:
    pass


@reference_task(project="lab", domain="production", name="steps.halve", version="v7")
def halve(a: int) -> int:
    raise NotImplementedError


@workflow
def inner(a: int) -> int:
    return double(a=a)


nightly = LaunchPlan.create("test_versions.nightly", inner, fixed_inputs={"a": 1})


@workflow(on_failure=clean_up)
def everything(a: int = 3) -> list[int]:
    """Name entities in every place there is."""
    halved = halve(a=a)
    branch = conditional("sign").if_(halved > 0).then(inner(a=halved)).else_().then(double(a=halved))
    return map_task(double)(a=[branch, nightly(), inner(a=a)])


def closures() -> tuple[Closure, Closure]:
    return trace(everything).closure, trace(nightly).closure


def ids(closure: Closure) -> set[EntityId]:
    return {id_ for part in templates(closure) for id_ in (part.id, *references(part))} | {closure.main}


def test_every_local_id_is_renamed_wherever_it_stands() -> None:
    """Mains, definitions, branches, arrays, failure nodes and plans agree; what is registered elsewhere keeps its id."""
    made = versioned(closures(), project="p", domain="d", version="v1")

    found = set().union(*map(ids, made))
    there = {id_ for id_ in found if id_.project == "lab"}
    assert there == {halve.id}
    assert {(id_.project, id_.domain, id_.version) for id_ in found - there} == {("p", "d", "v1")}
    assert len(found) == len(set().union(*map(ids, closures())))


def test_renamed_closures_are_as_sound_as_before() -> None:
    """No edge is lost on the way."""
    assert check_all(closures()) == ()
    assert check_all(versioned(closures(), project="p", domain="d", version="v1")) == ()


def test_local_tasks_say_where_their_code_is() -> None:
    """Those that have a location name the bundle; a reference does not."""
    (made, _) = versioned(closures(), project="p", domain="d", version="v1", bundle="abc")

    assert {task.id.name.rpartition(".")[2]: task.bundle for task in made.tasks} == {
        "double": "abc",
        "clean_up": "abc",
        "halve": "",
    }


def test_bundle_stays_when_only_the_version_changes() -> None:
    """A package is made once, with its bundle, and registered under the version of the day."""
    packaged = versioned(closures(), project="p", domain="d", version=LOCAL_VERSION, bundle="abc")

    (made, _) = versioned(packaged, project="q", domain="d", version="v2")

    assert made.task_by_id[attrs.evolve(double.id, project="q", domain="d", version="v2")].bundle == "abc"


def test_source_lines_are_relative_to_the_root() -> None:
    """What is registered says nothing of the machine it was made on."""
    root = Path(__file__).parent

    (made, _) = versioned(closures(), project="p", domain="d", version="v1", root=root)

    files = {node.source.file for template in made.workflows for node in template.nodes if node.source}
    assert files == {"test_versions.py"}


def test_automatic_version_follows_the_code_alone() -> None:
    """Order and repetition change nothing; a template, an option or the bundle does."""
    one, other = closures()
    version = automatic_version([one, other], bundle="abc")

    assert automatic_version([other, one, one], bundle="abc") == version
    assert automatic_version([one, other], bundle="abd") != version
    assert automatic_version(with_plan_options([one, other], service_account="robot"), bundle="abc") != version


def test_options_reach_every_launch_plan() -> None:
    """The default plans, too."""
    (made, _) = with_plan_options(closures(), service_account="robot", raw_data_prefix="s3://raw", envs={"TZ": "UTC"})

    options = ExecutionOptions(
        security=SecurityContext(service_account="robot"), raw_data_prefix="s3://raw", envs={"TZ": "UTC"}
    )
    assert [plan.options for plan in made.launch_plans] == [options] * len(made.launch_plans)


def test_variables_win_over_those_of_the_plan() -> None:
    """Of the same name; others stay, and so does everything when nothing is asked for."""
    (given, _) = with_plan_options(closures(), envs={"TZ": "UTC", "LEVEL": "1"})

    (made,) = with_plan_options([given], envs={"LEVEL": "2"})

    assert {frozenset(plan.options.envs.items()) for plan in made.launch_plans} == {
        frozenset({"TZ": "UTC", "LEVEL": "2"}.items())
    }
    assert with_plan_options([given]) == [given]


def test_clashing_definitions_of_different_closures_are_a_fault() -> None:
    """Two files that define one name differently cannot be registered together."""
    (one, other) = closures()
    changed = attrs.evolve(other, workflows=tuple(attrs.evolve(part, tags=("changed",)) for part in other.workflows))

    faults = check_all([one, changed])

    assert [(fault.code, fault.entity) for fault in faults] == [("duplicate-entity", f"workflow {inner.name}")]
    assert check(changed) == ()


def test_ids_of_other_kinds_are_left_alone() -> None:
    """The plan that a reference names is no local entity, even when it has the name of one."""
    there = EntityId(kind=EntityKind.LAUNCH_PLAN, name=inner.name, project="lab", version="v1")
    stub = Closure(main=there)

    assert versioned([stub], project="p", domain="d", version="v2") == [stub]
