"""
Launching: from what a caller asks for to an ``ExecutionSpec``.

Called by ``Engine.launch``. Defaults and fixed values are merged in here, and a single task is wrapped in a workflow of one node.
"""

from collections.abc import Mapping
from types import NoneType
from typing import Any, NamedTuple

import attrs

from plait_core.compiler.values import misfit
from plait_core.errors.engine import InvalidInputs, InvalidLaunch
from plait_core.ir.executions import Closure, ExecutionMode, ExecutionSpec
from plait_core.ir.ids import EntityId, EntityKind, ExecutionId, NodeId
from plait_core.ir.launch_plans import ExecutionOptions, LaunchPlanTemplate
from plait_core.ir.literals import Literal, LiteralMap
from plait_core.ir.options import name_faults, option_faults, text_faults
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.types import LiteralType
from plait_core.ir.workflows import WORKFLOW_INPUT, Binding, Node, Promise, TaskRef, WorkflowTemplate

_KINDS: Mapping[str, tuple[type, ...]] = {
    "mode": (ExecutionMode,),
    "scheduled_at_ns": (int, NoneType),
    "reference": (ExecutionId, NoneType),
}
"""Of fields of an ``ExecutionSpec`` that callers give, those that cannot be read back as anything else."""


class Launch(NamedTuple):
    """What is to run: a closure whose main is a workflow, and the spec."""

    closure: Closure
    spec: ExecutionSpec


def check_asked(options: ExecutionOptions, execution: ExecutionId | None = None, spec: Mapping[str, Any] = {}) -> None:
    """Raise ``InvalidLaunch`` with every fault of the options, of the parts of an id, and of fields of an ``ExecutionSpec``."""
    faults = [*option_faults(options)]
    if execution is not None:
        for part in ("name", "project", "domain"):
            faults += name_faults(part, getattr(execution, part))
    faults += text_faults("principal", spec.get("principal", ""))
    faults += [
        f"{field}: {spec[field]!r:.80} is no {' or '.join(kind.__name__ for kind in kinds)}"
        for field, kinds in _KINDS.items()
        if field in spec and type(spec[field]) not in kinds
    ]
    if spec.get("reuses") and spec.get("reference") is None:
        faults.append("rerun: only what has a reference reuses")
    if faults:
        raise InvalidLaunch(faults=tuple(faults))


def plan_launch(closure: Closure, inputs: LiteralMap, options: ExecutionOptions, **rest: object) -> Launch:
    """
    Merge inputs and options, and wrap a task.

    Args:
        closure: What is launched is its ``main``.
        inputs: What the caller gave, by name.
        options: What the caller asks for; a launch plan's own options fill what it leaves open.
        rest: Further fields of the ``ExecutionSpec``.

    Raises:
        InvalidInputs: inputs are missing, unknown, or fixed by the launch plan; lists every fault.
        InvalidLaunch: the launch plan's own options have faults.
    """
    target = closure.main
    if target.kind is EntityKind.LAUNCH_PLAN:
        plan = closure.launch_plan_by_id[target]
        check_asked(plan.options)
        resolved = _resolved_by_plan(plan, inputs)
        closure = _with_main(closure, plan.workflow)
        options = merged(plan.options, options)
    elif target.kind is EntityKind.TASK:
        template = closure.task_by_id[target]
        resolved = _resolved(str(target.name), inputs, {}, template.interface.input_types)
        closure = wrapped(closure, template)
    else:
        workflow = closure.workflow_by_id[target]
        defaults = _default_plan_inputs(closure, workflow.id)
        resolved = _resolved(str(target.name), inputs, defaults, workflow.interface.input_types)
    spec = ExecutionSpec(target=target, user_inputs=inputs, inputs=resolved, options=options, **rest)  # type: ignore[arg-type]  # fields by name
    return Launch(closure=closure, spec=spec)


def _with_main(closure: Closure, main: EntityId) -> Closure:
    """Return the closure seen from *main*; the same object each time, so that it is compiled once."""
    if closure.main == main:
        return closure
    kept: dict[EntityId, Closure] = closure.__dict__.setdefault("_views", {})
    if main not in kept:
        kept[main] = attrs.evolve(closure, main=main)
    return kept[main]


