"""
Registrations: entities with their code, ready to be registered somewhere, and the two things that a registry is asked for.

Made from what a process has imported, or read from a package (``plait.packages``). A registration belongs to no project and has no
version until it is sent; the same one can be sent to any number of places.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import attrs

from plait_core.authoring.bundles import Bundle, Copy, make_bundle
from plait_core.compiler.checks import check_all
from plait_core.compiler.versions import automatic_version, versioned, with_plan_options
from plait_core.errors.compiling import CompileFailed
from plait_core.ir.executions import Closure
from plait_core.ir.ids import DEFAULT_DOMAIN, DEFAULT_PROJECT, LOCAL_VERSION
from plait_core.ports.api import RegisterReply, RegisterRequest


@attrs.frozen(kw_only=True)
class Registration:
    """
    What is to be registered.

    Attributes:
        closures: Under local ids; tasks name the digest of the bundle.
        bundle: Their code; ``None`` when it is installed where they run.
        version: The version they ask for; empty for one that follows from the code.
    """

    closures: Sequence[Closure]
    bundle: Bundle | None = None
    version: str = ""

    @property
    def own_version(self) -> str:
        """The version that follows from what is registered: the same code has the same one."""
        return self.version or automatic_version(self.closures, bundle=self.bundle.digest if self.bundle else "")

    def with_options(
        self, *, service_account: str = "", raw_data_prefix: str = "", envs: Mapping[str, str] | None = None
    ) -> "Registration":
        """Have all launch plans run as *service_account*, keep data below *raw_data_prefix*, and set *envs* for tasks."""
        changed = with_plan_options(
            self.closures, service_account=service_account, raw_data_prefix=raw_data_prefix, envs=envs
        )
        return attrs.evolve(self, closures=changed)

    def request(
        self, *, project: str, domain: str, version: str = "", activate: bool = False, dry_run: bool = False
    ) -> RegisterRequest:
        """Make the request that registers it there, under *version* or the one that it has."""
        closures = versioned(self.closures, project=project, domain=domain, version=version or self.own_version)
        return RegisterRequest(closures=tuple(closures), activate=activate, dry_run=dry_run)


class Registrar(Protocol):
    """A place that takes registrations: a server, or the store of this machine."""

    async def upload_bundle(self, project: str, domain: str, bundle: Bundle) -> None:
        """Store the code of entities, unless it is there already. When cancelled, it is stored whole or not at all."""
        ...

    async def register(self, project: str, domain: str, request: RegisterRequest) -> RegisterReply:
        """Register closures, all or none; raises what the registry finds wrong with them."""
        ...


def registration_of(
    closures: Sequence[Closure], *, root: Path, copy: Copy = Copy.AUTO, version: str = ""
) -> Registration:
    """
    Make the registration of traced *closures*, whose modules this process has imported from below *root*.

    Raises:
        CompileFailed: their graphs have faults; lists every one.
        UserError: their code cannot be bundled; ``plait_core.errors.bundles`` has the cases.
    """
    if faults := check_all(closures):
        raise CompileFailed(faults=faults)
    modules = {
        task.location.partition(":")[0]
        for closure in closures
        for task in closure.tasks
        if task.location and task.id.version == LOCAL_VERSION
    }
    bundle = make_bundle(root, copy, modules=sorted(modules))
    local = versioned(
        closures,
        project=DEFAULT_PROJECT,
        domain=DEFAULT_DOMAIN,
        version=LOCAL_VERSION,
        bundle=bundle.digest if bundle else "",
        root=root.resolve(),
    )
    return Registration(closures=local, bundle=bundle, version=version)


async def send(
    registration: Registration,
    registrar: Registrar,
    *,
    project: str,
    domain: str,
    version: str = "",
    activate: bool = False,
    dry_run: bool = False,
) -> RegisterReply:
    """Upload the code of *registration*, unless this is a *dry_run*, and register it."""
    if registration.bundle is not None and not dry_run:
        await registrar.upload_bundle(project, domain, registration.bundle)
    request = registration.request(project=project, domain=domain, version=version, activate=activate, dry_run=dry_run)
    return await registrar.register(project, domain, request)
