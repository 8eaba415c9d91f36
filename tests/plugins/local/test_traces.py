"""What is left on disk of attempts and workers."""

import os
from pathlib import Path

import pytest

from plait_core.ir.codec import dumps
from plait_core.ir.units import Result
from plait_core.worker.results import add_result
from plait_local.traces import Trace, Traces, WorkerFolder

KEYS = ["a" * 32, "b" * 32]
TRACE = Trace(output_prefix="file:///out", timeout_ns=5, started_at_ns=7)
RESULT = Result(outputs={}, started_at_ns=1, ended_at_ns=2)


def begun(directory: Path) -> tuple[Traces, WorkerFolder]:
    """Give two attempts to a worker, which is this process."""
    traces = Traces(directory)
    folder = traces.new_worker()
    folder.identify(os.getpid())
    for key in KEYS:
        traces.begin(key, TRACE, folder)
    return traces, folder


def test_attempt_is_found_with_its_worker(tmp_path: Path) -> None:
    """By whoever looks into the same directory later."""
    _, folder = begun(tmp_path)

    found = Traces(tmp_path).find(KEYS[1])

    assert found is not None
    assert (found[0].name, found[0].pid(), found[1]) == (folder.name, os.getpid(), TRACE)


def test_attempt_is_given_away_once(tmp_path: Path) -> None:
    """Whichever engine comes second."""
    _, _ = begun(tmp_path)
    others = Traces(tmp_path)
    folder = others.new_worker()
    folder.identify(os.getpid())

    with pytest.raises(FileExistsError):
        others.begin(KEYS[0], TRACE, folder)


def test_folder_goes_with_its_last_attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before, and never while the worker lives, whoever has it."""
    traces, folder = begun(tmp_path)

    kept = []
    for key in KEYS:
        traces.forget(key)
        folder.remove_if_done()
        kept.append(Path(folder.path).exists())
    monkeypatch.setattr(WorkerFolder, "pid", lambda _: None)
    folder.remove_if_done()

    assert [*kept, Path(folder.path).exists()] == [True, True, False]
    assert [traces.has(key) for key in KEYS] == [False, False]


def test_results_are_found_by_attempt(tmp_path: Path) -> None:
    """Nonsense counts as none, and a record that was cut off, too."""
    _, folder = begun(tmp_path)
    add_result(folder.path, "c" * 32, b"nonsense")
    add_result(folder.path, KEYS[0], dumps(RESULT))
    add_result(folder.path, KEYS[1], dumps(RESULT))
    path = Path(folder.path, "results")
    path.write_bytes(path.read_bytes()[:-1])

    assert [folder.result(key) for key in ("c" * 32, *KEYS, "d" * 32)] == [None, RESULT, None, None]


@pytest.mark.parametrize("length", [1 << 40, (1 << 64) - 1])
def test_result_that_is_too_long_is_not_read(tmp_path: Path, length: int) -> None:
    """A task can write there what it likes; an engine would need the memory."""
    _, folder = begun(tmp_path)
    Path(folder.path, "results").write_bytes(KEYS[0].encode() + length.to_bytes(8, "big"))

    assert [folder.result(key) for key in KEYS] == [None, None]


def test_results_of_a_liar_are_gone(tmp_path: Path) -> None:
    """All of them."""
    _, folder = begun(tmp_path)
    add_result(folder.path, KEYS[0], dumps(RESULT))

    folder.disown()

    assert folder.result(KEYS[0]) is None


def test_line_that_was_cut_off_is_no_line(tmp_path: Path) -> None:
    """An engine that died while it wrote has not given the attempt away."""
    _, folder = begun(tmp_path)
    with Path(folder.path, "given").open("ab") as file:
        file.write(TRACE.line("c" * 32)[:-3])

    assert [folder.trace(key) for key in (*KEYS, "c" * 32)] == [TRACE, TRACE, None]
