"""The ready-made task that runs a script file with variables and arguments."""

from collections.abc import Mapping
from typing import Any

from plait_core.types.datasets import kwtypes
from plait_core.types.files import Directory, File
from plait_shell.tasks import OutputLocation, ShellTask


class RawShellTask(ShellTask):
    """
    Runs a script that is handed over as a file.

    Inputs: ``env``, variables; ``script_args``, a text that the shell splits into words; ``script_file``. The output ``out`` is the
    directory that the script ran in.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            name,
            script="bash -uex {inputs.script_file} {inputs.script_args:raw}",
            inputs=kwtypes(env=dict[str, str], script_args=str, script_file=File),
            output_locs=[OutputLocation("out", Directory, "{ctx.working_directory}")],
        )

    def environment(self, inputs: Mapping[str, Any]) -> Mapping[str, str]:
        variables: Mapping[str, str] = inputs["env"]
        return variables


get_raw_shell_task = RawShellTask
"""The name by which it is made: ``get_raw_shell_task(name="...")``."""
