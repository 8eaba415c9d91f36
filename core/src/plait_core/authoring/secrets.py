"""
Secrets, as tasks ask for them: ``secret_requests=[Secret(group="db", key="password")]``.

A request travels with the task; the value reaches the attempt by the executor's own way, never through plait's records.
"""

import re
from typing import ClassVar

import attrs

from plait_core.errors.authoring import InvalidOption
from plait_core.ir.tasks import MountRequirement, SecretRequest


@attrs.frozen
class Secret:
    """A secret by group, key or both; ``env_var`` names the variable that should hold it."""

    MountType: ClassVar[type[MountRequirement]] = MountRequirement

    group: str | None = None
    key: str | None = None
    group_version: str | None = None
    mount_requirement: MountRequirement = MountRequirement.ANY
    env_var: str | None = None

    def __attrs_post_init__(self) -> None:
        if not self.group and not self.key:
            raise InvalidOption(
                declaration="Secret",
                option="group",
                detail="and key are both missing",
                expected="give a group, a key, or both",
            )
        if self.env_var is not None and not re.fullmatch("[A-Z_][A-Z0-9_]*", self.env_var):
            raise InvalidOption(
                declaration="Secret",
                option="env_var",
                detail=f"is {self.env_var!r}",
                expected="give capital letters, digits and underscores, no digit first",
            )

    def request(self) -> SecretRequest:
        """Say it as the task template does."""
        return SecretRequest(
            group=self.group or "",
            key=self.key or "",
            group_version=self.group_version or "",
            mount_requirement=self.mount_requirement,
            env_var=self.env_var or "",
        )
