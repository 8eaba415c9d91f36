"""A look at whether worker processes can be started on this machine, for ``plait doctor``."""

import subprocess
import sys
from pwd import struct_passwd

from plait_core.ports.specs import HealthCheck
from plait_local.settings import LocalSettings

PATIENCE_S = 30.0


def check_worker(settings: LocalSettings) -> HealthCheck:
    """Start Python as the process executor does, and let it import the worker."""
    from plait_local.rights import another_user

    users = {another_user(name) for name in settings.users.values()} or {None}
    for user in users:
        if (problem := _problem(user)) is not None:
            remedy = f"install plait-core for {sys.executable}, readable to those who run it, or remove 'process' from the setting 'executors'"
            return HealthCheck(name="local", is_ok=False, detail=problem, remedy=remedy)
    names = sorted(user.pw_name for user in users if user is not None)
    whose = f" as {', '.join(names)}" if names else ""
    limit = settings.concurrency
    return HealthCheck(name="local", is_ok=True, detail=f"worker processes start{whose}; at most {limit} at once")


def _problem(user: struct_passwd | None) -> str | None:
    """Say why no worker of *user* can be started; ``None`` when one can."""
    from plait_local.rights import rights

    command = [sys.executable, "-c", "import plait_core.worker"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_S, cwd="/", **rights(user))
    except (OSError, subprocess.SubprocessError) as error:
        whose = f" as {user.pw_name}" if user is not None else ""
        return f"no worker can be started{whose}: {getattr(error, 'stderr', None) or error}"
    return None
