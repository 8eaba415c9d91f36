"""Which columns of a dataframe are stored or read; every handler asks here."""

from collections.abc import Sequence


def chosen(wanted: Sequence[str] | None, available: Sequence[str]) -> list[str]:
    """
    Return the columns to take, in the order of *wanted*; all for ``None``.

    A dotted name that is no column itself stands for part of a nested one, which is taken whole.

    Raises:
        ValueError: some are not there; names them and those that are.
    """
    if wanted is None:
        return list(available)
    taken = [name if name in available else name.partition(".")[0] for name in wanted]
    if missing := [name for name, column in zip(wanted, taken, strict=True) if column not in available]:
        raise ValueError(f"there is no column {', '.join(map(repr, missing))}, only {', '.join(map(repr, available))}")
    return list(dict.fromkeys(taken))
