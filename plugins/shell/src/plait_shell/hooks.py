"""
What plait_shell hands to plait.

Offers the task kind ``shell`` and the declarations that make such tasks. Loaded by the plugin loader at start-up, so it imports
no vendor package and names its factories as text.
"""

from collections.abc import Sequence

from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import DeclarationSpec, TaskKindSpec

PLAIT_PLUGIN_API = 1


@hookimpl
def plait_task_kinds() -> Sequence[TaskKindSpec]:
    """Offer scripts."""
    return [TaskKindSpec(type="shell", factory="plait_shell.kinds:ShellKind")]


@hookimpl
def plait_declarations() -> Sequence[DeclarationSpec]:
    """Offer what users import from ``plait``."""
    return [
        DeclarationSpec(name="OutputLocation", factory="plait_shell.tasks:OutputLocation"),
        DeclarationSpec(name="ShellTask", factory="plait_shell.tasks:ShellTask"),
        DeclarationSpec(name="get_raw_shell_task", factory="plait_shell.raw_tasks:get_raw_shell_task"),
        DeclarationSpec(name="subproc_execute", factory="plait_shell.commands:subproc_execute"),
    ]
