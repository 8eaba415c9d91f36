"""Amounts of resources as Kubernetes writes them."""

import re
from fractions import Fraction

import pytest

from plait_core.compiler.quantities import parse_quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("2", Fraction(2)),
        ("500m", Fraction(1, 2)),
        ("1.5Gi", Fraction(3 * 2**29)),
        (".5", Fraction(1, 2)),
        ("1.", Fraction(1)),
        ("2e3", Fraction(2000)),
        ("1E", Fraction(10**18)),
        ("1E2", Fraction(100)),
        ("100n", Fraction(1, 10**7)),
    ],
)
def test_amount_is_read_exactly(text: str, amount: Fraction) -> None:
    """Amounts compare without rounding, whichever suffix they are written with."""
    assert parse_quantity(text) == amount


@pytest.mark.parametrize("text", ["", "lots", "1 Gi", "-1", "1gi", "m", "1e", "1e9999"])
def test_text_that_is_no_amount_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=re.escape(text) or "^$"):
        parse_quantity(text)
