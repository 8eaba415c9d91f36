"""The kind of tasks that are Python functions."""

from pathlib import Path

from plait_core.ports.tasks import TaskKind
from plait_core.testing import worker_samples
from plait_core.testing.task_kinds import KindCase, TaskKindConformance
from plait_local.functions import FunctionKind


class TestFunctions(TaskKindConformance):
    def make_kind(self) -> TaskKind:
        return FunctionKind()

    def case(self, folder: Path) -> KindCase:
        return KindCase(
            entity=worker_samples.describe,
            inputs={"numbers": [2, 1], "label": "sorted"},
            returned={"sorted": [1, 2]},
            failing={"numbers": [1, "x"], "label": "sorted"},
        )
