"""
Drawings: a graph with sizes and places, ready for the SVG template.

Sizes follow from texts by a fixed width per letter, so that a drawing does not depend on fonts of the machine.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import attrs

from plait_server.console.graphs import Box, Graph
from plait_server.console.layers import BOX_GAP, Point, Size, lay_out

LETTER = 7.3
SMALL_LETTER = 6.2
BOX_HEIGHT = 46.0
HEADER = 50.0
TOGGLE = 32.0
"""Room for the button that opens and closes a box."""
CAPTION = 20.0
PADDING = 16.0
NARROWEST, WIDEST = 132.0, 300.0
MOST_BOXES = 1000
"""How many boxes somebody can look at, and a browser can show."""


@attrs.frozen(kw_only=True)
class PlacedBox:
    """A box, where it stands in its drawing (below its caption), and what it holds."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    title: str
    subtitle: str
    caption: str
    inner: "Drawing | None" = None


@attrs.frozen(kw_only=True)
class Drawing:
    """Boxes and the paths of edges (the ``d`` of an SVG path, with the keys it joins)."""

    width: float
    height: float
    boxes: tuple[PlacedBox, ...]
    paths: tuple[tuple[str, str, str], ...]


@lru_cache(maxsize=32)
def draw(graph: Graph) -> Drawing:
    """Place every box of *graph*, from the inside out. What was drawn last is kept: pages that follow an execution ask again."""
    inner = {box.key: draw(box.inner) for box in graph.boxes if box.inner is not None}
    sizes: dict[str, Size] = {box.key: _size(box, inner.get(box.key)) for box in graph.boxes}
    layout = lay_out(sizes, graph.edges)
    return Drawing(
        width=layout.size[0],
        height=layout.size[1],
        boxes=tuple(_placed(box, sizes[box.key], layout.corners, inner.get(box.key)) for box in graph.boxes),
        paths=tuple((source, target, _path(points)) for (source, target), points in layout.routes.items()),
    )


def _size(box: Box, inner: Drawing | None) -> Size:
    room = TOGGLE if _toggles(box) else 0.0
    words = max(len(box.title) * LETTER + 48 + room, len(box.subtitle) * SMALL_LETTER + 48 + room)
    words = max(words, len(box.caption) * SMALL_LETTER)
    width = min(max(words, NARROWEST), WIDEST)
    caption = CAPTION if box.caption else 0.0
    if inner is None:
        return width, BOX_HEIGHT + caption
    return max(width, inner.width + 2 * PADDING), HEADER + inner.height + PADDING + caption


def _placed(box: Box, size: Size, corners: Mapping[str, Point], inner: Drawing | None) -> PlacedBox:
    x, y = corners[box.key]
    caption = CAPTION if box.caption else 0.0
    width, height = size
    room = width - 46 - (TOGGLE if _toggles(box) else 0.0)
    return PlacedBox(
        box=box,
        x=_rounded(x),
        y=_rounded(y + caption),
        width=_rounded(width),
        height=_rounded(height - caption),
        title=_cut(box.title, int(room / LETTER) + 1),
        subtitle=_cut(box.subtitle, int(room / SMALL_LETTER) + 1),
        caption=_cut(box.caption, int((width + BOX_GAP / 2) / SMALL_LETTER)),
        inner=inner,
    )


def _toggles(box: Box) -> bool:
    return bool(box.n_inner) and box.kind != "branch"


def _path(points: Sequence[Point]) -> str:
    """A smooth line through *points* that leaves and arrives vertically."""
    (x, y), *rest = points
    parts = [f"M{_rounded(x):g} {_rounded(y):g}"]
    for to_x, to_y in rest:
        middle = _rounded((y + to_y) / 2)
        parts.append(f"C{_rounded(x):g} {middle:g} {_rounded(to_x):g} {middle:g} {_rounded(to_x):g} {_rounded(to_y):g}")
        x, y = to_x, to_y
    return "".join(parts)


def _cut(text: str, n: int) -> str:
    return text if len(text) <= n else f"{text[: max(1, n - 1)]}…"


def _rounded(value: float) -> float:
    return round(value, 1)
