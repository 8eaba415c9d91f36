"""The pages that list public names say what docstrings say."""

from pathlib import Path

import pytest

from tests.architecture.layout import name_of
from tests.architecture.reference import pages


@pytest.mark.parametrize(
    ("path", "text"), pages().items(), ids=lambda value: name_of(value) if isinstance(value, Path) else ""
)
def test_page_is_up_to_date(path: Path, text: str) -> None:
    """Run ``poe docs`` after changing a docstring or a public name."""
    assert path.read_text() == text
