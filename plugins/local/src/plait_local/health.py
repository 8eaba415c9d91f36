"""A look at whether worker processes can be started on this machine, for ``plait doctor``."""

import subprocess
import sys

from plait_core.ports.specs import HealthCheck
from plait_local.settings import LocalSettings

PATIENCE_S = 30.0


def check_worker(settings: LocalSettings) -> HealthCheck:
    """Start Python as the process executor does, and let it import the worker."""
    from plait_local.rights import another_user, rights

    user = another_user(settings.run_as)
    whose = f" as {user.pw_name}" if user is not None else ""
    command = [sys.executable, "-c", "import plait_core.worker"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_S, cwd="/", **rights(user))
    except (OSError, subprocess.SubprocessError) as error:
        remedy = f"install plait-core for {sys.executable}, readable to those who run it, or remove 'process' from the setting 'executors'"
        detail = getattr(error, "stderr", None) or str(error)
        return HealthCheck(
            name="local", is_ok=False, detail=f"no worker can be started{whose}: {detail}", remedy=remedy
        )
    limit = settings.concurrency
    return HealthCheck(name="local", is_ok=True, detail=f"worker processes start{whose}; at most {limit} at once")
