"""What a session's connections to the server have in common."""

import pytest

from plait.cli.session import Session
from plait.control.patience import FOLLOWING_S, LOOKING_S


def test_who_follows_waits_longer_and_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    """All connections of a command share what was said, on standard error."""
    session = Session()

    looking = session.connection().patience
    following = [session.connection(follows=True).patience for _ in range(2)]
    for patience in following:
        patience.tell_once("waiting")

    assert [looking.limit_s, *(patience.limit_s for patience in following)] == [LOOKING_S, FOLLOWING_S, FOLLOWING_S]
    assert capsys.readouterr() == ("", "waiting\n")
