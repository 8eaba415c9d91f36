"""The suite for task kinds catches kinds that are broken; sound ones prove it in the tests of their plugins."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plait_core.ir.tasks import TaskTemplate
from plait_core.ir.units import Action, CommandLine, FunctionCall
from plait_core.ports.tasks import TaskKind
from plait_core.testing import worker_samples
from plait_core.testing.task_kinds import KindCase
from plait_core.testing.task_kinds import TaskKindConformance as Suite


class Counting:
    """A sound kind of functions that return."""

    def render(self, template: TaskTemplate, *, bundle: str) -> Action:
        return FunctionCall(entity=template.id, location=template.location, bundle=bundle)

    async def run(self, entity: Any, inputs: Mapping[str, Any]) -> Any:
        return entity.function(**inputs)


class OfKind(Suite):
    kind: type[TaskKind] = Counting

    def make_kind(self) -> TaskKind:
        return self.kind()

    def case(self, folder: Path) -> KindCase:
        return KindCase(entity=worker_samples.add, inputs={"a": 1, "b": 2}, returned=3, failing={"a": 1, "b": None})


class TestCounting(OfKind):
    pass


class RendersDifferently(Counting):
    n = 0

    def render(self, template: TaskTemplate, *, bundle: str) -> Action:
        RendersDifferently.n += 1
        return FunctionCall(entity=template.id, location=f"{template.location}{self.n}", bundle=bundle)


class ImportsUserCode(Counting):
    def render(self, template: TaskTemplate, *, bundle: str) -> Action:
        __import__(template.location.partition(":")[0])
        return super().render(template, bundle=bundle)


class RendersObjects(Counting):
    def render(self, template: TaskTemplate, *, bundle: str) -> Action:
        return CommandLine(argv=(object(),))  # type: ignore[arg-type]  # on purpose


class ForgetsTheBundle(Counting):
    def render(self, template: TaskTemplate, *, bundle: str) -> Action:
        return super().render(template, bundle="")


class ReturnsText(Counting):
    async def run(self, entity: Any, inputs: Mapping[str, Any]) -> Any:
        return str(await super().run(entity, inputs))


class SwallowsFailures(Counting):
    async def run(self, entity: Any, inputs: Mapping[str, Any]) -> Any:
        try:
            return await super().run(entity, inputs)
        except TypeError:
            return None


@pytest.mark.parametrize(
    ("broken", "caught_by"),
    [
        (RendersDifferently, Suite.test_rendering_is_pure),
        (ImportsUserCode, Suite.test_rendering_imports_no_user_code),
        (RendersObjects, Suite.test_action_can_be_stored),
        (ForgetsTheBundle, Suite.test_function_call_carries_the_bundle),
        (ReturnsText, Suite.test_running_returns_what_the_interface_declares),
        (SwallowsFailures, Suite.test_what_the_task_raises_passes_through),
    ],
)
def test_broken_kind_is_caught(broken: type[TaskKind], caught_by: Any, tmp_path: Path) -> None:
    """Each test of the suite fails for a kind that breaks what it tells."""

    class OfBroken(OfKind):
        kind = broken

    with pytest.raises((Exception, pytest.fail.Exception)):
        caught_by(OfBroken(), tmp_path)
