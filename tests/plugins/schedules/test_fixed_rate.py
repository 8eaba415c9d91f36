"""
Fixed rates count from the activation.
"""

from itertools import islice

import pytest

from plait_core.errors.schedules import InvalidSchedule
from plait_schedules.fixed_rate import parse_fixed_rate

SECOND_NS = 1_000_000_000
ANCHOR_NS = 1_000_000 * SECOND_NS


@pytest.mark.parametrize(("unit", "seconds"), [("minute", 60), ("hour", 3_600), ("day", 86_400)])
def test_first_tick_comes_one_period_after_activation(unit: str, seconds: int) -> None:
    """Ticks count from the anchor, not from round times of the day."""
    schedule = parse_fixed_rate({"value": 2, "unit": unit})

    ticks = list(islice(schedule.ticks(after_ns=ANCHOR_NS, anchor_ns=ANCHOR_NS), 3))

    assert ticks == [ANCHOR_NS + n * 2 * seconds * SECOND_NS for n in (1, 2, 3)]


def test_time_before_the_activation_gives_the_first_tick() -> None:
    """A schedule does not fire before it was switched on."""
    schedule = parse_fixed_rate({"value": 1, "unit": "hour"})

    assert next(schedule.ticks(after_ns=0, anchor_ns=ANCHOR_NS)) == ANCHOR_NS + 3_600 * SECOND_NS


def test_rate_of_zero_is_refused_with_the_value() -> None:
    """A rate of nothing would fire without end."""
    with pytest.raises(InvalidSchedule) as caught:
        parse_fixed_rate({"value": 0, "unit": "day"})

    assert caught.value.problem == "a schedule cannot have the value '0': it is no whole number above 0"


@pytest.mark.parametrize(("value", "words"), [(1, "every day"), (3, "every 3 days")])
def test_rate_is_said_in_words(value: int, words: str) -> None:
    """One is not plural."""
    assert parse_fixed_rate({"value": value, "unit": "day"}).describe() == words
