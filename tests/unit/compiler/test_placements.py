"""Each task goes to the first executor that can run it."""

from typing import Any

import attrs
import pytest

from plait_core.compiler.placements import place
from plait_core.errors.compiling import CompileFailed, Fault
from plait_core.ir.tasks import MountRequirement, SecretRequest, SecurityContext, TaskMetadata, TaskTemplate
from plait_core.ir.units import CommandLine, ContainerRun, FunctionCall
from plait_core.ports.executors import Capabilities
from plait_core.ports.specs import ExecutorSpec
from tests.unit.compiler.making import closure, task, workflow

ACTIONS = {"python-function": FunctionCall, "shell": CommandLine, "container": ContainerRun}


def executor(name: str, **can: Any) -> ExecutorSpec:
    return ExecutorSpec(name=name, factory="", capabilities=Capabilities(**{"actions": (FunctionCall,)} | can))


INLINE = executor("inline", can_time_out=False)
PROCESS = executor("process", actions=(FunctionCall, CommandLine), secret_deliveries=("memory", "env"))
PODS = executor("k8s", actions=(FunctionCall, CommandLine, ContainerRun), secret_deliveries=("platform",))
QUERIES = executor("connector", actions=(), task_types=("bigquery",))


def placed(*tasks: TaskTemplate, on: tuple[ExecutorSpec, ...]) -> dict[str, str]:
    chosen = place(closure(*tasks, workflow()), on, lambda template: ACTIONS.get(template.type))
    return {template.id.name: chosen[str(template.id)] for template in tasks}


def of_type(type_: str) -> TaskTemplate:
    return attrs.evolve(task(name=type_), type=type_)


def secret(mount: MountRequirement = MountRequirement.ANY, env_var: str = "") -> TaskTemplate:
    request = SecretRequest(group="db", key="password", mount_requirement=mount, env_var=env_var)
    return attrs.evolve(task(), security=SecurityContext(secrets=(request,)))


def test_first_listed_executor_that_can_run_it_gets_it() -> None:
    """Each task finds its own, in the order of the list."""
    tasks = [of_type(name) for name in ("python-function", "shell", "container", "bigquery")]

    assert placed(*tasks, on=(INLINE, PROCESS, PODS, QUERIES)) == {
        "python-function": "inline",
        "shell": "process",
        "container": "k8s",
        "bigquery": "connector",
    }


def test_time_limit_prefers_an_executor_that_can_keep_it() -> None:
    """Where no executor can, the task still runs."""
    limited = attrs.evolve(task(), metadata=TaskMetadata(timeout_ns=5))

    assert placed(limited, on=(INLINE, PROCESS)) == {"t": "process"}
    assert placed(limited, on=(INLINE,)) == {"t": "inline"}


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (secret(), "inline"),
        (secret(env_var="PASSWORD"), "process"),
        (secret(MountRequirement.FILE), "k8s"),
        (secret(MountRequirement.ENV_VAR), "inline"),
    ],
)
def test_secret_must_be_able_to_arrive(wanted: TaskTemplate, name: str) -> None:
    """In a file or a named variable where the task asks for that, else in any way."""
    assert placed(wanted, on=(INLINE, PROCESS, PODS)) == {"t": name}


def test_every_task_without_an_executor_is_reported_with_what_is_missing() -> None:
    """The message goes through the list."""
    mute = executor("mute", secret_deliveries=())

    with pytest.raises(CompileFailed) as caught:
        placed(of_type("container"), secret(env_var="PASSWORD"), of_type("snowflake"), on=(INLINE, mute, QUERIES))

    remedy = (
        "list an executor that can under `executors`, or install the plugin that brings one; see `plait plugins list`"
    )
    assert caught.value.faults == (
        Fault(
            code="no-executor",
            entity="task container",
            message="no executor can run it: inline cannot run a ContainerRun; mute cannot run a ContainerRun; "
            "connector runs tasks of type bigquery only",
            remedy=remedy,
        ),
        Fault(
            code="no-executor",
            entity="task t",
            message="no executor can run it: inline cannot put the secret db/password into the variable PASSWORD; "
            "mute has no way to hand over the secret db/password; connector runs tasks of type bigquery only and "
            "cannot put the secret db/password into the variable PASSWORD",
            remedy=remedy,
        ),
        Fault(
            code="no-executor",
            entity="task snowflake",
            message="no executor can run it: inline does not run tasks of type 'snowflake'; mute does not run tasks of type "
            "'snowflake'; connector does not run tasks of type 'snowflake'",
            remedy=remedy,
        ),
    )
