"""What the death of a worker means."""

import signal

import pytest

from plait_core.ir.executions import Fault
from plait_local.crashes import crash_error


@pytest.mark.parametrize(
    ("returncode", "code", "fault"),
    [
        (0, "OutputsNotFound", Fault.USER),
        (3, "USER:ProcessExited", Fault.USER),
        (-signal.SIGKILL, "Interrupted", Fault.SYSTEM),
        (-signal.SIGTERM, "Interrupted", Fault.SYSTEM),
        (-signal.SIGABRT, "USER:SIGABRT", Fault.USER),
        (-64 - 1, "USER:signal 65", Fault.USER),
    ],
)
def test_exit_status_decides_whose_fault_it_is(returncode: int, code: str, fault: Fault) -> None:
    """Kills from outside are the system's fault; whatever a task does to its process is its own."""
    error = crash_error(returncode, "tail", at_ns=1)

    assert (error.code, error.fault, error.is_recoverable, error.traceback) == (code, fault, True, "tail")
