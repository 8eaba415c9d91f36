"""
What people type becomes a value of the declared type, or an error that says how to write it.
"""

import dataclasses
import enum
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Optional, Union

import pytest

from plait_core.errors.values import ConversionFailed, UnreadableText, WrongFields, WrongValue
from plait_core.types import TypeEngine

ENGINE = TypeEngine()


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Reading:
    sensor: str
    celsius: float = 0.0
    at: Optional[datetime] = None


def instant(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # year, month, day, ...


@pytest.mark.parametrize(
    ("python_type", "text", "value"),
    [
        (int, " 42 ", 42),
        (float, "4", 4.0),
        (float, "1e3", 1000.0),
        (str, "", ""),
        (bool, "Yes", True),
        (bool, "off", False),
        (None, "null", None),
        (datetime, "2026-01-31", instant(2026, 1, 31)),
        (datetime, "2026-01-31 12:30:00", instant(2026, 1, 31, 12, 30)),
        (datetime, "2026-01-31T12:30:00Z", instant(2026, 1, 31, 12, 30)),
        (datetime, "2026-01-31T12:30:00.250", instant(2026, 1, 31, 12, 30, 0, 250_000)),
        (datetime, "2026-01-31T12:30:00.123456789Z", instant(2026, 1, 31, 12, 30, 0, 123_456)),
        (datetime, "2026-01-31T12:30:00+02:00", instant(2026, 1, 31, 10, 30)),
        (datetime, "2026-01-31 - 1d", instant(2026, 1, 30)),
        (datetime, "2026-01-31T00:00:00Z + 2h", instant(2026, 1, 31, 2)),
        (datetime, "2026-01-31 - P1D", instant(2026, 1, 30)),
        (date, "2026-01-31", date(2026, 1, 31)),
        (timedelta, "1:24", timedelta(seconds=84)),
        (timedelta, ":22", timedelta(seconds=22)),
        (timedelta, "1:00:00", timedelta(hours=1)),
        (timedelta, "10 days", timedelta(days=10)),
        (timedelta, "1h30m", timedelta(minutes=90)),
        (timedelta, "1.5 hours", timedelta(minutes=90)),
        (timedelta, "PT1H", timedelta(hours=1)),
        (timedelta, "-P1DT0.5S", -timedelta(days=1, milliseconds=500)),
        (Color, "red", Color.RED),
        (Color, "RED", Color.RED),
        (Literal[1, 2], "2", 2),
        (list[int], "[1, 2]", [1, 2]),
        (list[float], "[1, 2.5]", [1.0, 2.5]),
        (dict[int, str], '{"1": "one"}', {1: "one"}),
        (dict, "{a: 1}", {"a": 1}),
        (Reading, '{"sensor": "roof"}', Reading("roof")),
        (Reading, "sensor: roof\nat: 2026-01-31", Reading("roof", at=instant(2026, 1, 31))),
        (list[Reading], '[{"sensor": "roof", "celsius": 3}]', [Reading("roof", 3.0)]),
        (Union[int, str], "4", 4),
        (Union[int, str], "abc", "abc"),
        (Union[str, int], "4", 4),
        (Union[int, float, bool], "4.5", 4.5),
        (Optional[int], "null", None),
        (Union[list[int], str], "[1]", [1]),
    ],
)
def test_text_is_read(python_type: Any, text: str, value: Any) -> None:
    """One line per spelling."""
    found = ENGINE.converter(python_type).parse(text)

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("python_type", "text", "error", "message"),
    [
        (int, "abc", UnreadableText, "'abc' is not a valid integer"),
        (int, "3.0", UnreadableText, "'3.0' is not a valid integer"),
        (int, str(2**63), WrongValue, "64 bits"),
        (bool, "maybe", UnreadableText, "true or false"),
        (datetime, "yesterday", UnreadableText, "2026-01-31"),
        (timedelta, "5", UnreadableText, "1h30m"),
        (timedelta, "bogus", UnreadableText, "PT1H30M"),
        (timedelta, "P", UnreadableText, "PT1H30M"),
        (timedelta, "3 parsecs", UnreadableText, "PT1H30M"),
        (Color, "blue", UnreadableText, "red"),
        (Literal["a"], "b", UnreadableText, "Literal"),
        (list[int], "1,2", UnreadableText, "list"),
        (list[int], '{"a": 1}', WrongValue, "expected list"),
        (list[int], '[1, "a"]', WrongValue, r"at \$\[1\]: expected int, found str 'a'"),
        (Reading, '{"celsius": 1.0, "colour": "red"}', WrongFields, "lacks sensor and has unknown colour"),
        (list[Reading], '[{"sensor": 3}]', WrongValue, r"at \$\[0\]\.sensor: expected str"),
        (Union[int, float], "abc", UnreadableText, "Union"),
    ],
)
def test_wrong_text_is_refused(python_type: Any, text: str, error: type[ConversionFailed], message: str) -> None:
    """The error shows the text, or the path to what is wrong in it, and what would be right."""
    with pytest.raises(error, match=message):
        ENGINE.converter(python_type).parse(text)


@pytest.mark.parametrize("name", ["inputs.json", "inputs.yaml"])
def test_text_may_be_in_a_file(name: str, tmp_path: Path) -> None:
    """A path that ends like JSON or YAML and exists stands for its content."""
    path = tmp_path / name
    path.write_text('{"sensor": "roof"}')

    assert ENGINE.converter(Reading).parse(str(path)) == Reading("roof")


def test_now_is_the_present_in_utc() -> None:
    """Also with an offset; today is its midnight."""
    before = datetime.now(UTC)
    now, ago, today = (ENGINE.converter(datetime).parse(text) for text in ("now", "now - 1h", "today"))
    after = datetime.now(UTC)

    assert before <= now <= after
    assert before <= ago + timedelta(hours=1) <= after
    assert today.date() in {before.date(), after.date()}
    assert (today.hour, today.minute, today.tzinfo) == (0, 0, UTC)
