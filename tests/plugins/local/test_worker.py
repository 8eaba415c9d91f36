"""The one-shot worker, started by hand: a unit's document in, a result's document out."""

import subprocess
import sys
from pathlib import Path

import attrs

from plait_core.ir.codec import dumps, loads
from plait_core.ir.units import CONTRACT, Result, Unit
from plait_core.testing import worker_samples
from tests.unit.worker.samples import literals, make_unit


def work(folder: Path, unit: Unit) -> "subprocess.CompletedProcess[str]":
    (folder / "unit").write_bytes(dumps(unit))
    command = [sys.executable, "-m", "plait_core.worker", str(folder / "unit"), str(folder / "result")]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def add_unit(folder: Path) -> Unit:
    return make_unit(worker_samples.add, {"a": 1, "b": 2}, raw_prefix=f"file://{folder}/raw")


def test_worker_writes_one_result_and_ends_well(tmp_path: Path) -> None:
    """The result is the document beside the unit, and says which process made it."""
    done = work(tmp_path, add_unit(tmp_path))

    result = loads(Result, (tmp_path / "result").read_bytes())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert result.outputs == literals({"o0": 3})
    assert result.worker


def test_first_result_stays(tmp_path: Path) -> None:
    """Two workers of one attempt cannot both be heard: what is there is not replaced."""
    (tmp_path / "result").write_bytes(b"the first")

    done = work(tmp_path, add_unit(tmp_path))

    assert done.returncode == 0
    assert (tmp_path / "result").read_bytes() == b"the first"


def test_unit_of_another_release_is_refused(tmp_path: Path) -> None:
    """A worker that cannot know what a unit means says so and leaves no result."""
    done = work(tmp_path, attrs.evolve(add_unit(tmp_path), contract=CONTRACT + 1))

    assert done.returncode == 1
    assert done.stderr.startswith(f"the unit follows contract {CONTRACT + 1}, and this worker speaks {CONTRACT}")
    assert not (tmp_path / "result").exists()


def test_wrong_arguments_are_a_usage_error() -> None:
    """Started without arguments it says how it is meant."""
    done = subprocess.run([sys.executable, "-m", "plait_core.worker"], check=False, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (2, "usage: python -m plait_core.worker UNIT RESULT [LINE]\n")
