"""Proof that scripts do what every kind of task has to; run by ``plait plugins check shell``."""

from pathlib import Path

from plait_core.ports.tasks import TaskKind
from plait_core.testing.task_kinds import KindCase, TaskKindConformance
from plait_core.types.datasets import kwtypes
from plait_core.types.files import File
from plait_shell.kinds import ShellKind
from plait_shell.tasks import OutputLocation, ShellTask

end_with = ShellTask(name="end_with", script="exit {inputs.code}", inputs=kwtypes(code=int))


class TestScripts(TaskKindConformance):
    """Scripts without outputs."""

    def make_kind(self) -> TaskKind:
        return ShellKind()

    def case(self, folder: Path) -> KindCase:
        return KindCase(entity=end_with, inputs={"code": 0}, returned=None, failing={"code": 3})


class TestScriptsWithOutputs(TestScripts):
    """Scripts that leave a file, at a path of their choice."""

    def case(self, folder: Path) -> KindCase:
        path = str(folder / "greeting.txt")
        greet = ShellTask(
            name="greet",
            script="test -n {inputs.name} && echo Hello, {inputs.name} > {outputs.greeting}",
            inputs=kwtypes(name=str),
            output_locs=[OutputLocation("greeting", File, path)],
        )
        return KindCase(entity=greet, inputs={"name": "Ann O’Neil"}, returned=File(path), failing={"name": ""})
