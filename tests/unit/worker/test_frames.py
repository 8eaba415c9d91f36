"""What passes between an engine and its workers: frames, units, questions, and nothing else."""

from collections.abc import Iterator

import pytest

from plait_core.testing import worker_samples
from plait_core.worker.frames import FrameReader, packed
from plait_core.worker.handing import UnitReader, UnitWriter
from plait_core.worker.lines import Question, parse_question
from plait_core.worker.serving import Answer, parse_answer
from tests.unit.worker.samples import make_unit

MESSAGES: tuple[dict[str, object], ...] = ({"number": 1, "document": b"x" * 1000}, {}, {"text": "gr\u00f6\u00dfe"})


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_frames_arrive_in_whatever_pieces(size: int) -> None:
    """Their borders have nothing to do with those of what is read."""
    reader = FrameReader()

    found = [message for piece in pieces(b"".join(map(packed, MESSAGES)), size) for message in reader.feed(piece)]

    assert tuple(found) == MESSAGES


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 8,
        (1 << 40).to_bytes(8),
        (1).to_bytes(8) + b"\xc1",
        (2).to_bytes(8) + b"\x91\x01",
        (1).to_bytes(8) + b"\x01",
    ],
    ids=["length", "too long", "no msgpack", "list", "number"],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    """At once, and before memory is taken for it."""
    with pytest.raises(ValueError, match="a frame"):
        list(FrameReader().feed(data))


def test_units_share_their_template() -> None:
    """What is written of a task is the same in all its attempts, and read as the unit that was written."""
    writer, reader = UnitWriter(), UnitReader()
    units = [make_unit(worker_samples.add, {"a": a, "b": 2}) for a in range(3)]

    messages = [writer.message(unit) for unit in units]

    assert [reader.unit(message) for message in messages] == units
    assert len({message["template"] for message in messages}) == 1
    assert all(b"Return a sum" not in message["unit"] for message in messages)


def test_answer_is_read_as_it_was_written() -> None:
    """The result of an attempt, and what keeps the worker from another."""
    answer = Answer(3, b"document", ("thread Thread-1",))
    (message,) = FrameReader().feed(packed(answer.message()))

    assert parse_answer(message) == answer


@pytest.mark.parametrize("message", [{}, {"number": "1", "document": b"", "left": []}, {"number": 1, "document": b""}])
def test_what_is_no_answer_is_refused(message: dict[str, object]) -> None:
    """Fields that are missing, and fields of another type."""
    with pytest.raises(ValueError, match="holds no result"):
        parse_answer(message)


def test_questions_are_read() -> None:
    """As workers ask them."""
    lines = [
        b'{"id": 1, "ask": "call", "with": {}}',
        b'{"id": 2, "ask": "heartbeat", "with": {"progress": null, "message": ""}}',
    ]

    questions = list(map(parse_question, lines))

    assert questions == [Question(1, "call", {}), Question(2, "heartbeat", {"progress": None, "message": ""})]
    assert [question.is_call for question in questions] == [True, False]


@pytest.mark.parametrize(
    "line",
    [
        b"what?",
        b"[]",
        b'{"id": 1}',
        b'{"id": 1, "ask": "root", "with": 1}',
        b'{"id": 1, "ask": "publish_deck", "with": 1}',
        b"\xff",
    ],
)
def test_what_is_no_question_is_refused(line: bytes) -> None:
    """Text that is no JSON, and JSON that asks nothing known."""
    with pytest.raises(ValueError, match=r"."):
        parse_question(line)
