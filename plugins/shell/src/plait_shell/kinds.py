"""
The kind ``shell``: how tasks of ``ShellTask`` are run.

Rendered in the engine from the template alone; run in the worker, where values are put into the script.
"""

import os
from asyncio import to_thread
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait_core.authoring.contexts import current_context
from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import FunctionCall
from plait_shell.errors import ScriptFailed
from plait_shell.processes import run_script
from plait_shell.tasks import ShellTask
from plait_shell.templates import spaces_of

SHOWN_CHARACTERS = 4000
"""How much of what a script wrote, counted from the end, an error carries."""


class ShellKind:
    """``TaskKind`` of scripts."""

    def render(self, template: TaskTemplate, *, bundle: str) -> FunctionCall:
        return FunctionCall(entity=template.id, location=template.location, resolver=template.resolver, bundle=bundle)

    async def run(self, entity: Any, inputs: Mapping[str, Any]) -> Any:
        task: ShellTask = entity
        context = current_context()
        script, paths = await to_thread(_filled, task, inputs)
        if task.debug:
            print(script)  # noqa: T201  # asked for
        environment = {**os.environ, **context.environment, **task.environment(inputs)}
        directory = context.working_directory
        task.result = ended = await run_script(script, shell=task.shell, directory=directory, environment=environment)
        if ended.returncode:
            raise ScriptFailed(
                task=task.name,
                returncode=ended.returncode,
                output=ended.output[-SHOWN_CHARACTERS:],
                error=ended.error[-SHOWN_CHARACTERS:],
                files=tuple(sorted(path.name for path in directory.iterdir())),
            )
        types = task.python_interface.outputs
        return task.python_interface.pack({name: types[name](path) for name, path in paths.items()})


def _filled(task: ShellTask, inputs: Mapping[str, Any]) -> tuple[str, Mapping[str, Path]]:
    """
    Put values into the script and into the paths of outputs.

    Downloads the files among the values, and makes the folders that outputs go to.
    """
    context = current_context()
    spaces = spaces_of(inputs, {}, context)
    locations = task.location_templates.items()
    paths = {name: context.working_directory / template.render(spaces) for name, template in locations}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    return task.script_template.render(spaces_of(inputs, paths, context)), paths
