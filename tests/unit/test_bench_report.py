"""The benchmarks' arithmetic: which figure is compared with what, and how the table shows it."""

from tests.bench.report import BEGIN, END, Budget, Figure, Probe, Verdict, judge, table, with_figures

OURS = Probe(side="plait", command=("chain.py",))
THEIRS = Probe(side="flytekit", command=("chain.py",))
CHAIN = Budget(
    what="chain",
    figure=Figure(probe=OURS, key="s"),
    peer=Figure(probe=THEIRS, key="s"),
    limit=1 / 20,
    unit="µs",
    scale=1e6,
)
MEMORY = Budget(what="memory", figure=Figure(probe=OURS, key="peak_mb"), limit=500, unit="MB")


def test_a_ratio_compares_the_medians_of_both_sides() -> None:
    """One slow outlier on either side moves neither the medians nor the verdict."""
    samples = {OURS: [{"s": 0.004}, {"s": 9.0}, {"s": 0.002}], THEIRS: [{"s": 0.1}, {"s": 0.1}, {"s": 0.7}]}

    verdict = judge(CHAIN, samples)

    assert verdict == Verdict(budget=CHAIN, measured=0.004, peer=0.1)
    assert (verdict.value, verdict.text) == (0.04, "met")


def test_a_ratio_above_its_limit_is_missed() -> None:
    """A figure above a twentieth of its peer's misses a budget of a twentieth."""
    verdict = judge(CHAIN, {OURS: [{"s": 0.006}], THEIRS: [{"s": 0.1}]})

    assert verdict.text == "MISSED"


def test_a_budget_without_peer_limits_the_figure_itself() -> None:
    """An absolute limit is met by equality and missed by more."""
    at_limit, above = (judge(MEMORY, {OURS: [{"peak_mb": peak}]}) for peak in (500.0, 501.0))

    assert (at_limit.text, above.text) == ("met", "MISSED")


def test_an_absolute_limit_is_in_the_unit_that_is_shown() -> None:
    """A limit of 900 µs is not met by a millisecond, though 0.001 is a smaller number."""
    budget = Budget(what="round trip", figure=Figure(probe=OURS, key="s"), limit=900, unit="µs", scale=1e6)

    assert judge(budget, {OURS: [{"s": 0.001}]}).text == "MISSED"


def test_a_side_that_never_ran_leaves_no_result() -> None:
    """Neither a missing probe nor one that left its figure out counts as met; what cannot be compared is told apart."""
    without_peer = judge(CHAIN, {OURS: [{"s": 0.001}]})
    without_figure = judge(CHAIN, {OURS: [{"s": None}], THEIRS: [{"s": 0.1}]})

    assert (without_peer.text, without_figure.text) == ("no peer", "no result")


def test_a_probe_that_lacks_what_it_needs_says_so() -> None:
    """A machine without a browser is told apart from a probe that failed."""
    budget = Budget(what="paint", figure=Figure(probe=OURS, key="s"), limit=1, needs="browser")

    assert [judge(budget, samples).text for samples in ({OURS: [{"s": None}]}, {})] == ["no browser", "no result"]


def test_the_table_lines_up_and_shows_figures_in_their_unit() -> None:
    """Each row shows both figures, the ratio, the budget and the verdict; an absolute row has no peer."""
    verdicts = [
        Verdict(budget=CHAIN, measured=0.0000471, peer=0.1),
        Verdict(budget=CHAIN, measured=None, peer=0.1),
        Verdict(budget=MEMORY, measured=1612.34, peer=None),
    ]

    assert table(verdicts).splitlines() == [
        "| what   | plait    | against    | ratio | budget | verdict   |",
        "| ------ | -------- | ---------- | ----- | ------ | --------- |",
        "| chain  | 47.1 µs  | 100 000 µs | 0.000 | 0.05   | met       |",
        "| chain  | -        | 100 000 µs | -     | 0.05   | no result |",
        "| memory | 1 612 MB |            |       | 500 MB | MISSED    |",
    ]


def test_recording_replaces_only_what_stands_between_the_markers() -> None:
    """The page around the figures stays as it was, and recording the same figures again changes nothing."""
    page = f"# Benchmarks\n\n{BEGIN}\n\nold\n\n{END}\n\nThe end.\n"

    recorded = with_figures(page, "new")

    assert recorded == f"# Benchmarks\n\n{BEGIN}\n\nnew\n\n{END}\n\nThe end.\n"
    assert with_figures(recorded, "new") == recorded