def wrapped(closure: Closure, template: TaskTemplate) -> Closure:
    """Return a closure whose main is a workflow of one node that runs *template*; what is wrapped already stays as it is."""
    kept: dict[EntityId, Closure] = closure.__dict__.setdefault("_views", {})
    id_ = attrs.evolve(template.id, kind=EntityKind.WORKFLOW, name=f"{template.id.name}.alone")
    if id_ in closure.workflow_by_id:
        return _with_main(closure, id_)
    if id_ not in kept:
        node = Node(
            id=NodeId("n0"),
            target=TaskRef(id=template.id),
            inputs=tuple(
                Binding(var=variable.name, data=Promise(node=WORKFLOW_INPUT, var=variable.name))
                for variable in template.interface.inputs
            ),
        )
        workflow = WorkflowTemplate(
            id=id_,
            interface=template.interface,
            nodes=(node,),
            outputs=tuple(
                Binding(var=variable.name, data=Promise(node=node.id, var=variable.name))
                for variable in template.interface.outputs
            ),
        )
        kept[id_] = attrs.evolve(closure, main=id_, workflows=(*closure.workflows, workflow))
    return kept[id_]


def _default_plan_inputs(closure: Closure, workflow: EntityId) -> dict[str, Literal]:
    """Return the defaults that the workflow's own launch plan carries."""
    plan = closure.launch_plan_by_id.get(attrs.evolve(workflow, kind=EntityKind.LAUNCH_PLAN))
    return _defaults(plan) if plan is not None else {}


def _defaults(plan: LaunchPlanTemplate) -> dict[str, Literal]:
    return {p.variable.name: p.default for p in plan.parameters if p.default is not None}


def _resolved_by_plan(plan: LaunchPlanTemplate, inputs: LiteralMap) -> dict[str, Literal]:
    fixed = plan.fixed_inputs
    faults = [f"{name} is fixed by the launch plan" for name in inputs if name in fixed]
    if faults:
        raise InvalidInputs(target=f"launch plan {plan.id.name}", faults=tuple(faults))
    types = {p.variable.name: p.variable.type for p in plan.parameters if p.variable.name not in fixed}
    return {**_resolved(f"launch plan {plan.id.name}", inputs, _defaults(plan), types), **fixed}


def _resolved(
    target: str, inputs: LiteralMap, defaults: Mapping[str, Literal], types: Mapping[str, LiteralType]
) -> dict[str, Literal]:
    faults = [f"{name} is no input" for name in inputs if name not in types]
    faults += [f"{name} is missing" for name in types if name not in inputs and name not in defaults]
    faults += [
        f"{name} does not fit: {reason}"
        for name, literal in inputs.items()
        if name in types and (reason := _misfit(literal, types[name], name))
    ]
    if faults:
        raise InvalidInputs(target=target, faults=tuple(faults))
    return {name: inputs[name] if name in inputs else defaults[name] for name in types}


def _misfit(literal: object, type_: LiteralType, name: str) -> str | None:
    if not isinstance(literal, Literal):
        return f"it is no literal, but {literal!r:.80}"
    return misfit(literal, type_, name)


def merged(plan: ExecutionOptions, asked: ExecutionOptions) -> ExecutionOptions:
    """Let what was asked win over the plan's word, key by key."""
    return ExecutionOptions(
        labels={**plan.labels, **asked.labels},
        annotations={**plan.annotations, **asked.annotations},
        envs={**plan.envs, **asked.envs},
        tags=tuple(dict.fromkeys((*plan.tags, *asked.tags))),
        security=asked.security or plan.security,
        raw_data_prefix=asked.raw_data_prefix or plan.raw_data_prefix,
        max_parallelism=plan.max_parallelism if asked.max_parallelism is None else asked.max_parallelism,
        interruptible=plan.interruptible if asked.interruptible is None else asked.interruptible,
        overwrite_cache=plan.overwrite_cache if asked.overwrite_cache is None else asked.overwrite_cache,
        notifications=plan.notifications if asked.notifications is None else asked.notifications,
    )
