"""Checkpoints: what an attempt leaves to the next."""

import io
from itertools import pairwise
from pathlib import Path

import pytest

from plait_core.authoring.checkpoints import Checkpoint
from plait_core.authoring.contexts import current_context
from plait_core.errors.running import CheckpointAmbiguous, CheckpointUnavailable
from plait_core.testing.memory import MemoryBlobStore


def attempts(n: int) -> list[Checkpoint]:
    """The checkpoints of *n* attempts in a row, over one store."""
    store = MemoryBlobStore()
    prefixes = ["", *(f"memory://checkpoints/{i}/" for i in range(n))]
    return [
        Checkpoint(prefix=prefix, previous=previous, blobs=lambda uri: store) for previous, prefix in pairwise(prefixes)
    ]


def test_first_attempt_finds_nothing(tmp_path: Path) -> None:
    """There is no previous checkpoint, in any of the ways to ask."""
    (first,) = attempts(1)

    assert (first.prev_exists(), first.read(), first.restore(tmp_path / "there")) == (False, None, None)
    assert not (tmp_path / "there").exists()


def test_next_attempt_reads_what_was_written() -> None:
    """The last write of the attempt before counts; its own writes are for the attempt after."""
    first, second, third = attempts(3)

    first.write(b"one")
    first.write(b"two")
    second.write(b"three")

    assert (second.prev_exists(), second.read(), third.read()) == (True, b"two", b"three")
    assert (first.is_saved, second.is_saved, third.is_saved) == (True, True, False)


def test_attempt_that_saved_nothing_leaves_nothing() -> None:
    """An empty prefix is no checkpoint."""
    _, second = attempts(2)

    assert not second.prev_exists()


def test_directory_comes_back_whole(tmp_path: Path) -> None:
    """Files keep their names and places, and replace what is there."""
    (tmp_path / "model/layers").mkdir(parents=True)
    (tmp_path / "model/weights").write_bytes(b"w")
    (tmp_path / "model/layers/0").write_bytes(b"l")
    (tmp_path / "back").mkdir()
    (tmp_path / "back/weights").write_bytes(b"older")
    first, second = attempts(2)

    first.save(tmp_path / "model")
    restored = second.restore(str(tmp_path / "back"))

    assert restored == tmp_path / "back"
    assert (tmp_path / "back/weights").read_bytes() == b"w"
    assert (tmp_path / "back/layers/0").read_bytes() == b"l"


def test_file_and_stream_are_read_as_one_value(tmp_path: Path) -> None:
    """Whatever single thing was saved, `read` returns its bytes."""
    (tmp_path / "state").write_bytes(b"from a file")
    first, second, third = attempts(3)

    first.save(str(tmp_path / "state"))
    second.save(io.BytesIO(b"from a stream"))

    assert (second.read(), third.read()) == (b"from a file", b"from a stream")


def test_several_files_are_not_read_as_one(tmp_path: Path) -> None:
    """The error says how many there are and to restore them instead."""
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"x")
    first, second = attempts(2)
    first.save(tmp_path)

    with pytest.raises(CheckpointAmbiguous, match="has 2 files"):
        second.read()


def test_saving_outside_of_an_attempt_is_refused() -> None:
    """There is no place for it, and nobody who would read it."""
    with pytest.raises(CheckpointUnavailable, match=r"checkpoint\.write was called outside"):
        current_context().checkpoint.write(b"x")
