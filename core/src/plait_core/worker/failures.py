"""
From an exception to the error that is recorded: its code, whose fault it is, and whether another attempt may help.

Tracebacks keep the frames of user code and of the libraries it called; those of plait are taken out. An error at the border
of a task, where values are converted, is the same next time; one in its body may pass.
"""

import sys
from asyncio import CancelledError, current_task
from collections.abc import Iterator, Sequence
from itertools import dropwhile, filterfalse
from types import TracebackType

from plait_core.errors import (
    InternalError,
    NonRecoverableError,
    PlaitError,
    PluginError,
    RecoverableError,
    Retryable,
    UserError,
)
from plait_core.ir.executions import Fault, TaskError
from plait_core.ir.tasks import RetryPolicy

OUT_OF_MEMORY = "OOMKilled"
TIMEOUT_EXPIRED = "TimeoutExpired"
OUTPUTS_NOT_FOUND = "OutputsNotFound"
DEFAULT_CODE = "RuntimeError"
LONGEST_MESSAGE = 4_096
LONGEST_TRACEBACK = 32_768
"""In characters: an error is stored with its attempt, its node and its execution, and lists show it."""

_MACHINERY = {"functools", "importlib"}
_WAYS_IN = sys.stdlib_module_names | {"click"}
"""Packages that plait calls, and through which it may come to the user's code."""


def must_pass(exception: BaseException) -> bool:
    """Whether *exception* stops plait itself rather than the task: an interrupt, or the cancellation of the attempt."""
    if isinstance(exception, CancelledError):
        return _is_cancelling()
    return isinstance(exception, KeyboardInterrupt | GeneratorExit)


def body_error(exception: BaseException, policy: RetryPolicy, *, worker: str, at_ns: int) -> TaskError:
    """Describe what the body of a task raised."""
    strip_frames(exception)
    is_the_world = isinstance(exception, Retryable)
    return TaskError(
        code=f"SYSTEM:{type(exception).__name__}" if is_the_world else _code(exception),
        message=_message(exception),
        fault=Fault.SYSTEM if is_the_world else Fault.USER,
        is_recoverable=_is_recoverable(exception, policy),
        traceback=_traceback(exception),
        exception=_qualified_name(type(exception)),
        worker=worker,
        at_ns=at_ns,
    )


def border_error(exception: BaseException, *, worker: str, at_ns: int) -> TaskError:
    """Describe what went wrong before or after the body: loading, reading inputs, writing outputs."""
    strip_frames(exception)
    is_ours = isinstance(exception, Retryable | PluginError | InternalError)
    return TaskError(
        code=f"SYSTEM:{type(exception).__name__}" if is_ours else f"USER:{_border_name(exception)}",
        message=_message(exception),
        fault=Fault.SYSTEM if is_ours else Fault.USER,
        is_recoverable=isinstance(exception, Retryable),
        traceback=_traceback(exception),
        exception=_qualified_name(type(exception)),
        worker=worker,
        at_ns=at_ns,
    )


def timeout_error(limit_ns: int, *, worker: str, at_ns: int) -> TaskError:
    """Say that an attempt ran longer than it may."""
    return TaskError(
        code=TIMEOUT_EXPIRED,
        message=f"the attempt ran longer than its timeout of {limit_ns / 1e9:g} s",
        worker=worker,
        at_ns=at_ns,
    )


def outputs_missing(task: str, names: Sequence[str], *, worker: str, at_ns: int) -> TaskError:
    """Say that a task gave no outputs although its successors count on them."""
    return TaskError(
        code=OUTPUTS_NOT_FOUND,
        message=f"task {task!r} raised IgnoreOutputs, and nobody else made its outputs {', '.join(names)}",
        worker=worker,
        at_ns=at_ns,
    )


def strip_frames(exception: BaseException) -> None:
    """
    Take plait's frames out of the traceback of *exception* and of what it came from, and those that only led to user code.

    Where there are no others they stay, because then a bug of ours is looked for. An error of plait needs none, and keeps those
    of the user's code alone, as does what it came from: it says what happened.
    """
    is_told = isinstance(exception, PlaitError)
    choose = filterfalse if is_told else dropwhile
    for link in _chain(exception):
        others = (frame for frame in _walk(link.__traceback__) if not _is_ours(frame))
        frames = list(choose(_leads_to_user_code, others))
        if frames or is_told:
            link.__traceback__ = _joined(frames)


def _is_cancelling() -> bool:
    try:
        task = current_task()
    except RuntimeError:
        return False
    return task is not None and task.cancelling() > 0


def _code(exception: BaseException) -> str:
    if isinstance(exception, MemoryError):
        return OUT_OF_MEMORY
    chosen = getattr(exception, "error_code", None)
    is_usable = isinstance(chosen, str | int) and not isinstance(chosen, bool)
    return f"USER:{chosen if is_usable else DEFAULT_CODE}"


def _is_recoverable(exception: BaseException, policy: RetryPolicy) -> bool:
    if isinstance(exception, NonRecoverableError | UserError):
        return False
    if isinstance(exception, RecoverableError | Retryable) or not policy.only_on:
        return True
    return any(_qualified_name(kind) in policy.only_on for kind in type(exception).__mro__)


def _border_name(exception: BaseException) -> str:
    return "TypeError" if isinstance(exception, TypeError) else type(exception).__name__


def _message(exception: BaseException) -> str:
    return _cut(_whole_message(exception), LONGEST_MESSAGE)


def _whole_message(exception: BaseException) -> str:
    if isinstance(exception, SystemExit):
        return f"the task called sys.exit({exception.code!r})"
    if isinstance(exception, PlaitError):
        return str(exception)
    from traceback import format_exception_only

    return "".join(format_exception_only(exception)).strip()


def _traceback(exception: BaseException) -> str:
    if all(link.__traceback__ is None for link in _chain(exception)):
        return ""
    from traceback import format_exception

    return _cut("".join(format_exception(exception)).rstrip(), LONGEST_TRACEBACK)


def _cut(text: str, longest: int) -> str:
    """Leave out the middle of what is too long: how it begins says what happened, and how it ends where."""
    half = longest // 2
    if len(text) <= longest:
        return text
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


def _qualified_name(kind: type[BaseException]) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _chain(exception: BaseException) -> Iterator[BaseException]:
    waiting, seen = [exception], set[int]()
    while waiting:
        link = waiting.pop()
        if id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [cause for cause in (link.__cause__, link.__context__) if cause is not None]


def _walk(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _joined(frames: list[TracebackType]) -> TracebackType | None:
    joined: TracebackType | None = None
    for frame in reversed(frames):
        joined = TracebackType(joined, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return joined


def _is_ours(frame: TracebackType) -> bool:
    """Whether a frame belongs to plait or its plugins, or to Python's machinery of imports and properties."""
    top = _package(frame)
    if top in _MACHINERY or frame.tb_frame.f_code.co_filename.startswith("<frozen importlib"):
        return True
    return top == "plait" or top.startswith("plait_")


def _leads_to_user_code(frame: TracebackType) -> bool:
    return _package(frame) in _WAYS_IN


def _package(frame: TracebackType) -> str:
    return str(frame.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
