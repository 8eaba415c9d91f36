"""
From samples to verdicts: medians, ratios, and the table that shows them.

Called by the harness after the probes ran. Pure: nothing here runs a process or reads a clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import attrs

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@attrs.frozen(kw_only=True)
class Probe:
    """A script to run, and the environment it runs in."""

    side: str
    """``plait``, or the peer whose interpreter runs the script."""
    command: tuple[str, ...]
    """Name of a script in ``probes/`` and its arguments."""
    durability: str | None = None
    """``normal`` or ``full`` when plain calls of plait record on SQLite; none when they run in memory."""
    on_postgresql: bool = False
    """Whether the script finds ``DATABASE_URL`` in its environment, of an empty database on PostgreSQL."""


@attrs.frozen(kw_only=True)
class Figure:
    """One number among those a probe prints."""

    probe: Probe
    key: str


@attrs.frozen(kw_only=True)
class Budget:
    """
    The most a figure of plait may be: *limit* times its peer, or *limit* itself without one.

    *unit* and *scale* say how the figure is shown: ``seconds * scale`` in ``unit``. *needs* names what the probe does
    without where it measures nothing.
    """

    what: str
    figure: Figure
    limit: float
    peer: Figure | None = None
    unit: str = "s"
    scale: float = 1.0
    needs: str = ""


Samples = Mapping[Probe, Sequence[Mapping[str, float | None]]]
"""probe -> what each of its successful runs printed."""


@attrs.frozen(kw_only=True)
class Verdict:
    """A budget beside what was measured; none where no run succeeded, or none could measure anything."""

    budget: Budget
    measured: float | None
    peer: float | None
    has_run: bool = True

    @property
    def value(self) -> float | None:
        """What the limit applies to: the ratio where there is a peer, else the figure, scaled."""
        if self.measured is None:
            return None
        if self.budget.peer is None:
            return self.measured * self.budget.scale
        return self.measured / self.peer if self.peer else None

    @property
    def text(self) -> str:
        """``met``, ``MISSED``, ``no peer`` when there is nothing to compare the figure with, ``no browser`` and the like, or ``no result``."""
        if self.value is None and self.measured is not None:
            return "no peer"
        if self.value is None:
            return f"no {self.budget.needs}" if self.budget.needs and self.has_run else "no result"
        return "met" if self.value <= self.budget.limit else "MISSED"


def judge(budget: Budget, samples: Samples) -> Verdict:
    """Compare the medians of what was measured with *budget*."""
    return Verdict(
        budget=budget,
        measured=_median(budget.figure, samples),
        peer=_median(budget.peer, samples),
        has_run=bool(samples.get(budget.figure.probe)),
    )


def _median(figure: Figure | None, samples: Samples) -> float | None:
    if figure is None:
        return None
    values = [value for run in samples.get(figure.probe, ()) if (value := run[figure.key]) is not None]
    return median(values) if values else None


HEADER = ("what", "plait", "against", "ratio", "budget", "verdict")


def table(verdicts: Iterable[Verdict]) -> str:
    """A Markdown table, padded so that it also reads well on a terminal."""
    rows = [HEADER, *(_row(verdict) for verdict in verdicts)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([lines[0], _line(["-" * width for width in widths], widths), *lines[1:]])


def _row(verdict: Verdict) -> tuple[str, ...]:
    budget = verdict.budget
    if budget.peer is None:
        return (budget.what, _shown(verdict.measured, budget), "", "", f"{budget.limit:g} {budget.unit}", verdict.text)
    return (
        budget.what,
        _shown(verdict.measured, budget),
        _shown(verdict.peer, budget),
        "-" if verdict.value is None else f"{verdict.value:.3f}",
        f"{budget.limit:.3g}",
        verdict.text,
    )


def _shown(value: float | None, budget: Budget) -> str:
    return "-" if value is None else f"{_rounded(value * budget.scale)} {budget.unit}"


def _rounded(value: float) -> str:
    """Three significant digits or all those before the point, whichever are more, and never an exponent."""
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 100 else f"{value:.3g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def with_figures(page: str, figures: str) -> str:
    """*page* with what stands between its two markers replaced by *figures*."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}"
