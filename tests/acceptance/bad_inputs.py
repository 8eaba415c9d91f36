"""
What people get wrong, by name: the file they wrote, what they called, and how that has to end.

Used by ``test_bad_input.py``; ``golden/bad_input/NAME.txt`` holds what each of them is told.
"""

from collections.abc import Mapping

import attrs

WF = ("run", "flow.py", "wf")
PRELUDE = """
from plait import task, workflow

@task
def number() -> int:
    return 1

@task
def text() -> str:
    return "a"

@task
def double(x: int) -> int:
    return 2 * x

"""


@attrs.frozen
class Case:
    """
    One mistake.

    Attributes:
        code: The text of ``flow.py``.
        words: The call of ``plait``.
        exit_code: 1 for what fails, 2 for what was never a call.
        error: Class of the error that ``wf()`` in plain Python raises, where that goes wrong in the same way.
        files: Other files: name -> text.
        env: Environment variables.
        typed: What is typed on standard input.
    """

    code: str = PRELUDE
    words: tuple[str, ...] = WF
    exit_code: int = 1
    error: str = ""
    files: Mapping[str, str] = attrs.Factory(dict)
    env: Mapping[str, str] = attrs.Factory(dict)
    typed: str = ""


def _workflow(body: str, *, signature: str = "(n: int = 3) -> int", imports: str = "", tasks: str = "") -> str:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"{imports}{PRELUDE}{tasks}@workflow\ndef wf{signature}:\n{lines}\n"


def _fails_as(error: str, body: str, **parts: str) -> Case:
    """A workflow whose body is *body*."""
    return Case(_workflow(body, **parts), error=error)


DECLARATIONS: Mapping[str, Case] = {
    "no_annotation": Case(
        "from plait import task\n\n@task\ndef wf(x) -> int:\n    return x\n", error="MissingAnnotation"
    ),
    "no_return": Case(
        "from plait import task\n\n@task\ndef wf(x: int = 1) -> int:\n    x + 1\n", error="MissingReturn"
    ),
    "type_that_nothing_converts": Case(
        "from plait import task, workflow\n\nclass Model:\n    pass\n\n@task\ndef train() -> Model:\n    return Model()\n\n"
        "@workflow\ndef wf() -> Model:\n    return train()\n",
        error="UnsupportedType",
    ),
    "annotation_that_names_nothing": Case(
        "from plait import task\n\n@task\ndef wf(x: 'Modle') -> int:\n    return 1\n", error="UnresolvableAnnotation"
    ),
    "unknown_option": Case(
        "from plait import task\n\n@task(retires=3)\ndef wf() -> int:\n    return 1\n", error="UnknownOptions"
    ),
    "wrong_option": Case(
        "from plait import task\n\n@task(retries=-1)\ndef wf() -> int:\n    return 1\n", error="InvalidOption"
    ),
    "nested_function": Case(
        "from plait import task\n\ndef make():\n    @task\n    def inner() -> int:\n        return 1\n    return inner\n\n"
        "wf = make()\n",
        error="NestedFunction",
    ),
    "schedule_that_never_fires": Case(
        "from plait import CronSchedule, LaunchPlan\n"
        + PRELUDE
        + "@workflow\ndef inner(n: int = 3) -> int:\n    return double(x=n)\n\n"
        "wf = LaunchPlan.get_or_create(inner, 'nightly', schedule=CronSchedule(schedule='0 0 31 2 *'))\n",
        error="InvalidSchedule",
    ),
}
"""What is refused where it is declared."""

