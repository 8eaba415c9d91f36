"""Secrets are found however they come, in streams and in whole texts."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus

import pytest

from plait_core.worker.redaction import Redactor

AWKWARD = "p\"a/ss <wö\\rd>&'+?"
KEY = "-----BEGIN KEY-----\nMIIEvQIBADAN\nkq9zHl4x\n-----END KEY-----\n"


def shown(pieces: list[bytes], *secrets: str) -> bytes:
    """Return what is left of *pieces* of a stream."""
    redactor = Redactor()
    for secret in secrets:
        redactor.learn(secret)
    return b"".join([*map(redactor.feed, pieces), redactor.end()])


@pytest.mark.parametrize(
    ("spell", "left"),
    [
        (str, "***"),
        (json.dumps, '"***"'),
        (lambda value: json.dumps(value, ensure_ascii=False), '"***"'),
        (repr, "'***'"),
        (escape, "***"),
        (quote, "***"),
        (quote_plus, "***"),
        (lambda value: quote(value, safe=""), "***"),
        (lambda value: b64encode(value.encode()).decode().rstrip("="), "***"),
        (lambda value: urlsafe_b64encode(value.encode()).decode().rstrip("="), "***"),
    ],
)
@pytest.mark.parametrize("secret", ["s3cr3t", AWKWARD])
def test_secret_is_masked_as_it_is_usually_spelt(secret: str, spell: Callable[[str], str], left: str) -> None:
    """As it is, and in JSON, Python, HTML, a URL and base64."""
    assert shown([f"<{spell(secret)}>".encode()], secret).decode() == f"<{left}>"


@pytest.mark.parametrize("spell", [str, json.dumps, repr])
def test_secret_of_several_lines_is_masked(spell: Callable[[str], str]) -> None:
    """A key leaves no line, whatever becomes of the ends of lines."""
    left = shown([spell(KEY).encode()], KEY).decode()

    assert not any(line in left for line in KEY.splitlines())


def test_secret_is_masked_wherever_the_stream_is_cut() -> None:
    """Also where a piece ends with what begins the secret more than once."""
    secret, text = "aabaac", b"<aabaabaac><aabaac><aab"

    for cut in range(len(text)):
        for second in range(cut, len(text)):
            pieces = [text[:cut], text[cut:second], text[second:]]
            assert shown(pieces, secret) == b"<aab***><***><aab"


def test_lines_of_a_secret_are_masked_one_by_one() -> None:
    """As whoever prints it with something before each line does."""
    text = "".join(f"| {line}\n" for line in KEY.splitlines())

    assert shown([text.encode()], KEY) == b"| ***\n" * 4


def test_longer_secret_is_masked_as_a_whole() -> None:
    """That another is a part of it gives nothing away."""
    assert shown([b"password password1234"], "password", "password1234") == b"*** ***"


def test_short_values_are_left_alone() -> None:
    """Masking them would hide nothing and spoil the text."""
    assert shown([b"yes, 1 of 3"], "1", "yes") == b"yes, 1 of 3"


def test_whole_text_is_masked() -> None:
    """Whatever characters it has; without secrets it is the same object."""
    redactor = Redactor()
    text = "\ud800 the password is s3cr3t"

    assert redactor.mask(text) is text
    redactor.learn("s3cr3t")
    assert redactor.mask(text) == "\ud800 the password is ***"
