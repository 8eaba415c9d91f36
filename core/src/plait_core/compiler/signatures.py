"""
Signatures: what a node may and must be given, and what it yields.

One per entity of a closure, however many nodes refer to it, so that types can be compared by identity first.
"""

from collections.abc import Mapping

import attrs

from plait_core.compiler.assignability import is_optional
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.types import NONE, CollectionType, LiteralType, UnionType
from plait_core.ir.workflows import Array


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Signature:
    """Input name -> type and output name -> type, in order; ``fixed`` inputs exist but may not be given."""

    inputs: Mapping[str, LiteralType]
    outputs: Mapping[str, LiteralType]
    required: tuple[str, ...]
    fixed: tuple[str, ...] = ()


class Signatures:
    """The signatures of the entities of *closure* and of arrays over them."""

    def __init__(self, closure: Closure) -> None:
        self.task_by_id = closure.task_by_id
        self._closure = closure
        self._entities: dict[EntityId, Signature | None] = {}
        self._arrays: dict[tuple[EntityId, tuple[str, ...], bool], Signature] = {}

    def of(self, id_: EntityId) -> Signature | None:
        """Find the signature of an entity; ``None`` when the closure lacks it."""
        try:
            return self._entities[id_]
        except KeyError:
            signature = self._entities[id_] = self._make(id_)
            return signature

    def of_array(self, array: Array) -> Signature | None:
        """Find the signature of a node that maps over an entity; ``None`` when the closure lacks that entity."""
        element = self.of(array.target.id)
        if element is None:
            return None
        key = (array.target.id, array.bound_inputs, tolerates_failures(array))
        if key not in self._arrays:
            self._arrays[key] = _mapped(element, array)
        return self._arrays[key]

    def _make(self, id_: EntityId) -> Signature | None:
        if template := self._closure.task_by_id.get(id_) or self._closure.workflow_by_id.get(id_):
            return _of_interface(template.interface)
        if plan := self._closure.launch_plan_by_id.get(id_):
            workflow = self._closure.workflow_by_id.get(plan.workflow)
            return _of_plan(plan, workflow.interface if workflow else None)
        return None


def tolerates_failures(array: Array) -> bool:
    """Whether elements of *array* may fail, so that its output holds ``None`` in their places."""
    return array.min_successes is not None or (array.min_success_ratio is not None and array.min_success_ratio < 1)


def optional_of(type_: LiteralType) -> LiteralType:
    """Make the type that also admits ``None``."""
    if is_optional(type_):
        return type_
    variants = type_.type.variants if isinstance(type_.type, UnionType) else (type_,)
    return LiteralType(type=UnionType(variants=(*variants, NONE)))


def _of_interface(interface: TypedInterface) -> Signature:
    inputs = interface.input_types
    return Signature(inputs=inputs, outputs=interface.output_types, required=tuple(inputs))


def _of_plan(plan: LaunchPlanTemplate, workflow: TypedInterface | None) -> Signature:
    outputs = {variable.name: variable.type for variable in plan.expected_outputs}
    return Signature(
        inputs={parameter.variable.name: parameter.variable.type for parameter in plan.parameters},
        outputs=outputs or (workflow.output_types if workflow else {}),
        required=tuple(parameter.variable.name for parameter in plan.parameters if parameter.is_required),
        fixed=tuple(plan.fixed_inputs),
    )


def _mapped(element: Signature, array: Array) -> Signature:
    def listed(type_: LiteralType) -> LiteralType:
        return LiteralType(type=CollectionType(element=type_))

    tolerates = tolerates_failures(array)
    return Signature(
        inputs={name: type_ if name in array.bound_inputs else listed(type_) for name, type_ in element.inputs.items()},
        outputs={name: listed(optional_of(type_) if tolerates else type_) for name, type_ in element.outputs.items()},
        required=element.required,
        fixed=element.fixed,
    )