WORKFLOWS: Mapping[str, Case] = {
    "promise_in_if": _fails_as("PromiseMisuse", "x = double(x=n)\nif x:\n    return x\nreturn double(x=x)"),
    "promise_in_for": _fails_as("PromiseMisuse", "for x in double(x=n):\n    double(x=x)\nreturn number()"),
    "promise_in_arithmetic": _fails_as("PromiseMisuse", "return double(x=n + 1)"),
    "promise_in_fstring": _fails_as("PromiseMisuse", "print(f'n is {n}')\nreturn double(x=n)"),
    "promise_in_and": _fails_as("PromiseMisuse", "return double(x=n) and number()"),
    "body_that_raises": _fails_as(
        "TypeError", "timedelta(days=n)\nreturn number()", imports="from datetime import timedelta\n"
    ),
    "unknown_argument": _fails_as("WrongArguments", "return double(y=n)"),
    "missing_argument": _fails_as("WrongArguments", "return double()"),
    "wrong_constant": _fails_as("WrongValue", "return double(x='three')"),
    "wrong_edge": _fails_as("CompileFailed", "return double(x=text())"),
    "two_faults_at_once": _fails_as("CompileFailed", "double(x=text())\nreturn double(x=text())"),
    "cycle": _fails_as("CompileFailed", "a = number()\nb = double(x=a)\nb >> a\nreturn b"),
    "wrong_result": _fails_as("CompileFailed", "return text()"),
    "too_few_results": _fails_as("WrongOutputs", "return number()", signature="(n: int = 3) -> tuple[int, int]"),
    "unknown_attribute": _fails_as("UnknownField", "return double(x=number().size)"),
    "conditional_without_else": _fails_as(
        "InvalidConditional",
        "return conditional('sign').if_(n > 0).then(double(x=n))",
        imports="from plait import conditional\n",
    ),
    "map_over_one_number": _fails_as(
        "CompileFailed",
        "return map_task(double)(x=n)",
        signature="(n: int = 3) -> list[int]",
        imports="from plait import map_task\n",
    ),
    "unbound_input": Case(
        "from plait import Workflow\n"
        + PRELUDE
        + "wf = Workflow(name='wf')\nnode = wf.add_entity(double)\nwf.add_workflow_output('o0', node.outputs['o0'])\n",
        error="WrongArguments",
    ),
}
"""What is refused before anything runs."""

RUNS: Mapping[str, Case] = {
    "task_returns_another_type": Case(
        _workflow("return wrong()", tasks="@task\ndef wrong() -> int:\n    return 'one'\n\n"), error="WrongValue"
    ),
    "task_returns_too_many": Case(
        _workflow("a, b = wrong()\nreturn a", tasks="@task\ndef wrong() -> tuple[int, int]:\n    return 1, 2, 3\n\n"),
        error="WrongOutputs",
    ),
    "value_that_cannot_be_stored": Case(
        _workflow("wrong()\nreturn number()", tasks="@task\ndef wrong() -> dict:\n    return {'a': object()}\n\n"),
        error="WrongValue",
    ),
    "deep_failure": Case(
        _workflow(
            "return outer(n=n)",
            tasks="def check(x):\n    if x > 2:\n        raise KeyError('no row 3')\n\n@task\ndef checked(x: int) -> int:\n"
            "    check(x)\n    return x\n\n@workflow\ndef outer(n: int) -> int:\n    return checked(x=double(x=n))\n\n",
        ),
        error="KeyError",
    ),
    "retries_exhausted": Case(
        _workflow(
            "return flaky()",
            tasks="@task(retries=2)\ndef flaky() -> int:\n    raise ConnectionError('no route to host')\n\n",
        ),
        error="ConnectionError",
    ),
    "timeout": Case(
        _workflow(
            "return slow()",
            tasks="import time\nfrom datetime import timedelta\n\n@task(timeout=timedelta(seconds=0.5))\ndef slow() -> int:\n"
            "    time.sleep(30)\n    return 1\n\n",
        ),
        words=("run", "--executor", "process", *WF[1:]),
    ),
    "condition_that_fails": Case(
        _workflow(
            "return conditional('size').if_(n > 5).then(double(x=n)).else_().fail('n is too small')",
            imports="from plait import conditional\n",
        ),
        error="ExecutionFailed",
    ),
    "map_over_unequal_lists": Case(
        _workflow(
            "return map_task(add)(a=a, b=b)",
            signature="(a: list[int] = [1, 2], b: list[int] = [1]) -> list[int]",
            imports="from plait import map_task\n",
            tasks="@task\ndef add(a: int, b: int) -> int:\n    return a + b\n\n",
        ),
        error="ExecutionFailed",
    ),
    "map_with_a_failing_element": Case(
        _workflow(
            "return map_task(inverse)(x=xs)",
            signature="(xs: list[int] = [1, 0, 2]) -> list[float]",
            imports="from plait import map_task\n",
            tasks="@task\ndef inverse(x: int) -> float:\n    return 1 / x\n\n",
        ),
        error="ZeroDivisionError",
    ),
    "dynamic_with_a_wrong_edge": Case(
        _workflow(
            "return spread(n=n)",
            imports="from plait import dynamic\n",
            tasks="@dynamic\ndef spread(n: int) -> int:\n    return double(x=text())\n\n",
        ),
        error="ExecutionFailed",
    ),
    "secret_that_is_nowhere": Case(
        _workflow(
            "return connect()",
            imports="from plait import Secret, current_context\n",
            tasks="@task(secret_requests=[Secret(group='db', key='password')])\ndef connect() -> int:\n"
            "    return len(current_context().secrets.get('db', 'password'))\n\n",
        ),
        error="SecretMissing",
    ),
    "secret_that_was_not_asked_for": Case(
        _workflow(
            "return connect()",
            imports="from plait import current_context\n",
            tasks="@task\ndef connect() -> int:\n    return len(current_context().secrets.get('db', 'password'))\n\n",
        ),
        error="SecretNotRequested",
    ),
    "rejected_approval": Case(
        _workflow(
            "return approve(double(x=n), 'price', timeout=timedelta(hours=1))",
            imports="from datetime import timedelta\nfrom plait import approve\n",
        ),
        typed="n\n",
    ),
    "missing_file": Case(
        _workflow(
            "return size(file=file)",
            signature="(file: File = File('/nowhere/data.csv')) -> int",
            imports="from plait import File\n",
            tasks="@task\ndef size(file: File) -> int:\n    with file.open() as stream:\n        return len(stream.read())\n\n",
        ),
    ),
    "missing_blob": Case(
        _workflow(
            "return size(file=file)",
            signature="(file: File = File('memory://nowhere/data.csv')) -> int",
            imports="from plait import File\n",
            tasks="@task\ndef size(file: File) -> int:\n    with file.open() as stream:\n        return len(stream.read())\n\n",
        ),
        error="BlobMissing",
    ),
    "kind_of_task_that_no_plugin_has": Case(
        "from typing import ClassVar\nfrom plait_core.authoring.tasks import PythonFunctionTask\n"
        "\nclass SparkTask(PythonFunctionTask):\n    task_type = 'spark'\n\n"
        "class Spark:\n    plait_task_class: ClassVar[str] = 'flow:SparkTask'\n"
        + _workflow("return big()", tasks="@task(task_config=Spark())\ndef big() -> int:\n    return 1\n\n"),
    ),
}
"""What goes wrong while it runs."""

