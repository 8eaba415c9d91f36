"""Stand-ins for tasks in tests of workflows."""

from unittest.mock import MagicMock

import pytest

from plait import reference_task, task, workflow
from plait.testing import patch, task_mock
from plait_core.errors.authoring import ReferenceCalled
from plait_core.errors.values import ConversionFailed


@task
def slow(x: int) -> int:
    return x + 1


@reference_task("default", "production", "warehouse.load", "v1")
def load(x: int) -> int:
    raise NotImplementedError


@workflow
def wf(x: int) -> int:
    return slow(x=load(x=x))


def test_mock_runs_in_place_of_a_task() -> None:
    """It gets the inputs as Python values, and its answer goes on through the workflow."""
    with task_mock(load) as mock:
        mock.return_value = 41

        assert wf(x=3) == 42

    mock.assert_called_once_with(x=3)


def test_task_is_itself_again_afterwards() -> None:
    """A reference refuses to run, saying why."""
    with task_mock(load) as mock:
        mock.return_value = 1
        wf(x=1)

    with pytest.raises(ReferenceCalled):
        wf(x=1)


def test_what_a_mock_returns_passes_the_interface() -> None:
    """A wrong type is an error, as from the task itself."""
    with task_mock(slow) as mock, pytest.raises(ConversionFailed):
        mock.return_value = "not an int"
        slow(x=1)


@patch(slow)
def test_decorated_test_gets_the_mock(mock: MagicMock) -> None:
    """``side_effect`` may compute or raise."""
    mock.side_effect = lambda x: x * 100

    assert slow(x=2) == 200
