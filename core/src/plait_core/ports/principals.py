"""
Principals: who calls a server, and what they may do in which project.

Made by authenticators from the headers of a request. Roles are ordered, each may do what the ones before it may.
"""

from collections.abc import Mapping
from typing import Protocol

import attrs

from plait_core.ir.shapes import Shape

ROLES = ("viewer", "runner", "author", "admin")
"""Look; launch and abort; register; manage projects and tokens."""

EVERY_PROJECT = "*"
"""What stands for all projects where roles are given by project."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Principal(Shape):
    """Somebody who was recognised. ``token`` is the id of the credential, where it was one of the server's own."""

    name: str
    roles: Mapping[str, str]
    token: str = ""

    def may(self, role: str, project: str) -> bool:
        """Say whether *role*, or one above it, is held in *project* or in every project."""
        enough = ROLES[ROLES.index(role) :]
        return any(self.roles.get(place) in enough for place in (project, EVERY_PROJECT))


class Authenticator(Protocol):
    """A way to recognise callers, beside the server's own tokens."""

    async def authenticate(self, headers: Mapping[str, str]) -> Principal | None:
        """
        Return who sent these headers (names in lower case), or ``None`` for anyone it does not know.

        Raises ``Retryable`` when whoever it asks does not answer; the request is then refused with 503.
        """
        ...
