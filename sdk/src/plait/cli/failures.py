"""Failures as people read them, on standard error: the user's own traceback, then what failed and what to do."""

import click

from plait.cli import colors
from plait_core.errors import PlaitError
from plait_core.ir.executions import TaskError

INTERRUPTED_EXIT = 130
"""The exit code of a run that Ctrl-C stopped, as shells count it."""


def report(error: PlaitError) -> None:
    """Tell of an error that ended the command, after the lines of the user's code that led to it."""
    if type(error).__name__ in {"ImportFailed", "TracingFailed"} and error.__cause__ is not None:
        if not isinstance(error.__cause__, PlaitError):
            click.echo(_user_traceback(error.__cause__), err=True)
            _tell(error.problem, error.remedy)
            return
        error = error.__cause__
    if lines := _user_lines(error):
        click.echo(lines, err=True)
    _tell(error.problem, error.remedy)


def report_failure(execution: str, phase: str, error: TaskError, place: str, *, flags: str = "") -> None:
    """Tell why an execution failed; *place* says which node and attempt, empty for none, and *flags* where to look for it."""
    if error.traceback:
        click.echo(error.traceback, err=True)
    if place and error.message.strip() not in error.traceback:
        click.echo(error.message, err=True)
    what = place or f"[{error.code}] {error.message}"
    _tell(
        f"{what} {phase.lower().replace('_', ' ')}", f"see every attempt with `plait get execution {execution}{flags}`"
    )


def report_interruption(execution: str) -> None:
    """Tell that a run was interrupted, and how it goes on."""
    click.echo(f"\nInterrupted: execution {execution} keeps what is done.", err=True)
    click.echo(f"  → go on with `plait run --resume {execution}`", err=True)


def report_unwritten(error: OSError) -> None:
    """Tell that there is no room for what the command wrote, or printed."""
    _tell(f"{error.filename or 'the output'} cannot be written: {error.strerror}", "make room, or write somewhere else")


def _tell(problem: str, remedy: str) -> None:
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True, color=colors.wanted())
    click.echo(f"{problem}\n  → {remedy}", err=True)


def _user_lines(error: PlaitError) -> str:
    """Return the frames of user code that *error* passed through, as a traceback shows them; empty where it met none."""
    from traceback import format_tb

    from plait_core.worker.failures import strip_frames

    strip_frames(error)
    return "".join(format_tb(error.__traceback__)).rstrip()


def _user_traceback(cause: BaseException) -> str:
    from traceback import format_exception

    from plait_core.worker.failures import strip_frames

    strip_frames(cause)
    if isinstance(cause, SyntaxError):
        cause.__traceback__ = None  # it names its own place, and nothing of the user's ran
    return "".join(format_exception(cause)).rstrip()
