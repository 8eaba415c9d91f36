"""
``python -m tests.bench [NAME ...] [--quick] [--record] [--report]``: measure, compare, and say which budgets are met.

Probes of one section take turns (A, B, A, B, …), so that whatever else the machine does weighs on
all of them alike. The exit status is 1 when a budget is missed or has no result; with ``--report``, for machines
whose load nobody controls, only when there is no result, and not for want of a peer that cannot be installed, or of a browser.
"""

import argparse
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.budgets import BUDGETS
from tests.bench.probing import PEERS, ProbeFailed, Probing, version
from tests.bench.report import Budget, Probe, Samples, judge, table, with_figures

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
N_ROUNDS = 5
N_LONG_ROUNDS = {"map": 3}


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for, print the table, and return the exit status."""
    options = _options(arguments)
    names = options.names or BUDGETS
    verdicts = []
    with Probing(is_quick=options.quick) as probing:
        for name in names:
            n_rounds = 1 if options.quick else N_LONG_ROUNDS.get(name, N_ROUNDS)
            samples = _measure(probing, BUDGETS[name], n_rounds=n_rounds)
            verdicts += [judge(budget, samples) for budget in BUDGETS[name]]
    figures = f"{_setting(names)}\n\n{table(verdicts)}"
    print(figures)
    if options.record:
        PAGE.write_text(with_figures(PAGE.read_text(), figures))
    accepted = {"met", "MISSED", "no peer", "no browser"} if options.report else {"met"}
    return 0 if all(verdict.text in accepted for verdict in verdicts) else 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure plait against its peers and its budgets.")
    parser.add_argument("names", nargs="*", type=_section, metavar="NAME", help=f"of {', '.join(BUDGETS)}")
    parser.add_argument("--quick", action="store_true", help="one round of each probe")
    parser.add_argument("--record", action="store_true", help="write the figures to docs/benchmarks.md")
    parser.add_argument("--report", action="store_true", help="show missed budgets without failing")
    options = parser.parse_args(arguments)
    if options.record and (options.names or options.quick):
        parser.error("--record takes the figures of a whole run: leave out NAME and --quick")
    return options


def _section(name: str) -> str:
    """Check a name here, because argparse's *choices* refuses no names at all."""
    if name not in BUDGETS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(BUDGETS)}")
    return name


def _measure(probing: Probing, budgets: Iterable[Budget], *, n_rounds: int) -> Samples:
    """Run every probe that *budgets* need *n_rounds* times, in turn; a probe that failed once is left out."""
    figures = [figure for budget in budgets for figure in (budget.figure, budget.peer) if figure]
    waiting = list(dict.fromkeys(figure.probe for figure in figures))
    samples: defaultdict[Probe, list[dict[str, float | None]]] = defaultdict(list)
    for _ in range(n_rounds):
        for probe in tuple(waiting):
            try:
                samples[probe].append(dict(probing.run(probe)))
            except ProbeFailed as failure:
                waiting.remove(probe)
                samples.pop(probe, None)
                print(f"{probe.side}: {' '.join(probe.command)} failed:\n{failure}\n", file=sys.stderr)
    return samples


def _setting(names: Iterable[str]) -> str:
    """One sentence: when, on which machine, against which versions of the peers that *names* need."""
    figures = [
        figure for name in names for budget in BUDGETS[name] for figure in (budget.figure, budget.peer) if figure
    ]
    sides = {figure.probe.side for figure in figures}
    peers = ", ".join(version(peer) for peer in PEERS if peer in sides) or "no peers"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_cpu_model()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}; {peers}."
    )


def _cpu_model() -> str:
    """The processor's name; where Linux does not tell, its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
