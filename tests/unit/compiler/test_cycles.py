"""Finding cycles among what a topological order leaves out."""

from plait_core.compiler.cycles import cycles


def test_each_cycle_is_found_once_and_runs_with_the_values() -> None:
    """Two separate cycles give two answers; what merely waits for a cycle gives none."""
    upstream = {"a": ("c",), "b": ("a",), "c": ("b", "x"), "d": ("a",), "e": ("e",), "x": (), "f": ("d", "e")}

    found = list(cycles(upstream, ("x",)))

    assert found == [("b", "c", "a"), ("e",)]


def test_order_that_holds_everything_has_no_cycle() -> None:
    """Nothing left out, nothing found."""
    assert list(cycles({"a": (), "b": ("a",)}, ("a", "b"))) == []
