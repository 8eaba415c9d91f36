"""
``ShellTask``: the declaration of a task whose body is a script.

Users make instances at the top level of a module. Everything that can be wrong with the script is refused there.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from plait_core.authoring.interfaces import PythonInput, PythonInterface
from plait_core.authoring.tasks import Task
from plait_core.types.files import Directory, File
from plait_shell.errors import InvalidScript, UnsupportedOutput
from plait_shell.processes import ProcessResult
from plait_shell.templates import ScriptTemplate, Template

if TYPE_CHECKING:
    from typing import Unpack

    from plait_core.authoring.arguments import TaskArguments

SHELL_TASK = "shell"
"""The type of tasks that are scripts."""

CONTEXT_NAMES = (
    "attempt", "attempt_id", "environment", "execution_date", "execution_id", "raw_output_prefix", "secrets", "task_id",
    "template", "working_directory",
)  # fmt: skip
"""What ``{ctx.…}`` may look up: those of ``ExecutionContext`` that read as text, or have parts that do."""


@attrs.frozen
class OutputLocation:
    """
    Where a script leaves an output.

    ``location`` is a template over ``{inputs.…}`` and ``{ctx.…}``; a relative one is below the script's own directory.
    """

    var: str
    var_type: Any
    location: str | PathLike[str]


class ShellTask(Task[..., Any]):
    """
    A task whose body is a script.

    ``{inputs.x}``, ``{outputs.y}`` and ``{ctx.…}`` in the script are replaced by values, quoted for the place where they stand;
    ``{inputs.x:raw}`` is not quoted. Braces that the shell is to see are doubled. The script runs in an empty directory of the
    attempt's own; it fails, and may be tried again, when it ends with another code than 0.

    Args:
        name: Name of the task.
        script: The script itself.
        script_file: The file that holds it; a relative path starts at the folder of the declaring module.
        shell: The program that runs it, which is given the path of a file.
        inputs: Names and types, as by ``kwtypes``. Files and directories become local paths.
        output_locs: Outputs: one is handed over as it is, several as a named tuple.
        debug: Whether to print the script before it runs.
        arguments: What ``@task`` accepts too.

    Raises:
        InvalidScript: there is not exactly one script, its file is missing, or its braces do not match.
        UnknownReference: it mentions what the task does not have.
        UnsafeReference: a value stands where it cannot be quoted.
        UnsupportedOutput: an output is neither a file nor a directory.
    """

    def __init__(
        self,
        name: str,
        *,
        script: str | None = None,
        script_file: str | PathLike[str] | None = None,
        shell: str = "/bin/sh",
        inputs: Mapping[str, Any] | None = None,
        output_locs: Sequence[OutputLocation] = (),
        debug: bool = False,
        **arguments: "Unpack[TaskArguments]",
    ) -> None:
        interface = PythonInterface(
            inputs={name: PythonInput(declared) for name, declared in (inputs or {}).items()},
            outputs={location.var: location.var_type for location in output_locs},
        )
        super().__init__(name=name, type=SHELL_TASK, interface=interface, **arguments)
        self.shell = shell
        self.debug = debug
        self.output_locations = tuple(output_locs)
        self.script = self._chosen(script, script_file)
        self.result: ProcessResult | None = None
        """How the latest run in this process ended."""
        self.custom = {
            "script": self.script,
            "shell": shell,
            "outputs": {location.var: str(location.location) for location in output_locs},
        }
        self._check()

    @cached_property
    def script_template(self) -> ScriptTemplate:
        """The script as a template."""
        parsed = ScriptTemplate.parse(self.script, task=self.name)
        return ScriptTemplate(parsed.texts, parsed.references)

    @cached_property
    def location_templates(self) -> Mapping[str, Template]:
        """The locations of outputs as templates."""
        return {place.var: Template.parse(str(place.location), task=self.name) for place in self.output_locations}

    def environment(self, inputs: Mapping[str, Any]) -> Mapping[str, str]:
        """Name the variables that the script gets beside those that the task asks for."""
        return {}

    def _chosen(self, script: str | None, script_file: str | PathLike[str] | None) -> str:
        if (script is None) == (script_file is None):
            reason = "is given twice" if script is not None else "is missing"
            raise InvalidScript(task=self.name, reason=reason, advice="give either script= or script_file=")
        if script_file is None:
            return script or ""
        module = getattr(sys.modules.get(self._module), "__file__", None)
        path = Path(module or "").parent / script_file
        try:
            return path.read_text()
        except OSError as error:
            reason = f"cannot be read from {str(path)!r}: {error.strerror}"
            advice = "write script_file= as seen from the folder of the module that declares the task, or absolutely"
            raise InvalidScript(task=self.name, reason=reason, advice=advice) from error

    def _check(self) -> None:
        for place in self.output_locations:
            if not isinstance(place.var_type, type) or not issubclass(place.var_type, File | Directory | Path):
                raise UnsupportedOutput(task=self.name, output=place.var, type=repr(place.var_type))
        types = {name: declared.type for name, declared in self.python_interface.inputs.items()}
        known = {"inputs": tuple(types), "ctx": CONTEXT_NAMES}
        for template in self.location_templates.values():
            template.check(known, task=self.name)
        self.script_template.check({**known, "outputs": tuple(self.location_templates)}, task=self.name)
        self.script_template.check_places(types, task=self.name)
