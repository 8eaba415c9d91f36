"""
Completion: a closure with the registered entities that it refers to.

Called before something is registered or launched. A reference comes out of tracing as a stub: a task of type ``reference``, a
launch plan whose workflow is not there, or nothing but an id. The stub gives way to what is registered, once that has the
signature the reference declares. A reference without a version means the active launch plan, or else the newest version.
"""

from collections.abc import Iterator, Mapping

from plait_core.compiler.assignability import assignable
from plait_core.compiler.signatures import Signature, Signatures
from plait_core.compiler.wording import entity_text
from plait_core.errors.compiling import CompileFailed, Fault
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.references import closure_of, references, rewrite, templates
from plait_core.ir.tasks import REFERENCE_TASK
from plait_core.ports.databases import Registry

_KEPT = "_open_references"


async def complete(closure: Closure, registry: Registry) -> Closure:
    """
    Return *closure* with everything it refers to; itself, when it lacks nothing.

    Raises:
        CompileFailed: referenced entities are not registered, or have another signature; lists every fault.
    """
    completed, faults = await _completed(closure, registry)
    if faults:
        raise CompileFailed(faults=tuple(faults))
    return completed


async def complete_known(closure: Closure, registry: Registry) -> Closure:
    """
    Return *closure* with what it refers to and *registry* has; other stubs stay, for whoever stands in for them.

    Raises ``CompileFailed`` when its main is not there, or something registered has another signature than a reference declares.
    """
    completed, faults = await _completed(closure, registry)
    stubs = {entity_text(id_) for id_ in _stubs(closure)}
    if wrong := tuple(fault for fault in faults if fault.code != "missing-entity" or fault.entity not in stubs):
        raise CompileFailed(faults=wrong)
    return completed


def open_references(closure: Closure) -> tuple[EntityId, ...]:
    """Return the ids that *closure* names and has no template for, or a stub only; worked out once per closure."""
    kept = closure.__dict__
    if _KEPT not in kept:
        stubs = set(_stubs(closure))
        whole = [template for template in templates(closure) if template.id not in stubs]
        there = {template.id for template in whole}
        named = (closure.main, *stubs, *(id_ for template in whole for id_ in references(template)))
        kept[_KEPT] = tuple(id_ for id_ in dict.fromkeys(named) if id_ not in there)
    found: tuple[EntityId, ...] = kept[_KEPT]
    return found


async def _completed(closure: Closure, registry: Registry) -> tuple[Closure, list[Fault]]:
    if not open_references(closure):
        return closure, []
    faults: list[Fault] = []
    found: dict[EntityId, Closure] = {}
    declared = Signatures(closure)
    for id_ in open_references(closure):
        registered = await _find(id_, registry)
        if registered is None:
            faults.append(_missing(id_))
            continue
        found[id_] = registered
        faults += _mismatches(id_, declared.of(id_), Signatures(registered).of(registered.main))
    return (_merged(closure, found) if found else closure), faults


async def _find(id_: EntityId, registry: Registry) -> Closure | None:
    if not id_.version and id_.kind is EntityKind.LAUNCH_PLAN:
        id_ = await registry.active(project=id_.project, domain=id_.domain, name=id_.name) or id_
    return await registry.closure(id_)


def _merged(closure: Closure, found: Mapping[EntityId, Closure]) -> Closure:
    """Put what was *found* in the place of stubs, under the ids that it has."""

    def new_id(id_: EntityId) -> EntityId:
        return found[id_].main if id_ in found else id_

    own = [rewrite(template, new_id) for template in templates(closure) if template.id not in found]
    parts = {
        template.id: template for one in (*found.values(), closure_of(closure.main, own)) for template in templates(one)
    }
    return closure_of(new_id(closure.main), tuple(parts.values()))


def _stubs(closure: Closure) -> Iterator[EntityId]:
    """Yield the ids of templates that stand for registered ones; the workflow that a stub of a plan names is made up."""
    yield from (task.id for task in closure.tasks if task.type == REFERENCE_TASK)
    yield from (plan.id for plan in closure.launch_plans if plan.workflow not in closure.workflow_by_id)


def _missing(id_: EntityId) -> Fault:
    return Fault(
        code="missing-entity",
        entity=entity_text(id_),
        message=f"{id_} is not registered",
        remedy="register it first, or correct project, domain, name and version of the reference",
    )


def _mismatches(id_: EntityId, declared: Signature | None, registered: Signature | None) -> Iterator[Fault]:
    """Yield where what a reference declares differs from what is registered; one that declares nothing fits."""
    if declared is None or registered is None:
        return
    for name, given in declared.inputs.items():
        if name not in registered.inputs:
            yield _mismatch(
                id_, f"input {name!r} is declared, and the registered inputs are {_list(registered.inputs)}"
            )
        elif reason := assignable(given, registered.inputs[name]):
            yield _mismatch(id_, f"input {name!r} has another type: {reason}")
    for name in registered.required:
        if name not in declared.inputs:
            yield _mismatch(id_, f"input {name!r} is required, and not declared")
    for name, wanted in declared.outputs.items():
        if name not in registered.outputs:
            yield _mismatch(
                id_, f"output {name!r} is declared, and the registered outputs are {_list(registered.outputs)}"
            )
        elif reason := assignable(registered.outputs[name], wanted):
            yield _mismatch(id_, f"output {name!r} has another type: {reason}")


def _mismatch(id_: EntityId, what: str) -> Fault:
    return Fault(
        code="reference-mismatch",
        entity=entity_text(id_),
        message=f"the reference to {id_} does not fit what is registered: {what}",
        remedy="declare the reference with the signature of the registered entity, or refer to a version that has this one",
    )


def _list(names: Mapping[str, object]) -> str:
    return ", ".join(names) or "none"
