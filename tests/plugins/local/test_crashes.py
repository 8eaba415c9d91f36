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
        (128 + signal.SIGTERM, "Interrupted", Fault.SYSTEM),
        (-signal.SIGABRT, "USER:SIGABRT", Fault.USER),
        (-64 - 1, "USER:signal 65", Fault.USER),
    ],
)
def test_exit_status_decides_whose_fault_it_is(returncode: int, code: str, fault: Fault) -> None:
    """Kills from outside are the system's fault; whatever a task does to its process is its own."""
    error = crash_error(returncode, "tail", at_ns=1)

    assert (error.code, error.fault, error.is_recoverable, error.traceback) == (code, fault, True, "tail")


def test_stack_of_a_crash_is_that_of_the_thread_which_crashed() -> None:
    """Python writes the stacks of all threads, the guilty one's last, with frames of plait's, and then modules that nobody asked for."""
    guilty = """Current thread 0x00007f4120271b80 (most recent call first):
  File "ctypes/__init__.py", line 519 in string_at
  File "flow.py", line 40 in segv"""
    others = """strap_inner
  File "threading.py", line 1002 in _bootstrap

Thread 0x00007f411d67c6c0 (most recent call first):
  File "threading.py", line 327 in wait"""

    ours = """
  File "/lib/plait_local/functions.py", line 22 in run
  File "/lib/plait_core/worker/serving.py", line 162 in serve
  File "<frozen runpy>", line 88 in _run_code"""

    error = crash_error(
        -signal.SIGSEGV, f"{others}\n\n{guilty}{ours}\n\nExtension modules: msgpack (total: 1)", at_ns=1
    )

    assert (error.message, error.traceback) == ("the worker process crashed with SIGSEGV", guilty)
