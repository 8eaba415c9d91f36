"""How failures of executions are told to people."""

import pytest

from plait.cli.failures import report_failure
from plait_core.ir.executions import TaskError


@pytest.mark.parametrize(
    ("message", "traceback", "told"),
    [
        ("ValueError: bad", "Traceback …\nValueError: bad", "Traceback …\nValueError: bad\n"),
        ("it crashed with SIGSEGV", 'File "flow.py", line 3', 'File "flow.py", line 3\nit crashed with SIGSEGV\n'),
        ("it ran out of time", "", "it ran out of time\n"),
    ],
)
def test_failure_is_told_with_its_message_once(
    message: str, traceback: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback of Python ends with the message; the stack that a crash leaves says nothing of the kind."""
    report_failure("f1", "FAILED", TaskError(code="X", message=message, traceback=traceback), "task t at node n0")

    assert capsys.readouterr().err.startswith(f"{told}Error: task t at node n0 failed")
