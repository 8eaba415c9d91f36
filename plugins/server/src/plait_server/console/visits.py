"""
``Visit``: one request of somebody who is logged in, and the addresses of pages.

Made by ``plait_server.console.routes`` for each request; handlers and templates get it.
"""

from collections.abc import Mapping
from urllib.parse import quote

import attrs
from starlette.requests import Request

from plait_core.ir.ids import EntityId, EntityKind, ExecutionId
from plait_core.ir.json import Json
from plait_core.ports.databases import AuditLine
from plait_core.ports.principals import EVERY_PROJECT, Principal
from plait_server.services import Server

SECTIONS: Mapping[EntityKind, str] = {
    EntityKind.WORKFLOW: "workflows",
    EntityKind.TASK: "tasks",
    EntityKind.LAUNCH_PLAN: "launch_plans",
}
"""Kind of an entity -> its part of an address."""

KINDS = {section: kind for kind, section in SECTIONS.items()}


@attrs.frozen(kw_only=True)
class Visit:
    """
    Who asks what. ``prefix`` is where the app is mounted; ``csrf`` goes into every form.

    Where ``action`` is not empty, something is to be changed, and the ``line`` of the audit trail is left along with it.
    """

    server: Server
    request: Request
    principal: Principal
    csrf: str
    action: str = ""
    form: Mapping[str, object] = attrs.field(factory=dict)

    @property
    def prefix(self) -> str:
        """Where the app is mounted."""
        prefix: str = self.request.state.prefix
        return prefix

    @property
    def base(self) -> str:
        """The address of the console."""
        return f"{self.prefix}/console"

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains that every project has."""
        return self.server.settings.domains

    @property
    def project(self) -> str:
        """The project in the path."""
        return self.path("project")

    @property
    def domain(self) -> str:
        """The domain in the path."""
        return self.path("domain")

    @property
    def has_session(self) -> bool:
        """Whether who asks has logged in here, and so can log out."""
        return bool(self.principal.token)

    @property
    def is_admin(self) -> bool:
        """Whether who asks manages the server."""
        return self.principal.may("admin", EVERY_PROJECT)

    @property
    def execution(self) -> ExecutionId:
        """The execution in the path."""
        return ExecutionId(project=self.project, domain=self.domain, name=self.path("execution"))

    @property
    def entity(self) -> EntityId:
        """The entity in the path, its version empty where the path names none."""
        params = self.request.path_params
        return EntityId(
            kind=KINDS[params["section"]],
            project=self.project,
            domain=self.domain,
            name=params["name"],
            version=params.get("version", ""),
        )

    def path(self, name: str) -> str:
        """Return what stands in the path for ``{name}``."""
        value: str = self.request.path_params[name]
        return value

    def query(self, name: str) -> str:
        """Return a parameter of the query string, empty if it is not there."""
        return self.request.query_params.get(name, "")

    def typed(self) -> dict[str, str]:
        """Return the texts of a form."""
        return {name: value for name, value in self.form.items() if isinstance(value, str)}

    def now_ns(self) -> int:
        """Return the time."""
        return self.server.clock.now_ns()

    def line(self, detail: Json = None) -> AuditLine:
        """Return what the audit trail says of this visit, to be left along with what it changes."""
        return AuditLine(
            at_ns=self.now_ns(),
            principal=self.principal.name,
            action=self.action,
            subject=self.request.url.path.removeprefix(f"{self.base}/"),
            detail=detail,
        )

    def line_of_start(self, execution: ExecutionId) -> AuditLine:
        """Return what it says of a visit that starts an execution."""
        return self.line({"started": execution.name})

    def may(self, role: str) -> bool:
        """Say whether who asks has a role in the project of the path."""
        return self.principal.may(role, self.project)

    # ── addresses ────────────────────────────────────────────────────────────

    def place_url(self, project: str, domain: str) -> str:
        """The address of a project and domain, without a section."""
        return f"{self.base}/projects/{_segment(project)}/domains/{_segment(domain)}"

    def entity_url(self, id: EntityId) -> str:
        """The address of an entity, of whichever version."""
        return f"{self.place_url(id.project, id.domain)}/{SECTIONS[id.kind]}/{_segment(id.name)}"

    def version_url(self, id: EntityId) -> str:
        """The address of one version of an entity."""
        return f"{self.entity_url(id)}/versions/{_segment(id.version)}"

    def execution_url(self, id: ExecutionId) -> str:
        """The address of an execution."""
        return f"{self.place_url(id.project, id.domain)}/executions/{_segment(id.name)}"

    def api_url(self, path: str) -> str:
        """The address of an operation of the API on the project and domain of the path."""
        place = f"projects/{_segment(self.project)}/domains/{_segment(self.domain)}"
        return f"{self.prefix}/api/v1/{place}/{path}"

    def download_url(self, uri: str) -> str:
        """The address by which something in storage is downloaded."""
        return f"{self.place_url(self.project, self.domain)}/download?uri={quote(uri, safe='')}"


def _segment(text: str) -> str:
    return quote(text, safe="")
