"""
Registering: what becomes of a request to register closures, whoever received it.

Called by servers, and by the command line for the store of this machine. Closures are completed and compiled before anything is
kept; then all templates are registered in one transaction, and launch plans are switched on.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from plait_core.compiler.checks import check_all
from plait_core.compiler.completion import complete, open_references
from plait_core.compiler.differences import differences
from plait_core.errors.compiling import CompileFailed, Fault
from plait_core.errors.stores import VersionConflict
from plait_core.ir.canonical import digest
from plait_core.ir.executions import Closure
from plait_core.ir.ids import EntityId
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.references import Template, closure_of, templates
from plait_core.ports.api import RegisterReply, RegisterRequest
from plait_core.ports.databases import AuditLine, Registry

Told: TypeAlias = Callable[[Sequence[EntityId], Sequence[EntityId]], AuditLine]
"""Makes the line of the audit trail from what is registered, new or not, and what is switched on."""


async def register(
    request: RegisterRequest, registry: Registry, *, at_ns: int, audit: Told | None = None
) -> RegisterReply:
    """
    Register what *request* holds and switch on its launch plans, all or none; the line that *audit* makes is left along with it.

    Raises:
        CompileFailed: graphs have faults, or refer to what is not registered, or differs; lists every fault.
        VersionConflict: another template is registered under one of the ids.
    """
    completed = await _completed(request.closures, registry)
    elsewhere = {id_ for closure in request.closures for id_ in open_references(closure)}
    offered = {part.id for closure in request.closures for part in templates(closure)} - elsewhere
    parts = {part.id: part for closure in completed for part in templates(closure)}
    own = [part for id_, part in parts.items() if id_ in offered]
    plans = [
        plan.id for plan in own if isinstance(plan, LaunchPlanTemplate) and (request.activate or plan.auto_activate)
    ]
    if request.dry_run:
        created = await _new(own, registry)
        plans = []
    else:
        main = request.closures[0].main if request.closures else None
        created = await _register(main, own, plans, registry, at_ns=at_ns, audit=audit) if main and own else set()
    return RegisterReply(
        created=tuple(template.id for template in own if template.id in created),
        unchanged=tuple(template.id for template in own if template.id not in created),
        activated=tuple(plans),
    )


async def _register(
    main: EntityId,
    own: Sequence[Template],
    plans: Sequence[EntityId],
    registry: Registry,
    *,
    at_ns: int,
    audit: Told | None,
) -> set[EntityId]:
    line = audit([template.id for template in own], plans) if audit else None
    try:
        return set(await registry.register(closure_of(main, own), at_ns=at_ns, activate=plans, audit=line))
    except VersionConflict:
        await _new(own, registry)  # raises the same, and says where they differ
        raise


async def _completed(closures: Sequence[Closure], registry: Registry) -> Sequence[Closure]:
    """Complete and check all *closures* before anything is said about any."""
    faults: list[Fault] = []
    completed: list[Closure] = []
    for closure in closures:
        try:
            completed.append(await complete(closure, registry))
        except CompileFailed as failed:
            faults += failed.faults
    faults += check_all(completed)
    if faults:
        raise CompileFailed(faults=tuple(dict.fromkeys(faults)))
    return completed


async def _new(own: Sequence[Template], registry: Registry) -> set[EntityId]:
    """Return the ids that nobody has yet. Raises ``VersionConflict``, telling where the first of them differs."""
    new: set[EntityId] = set()
    for template in own:
        held = await registry.get(template.id)
        if held is None:
            new.add(template.id)
        elif digest(held) != digest(template):
            raise VersionConflict(
                id=str(template.id),
                registered=digest(held),
                offered=digest(template),
                differences=differences(held, template),
            )
    return new
