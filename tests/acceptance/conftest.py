"""What acceptance tests share."""

from pathlib import Path

import pytest

from tests.acceptance.calling import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty folder to call ``plait`` in."""
    return Desk(tmp_path)
