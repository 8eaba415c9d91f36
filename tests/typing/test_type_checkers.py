"""The files beside this one hold what type checkers must infer about plait; mypy and pyright both have to agree."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.layout import ROOT

SAMPLES = [str(file) for file in sorted(Path(__file__).parent.glob("*.py")) if not file.stem.startswith("test_")]


@pytest.mark.parametrize(
    "checker",
    [["mypy", "--no-error-summary"], ["pyright", "--pythonpath", sys.executable]],
    ids=lambda command: command[0],
)
def test_type_checker_infers_what_the_samples_say(checker: list[str]) -> None:
    """No error, and every ignored one is there."""
    done = subprocess.run(
        [sys.executable, "-m", *checker, *SAMPLES], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout if done.returncode else "") == (0, "")
