"""
Launch plans: a workflow under a name, with inputs fixed or defaulted, a schedule, and options for what it starts.

Every workflow has a default plan of its own name. A name means one plan per process: asking again with the same
properties gives the same plan, with other ones an error.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from plait_core.authoring.arguments import texts
from plait_core.authoring.bindings import Bound
from plait_core.authoring.entities import Entity, R
from plait_core.authoring.interfaces import REQUIRED, PythonInput, PythonInterface
from plait_core.authoring.options import PlanOptions
from plait_core.authoring.typesystem import constants, process_types
from plait_core.authoring.workflows import Workflow
from plait_core.errors.authoring import InvalidLaunchPlan, UnknownOptions, WrongArguments
from plait_core.errors.values import ConversionFailed
from plait_core.ir.ids import EntityKind
from plait_core.ir.interfaces import Parameter, TypedInterface
from plait_core.ir.launch_plans import ExecutionOptions, LaunchPlanTemplate, ScheduleSpec
from plait_core.ir.literals import Literal
from plait_core.ir.options import option_faults
from plait_core.ir.workflows import LaunchPlanRef, NodeTarget

if TYPE_CHECKING:
    from typing import Unpack


V = TypeVar("V")


class LaunchPlan(Entity[..., R], Generic[R]):
    """A named partial invocation of a workflow; ``get_or_create`` and ``create`` make them."""

    kind: ClassVar[EntityKind] = EntityKind.LAUNCH_PLAN

    def __init__(self, name: str, workflow: Workflow[Any, R], **options: "Unpack[PlanOptions]") -> None:
        super().__init__(name)
        self.workflow = workflow
        self.options = options
        self._check(options)

    @classmethod
    def get_or_create(
        cls, workflow: Workflow[Any, V], name: str | None = None, **options: "Unpack[PlanOptions]"
    ) -> "LaunchPlan[V]":
        """
        Return the plan *name* of *workflow*, making it on first use; without a name, the default plan.

        Raises:
            InvalidLaunchPlan: a plan of that name differs, the default plan is given properties, or inputs do not fit.
        """
        if name is None:
            if options:
                raise InvalidLaunchPlan(
                    plan=workflow.name,
                    detail=f"the default plan of a workflow cannot have {', '.join(options)}",
                    instead="give the plan a name",
                )
            return default_plan(workflow)
        known = _plans.get(name)
        if known is None:
            return LaunchPlan.create(name, workflow, **options)
        for what, there, here in known._differences(workflow, options):
            raise InvalidLaunchPlan(
                plan=name,
                detail=f"exists with {what}={there!r}, not {here!r}",
                instead="use another name, or the same properties",
            )
        return cast("LaunchPlan[V]", known)

    @classmethod
    def create(cls, name: str, workflow: Workflow[Any, V], **options: "Unpack[PlanOptions]") -> "LaunchPlan[V]":
        """Make a plan; raises ``InvalidLaunchPlan`` when the name is taken or inputs do not fit."""
        if name in _plans:
            raise InvalidLaunchPlan(plan=name, detail="exists already", instead="use another name, or get_or_create")
        plan = LaunchPlan(name, workflow, **options)
        _plans[name] = plan
        return plan

    def clone_with(self, name: str, **changes: "Unpack[PlanOptions]") -> "LaunchPlan[R]":
        """Make a plan *name* that differs by *changes*."""
        options = cast("PlanOptions", {**self.options, **changes})
        return LaunchPlan.create(name, self.workflow, **options)

    @cached_property
    def python_interface(self) -> PythonInterface:
        """What an execution may give: the workflow's inputs without the fixed ones, with the plan's defaults."""
        theirs, defaults = self.workflow.python_interface, self.options.get("default_inputs") or {}
        inputs = {
            name: PythonInput(declared.type, defaults.get(name, declared.default))
            for name, declared in theirs.inputs.items()
            if name not in self.fixed_inputs
        }
        return PythonInterface(inputs, theirs.outputs, theirs.output_tuple)

    @cached_property
    def interface(self) -> TypedInterface:
        whole = self.workflow.interface
        return TypedInterface(
            inputs=tuple(variable for variable in whole.inputs if variable.name not in self.fixed_inputs),
            outputs=whole.outputs,
        )

    @property
    def fixed_inputs(self) -> Mapping[str, Any]:
        """Inputs that nobody may give otherwise."""
        return self.options.get("fixed_inputs") or {}

    @cached_property
    def template(self) -> LaunchPlanTemplate:
        """The plan as the platform knows it; raises ``InvalidSchedule`` when the schedule means nothing."""
        schedule = self.options.get("schedule")
        return LaunchPlanTemplate(
            id=self.id,
            workflow=self.workflow.id,
            parameters=tuple(
                Parameter(
                    variable=variable,
                    is_required=(declared := self.python_interface.inputs[variable.name]).default is REQUIRED,
                    default=None
                    if declared.default is REQUIRED
                    else _literal(variable.name, declared.default, declared.type),
                )
                for variable in self.interface.inputs
            ),
            fixed_inputs={
                name: _literal(name, value, self.workflow.python_interface.inputs[name].type)
                for name, value in self.fixed_inputs.items()
            },
            expected_outputs=self.interface.outputs,
            schedule=_understood(schedule.spec()) if schedule else None,
            options=self._execution_options,
            concurrency=self.options.get("concurrency"),
            auto_activate=self.options.get("auto_activate", False),
        )

    @property
    def _execution_options(self) -> ExecutionOptions:
        options = self.options
        notifications = options.get("notifications")
        return ExecutionOptions(
            labels=texts(options.get("labels")),
            annotations=texts(options.get("annotations")),
            envs=texts(options.get("envs")),
            tags=tags if isinstance(tags := options.get("tags", ()), str) else tuple(map(str, tags)),  # type: ignore[arg-type]  # one text, which is found out
            security=options.get("security_context"),
            raw_data_prefix=options.get("raw_output_data_config", ""),
            max_parallelism=options.get("max_parallelism"),
            interruptible=options.get("interruptible"),
            overwrite_cache=options.get("overwrite_cache"),
            notifications=None if notifications is None else tuple(told.spec() for told in notifications),
        )

    def _target(self) -> NodeTarget:
        return LaunchPlanRef(id=self.id)

    def _bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Bound]:
        """Bind what is given; the plan itself has the rest."""
        self._refuse(args, kwargs)
        bound = super()._bound((), kwargs)
        return {name: value for name, value in bound.items() if name in kwargs}

    def _run(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> R:
        self._refuse(args, kwargs)
        return super()._run((), kwargs)

    def _refuse(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Refuse positions, whose meaning would shift with the fixed inputs, and fixed inputs themselves."""
        names = tuple(self.python_interface.inputs)
        if args:
            raise WrongArguments(entity=self.name, detail="takes its inputs by name only", inputs=names)
        if fixed := sorted(kwargs.keys() & self.fixed_inputs.keys()):
            raise WrongArguments(
                entity=self.name, detail=f"has fixed {', '.join(fixed)}; nobody may override that", inputs=names
            )

    def _check(self, options: PlanOptions) -> None:
        if unknown := options.keys() - PlanOptions.__annotations__.keys():
            raise UnknownOptions(
                declaration=f"launch plan {self.name}",
                unknown=tuple(sorted(unknown)),
                known=tuple(PlanOptions.__annotations__),
            )
        inputs = self.workflow.python_interface.inputs
        named = {"fixed_inputs": options.get("fixed_inputs"), "default_inputs": options.get("default_inputs")}
        for option, values in named.items():
            if strange := (values or {}).keys() - inputs.keys():
                raise InvalidLaunchPlan(
                    plan=self.name,
                    detail=f"{option} names {', '.join(sorted(strange))}, which {self.workflow.name} does not have",
                    instead=f"its inputs are: {', '.join(inputs) or 'none'}",
                )

        if faults := option_faults(self._execution_options):
            raise InvalidLaunchPlan(
                plan=self.name,
                detail="; ".join(fault.removeprefix("options.") for fault in faults),
                instead="give options as PlanOptions declares them",
            )
        if (schedule := options.get("schedule")) is not None:
            self._check_scheduled(schedule.kickoff_time_input_arg)

    def _check_scheduled(self, kickoff: str | None) -> None:
        """Nobody is there to give inputs when a schedule fires."""
        inputs = self.python_interface.inputs
        if kickoff is not None and (kickoff not in inputs or inputs[kickoff] != PythonInput(datetime)):
            raise InvalidLaunchPlan(
                plan=self.name,
                detail=f"kickoff_time_input_arg {kickoff!r} cannot receive the time of a run",
                instead="name an input of type datetime that has neither a default nor a fixed value",
            )
        if open_ := [name for name, declared in inputs.items() if declared.default is REQUIRED and name != kickoff]:
            raise InvalidLaunchPlan(
                plan=self.name,
                detail=f"it has a schedule, and nobody to give {', '.join(open_)}",
                instead="give default_inputs or fixed_inputs for them",
            )

    def _differences(self, workflow: Workflow[Any, Any], options: PlanOptions) -> "list[tuple[str, object, object]]":
        if workflow is not self.workflow:
            return [("workflow", self.workflow.name, workflow.name)]
        names = dict.fromkeys((*self.options, *options))
        pairs = [(name, self.options.get(name), options.get(name)) for name in names]
        return [(name, there, here) for name, there, here in pairs if there != here]


def default_plan(workflow: Workflow[Any, R]) -> LaunchPlan[R]:
    """Return the plan that every workflow has: its own name, its own defaults, and its ``default_options``."""
    kept = vars(workflow)
    if "_default_plan" not in kept:
        options = workflow.options.get("default_options")
        kept["_default_plan"] = LaunchPlan(workflow.name, workflow, **(options.plan_options() if options else {}))
    plan: LaunchPlan[R] = kept["_default_plan"]
    return plan


def named_plans() -> Sequence[LaunchPlan[Any]]:
    """List the plans that this process has made under names of their own, whether a variable holds them or not."""
    return tuple(_plans.values())


_plans: dict[str, LaunchPlan[Any]] = {}


def _understood(schedule: ScheduleSpec) -> ScheduleSpec:
    from plait_core.plugins import process_plugins

    process_plugins().schedule(schedule)
    return schedule


def _literal(name: str, value: Any, python_type: Any) -> Literal:
    try:
        return process_types().converter(python_type).to_literal(value, constants())
    except ConversionFailed as failed:
        failed.under(f".{name}")
        raise
