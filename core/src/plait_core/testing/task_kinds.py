"""
The conformance suite of task kinds, to be subclassed in pytest.

    class TestShell(TaskKindConformance):
        def make_kind(self) -> TaskKind:
            return ShellKind()

        def case(self, folder: Path) -> KindCase:
            return KindCase(entity=greet, inputs={"name": "Ann"}, returned="hello Ann", failing={"name": ""})
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from plait_core.authoring.contexts import ExecutionContext, entered
from plait_core.authoring.tasks import Task
from plait_core.ir.codec import dumps, loads
from plait_core.ir.ids import AttemptId, ExecutionId, NodeId
from plait_core.ir.units import Action, FunctionCall, Unit
from plait_core.plugins import process_plugins
from plait_core.ports.secrets import SecretAnswer
from plait_core.ports.tasks import TaskKind
from plait_core.types import ConversionContext
from plait_core.types.contexts import ambient


@attrs.frozen(kw_only=True)
class KindCase:
    """A task of the kind, what it returns for *inputs*, and inputs for which it raises."""

    entity: Task[Any, Any]
    inputs: Mapping[str, Any]
    returned: Any
    failing: Mapping[str, Any]


class TaskKindConformance:
    """Proves a ``TaskKind``."""

    def make_kind(self) -> TaskKind:
        """Make the kind under test."""
        raise NotImplementedError

    def case(self, folder: Path) -> KindCase:
        """Return a task to try it with; it may write into *folder*."""
        raise NotImplementedError

    def test_rendering_is_pure(self, tmp_path: Path) -> None:
        """The same template renders to the same action every time, and is itself unchanged."""
        template = self.case(tmp_path).entity.template
        before = dumps(template)

        actions = [self.make_kind().render(template, bundle="digest") for _ in range(2)]

        assert actions[0] == actions[1]
        assert dumps(template) == before

    def test_rendering_imports_no_user_code(self, tmp_path: Path) -> None:
        """The engine renders templates of code that it does not have."""
        template = attrs.evolve(self.case(tmp_path).entity.template, location="module_that_is_nowhere:task")

        action = self.make_kind().render(template, bundle="digest")

        assert action is not None

    def test_action_can_be_stored(self, tmp_path: Path) -> None:
        """Actions cross to other machines as documents."""
        action = self.make_kind().render(self.case(tmp_path).entity.template, bundle="digest")

        unit = _unit(self.case(tmp_path).entity, action, tmp_path)
        assert loads(Unit, dumps(unit)) == unit

    def test_function_call_carries_the_bundle(self, tmp_path: Path) -> None:
        """A worker elsewhere must know which code to fetch before it imports."""
        action = self.make_kind().render(self.case(tmp_path).entity.template, bundle="digest")

        if not isinstance(action, FunctionCall):
            pytest.skip("it loads no Python")
        assert action.bundle == "digest"

    def test_running_returns_what_the_interface_declares(self, tmp_path: Path) -> None:
        """Native values in, native values out."""
        case = self.case(tmp_path)

        returned = asyncio.run(self._run(case, case.inputs, tmp_path))

        assert returned == case.returned
        interface = case.entity.python_interface
        assert interface.unpack(case.entity.name, returned).keys() == interface.outputs.keys()

    def test_what_the_task_raises_passes_through(self, tmp_path: Path) -> None:
        """A failure is an exception for the worker to describe, never a value."""
        case = self.case(tmp_path)

        with pytest.raises(Exception):  # noqa: B017, PT011  # any class: the task chooses it
            asyncio.run(self._run(case, case.failing, tmp_path))

    async def _run(self, case: KindCase, inputs: Mapping[str, Any], folder: Path) -> Any:
        kind = self.make_kind()
        unit = _unit(case.entity, kind.render(case.entity.template, bundle=""), folder)
        blobs = process_plugins().blob_store
        context = ExecutionContext(unit, blobs=blobs, ask_secret=_no_secret, started_at_ns=0)
        token = ambient.set(ConversionContext(raw_prefix=unit.raw_prefix, blobs=blobs))
        try:
            with entered(context):
                return await kind.run(case.entity, inputs)
        finally:
            ambient.reset(token)
            context.close()


def _unit(entity: Task[Any, Any], action: Action, folder: Path) -> Unit:
    return Unit(
        attempt=AttemptId(execution=ExecutionId(name="suite"), node=NodeId("n0"), task=entity.id),
        template=entity.template,
        action=action,
        inputs={},
        output_prefix=f"file://{folder}/out",
        raw_prefix=f"file://{folder}/raw",
    )


async def _no_secret(_: object) -> SecretAnswer:
    return SecretAnswer(value=None)
