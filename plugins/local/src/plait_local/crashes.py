"""
What the death of a worker process means: whose fault it was, in the words of whoever has to find out.

A kill from outside is the system's fault and costs no retry of the user's; a crash or an exit in the middle of a task is the task's.
"""

import re
from itertools import takewhile
from signal import SIGKILL, SIGTERM, SIGXCPU, Signals

from plait_core.ir.executions import Fault, TaskError
from plait_core.worker.processes import TERMINATED

DISTRUSTED = "WorkerDistrusted"
INTERRUPTED = "Interrupted"
OUT_OF_MEMORY = "OOMKilled"
OUTPUTS_NOT_FOUND = "OutputsNotFound"
TIMEOUT_EXPIRED = "TimeoutExpired"

_PLAIT = re.compile(r"[/\\]plait_(core|local)[/\\]")


def crash_error(returncode: int, log_tail: str, *, at_ns: int) -> TaskError:
    """
    Describe a worker that ended without a result.

    Args:
        returncode: As ``subprocess`` has it: the exit status, or minus the number of a signal.
        log_tail: The last lines it wrote, which may hold the stack of a crash.
        at_ns: When that was noticed.
    """
    code, fault, message = _reading(returncode)
    return TaskError(code=code, message=message, fault=fault, traceback=_guilty_stack(log_tail), at_ns=at_ns)


def timeout_error(limit_ns: int, *, at_ns: int) -> TaskError:
    """Say that a worker was stopped because its time was up."""
    message = f"the attempt ran longer than its timeout of {limit_ns / 1e9:g} s"
    return TaskError(code=TIMEOUT_EXPIRED, message=message, at_ns=at_ns)


def memory_error(limit_bytes: int, *, at_ns: int) -> TaskError:
    """Say that a worker was killed because its attempt held more memory than it may."""
    message = f"the attempt held more memory than its limit of {limit_bytes} bytes"
    return TaskError(code=OUT_OF_MEMORY, message=message, at_ns=at_ns)


def frozen_error(frozen_s: float, *, at_ns: int) -> TaskError:
    """Say that a worker was killed because it stood still."""
    message = f"the worker process stood still for {frozen_s:g} s, stopped by a signal, and was killed"
    return TaskError(code=INTERRUPTED, message=message, fault=Fault.SYSTEM, at_ns=at_ns)


def distrust_error(reason: str, *, at_ns: int) -> TaskError:
    """Say that a worker was killed because of what it told the engine."""
    message = f"the worker process sent {reason} in place of the result of its attempt, and was killed"
    return TaskError(code=DISTRUSTED, message=message, fault=Fault.SYSTEM, at_ns=at_ns)


def not_started_error(reason: str, *, at_ns: int) -> TaskError:
    """Say that no worker could be started."""
    return TaskError(code="WorkerNotStarted", message=reason, fault=Fault.SYSTEM, at_ns=at_ns)


def _reading(returncode: int) -> tuple[str, Fault, str]:
    if returncode == 0:
        message = "the worker process exited with status 0 before it wrote a result, as a call of os._exit makes it"
        return OUTPUTS_NOT_FOUND, Fault.USER, message
    if returncode == TERMINATED:
        returncode = -SIGTERM  # which the worker lets the task clean up after
    if returncode > 0:
        message = f"the worker process exited with status {returncode} before it wrote a result"
        return "USER:ProcessExited", Fault.USER, message
    name = _signal_name(-returncode)
    if -returncode == SIGKILL:
        message = f"the worker process was killed by {name}, which the system also does when memory runs out"
        return INTERRUPTED, Fault.SYSTEM, message
    if -returncode == SIGTERM:
        return INTERRUPTED, Fault.SYSTEM, f"the worker process was stopped from outside by {name}"
    if -returncode == SIGXCPU:
        message = "the attempt used more time on a processor than the setting plugins.local.cpu_s allows"
        return f"USER:{name}", Fault.USER, message
    return f"USER:{name}", Fault.USER, f"the worker process crashed with {name}"


def _guilty_stack(log_tail: str) -> str:
    """
    Return the stack of the thread that crashed, where Python wrote the stacks of all; else *log_tail* as it is.

    That thread comes last and the tail is short, so what precedes it is often the end of another's stack. The frames of plait below those
    of the task say nothing.
    """
    _, mark, rest = log_tail.rpartition("Current thread 0x")
    first, *frames = rest.partition("\n\n")[0].splitlines() or [""]
    guilty = [*takewhile(lambda frame: not _PLAIT.search(frame), frames)] or frames
    return "\n".join((mark + first, *guilty)) if mark else log_tail


def _signal_name(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"
