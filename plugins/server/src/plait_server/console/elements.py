"""The elements of a map node in one line: how many there are, and how far they have come."""

import attrs

from plait_core.ir.phases import NodePhase
from plait_core.ports.databases import NodeRow


@attrs.frozen(kw_only=True)
class Elements:
    """``stretches`` are (start, width, tone) in percent; ``words`` says the same."""

    words: str
    stretches: tuple[tuple[float, float, str], ...]


def elements_of(row: NodeRow, *, n_failed: int | None = None) -> Elements | None:
    """Summarise the elements of a node; ``None`` if it has none. Without *n_failed* it says how many have ended, however."""
    if row.n_elements is None:
        return None
    total = max(row.n_elements, 1)
    left = row.n_elements - row.n_elements_done
    tone = "running" if row.phase is NodePhase.RUNNING else "queued"
    rest = (tone, "to go") if row.ended_at_ns is None else ("warn", "given up")
    ended = [(row.n_elements_done, "ended", "ended")]
    if n_failed is not None:
        ended = [(row.n_elements_done - n_failed, "good", "succeeded"), (n_failed, "bad", "failed")]
    counts = [*ended, (left, *rest)]
    stretches, start = [], 0.0
    for count, look, _ in counts:
        width = 100 * count / total
        if count:
            stretches.append((round(start, 2), round(width, 2), look))
        start += width
    words = ", ".join(f"{count:,} {word}" for count, _, word in counts if count)
    return Elements(words=f"{row.n_elements:,} elements: {words or 'none'}", stretches=tuple(stretches))
