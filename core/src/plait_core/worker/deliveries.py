"""
Putting requested secrets where a task expects them, in a process that runs that one task.

A request that names a variable, or asks for one, gets it: with the value for ``ENV_VAR``, else with the path of a file that only
this user can read. Secrets that nobody has are left out here; reading one says where it was looked for.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from plait_core.ir.tasks import MountRequirement, SecretRequest
from plait_core.ports.secrets import AskSecret

DEFAULT_PREFIX = "_PSEC_"


async def deliver(requests: Sequence[SecretRequest], ask: AskSecret, directory: Path) -> None:
    """Set the environment variables that *requests* ask for, with files in *directory*."""
    for request in requests:
        wants_value = request.mount_requirement is MountRequirement.ENV_VAR
        if not request.key or not (wants_value or request.env_var):
            continue
        answer = await ask(request)
        if answer.value is not None:
            name = request.env_var or f"{DEFAULT_PREFIX}{request.group}_{request.key}".upper()
            os.environ[name] = answer.value if wants_value else str(_file(directory, request, answer.value))


def _file(directory: Path, request: SecretRequest, value: str) -> Path:
    path = directory.joinpath(request.group.lower(), request.key.lower())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(value)
    return path
