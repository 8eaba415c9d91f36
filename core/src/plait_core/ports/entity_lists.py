"""Lists of entities as the API shows them, read from a registry: by a server, and by whoever looks into the store of this machine."""

from plait_core.ir.ids import EntityId, EntityKind
from plait_core.ir.interfaces import TypedInterface
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.tasks import TaskTemplate
from plait_core.ports.api import EntityPage, EntitySummary
from plait_core.ports.databases import Page, Registry


async def entity_page(
    registry: Registry,
    kind: EntityKind,
    *,
    project: str,
    domain: str,
    name: str = "",
    name_contains: str = "",
    version: str = "",
    page: Page,
) -> EntityPage:
    """Return a page of the newest version of each entity, with *version* of that one, or with *name* of the versions of one; newest first."""
    ids, token = await registry.list(
        kind, project=project, domain=domain, name=name, name_contains=name_contains, version=version, page=page
    )
    registered = await registry.registered_at(ids)
    items = [await _summary(registry, id_, registered[id_]) for id_ in ids]
    return EntityPage(items=tuple(items), token=token)


async def _summary(registry: Registry, id: EntityId, registered_at_ns: int) -> EntitySummary:
    template = await registry.get(id)
    assert template is not None, "what is registered stays"
    if isinstance(template, LaunchPlanTemplate):
        active = await registry.active(project=id.project, domain=id.domain, name=id.name)
        inputs = tuple(parameter.variable for parameter in template.parameters)
        return EntitySummary(
            id=id,
            interface=TypedInterface(inputs=inputs, outputs=template.expected_outputs),
            is_active=active == id,
            active_version=active.version if active is not None else "",
            workflow=template.workflow,
            schedule=template.schedule,
            registered_at_ns=registered_at_ns,
        )
    about, type_ = (template.metadata, template.type) if isinstance(template, TaskTemplate) else (template, "")
    return EntitySummary(
        id=id,
        interface=template.interface,
        documentation=about.short_description,
        type=type_,
        registered_at_ns=registered_at_ns,
    )
