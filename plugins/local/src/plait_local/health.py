"""A look at whether worker processes can be started on this machine, for ``plait doctor``."""

import subprocess
import sys

from plait_core.ports.specs import HealthCheck
from plait_local.settings import LocalSettings

PATIENCE_S = 30.0


def check_worker(settings: LocalSettings) -> HealthCheck:
    """Start Python as the process executor does, and let it import the worker."""
    command = [sys.executable, "-c", "import plait_core.worker"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE_S)
    except (OSError, subprocess.SubprocessError) as error:
        remedy = f"install plait-core for {sys.executable}, or remove 'process' from the setting 'executors'"
        detail = getattr(error, "stderr", None) or str(error)
        return HealthCheck(name="local", is_ok=False, detail=f"no worker can be started: {detail}", remedy=remedy)
    limit = settings.concurrency
    return HealthCheck(name="local", is_ok=True, detail=f"worker processes start; at most {limit} at once")
