"""``plait run`` does the main job: a workflow, from the shell, recorded."""

from tests.acceptance.calling import EXAMPLES, Desk

HELLO = """
from plait import task, workflow

@task
def add_one(x: int) -> int:
    return x + 1

@workflow
def wf(x: int = 1) -> int:
    return add_one(x=add_one(x=x))
"""


def test_the_quickstart_prints_mean_and_deviation(desk: Desk) -> None:
    """The command on README prints the named tuple of the sample’s mean and deviation, and nothing else."""
    called = desk.plait("run", EXAMPLES / "quickstart.py", "wf", "--n", "500", "--mean", "42", "--sigma", "2")

    assert called.code == 0, called.err
    [line] = called.result
    assert line.startswith("DefaultNamedTupleOutput(o0=42.03"), line
    assert ", o1=2.04" in line


def test_a_workflow_runs_with_its_defaults(desk: Desk) -> None:
    """Inputs that have defaults may be left out."""
    desk.write("hello.py", HELLO)

    called = desk.plait("run", "hello.py", "wf")

    assert (called.code, called.result, called.err) == (0, ["3"], "")


def test_a_task_runs_alone(desk: Desk) -> None:
    """A task is run like a workflow, by the name of its variable."""
    desk.write("hello.py", HELLO)

    called = desk.plait("run", "hello.py", "add_one", "--x", "41")

    assert (called.code, called.result) == (0, ["42"])


def test_a_file_without_entity_is_listed(desk: Desk) -> None:
    """Workflows come first, then tasks, each with its kind and qualified name."""
    desk.write("hello.py", HELLO)

    called = desk.plait("run", "hello.py")

    assert (called.code, called.out) == (0, "wf  workflow (hello.wf)\nadd_one  task (hello.add_one)\n")


def test_a_missing_input_is_a_usage_error_that_names_the_flag(desk: Desk) -> None:
    """Nothing runs, and the exit code is 2."""
    desk.write("hello.py", HELLO)

    called = desk.plait("run", "hello.py", "add_one")

    assert (called.code, called.out) == (2, "")
    assert called.err.endswith("Error: Missing option --x.\n")


def test_an_input_of_the_wrong_type_is_a_usage_error_that_names_the_flag(desk: Desk) -> None:
    """Nothing runs, and the exit code is 2."""
    desk.write("hello.py", HELLO)

    called = desk.plait("run", "hello.py", "wf", "--x", "abc")

    assert (called.code, called.out) == (2, "")
    assert "Invalid value for '--x': 'abc' is not a valid integer" in called.err


def test_a_list_of_records_is_given_as_json(desk: Desk) -> None:
    """Its literal type holds a schema, and is an option like any other."""
    called = desk.plait(
        "run",
        EXAMPLES / "records.py",
        "total",
        "--items",
        '[{"name": "tea", "price": 4.5, "n": 2}, {"name": "bun", "price": 1}]',
    )

    assert (called.code, called.result) == (0, ["10.0"]), called.err


def test_each_gate_asks_once(desk: Desk) -> None:
    """Whoever types two answers has answered two gates."""
    called = desk.plait("run", EXAMPLES / "gates.py", "wf", typed="Oslo\nyes\n")

    assert (called.code, called.result) == (0, ["19.00 to be paid, delivery to Oslo"]), called.err
    assert (called.err.count("[Input Gate]"), called.err.count("[Approval Gate]")) == (1, 1)
