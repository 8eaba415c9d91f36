"""
What holds for every test: records go to a folder of the test's own, and generated examples are the same each time.
"""

import hypothesis
import pytest

# Without a deadline, because a busy machine is no fault of the code; without a database of earlier
# failures, because a test that fails shall fail for everyone.
hypothesis.settings.register_profile("plait", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("plait")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a test from reading or writing the records and settings of whoever runs it."""
    monkeypatch.setenv("PLAIT_HOME", str(tmp_path_factory.mktemp("plait-home")))
