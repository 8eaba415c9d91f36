"""
Trust: attempts that run as the server's own user can read what the server can, so only one principal may start them.

Asked when a token is made, and when somebody starts something whom an authenticator knows. Processes are one trust domain.
"""

import os
from collections.abc import Iterable, Mapping
from pwd import getpwnam

from plait_core.ports.principals import ROLES, Principal
from plait_core.ports.specs import ExecutorSpec
from plait_server.credentials import is_valid
from plait_server.errors import SharedIdentity
from plait_server.services import Server

_STARTING = ROLES[ROLES.index("runner") :]
"""The roles that may start attempts."""


async def check_principals(server: Server, *, adding: str, roles: Mapping[str, str]) -> None:
    """Raise ``SharedIdentity`` if *adding* would be a second principal who starts attempts while these share the server's identity."""
    sharing = tuple(spec.name for spec in server.engine.executor_specs if _shares_identity(server, spec))
    if not sharing or not _may_start(roles.values()):
        return
    now_ns = server.clock.now_ns()
    tokens = await server.database.accounts.tokens()
    known = {it.principal for it in tokens if is_valid(it, now_ns=now_ns) and _may_start(it.roles.values())}
    if (known | server.starters) - {adding}:
        raise SharedIdentity(principal=adding, executors=sharing)


async def open_to_start(server: Server, project: str, principal: Principal) -> None:
    """
    Let *principal* start an execution in *project*.

    Raises ``UnknownProject``, ``ProjectArchived``, and ``SharedIdentity`` for whom an authenticator knows besides somebody else.
    """
    await server.open_project(project)
    if not principal.token:
        await check_principals(server, adding=principal.name, roles=principal.roles)
        server.starters.add(principal.name)


def _may_start(roles: Iterable[str]) -> bool:
    return any(role in _STARTING for role in roles)


def _shares_identity(server: Server, spec: ExecutorSpec) -> bool:
    if not spec.capabilities.shares_identity:
        return False
    run_as = getattr(server.plugins.executor_settings(spec.name), "run_as", "") if spec.capabilities.is_isolated else ""
    users = [run_as] if isinstance(run_as, str) else run_as.values()
    return any(not user or _uid_of(user) == os.geteuid() for user in users)


def _uid_of(user: str) -> int:
    """Return the number of a user that is named, or numbered; there is one, for settings have been read."""
    return int(user) if user.isdigit() else getpwnam(user).pw_uid
