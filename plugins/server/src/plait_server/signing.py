"""
Seals: claims that anybody may carry and only a server of this store can have made.

Used for URLs of blobs, sessions of the console and links to log in. Each purpose signs apart, so that a seal of one is nothing
to another. All servers of a store share the key (``Accounts.keep_key``).
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any

from plait_server.errors import SealBroken, SealExpired

KEY_NAME = "signing"
KEY_BYTES = 32


class Signer:
    """Makes and opens seals with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.id = sha256(b"id" + key).hexdigest()[:12]
        """What the key may be called in public."""

    def seal(self, purpose: str, claims: Mapping[str, Any], *, expires_at_ns: int) -> str:
        """Return *claims* and their end as text that fits into a URL or a cookie."""
        document = json.dumps([expires_at_ns, dict(claims)], separators=(",", ":"))
        body = urlsafe_b64encode(document.encode()).decode().rstrip("=")
        return f"{body}.{self.mark(purpose, body)}"

    def open(self, purpose: str, text: str, *, now_ns: int) -> Mapping[str, Any]:
        """
        Return the claims of a seal.

        Raises:
            SealBroken: it was not made for *purpose* with this key, or was changed since.
            SealExpired: its time is over.
        """
        body, _, mark = text.partition(".")
        if not compare_digest(mark.encode("utf-8", "replace"), self.mark(purpose, body).encode()):
            raise SealBroken
        expires_at_ns, claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if now_ns >= expires_at_ns:
            raise SealExpired
        found: Mapping[str, Any] = claims
        return found

    def mark(self, purpose: str, text: str) -> str:
        """Return what proves that this key signed *text* for *purpose*."""
        message = f"{purpose}\0{text}".encode("utf-8", "replace")
        return urlsafe_b64encode(digest(self._key, message, "sha256")).decode().rstrip("=")
