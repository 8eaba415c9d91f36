"""
Histories that were recorded by earlier engines: this one reads them, and they mean what they meant.
"""

import json
from typing import get_args

import msgpack
import pytest

from plait_core.ir import events as ev
from plait_core.ir.codec import dumps
from tests.replay.histories import GOLDEN, stored

NAMES = sorted(path.stem for path in GOLDEN.glob("*.msgpack"))


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_history_folds_to_its_outcome(name: str) -> None:
    """Phases of nodes, outputs, and the commands that were open half-way are those of the day it was written."""
    assert stored(name).outcome() == json.loads((GOLDEN / f"{name}.json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_history_would_be_written_as_it_was(name: str) -> None:
    """The stored form of a decision has not changed."""
    written = msgpack.unpackb((GOLDEN / f"{name}.msgpack").read_bytes())["events"]

    assert [dumps(event) for event in stored(name).events] == written


def test_the_stored_histories_hold_every_kind_of_decision() -> None:
    """What is not in them is not guarded by them."""
    kinds = {type(event.decision) for name in NAMES for event in stored(name).events}

    assert set(get_args(ev.Decision)) - kinds == NOT_SIMULATED


NOT_SIMULATED = {ev.ChildCalled, ev.ReuseRequested, ev.NodeRecovered, ev.ReuseDeclined}
"""Eager tasks need a channel to their engine, which simulated executors do not have; nobody recovers a simulated execution."""
