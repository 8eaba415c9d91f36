"""Redaction: taking the values of secrets out of what an attempt prints, piece by piece as it prints it."""

from collections.abc import Callable

MASK = b"***"
SHORTEST = 4
"""Bytes below which a value is left alone: masking it would spoil the text and hide nothing."""


class Redactor:
    """Masks secrets in one stream. What may be the beginning of a secret is held back until the rest is there."""

    def __init__(self) -> None:
        self._secrets: list[bytes] = []
        self._held = b""

    def learn(self, value: str) -> None:
        """Mask *value* from now on, and each line of it."""
        parts = {value, value.strip(), *value.splitlines()}
        found = {part.encode() for part in parts if len(part.encode()) >= SHORTEST}
        self._secrets = sorted(found.union(self._secrets), key=len, reverse=True)

    def feed(self, data: bytes) -> bytes:
        """Take in *data*; returns what can be shown by now."""
        if not self._secrets:
            return data
        text = self._masked(self._held + data)
        n_held = max(_overlap(text, secret) for secret in self._secrets)
        self._held = text[len(text) - n_held :]
        return text[: len(text) - n_held]

    @property
    def is_holding(self) -> bool:
        """Whether something is held back."""
        return bool(self._held)

    def end(self) -> bytes:
        """Return what was held back."""
        held, self._held = self._held, b""
        return held

    def _masked(self, text: bytes) -> bytes:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


def _overlap(text: bytes, secret: bytes) -> int:
    """Return how many of the last bytes of *text* begin *secret*."""
    for length in range(min(len(text), len(secret) - 1), 0, -1):
        if text.endswith(secret[:length]):
            return length
    return 0


def masker(values: set[str]) -> Callable[[str], str]:
    """Return a function that masks *values* in whole texts, as errors have them."""

    def mask(text: str) -> str:
        redactor = Redactor()
        for value in values:
            redactor.learn(value)
        return (redactor.feed(text.encode()) + redactor.end()).decode()

    return mask