HELLO = _workflow("return double(x=n)")
LARGE = _workflow(
    "return size(s=large())",
    tasks="@task\ndef large() -> str:\n    return 'x' * 3_000_000\n\n@task\ndef size(s: str) -> int:\n    return len(s)\n\n",
)
SECRET = RUNS["secret_that_is_nowhere"].code
POINT = """
from dataclasses import dataclass

@dataclass
class Point:
    x: int
    y: int

"""

CALLS: Mapping[str, Case] = {
    "missing_input": Case(HELLO, ("run", "flow.py", "double"), 2),
    "wrong_input": Case(HELLO, (*WF, "--n", "three"), 2),
    "unknown_flag": Case(HELLO, (*WF, "--m", "3"), 2),
    "wrong_element": Case(
        _workflow("return number()", signature="(xs: list[int]) -> int"), (*WF, "--xs", '[1, "a"]'), 2
    ),
    "missing_field": Case(
        _workflow("return number()", signature="(p: Point) -> int", imports=POINT), (*WF, "--p", '{"x": 1}'), 2
    ),
    "wrong_duration": Case(
        _workflow("return number()", signature="(d: timedelta) -> int", imports="from datetime import timedelta\n"),
        (*WF, "--d", "soon"),
        2,
    ),
    "unknown_input_in_a_file": Case(HELLO, (*WF, "--inputs-file", "inputs.json"), 2, files={"inputs.json": '{"m": 3}'}),
    "unknown_executor": Case(HELLO, ("run", "--executor", "kubernetes", *WF[1:]), 2),
    "unknown_executor_in_settings": Case(HELLO, files={"plait.toml": 'executors = ["kubernetes"]\n'}),
    "unknown_environment": Case(HELLO, ("run", "--env", "prod", *WF[1:])),
    "unknown_settings": Case(
        HELLO, files={"plait.toml": 'executor = "inline"\nmax_parallelism = "many"\n[plugins.nope]\nx = 1\n'}
    ),
    "settings_that_are_no_toml": Case(HELLO, files={"plait.toml": "executors = [\n"}),
    "settings_of_a_plugin": Case(HELLO, files={"plait.toml": "[plugins.local]\nconcurency = 3\n"}),
    "unknown_store": Case(HELLO, files={"plait.toml": 'store = "mysql://db"\n'}),
    "unknown_execution": Case(words=("get", "execution", "nowhere")),
    "nothing_to_resume": Case(HELLO, ("run", "--resume", "nowhere")),
    "unknown_gate": Case(words=("approve", "earlier", "price"), exit_code=2),
    "unknown_plugin": Case(words=("plugins", "show", "spark")),
    "unknown_command": Case(words=("lanch",), exit_code=2),
}
"""What is wrong with a call, or with what it reads before the code."""

CASES: Mapping[str, Case] = {**DECLARATIONS, **WORKFLOWS, **RUNS, **CALLS}
