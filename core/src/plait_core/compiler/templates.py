"""
Templates: what can be wrong with a task or a launch plan on its own, before any workflow uses it.

Called once per entity of a closure, and once per node that overrides something. Whether a schedule's expression makes
sense is for its plugin to say.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from plait_core.compiler.assignability import assignable
from plait_core.compiler.values import misfit
from plait_core.compiler.wording import entity_text, type_text
from plait_core.errors.compiling import Fault
from plait_core.ir.executions import Closure
from plait_core.ir.interfaces import TypedInterface, Variable
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.tasks import CachePolicy, Container, ResourceName, ResourceSpec, RetryPolicy, TaskTemplate
from plait_core.ir.types import SimpleType

if TYPE_CHECKING:
    from fractions import Fraction

_NO_RESOURCES = ResourceSpec()

Problem = tuple[str, str, str]
"""Code, message and remedy of a fault whose place the caller knows."""


def task_faults(task: TaskTemplate) -> Iterator[Fault]:
    """Yield what is wrong with *task*."""
    place, metadata = entity_text(task.id), task.metadata
    problems = [*interface_problems(task.interface), *run_problems(metadata.retry, metadata.timeout_ns)]
    if metadata.cache:
        problems += cache_problems(metadata.cache, task.interface.input_types)
    if isinstance(task.target, Container) and task.target.resources != _NO_RESOURCES:
        problems += resource_problems(task.target.resources)
    yield from (Fault(code=code, entity=place, message=what, remedy=remedy) for code, what, remedy in problems)


def plan_faults(plan: LaunchPlanTemplate, closure: Closure) -> Iterator[Fault]:
    """Yield what is wrong with *plan*; a workflow that the closure lacks is registered elsewhere and not looked at."""
    problems = [*_value_problems(plan), *_kickoff_problems(plan)]
    if workflow := closure.workflow_by_id.get(plan.workflow):
        problems += _workflow_problems(plan, workflow.interface)
    place = entity_text(plan.id)
    yield from (Fault(code=code, entity=place, message=what, remedy=remedy) for code, what, remedy in problems)


def interface_problems(interface: TypedInterface) -> Iterator[Problem]:
    """Yield the names that *interface* uses twice."""
    for side, variables in (("input", interface.inputs), ("output", interface.outputs)):
        for name in _repeated(variables):
            yield "duplicate-variable", f"two {side}s are called {name!r}", "rename one of them"


def cache_problems(cache: CachePolicy, inputs: Collection[str]) -> Iterator[Problem]:
    """Yield what is wrong with *cache* for an entity with these *inputs*."""
    if not cache.version:
        yield "bad-cache", "caching is on, but the cache has no version", "give cache_version, or switch caching off"
    if unknown := [name for name in cache.ignored_inputs if name not in inputs]:
        message = f"the cache ignores {', '.join(unknown)}, which is no input"
        yield "bad-cache", message, f"the inputs are {', '.join(inputs) or 'none'}"


def resource_problems(resources: ResourceSpec) -> Iterator[Problem]:
    """Yield amounts that cannot be read, and requests that do not go with their limits."""
    if not resources.requests and not resources.limits:
        return
    from plait_core.compiler.quantities import parse_quantity  # imports `fractions`: start-up is a budget

    amounts: dict[tuple[str, ResourceName], tuple[Fraction, str]] = {}
    for side, entries in (("request", resources.requests), ("limit", resources.limits)):
        for entry in entries:
            try:
                amounts[side, entry.name] = parse_quantity(entry.quantity), entry.quantity
            except ValueError:
                message = f"the {entry.name.value} {side} {entry.quantity!r} is not an amount"
                yield "bad-resources", message, "write it as Kubernetes does: 2, 500m, 1.5Gi"
    for name in ResourceName:
        request, limit = amounts.get(("request", name)), amounts.get(("limit", name))
        if request and limit and request[0] > limit[0]:
            message = f"the {name.value} request {request[1]} is above the limit {limit[1]}"
            yield "bad-resources", message, "raise the limit, or ask for less"
        elif request and limit and name is ResourceName.GPU and request[0] != limit[0]:
            message = f"the gpu request {request[1]} differs from the limit {limit[1]}, and GPUs are not shared"
            yield "bad-resources", message, "ask for as many as the limit says"


def run_problems(retry: RetryPolicy, timeout_ns: int | None) -> Iterator[Problem]:
    """Yield budgets below zero."""
    if retry.retries < 0:
        yield "bad-retries", f"retries is {retry.retries}", "give a number of 0 or more"
    if timeout_ns is not None and timeout_ns < 0:
        yield "bad-timeout", f"the timeout is {timeout_ns} ns", "give a time of 0 (none) or more"


def _value_problems(plan: LaunchPlanTemplate) -> Iterator[Problem]:
    for name in _repeated([parameter.variable for parameter in plan.parameters]):
        yield "duplicate-variable", f"two parameters are called {name!r}", "rename one of them"
    for parameter in plan.parameters:
        variable = parameter.variable
        if variable.name in plan.fixed_inputs:
            message = f"input {variable.name!r} is fixed, and a parameter too"
            yield "fixed-input", message, "a fixed input cannot be overridden: make it a default, or drop the parameter"
        if parameter.default and (reason := misfit(parameter.default, variable.type)):
            message = f"the default of input {variable.name!r} does not fit: {reason}"
            yield "type-mismatch", message, "give a default of that type"


def _workflow_problems(plan: LaunchPlanTemplate, interface: TypedInterface) -> Iterator[Problem]:
    given = {parameter.variable.name: parameter.variable.type for parameter in plan.parameters}
    known = f"its inputs are {', '.join(interface.input_types) or 'none'}"
    owner = entity_text(plan.workflow)
    for name in (*given, *plan.fixed_inputs):
        if name not in interface.input_types:
            yield "unknown-input", f"{owner} has no input {name!r}", known
    for name, type_ in interface.input_types.items():
        if name in plan.fixed_inputs:
            if reason := misfit(plan.fixed_inputs[name], type_):
                message = f"the fixed input {name!r} does not fit: {reason}"
                yield "type-mismatch", message, "give a value of that type"
        elif name not in given:
            message = f"input {name!r} of {owner} is neither fixed nor a parameter"
            yield "unbound-input", message, "give it a value, or leave it to the callers of the plan"
        elif reason := assignable(given[name], type_):
            message = f"input {name!r} of {owner} takes {type_text(type_)}, the parameter is {type_text(given[name])}: {reason}"
            yield "type-mismatch", message, "declare the parameter with the type of the workflow's input"
    for variable in plan.expected_outputs:
        if variable.name not in interface.output_types:
            yield "unknown-output", f"{owner} has no output {variable.name!r}", "leave it out of the plan"


def _kickoff_problems(plan: LaunchPlanTemplate) -> Iterator[Problem]:
    """A fire time has nobody to ask: what is required must be bound, but for the input that receives the time itself."""
    if plan.schedule is None:
        return
    kickoff = plan.schedule.kickoff_input
    required = {parameter.variable.name: parameter.variable for parameter in plan.parameters if parameter.is_required}
    if kickoff and (kickoff not in required or required[kickoff].type.type is not SimpleType.DATETIME):
        message = f"the schedule hands its fire time to {kickoff!r}, which is no datetime input without a value"
        yield "bad-schedule", message, "name a datetime input that is neither fixed nor given a default"
    if unbound := [name for name in required if name != kickoff]:
        message = f"the plan has a schedule, but no value for {', '.join(unbound)}"
        yield "unbound-input", message, "fix these inputs, or give them defaults"


def _repeated(variables: Iterable[Variable]) -> list[str]:
    return [name for name, count in Counter(variable.name for variable in variables).items() if count > 1]
