"""Commands that Python tasks run: ``subproc_execute``."""

import shlex
import subprocess
from collections.abc import Sequence
from logging import getLogger
from typing import Any

from plait_shell.errors import CommandFailed
from plait_shell.processes import ProcessResult


def subproc_execute(command: str | Sequence[str], **options: Any) -> ProcessResult:
    """
    Run *command* to its end and return what it wrote.

    A text is split into words as a shell would do it, and nothing of it is expanded, unless ``shell=True``. *options* go to
    :func:`subprocess.run`.

    Raises:
        CommandFailed: it ended with another code than 0, or there is no such program.
    """
    in_shell = options.get("shell", False)
    if in_shell and "|" in command:
        warning = "only the last command of a pipe decides whether `%s` failed; `set -o pipefail` changes that in bash"
        getLogger("plait.shell").warning(warning, command)
    shown = command if isinstance(command, str) else shlex.join(command)
    words = shlex.split(command) if isinstance(command, str) and not in_shell else command
    try:
        ended = subprocess.run(words, check=False, **{"capture_output": True, "text": True, **options})
    except FileNotFoundError as error:
        raise CommandFailed(command=shown, reason="cannot be started: there is no such program or folder") from error
    if ended.returncode:
        raise CommandFailed(command=shown, reason=f"ended with code {ended.returncode}", error=ended.stderr or "")
    return ProcessResult(ended.returncode, ended.stdout or "", ended.stderr or "")
