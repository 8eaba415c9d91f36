"""
Versions: the ids under which entities are registered.

Called by whoever registers: the command line, ``Remote``, programs that embed plait. Templates come out of tracing with the
version ``local``; here they get project, domain and version, each of them in every place that names them. What is registered
elsewhere keeps its id.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from attrs import evolve

from plait_core.ir.canonical import canonical_bytes
from plait_core.ir.executions import Closure
from plait_core.ir.ids import LOCAL_VERSION, EntityId
from plait_core.ir.launch_plans import LaunchPlanTemplate
from plait_core.ir.references import Template, closure_of, rewrite, templates
from plait_core.ir.tasks import SecurityContext, TaskTemplate
from plait_core.ir.workflows import SourceLine

_VERSION_LENGTH = 22


def versioned(
    closures: Sequence[Closure], *, project: str, domain: str, version: str, bundle: str = "", root: Path | None = None
) -> Sequence[Closure]:
    """
    Give all local entities of *closures* the ids under which they are registered.

    Args:
        closures: As they were traced, or as they were packaged, with the version ``local``.
        project: Project of the ids.
        domain: Domain of the ids.
        version: Version of the ids.
        bundle: Digest of the archive that holds the code of tasks; empty to leave what they say.
        root: Source lines below it are written relative to it, so that the same code makes the same closures everywhere.
    """

    def new_id(id_: EntityId) -> EntityId:
        is_local = id_.version == LOCAL_VERSION
        return evolve(id_, project=project, domain=domain, version=version) if is_local else id_

    def new_source(source: SourceLine) -> SourceLine:
        path = Path(source.file)
        return evolve(source, file=path.relative_to(root).as_posix()) if root and path.is_relative_to(root) else source

    def new(template: Template) -> Template:
        if isinstance(template, TaskTemplate) and template.location and template.id.version == LOCAL_VERSION:
            template = evolve(template, bundle=bundle or template.bundle)
        return rewrite(template, new_id, new_source)

    return [closure_of(new_id(closure.main), tuple(map(new, templates(closure)))) for closure in closures]


def automatic_version(closures: Sequence[Closure], *, bundle: str = "") -> str:
    """Make a version of what *closures* and the *bundle* (its digest) are: the same for the same code, on any machine."""
    digest = sha256(bundle.encode())
    for part in sorted(_distinct(closures)):
        digest.update(part)
    return digest.hexdigest()[:_VERSION_LENGTH]


def with_plan_options(
    closures: Sequence[Closure],
    *,
    service_account: str = "",
    raw_data_prefix: str = "",
    envs: Mapping[str, str] | None = None,
) -> Sequence[Closure]:
    """
    Have all launch plans run as *service_account*, keep data below *raw_data_prefix*, and set *envs* for tasks.

    What is empty stays as it is; a variable wins over one of its name that a plan sets.
    """

    def changed(plan: LaunchPlanTemplate) -> LaunchPlanTemplate:
        options = plan.options
        if service_account:
            security = evolve(options.security or SecurityContext(), service_account=service_account)
            options = evolve(options, security=security)
        options = evolve(
            options, raw_data_prefix=raw_data_prefix or options.raw_data_prefix, envs={**options.envs, **(envs or {})}
        )
        return evolve(plan, options=options)

    if not service_account and not raw_data_prefix and not envs:
        return closures
    return [evolve(closure, launch_plans=tuple(map(changed, closure.launch_plans))) for closure in closures]


def _distinct(closures: Sequence[Closure]) -> Iterator[bytes]:
    """Yield each template of *closures* once, in canonical form."""
    seen: set[EntityId] = set()
    for closure in closures:
        for template in templates(closure):
            if template.id not in seen:
                seen.add(template.id)
                yield canonical_bytes(template)
