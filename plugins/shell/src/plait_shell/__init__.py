"""
plait_shell: tasks whose body is a shell script.

Users import ``ShellTask`` from here, or from ``plait``. Names are looked up when they are first used, because start-up imports this package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plait_shell.commands import subproc_execute
    from plait_shell.processes import ProcessResult
    from plait_shell.raw_tasks import get_raw_shell_task
    from plait_shell.tasks import OutputLocation, ShellTask

__all__ = ["OutputLocation", "ProcessResult", "ShellTask", "get_raw_shell_task", "subproc_execute"]

_HOMES = {
    "OutputLocation": "tasks",
    "ProcessResult": "processes",
    "ShellTask": "tasks",
    "get_raw_shell_task": "raw_tasks",
    "subproc_execute": "commands",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
