"""What people may see of the URLs of stores."""

import pytest

from plait_core.ports.urls import shown_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "postgresql://ada:pw@db:5432/plait?password=pw&sslmode=require",
            "postgresql://ada@db:5432/plait?sslmode=require",
        ),
        ("postgresql://db/plait", "postgresql://db/plait"),
        ("sqlite:////home/ada/plait.db", "sqlite:////home/ada/plait.db"),
        ("no url", "no url"),
    ],
)
def test_passwords_are_left_out(url: str, shown: str) -> None:
    """Wherever in the URL one may stand; the rest says which store it is."""
    assert shown_url(url) == shown
