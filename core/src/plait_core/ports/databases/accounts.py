"""Accounts: projects, credentials, and who did what."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from plait_core.ir.shapes import Shape
from plait_core.ports.databases.audit import AuditLine
from plait_core.ports.databases.lists import Page


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Project(Shape):
    """A named place for entities and executions."""

    id: str
    name: str = ""
    description: str = ""
    labels: Mapping[str, str] = attrs.field(factory=dict)
    is_archived: bool = False


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Token(Shape):
    """A stored credential: the hash of its secret, whose it is, and roles by project (``*`` for all)."""

    id: str
    principal: str
    secret_hash: str
    roles: Mapping[str, str]
    created_at_ns: int
    expires_at_ns: int | None = None


class Accounts(Protocol):
    """Projects, tokens, keys and the audit trail."""

    async def put_project(self, project: Project, *, audit: AuditLine | None = None) -> None:
        """Create or replace a project."""
        ...

    async def projects(self) -> Sequence[Project]:
        """Return projects ordered by id."""
        ...

    async def put_token(self, token: Token, *, audit: AuditLine | None = None) -> None:
        """Keep a token."""
        ...

    async def tokens(self) -> Sequence[Token]:
        """Return all tokens ordered by id."""
        ...

    async def delete_token(self, id: str, *, audit: AuditLine | None = None) -> None:
        """Forget a token."""
        ...

    async def keep_key(self, name: str, key: bytes) -> bytes:
        """Return the key kept under *name*, which is *key* if there was none: how all servers of a store sign alike."""
        ...

    async def audit(self, line: AuditLine) -> None:
        """Add a line about what changes nothing in this database."""
        ...

    async def audited(self, page: Page) -> tuple[Sequence[AuditLine], str]:
        """Return lines, latest first, and the token of the next page or ``""``."""
        ...
