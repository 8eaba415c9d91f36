"""
Redaction: taking the values of secrets out of what an attempt prints, piece by piece as it prints it, and out of its errors and decks.

A value is found as it is, by its lines, and as JSON, Python, HTML, URLs and base64 spell it. What a task makes of it besides – a part, a
digest, base64 of more than the value – nobody can find.
"""

from collections.abc import Iterator

from plait_core.ir.tasks import SecretRequest
from plait_core.ports.secrets import AskSecret, SecretAnswer

MASK = b"***"
SHORTEST = 4
"""Bytes below which a value is left alone: masking it would spoil the text and hide nothing."""


class Redactor:
    """Masks secrets in one stream. What may be the beginning of a secret is held back until the rest is there."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._secrets: list[bytes] = []
        self._held = b""

    def learn(self, value: str) -> None:
        """Mask *value* from now on, however it is spelt."""
        if value in self._known:
            return
        self._known.add(value)
        found = {form.encode(errors="surrogateescape") for form in _forms(value)}
        long_enough = {form for form in found if len(form) >= SHORTEST}
        self._secrets = sorted(long_enough.union(self._secrets), key=len, reverse=True)

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

    def mask(self, text: str) -> str:
        """Return *text*, which is whole, without secrets."""
        if not self._secrets:
            return text
        return self._masked(text.encode(errors="surrogatepass")).decode(errors="surrogatepass")

    def _masked(self, text: bytes) -> bytes:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


class Confidant:
    """Asks for secrets on behalf of tasks, as an ``AskSecret`` does, and keeps what it was told out of texts. ``ask`` asks for others."""

    def __init__(self, ask: AskSecret) -> None:
        """Pass questions on to *ask*."""
        self.ask = ask
        self._redactor = Redactor()

    async def __call__(self, request: SecretRequest) -> SecretAnswer:
        answer = await self.ask(request)
        if answer.value is not None:
            self._redactor.learn(answer.value)
        return answer

    def mask(self, text: str) -> str:
        """Return *text* without the secrets that anybody was told."""
        return self._redactor.mask(text)


def _forms(value: str) -> Iterator[str]:
    """Yield the spellings of a secret that are looked for."""
    import json
    from base64 import b64encode, urlsafe_b64encode
    from html import escape
    from urllib.parse import quote, quote_plus

    yield from (value, value.strip(), *value.splitlines())
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield escape(value)
    data = value.encode(errors="surrogateescape")
    yield from (quote(data), quote(data, safe=""), quote_plus(data))
    yield from (encode(data).decode().rstrip("=") for encode in (b64encode, urlsafe_b64encode))


def _overlap(text: bytes, secret: bytes) -> int:
    """Return how many of the last bytes of *text* begin *secret*."""
    tail = text[max(0, len(text) - len(secret) + 1) :]
    at = tail.find(secret[:1])
    while at >= 0:
        if secret.startswith(tail[at:]):
            return len(tail) - at
        at = tail.find(secret[:1], at + 1)
    return 0
