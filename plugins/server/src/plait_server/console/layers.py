"""
Layered drawing of a directed graph: where each box goes, and which way each edge runs.

Pure and deterministic: the same boxes and edges in the same order give the same picture. Boxes are put into layers by longest
path, ordered in them by the barycentre of their neighbours, and pulled towards those neighbours without overlapping. An
edge that spans several layers is led through points of its own, so that it goes around boxes. What is not connected is drawn
apart and put side by side.

Source: Sugiyama, Tagawa, Toda: Methods for visual understanding of hierarchical system structures (1981).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import attrs

Point: TypeAlias = tuple[float, float]
Size: TypeAlias = tuple[float, float]
Edge: TypeAlias = tuple[str, str]

LAYER_GAP = 44.0
BOX_GAP = 28.0
THREAD_GAP = 16.0
"""Between an edge that passes a layer and its neighbour there."""
MOST_THREADS = 1500
"""With more points than this for edges to pass layers at, long edges run straight instead."""
WIDEST_ROW = 1200.0
"""Where a row of boxes that are not connected is broken."""
SWEEPS = 6


@attrs.frozen
class Layout:
    """``corners`` maps key -> upper left corner; ``routes`` maps edge -> points from the source's foot to the target's head."""

    size: Size
    corners: Mapping[str, Point]
    routes: Mapping[Edge, Sequence[Point]]


@attrs.define(eq=False)
class _Slot:
    """A box, or the place where an edge passes a layer (``width`` 0), with its neighbours one layer up and down."""

    width: float
    height: float
    layer: int
    above: "list[_Slot]" = attrs.field(factory=list)
    below: "list[_Slot]" = attrs.field(factory=list)
    order: int = 0
    x: float = 0.0
    y: float = 0.0


def lay_out(sizes: Mapping[str, Size], edges: Sequence[Edge]) -> Layout:
    """
    Place boxes.

    Args:
        sizes: Key -> (width, height), in an order in which every edge points forward.
        edges: (source, target), without repetitions.
    """
    parts = [_lay_out(part, [edge for edge in edges if edge[0] in part]) for part in _parts(sizes, edges)]
    return _packed(parts)


def _parts(sizes: Mapping[str, Size], edges: Sequence[Edge]) -> list[dict[str, Size]]:
    """Return what is connected, part by part, in order of first appearance."""
    part_of: dict[str, list[str]] = {key: [key] for key in sizes}
    for source, target in edges:
        one, other = part_of[source], part_of[target]
        if one is not other:
            one += other
            part_of.update(dict.fromkeys(other, one))
    places = {key: place for place, key in enumerate(sizes)}
    distinct = {id(part): part for part in part_of.values()}
    return [{key: sizes[key] for key in sorted(part, key=places.__getitem__)} for part in distinct.values()]


def _packed(parts: Sequence[Layout]) -> Layout:
    """Put what is not connected side by side, in rows."""
    corners: dict[str, Point] = {}
    routes: dict[Edge, Sequence[Point]] = {}
    x = y = height = width = 0.0
    for part in parts:
        if x and x + part.size[0] > WIDEST_ROW:
            x, y, height = 0.0, y + height + LAYER_GAP, 0.0
        corners |= {key: (left + x, top + y) for key, (left, top) in part.corners.items()}
        routes |= {edge: tuple((left + x, top + y) for left, top in points) for edge, points in part.routes.items()}
        width, height = max(width, x + part.size[0]), max(height, part.size[1])
        x += part.size[0] + BOX_GAP
    return Layout(size=(width, y + height), corners=corners, routes=routes)


def _lay_out(sizes: Mapping[str, Size], edges: Sequence[Edge]) -> Layout:
    """Place boxes that are connected."""
    slots = _boxes(sizes, edges)
    n_threads = sum(slots[target].layer - slots[source].layer - 1 for source, target in edges)
    threads = {edge: _thread(slots[edge[0]], slots[edge[1]], goes_around=n_threads <= MOST_THREADS) for edge in edges}
    layers = _layers([*slots.values(), *(slot for passing in threads.values() for slot in passing)])
    _order(layers)
    _spread(layers)
    width, height = _finish(layers)
    return Layout(
        size=(width, height),
        corners={key: (slot.x - slot.width / 2, slot.y) for key, slot in slots.items()},
        routes={edge: _route(slots[edge[0]], passing, slots[edge[1]]) for edge, passing in threads.items()},
    )


def _boxes(sizes: Mapping[str, Size], edges: Sequence[Edge]) -> dict[str, _Slot]:
    above: dict[str, list[str]] = {key: [] for key in sizes}
    for source, target in edges:
        above[target].append(source)
    slots: dict[str, _Slot] = {}
    for key, (width, height) in sizes.items():
        slots[key] = _Slot(width, height, 1 + max((slots[one].layer for one in above[key]), default=-1))
    return slots


def _thread(source: _Slot, target: _Slot, *, goes_around: bool) -> list[_Slot]:
    """Join two boxes, through a slot in every layer between them if the edge *goes_around* what is there."""
    passing = [_Slot(0.0, 0.0, layer) for layer in range(source.layer + 1, target.layer)] if goes_around else []
    chain = [source, *passing, target]
    for upper, lower in pairwise(chain):
        upper.below.append(lower)
        lower.above.append(upper)
    return passing


def _layers(slots: Sequence[_Slot]) -> list[list[_Slot]]:
    layers: list[list[_Slot]] = [[] for _ in range(1 + max((slot.layer for slot in slots), default=-1))]
    for slot in slots:
        slot.order = len(layers[slot.layer])
        layers[slot.layer].append(slot)
    return layers


def _order(layers: list[list[_Slot]]) -> None:
    """Sort each layer by where its neighbours stand, going down and up in turn."""
    for sweep in range(SWEEPS):
        goes_down = sweep % 2 == 0
        for layer in layers if goes_down else reversed(layers):
            places = {id(slot): _mean_order(slot, slot.above if goes_down else slot.below) for slot in layer}
            layer.sort(key=lambda slot, places=places: places[id(slot)])  # type: ignore[misc]  # a stable sort
            for order, slot in enumerate(layer):
                slot.order = order


def _mean_order(slot: _Slot, neighbours: list[_Slot]) -> float:
    return sum(one.order for one in neighbours) / len(neighbours) if neighbours else slot.order


def _spread(layers: list[list[_Slot]]) -> None:
    """Choose x: each slot as near to the mean of its neighbours as the others of its layer allow."""
    for layer in layers:
        _place(layer, [0.0] * len(layer))
    for sweep in range(SWEEPS * 2):
        goes_down = sweep % 2 == 0
        for layer in layers if goes_down else reversed(layers):
            wanted = []
            for slot in layer:
                near = slot.above if goes_down else slot.below
                wanted.append(sum(one.x for one in near) / len(near) if near else slot.x)
            _place(layer, wanted)


def _place(layer: list[_Slot], wanted: list[float]) -> None:
    """Give each slot an x nearest to *wanted* (least squares) such that none overlap: isotonic regression over what is left of gaps."""
    offsets = [0.0]
    for left, right in pairwise(layer):
        gap = BOX_GAP if left.width and right.width else THREAD_GAP
        offsets.append(offsets[-1] + (left.width + right.width) / 2 + gap)
    blocks: list[tuple[float, int]] = []  # (sum, count) of slots that stand side by side
    for want, offset in zip(wanted, offsets, strict=False):
        total, count = want - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            more_total, more_count = blocks.pop()
            total, count = total + more_total, count + more_count
        blocks.append((total, count))
    bases = [total / count for total, count in blocks for _ in range(count)]
    for slot, base, offset in zip(layer, bases, offsets, strict=False):
        slot.x = base + offset


def _finish(layers: list[list[_Slot]]) -> Size:
    """Choose y, and move everything to where x begins at 0; returns the size of the whole."""
    y = 0.0
    for layer in layers:
        height = max(slot.height for slot in layer)
        for slot in layer:
            slot.y = y + (height - slot.height) / 2
        y += height + LAYER_GAP
    slots = [slot for layer in layers for slot in layer]
    left = min((slot.x - slot.width / 2 for slot in slots), default=0.0)
    for slot in slots:
        slot.x -= left
    width = max((slot.x + slot.width / 2 for slot in slots), default=0.0)
    return width, max(0.0, y - LAYER_GAP)


def _route(source: _Slot, passing: Sequence[_Slot], target: _Slot) -> tuple[Point, ...]:
    return ((source.x, source.y + source.height), *((slot.x, slot.y) for slot in passing), (target.x, target.y))
