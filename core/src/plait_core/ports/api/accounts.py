"""Projects, tokens and the audit trail: who may do what where, and who did."""

from collections.abc import Mapping

import attrs

from plait_core.ir.shapes import Shape
from plait_core.ports.api.answers import API_VERSION
from plait_core.ports.databases import AuditLine, Project


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProjectList(Shape):
    """Projects ordered by id, with the domains that every one of them has."""

    items: tuple[Project, ...]
    domains: tuple[str, ...]
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProjectRequest(Shape):
    """Create a project, or replace what is said of it."""

    name: str = ""
    description: str = ""
    labels: Mapping[str, str] = attrs.field(factory=dict)
    is_archived: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TokenRequest(Shape):
    """Make a token for *principal*, with a role (viewer, runner, author, admin) by project; ``*`` is every project."""

    principal: str
    roles: Mapping[str, str]
    expires_in_s: float | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TokenInfo(Shape):
    """What is known of a token; its secret is not."""

    id: str
    principal: str
    roles: Mapping[str, str]
    created_at_ns: int
    expires_at_ns: int | None = None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TokenList(Shape):
    """Tokens ordered by id; ``token`` is that of the next page of them."""

    items: tuple[TokenInfo, ...]
    token: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class NewToken(Shape):
    """A token as it was made: the only time that its secret is shown."""

    info: TokenInfo
    secret: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Identity(Shape):
    """Who the caller is, and what the server is."""

    principal: str
    roles: Mapping[str, str]
    server_version: str
    api_version: int = API_VERSION


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoginLinkRequest(Shape):
    """Ask for a link that logs a browser in as the caller and leads to *page*, a path below the console."""

    page: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoginLink(Shape):
    """A link that works once; ``url`` is relative to the server's origin."""

    url: str
    expires_at_ns: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AuditPage(Shape):
    """A page of the audit trail, latest lines first."""

    items: tuple[AuditLine, ...]
    token: str = ""
