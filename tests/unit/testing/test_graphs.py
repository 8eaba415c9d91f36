"""Random graphs are sound, repeatable, of every kind, and have one outcome."""

from collections import Counter
from collections.abc import Iterator

import pytest

from plait_core.compiler.checks import check
from plait_core.compiler.linking import arm_nodes
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.workflows import Array, Branch, Gate, Node
from plait_core.testing.evaluation import expected
from plait_core.testing.graphs import Case, random_case

SEEDS = range(300)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return [random_case(seed) for seed in SEEDS]


def nodes_of(case: Case) -> Iterator[Node]:
    """Yield every node of every workflow, those of arms included."""
    waiting = [node for template in case.closure.workflows for node in template.nodes]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node.target, Branch):
            waiting += arm_nodes(node.target)


def kind_of(node: Node) -> str:
    match node.target:
        case Gate(condition=inner) | Array(target=inner):
            return f"{type(node.target).__name__} {type(inner).__name__}"
    return type(node.target).__name__


def test_every_seed_compiles_without_faults(cases: list[Case]) -> None:
    """A simulation that fails points at the engine."""
    faults = {seed: check(case.closure) for seed, case in zip(SEEDS, cases, strict=True)}

    assert {seed: found for seed, found in faults.items() if found} == {}


def test_seed_repeats_its_case(cases: list[Case]) -> None:
    """A failing seed can be run again, here and elsewhere."""
    assert [random_case(seed) for seed in SEEDS] == cases


def test_every_kind_of_node_is_common(cases: list[Case]) -> None:
    """No kind is left to luck, nor are dynamic tasks, caches, retries and failure handlers."""
    kinds = Counter(kind_of(node) for case in cases for node in nodes_of(case))
    tasks = [task for case in cases for task in case.closure.tasks]
    workflows = [template for case in cases for template in case.closure.workflows]
    marks = {
        "dynamic": sum(task.metadata.is_dynamic for task in tasks),
        "cached": sum(task.metadata.cache is not None for task in tasks),
        "retried": sum(task.custom["fails"] != 0 for task in tasks),
        "refusing": sum("refuses" in task.custom for task in tasks),
        "handled": sum(template.failure_node is not None for template in workflows),
    }

    assert set(kinds) == {
        "TaskRef",
        "SubWorkflowRef",
        "LaunchPlanRef",
        "Branch",
        "Array TaskRef",
        "Array LaunchPlanRef",
        "Gate Approve",
        "Gate Sleep",
        "Gate WaitForInput",
    }
    assert min(*kinds.values(), *marks.values()) >= 100


def test_most_cases_succeed_and_some_fail(cases: list[Case]) -> None:
    """Both ends of an execution are exercised, and outcomes differ between cases."""
    outcomes = [expected(case.closure, case.inputs) for case in cases]
    phases = Counter(outcome.phase for outcome in outcomes)

    assert set(phases) == {ExecutionPhase.SUCCEEDED, ExecutionPhase.FAILED}
    assert phases[ExecutionPhase.SUCCEEDED] >= 200
    assert phases[ExecutionPhase.FAILED] >= 20
    assert len({str(outcome.outputs) for outcome in outcomes if outcome.outputs}) >= 200
