"""Who runs what is called outside of workflows."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from plait_core.authoring import calls
from plait_core.authoring.maps import map_task
from plait_core.authoring.tasks import task
from plait_core.errors.authoring import NoLocalRunner
from tests.unit.authoring.samples import add

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


@pytest.fixture
def made() -> Iterator[list[Call]]:
    """What is handed to a runner that notes calls and returns 7."""
    before, noted = calls._runner, list[Call]()

    def note(entity: Any, args: Any, kwargs: Any) -> int:
        noted.append((entity.name, tuple(args), dict(kwargs)))
        return 7

    calls.install_local_runner(note)
    yield noted
    calls.install_local_runner(before)


def test_call_outside_of_workflows_goes_to_the_installed_runner(made: list[Call]) -> None:
    """With its arguments as they came; overrides change nothing there."""
    assert add(1, b=3) == 7
    assert add.with_overrides(retries=3)(a=1) == 7

    assert made == [(add.name, (1,), {"b": 3}), (add.name, (), {"a": 1})]


def test_async_task_is_awaited(made: list[Call]) -> None:
    """The runner is asked when the call is awaited, in the loop that awaits it."""

    @task
    async def wait(n: int) -> int:
        return n

    call = wait(n=1)
    assert made == []

    assert asyncio.run(call) == 7
    assert made == [(wait.name, (), {"n": 1})]


def test_map_runs_as_a_workflow_over_the_lists_it_is_given(made: list[Call]) -> None:
    """Inputs with a default may be left out, or be lists too."""
    mapped = map_task(add)

    mapped(a=[1])
    mapped(a=[1], b=[2])

    assert made == [(mapped.name, (), {"a": [1]}), (mapped.name, (), {"a": [1], "b": [2]})]


def test_call_without_a_runner_says_what_brings_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Core alone runs nothing."""
    monkeypatch.setattr(calls, "_runner", calls._nobody)

    with pytest.raises(NoLocalRunner):
        add(a=1)
