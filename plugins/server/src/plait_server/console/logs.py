"""Logs as pages show them: what is stored when the page is made, in pieces by stream; the script follows the rest."""

from urllib.parse import quote

from plait_core.engine import output_prefix
from plait_core.ir.ids import AttemptId
from plait_core.worker.logs import read_log
from plait_server.console.visits import Visit

SHOWN_BYTES = 256 << 10
"""How much of a log a page holds at most: its end."""


async def log_of(visit: Visit, attempt: AttemptId) -> tuple[list[tuple[str, str]], int]:
    """Return the end of a log as (stream, text), and the byte at which a reader goes on."""
    prefix = output_prefix(attempt, visit.server.blobs_root)
    pieces, size, offset = list[tuple[str, str]](), 0, 0
    async for chunk in read_log(visit.server.engine.blobs, prefix):
        offset = chunk.offset + len(chunk.data)
        pieces.append((chunk.stream, chunk.data.decode(errors="replace")))
        size += len(chunk.data)
        while size > SHOWN_BYTES and len(pieces) > 1:
            size -= len(pieces.pop(0)[1])
    return pieces, offset


def log_url(visit: Visit, attempt: AttemptId) -> str:
    """Return the address at which the API tells the log, as it comes."""
    element = "" if attempt.element is None else f"&element={attempt.element}"
    return f"{_attempt_url(visit, attempt)}/logs?follow=true{element}"


def deck_url(visit: Visit, attempt: AttemptId) -> str:
    """Return the address of the page that an attempt made of itself."""
    return f"{_attempt_url(visit, attempt)}/deck"


def _attempt_url(visit: Visit, attempt: AttemptId) -> str:
    return visit.api_url(f"executions/{attempt.execution.name}/attempts/{quote(attempt.node, safe='')}/{attempt.n}")
