"""Texts that nothing can encode are shown as far as they can be."""

import httpx
import pytest

from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.types import SimpleType
from tests.plugins.server.console import samples
from tests.plugins.server.console.visiting import EXECUTIONS, ended
from tests.plugins.server.serving import Serving

pytestmark = pytest.mark.anyio


async def test_text_that_nothing_can_encode_is_shown(serving: Serving, console: httpx.AsyncClient) -> None:
    """Half of a surrogate pair, as in names of files: one such row must not hide the list that it is in."""
    text = Literal(value=Primitive(kind=SimpleType.STRING, value="no file a\udc80b"))
    await ended(serving, samples.broken, "bad", {"text": text})

    queries = ("bad?node=n0", "bad?tab=io", "bad?tab=nodes", "")
    answers = [await console.get(f"{EXECUTIONS}/{query}".rstrip("/")) for query in queries]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    assert "no file a?b" in answers[0].text
