"""Commands that Python tasks run."""

import logging

import pytest

from plait_shell import ProcessResult, subproc_execute
from plait_shell.errors import CommandFailed


@pytest.mark.parametrize("command", ["printf '%s-' 'a b' $HOME", ["printf", "%s-", "a b", "$HOME"]])
def test_words_reach_the_program_as_they_are(command: str | list[str]) -> None:
    """A text is split, but nothing in it is expanded."""
    assert subproc_execute(command) == ProcessResult(0, "a b-$HOME-", "")


def test_failure_carries_what_the_command_said() -> None:
    """As ``RuntimeError``, too."""
    with pytest.raises(RuntimeError) as caught:
        subproc_execute("echo oh no >&2; exit 4", shell=True)

    assert isinstance(caught.value, CommandFailed)
    assert caught.value.problem == "`echo oh no >&2; exit 4` ended with code 4:\noh no\n"


def test_missing_program_is_named() -> None:
    """It is no failure of the command."""
    with pytest.raises(CommandFailed, match="`no-such-program x` cannot be started"):
        subproc_execute(["no-such-program", "x"])


def test_pipe_in_a_shell_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    """Its first commands may fail unnoticed."""
    with caplog.at_level(logging.WARNING, logger="plait.shell"):
        subproc_execute("false | true", shell=True)

    assert "pipefail" in caplog.text
