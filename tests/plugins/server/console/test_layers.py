"""Graphs are laid out in layers: edges run downwards, nothing overlaps, and the same graph always looks the same."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from plait_server.console.layers import BOX_GAP, LAYER_GAP, WIDEST_ROW, Layout, lay_out

BOX = (100.0, 40.0)


def overlapping(layout: Layout, sizes: dict[str, tuple[float, float]]) -> list[tuple[str, str]]:
    def apart(a: str, b: str) -> bool:
        (ax, ay), (bx, by) = layout.corners[a], layout.corners[b]
        (aw, ah), (bw, bh) = sizes[a], sizes[b]
        return ax + aw <= bx + 1e-6 or bx + bw <= ax + 1e-6 or ay + ah <= by + 1e-6 or by + bh <= ay + 1e-6

    return [(a, b) for a, b in combinations(sizes, 2) if not apart(a, b)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, tuple[float, float]], list[tuple[str, str]]]:
    n = draw(st.integers(min_value=0, max_value=25))
    sizes = {f"n{i}": (draw(st.floats(20, 300)), draw(st.floats(20, 120))) for i in range(n)}
    pairs = [(f"n{a}", f"n{b}") for a, b in combinations(range(n), 2)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=40)) if pairs else []
    return sizes, edges


def test_chain_stands_in_one_column() -> None:
    """One below the other, with the same gap, and straight edges."""
    layout = lay_out({"a": BOX, "b": BOX, "c": BOX}, [("a", "b"), ("b", "c")])

    step = BOX[1] + LAYER_GAP
    assert layout.corners == {"a": (0.0, 0.0), "b": (0.0, step), "c": (0.0, 2 * step)}
    assert layout.routes["a", "b"] == ((50.0, 40.0), (50.0, step))
    assert layout.size == (100.0, 2 * step + BOX[1])


def test_diamond_is_symmetric() -> None:
    """What splits and joins again stands above and below the middle of what is between."""
    layout = lay_out({"a": BOX, "b": BOX, "c": BOX, "d": BOX}, [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])

    left, right = layout.corners["b"][0], layout.corners["c"][0]
    assert abs(layout.corners["a"][0] - (left + right) / 2) < 1e-6
    assert abs(layout.corners["d"][0] - (left + right) / 2) < 1e-6


def test_long_edge_goes_around_what_it_passes() -> None:
    """It has a point of its own in the layer between, beside the box there."""
    layout = lay_out({"a": BOX, "b": BOX, "c": BOX}, [("a", "b"), ("b", "c"), ("a", "c")])

    _, (x, _), _ = layout.routes["a", "c"]
    left = layout.corners["b"][0]
    assert x < left or x > left + BOX[0]


def test_what_is_not_connected_stands_side_by_side() -> None:
    """Nothing is pulled apart by what it has nothing to do with; a long row is broken."""
    alone = {f"n{i}": BOX for i in range(20)}
    chain = lay_out({"a": BOX, "b": BOX, "c": BOX, **alone}, [("a", "b"), ("a", "c")])

    rows = sorted({chain.corners[key][1] for key in alone})
    assert chain.corners["n0"] == (2 * BOX[0] + 2 * BOX_GAP, 0.0)
    assert rows == [0.0, 2 * (BOX[1] + LAYER_GAP), 3 * (BOX[1] + LAYER_GAP)]
    assert chain.size[0] <= WIDEST_ROW


def test_very_many_long_edges_run_straight() -> None:
    """Led around every box that they pass, they would take minutes."""
    n = 600
    sizes = {f"n{i}": BOX for i in range(n)}
    edges = [*((f"n{i}", f"n{i + 1}") for i in range(n - 1)), *(("n0", f"n{i}") for i in range(2, n, 10))]

    layout = lay_out(sizes, edges)

    assert len(layout.routes["n0", "n592"]) == 2
    assert overlapping(layout, dict(list(sizes.items())[:50])) == []


@given(graphs())
def test_boxes_never_overlap_and_edges_run_down(
    graph: tuple[dict[str, tuple[float, float]], list[tuple[str, str]]],
) -> None:
    """Whatever the sizes and the edges are."""
    sizes, edges = graph

    layout = lay_out(sizes, edges)

    assert overlapping(layout, sizes) == []
    assert all(layout.corners[a][1] + sizes[a][1] < layout.corners[b][1] for a, b in edges)
    assert all(x >= -1e-6 and x + sizes[key][0] <= layout.size[0] + 1e-6 for key, (x, _) in layout.corners.items())


@given(graphs())
def test_layout_is_deterministic(graph: tuple[dict[str, tuple[float, float]], list[tuple[str, str]]]) -> None:
    """The same boxes and edges give the same picture."""
    sizes, edges = graph

    assert lay_out(sizes, edges) == lay_out(dict(sizes), list(edges))
