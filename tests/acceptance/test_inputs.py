"""Inputs on the command line: a flag for each, texts for every type, documents of many."""

import pytest

from tests.acceptance.calling import Desk

ECHO = '''
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Optional

from plait import LaunchPlan, task, workflow

class Color(Enum):
    RED = "red"
    BLUE = "blue"

@dataclass
class Point:
    x: int
    y: int = 0

@task
def flag(is_dry: bool) -> str:
    """Tell a flag.

    Args:
        is_dry: Whether nothing is done.
    """
    return repr(is_dry)

@task
def many(items: list[int], table: dict[str, float]) -> str:
    return repr((items, table))

@task
def point(at: Point, color: Color = Color.RED) -> str:
    return repr((at, color.name))

@task
def times(at: datetime, wait: timedelta) -> str:
    return f"{at.isoformat()} {wait}"

@task
def text(note: str, maybe: Optional[int] = None) -> str:
    return repr((note, maybe))

@task
def name(name: str) -> str:
    return name

@workflow
def wf(n: int = 1, k: int = 2) -> str:
    return many(items=[n, k], table={})

hourly = LaunchPlan.get_or_create(wf, "hourly_wf", default_inputs={"n": 10}, fixed_inputs={"k": 20})
'''


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["flag", "--is-dry"], "True"),
        (["flag", "--no-is-dry"], "False"),
        (["flag", "--no_is_dry"], "False"),
        (["flag"], "False"),
        (["many", "--items", "[1, 2]", "--table", '{"a": 1}'], "([1, 2], {'a': 1.0})"),
        (["point", "--at", '{"x": 3}', "--color", "blue"], "(Point(x=3, y=0), 'BLUE')"),
        (["point", "--at", "{x: 3, y: 4}"], "(Point(x=3, y=4), 'RED')"),
        (["times", "--at", "2026-01-31T12:00:00Z", "--wait", "PT1H30M"], "2026-01-31T12:00:00+00:00 1:30:00"),
        (["times", "--at", "2026-01-31 - 1d", "--wait", "10 days"], "2026-01-30T00:00:00+00:00 10 days, 0:00:00"),
        (["text", "--note", "a", "--note", "b"], "('b', None)"),
        (["text", "--note", "@note.txt"], "('from a file', None)"),
        (["text", "--note", "@@home"], "('@home', None)"),
        (["name", "--name", "ada"], "ada"),
        (["hourly"], "([10, 20], {})"),
        (["hourly_wf", "--n", "3"], "([3, 20], {})"),
    ],
)
def test_a_text_becomes_a_value_of_the_declared_type(words: list[str], printed: str, desk: Desk) -> None:
    """What a flag is given is parsed by the converter of the input’s type."""
    desk.write("echo.py", ECHO)
    desk.write("note.txt", "from a file\n")

    called = desk.plait("run", "echo.py", *words)

    assert (called.code, called.result) == (0, [printed]), called.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["flag", "--is-dry", "true"], "unexpected extra argument"),
        (["many", "--items", "1,2", "--table", "{}"], "'--items'"),
        (["many", "--items", '{"a": 1}', "--table", "{}"], "'--items'"),
        (["many"], "Missing options --items, --table."),
        (["point", "--at", "{}"], "'--at'"),
        (["point", "--at", "{x: 1}", "--color", "green"], "'--color'"),
        (["times", "--at", "2026-01-31", "--wait", "5"], "'--wait'"),
        (["text", "--note", "@nowhere.txt"], "nowhere.txt"),
        (["hourly", "--k", "3"], "No such option '--k'"),
        (["wf", "--envvar", "K"], "'--envvar'"),
        (["wf", "--executor", "nobody"], "'--executor'"),
    ],
)
def test_what_does_not_fit_is_a_usage_error(words: list[str], complaint: str, desk: Desk) -> None:
    """Nothing runs, the exit code is 2, and the message names the flag."""
    desk.write("echo.py", ECHO)

    called = desk.plait("run", "echo.py", *words)

    assert (called.code, called.out) == (2, ""), called.err
    assert complaint in called.err


def test_a_file_of_inputs_is_typed_and_flags_win_over_it(desk: Desk) -> None:
    """A boolean can be false and null is None, which no flag of a text could say."""
    desk.write("echo.py", ECHO)
    desk.write("inputs.yaml", "note: hello\nmaybe: null\n")
    desk.write("flags.json", '{"is_dry": false}')

    assert desk.plait("run", "echo.py", "text", "--inputs-file", "inputs.yaml").result == ["('hello', None)"]
    assert desk.plait("run", "echo.py", "text", "--inputs-file", "inputs.yaml", "--note", "x").result == ["('x', None)"]
    assert desk.plait("run", "echo.py", "flag", "--inputs-file", "flags.json").result == ["False"]


def test_inputs_come_from_standard_input(desk: Desk) -> None:
    """A trailing dash reads the document there."""
    desk.write("echo.py", ECHO)

    called = desk.plait("run", "echo.py", "text", "-", typed='{"note": "piped", "maybe": 3}')

    assert called.result == ["('piped', 3)"]


def test_help_shows_each_input_with_type_default_and_description(desk: Desk) -> None:
    """The help of an entity says what it is and what its inputs mean."""
    desk.write("echo.py", ECHO)

    flag = desk.plait("run", "echo.py", "flag", "--help").out
    plan = desk.plait("run", "echo.py", "hourly", "--help").out

    assert "Run the task echo.flag." in flag
    assert "Whether nothing is done." in flag
    assert "Run the launch plan hourly_wf." in plan
    assert "[default: 10]" in plan
    assert "--color [red|blue]" in desk.plait("run", "echo.py", "point", "--help").out
