"""
The command line by rows: what a person types, what is printed, and the exit code.

All calls are made in one process, because starting one takes longer than any call.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

Outcome = tuple[int, str, str]
"""Exit code, standard output, standard error."""

RUNNING = "Running Execution on local.\n"

ENTITIES = """
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Literal, NamedTuple, Optional, Union
import os
import pandas as pd
from pydantic import BaseModel
from plait import Directory, File, LaunchPlan, StructuredDataset, current_context, task, workflow

class Color(Enum):
    RED = "red"
    BLUE = "blue"

@dataclass
class Point:
    x: int
    y: int = 0

class Model(BaseModel):
    size: float

Named = NamedTuple("Named", [("total", int), ("label", str)])


@task
def nothing() -> None: ...

@task
def none(n: Optional[int] = None) -> Optional[int]:
    return n

@task
def color(c: Color) -> Color:
    return c

@task
def point(p: Point) -> Point:
    return p

@task
def points(ps: list[Point]) -> int:
    return sum(p.x for p in ps)

@task
def model(m: Model) -> Model:
    return m

@task
def named() -> Named:
    return Named(3, "x")

@task
def two() -> tuple[int, str]:
    return 1, "a"

@task
def made() -> File:
    path = Path(current_context().working_directory) / "out.txt"
    path.write_text("content")
    return File(path)

@task
def size(f: File) -> int:
    return len(Path(f).read_text())

@task
def tree(d: Directory) -> list[str]:
    return [r for _, r in d.crawl()]

@task
def rows(df: pd.DataFrame) -> int:
    return len(df)

@task
def sd(ds: StructuredDataset) -> int:
    return len(ds.open(pd.DataFrame).all())

@task
def either(v: Union[int, str]) -> str:
    return repr(v)

@task
def number(v: Union[int, float, bool]) -> str:
    return repr(v)

@task
def choice(v: Literal["a", "b"]) -> str:
    return v

@task
def when(at: datetime) -> str:
    return at.isoformat()

@task
def day(d: date) -> str:
    return d.isoformat()

@task
def wait(t: timedelta = timedelta(minutes=90)) -> float:
    return t.total_seconds()

@task
def flt(x: float) -> str:
    return repr(x)

@task
def keys(d: dict[int, str]) -> str:
    return repr(d)

@task
def env() -> str:
    return os.environ.get("GREETING", "none")

@task
def my_flag(is_it: bool, Upper: int = 1) -> str:
    return repr((is_it, Upper))

@task
def boom(n: int) -> int:
    raise ValueError(f"n is {n}")

@workflow
def wf(n: int = 1) -> str:
    return text(n=n)

@task
def text(n: int) -> str:
    return f"text {n}"

hourly = LaunchPlan.get_or_create(wf, "hourly_wf", default_inputs={"n": 7})

@workflow
def broken(n: int) -> int:
    return boom(n=n)
"""

DRIVER = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout

import plait.cli

def call(words):
    out, err, sys.argv = io.StringIO(), io.StringIO(), ["plait", *words]
    with redirect_stdout(out), redirect_stderr(err):
        try:
            plait.cli.main()
        except SystemExit as end:
            return end.code or 0, out.getvalue(), err.getvalue()

print(json.dumps([call(words) for words in json.load(sys.stdin)]))
"""

PRINTED = {
    # P-02: how results print
    ("nothing",): "",
    ("none",): "",
    ("none", "--n", "3"): "3",
    ("named",): "Named(total=3, label='x')",
    ("two",): "DefaultNamedTupleOutput(o0=1, o1='a')",
    ("color", "--c", "blue"): "Color.BLUE",
    ("point", "--p", '{"x": 1}'): "Point(x=1, y=0)",
    ("model", "--m", '{"size": 2}'): "size=2.0",
    # P-07: a launch plan by its variable and by its name
    ("hourly",): "text 7",
    ("hourly_wf", "--n", "1"): "text 1",
    # P-17, P-18, P-19: options of a launch
    ("env", "--envvar", "GREETING=hi"): "hi",
    ("wf", "--label", "a", "--tag", "t", "--max-parallelism", "2", "--overwrite-cache"): "text 1",
    # P-30, P-33: names and flags
    ("my_flag", "--is_it", "--Upper", "2"): "(True, 2)",
    ("my_flag", "--no-is-it"): "(False, 1)",
    ("my_flag",): "(False, 1)",
    ("wf", "--n", "1", "--n", "2"): "text 2",
    # P-32: numbers
    ("flt", "--x", "3"): "3.0",
    # P-34: times are UTC, whatever the offset
    ("when", "--at", "2026-01-31 10:00:00"): "2026-01-31T10:00:00+00:00",
    ("when", "--at", "2026-01-31T10:00:00.5+09:00"): "2026-01-31T01:00:00.500000+00:00",
    ("when", "--at", "2026-01-31T10:00:00Z"): "2026-01-31T10:00:00+00:00",
    ("when", "--at", "2026-01-31 + 2h"): "2026-01-31T02:00:00+00:00",
    ("when", "--at", "2026-01-31 - P1D"): "2026-01-30T00:00:00+00:00",
    ("day", "--d", "2026-01-31"): "2026-01-31",
    # P-35, Q-08, Q-09: durations
    ("wait",): "5400.0",
    ("wait", "--t", "1:24"): "84.0",
    ("wait", "--t", ":22"): "22.0",
    ("wait", "--t", "10 days"): "864000.0",
    ("wait", "--t", "1h30m"): "5400.0",
    ("wait", "--t", "PT1H"): "3600.0",
    # P-38, P-39: JSON, or a file of it or of YAML
    ("points", "--ps", '[{"x": 1}, {"x": 2}]'): "3",
    ("point", "--p", "p.yaml"): "Point(x=3, y=4)",
    ("point", "--p", "p.json"): "Point(x=5, y=0)",
    ("keys", "--d", '{"1": "one"}'): "{1: 'one'}",
    # P-40, P-41, P-42: paths
    ("size", "--f", "hi.txt"): "5",
    ("tree", "--d", "dir"): "['a']",
    ("rows", "--df", "t.csv"): "2",
    # P-37, P-43: choices and unions
    ("choice", "--v", "b"): "b",
    ("either", "--v", "4"): "4",
    ("either", "--v", "abc"): "'abc'",
    ("number", "--v", "4.5"): "4.5",
}
"""What follows ``plait run cli_rows.py`` -> what is printed as the result."""

REFUSED = {
    ("point", "--p", '{"y": 1}'): "lacks x",
    ("points", "--ps", '{"x": 1}'): "--ps",
    ("points", "--ps", "1,2"): "--ps",
    ("model", "--m", "{}"): "size: Field required",
    ("size", "--f", "nofile.txt"): "nofile.txt",
    ("size", "--f", "dir"): "a file",
    ("tree", "--d", "hi.txt"): "a directory",
    ("rows", "--df", "none.parquet"): "none.parquet",
    ("choice", "--v", "c"): "a or b",
    ("color", "--c", "green"): "red",
    ("when", "--at", "someday"): "datetime",
    ("wait", "--t", "bogus"): "duration",
    ("keys", "--d", '{"one": "one"}'): "integer",
    ("my_flag", "--is_it", "true"): "unexpected extra argument",
    ("boom", "--n", "3.0"): "not a valid integer",
    ("boom",): "Missing option --n",
    ("wf", "--nosuch", "1"): "--nosuch",
    ("env", "--envvar", "GREETING"): "KEY=VALUE",
}
"""What follows ``plait run cli_rows.py`` -> part of the usage error."""

OTHERS = {
    "files": ("run",),
    "entities": ("run", "cli_rows.py"),
    "file": ("run", "cli_rows.py", "made"),
    "no value": ("run", "cli_rows.py", "wf", "--n"),
    "help": ("run", "cli_rows.py", "wait", "--help"),
    "task fails": ("run", "cli_rows.py", "boom", "--n", "1"),
    "workflow fails": ("run", "cli_rows.py", "broken", "--n", "1"),
    "no entity": ("run", "cli_rows.py", "nosuch"),
    "no file": ("run", "absent.py", "wf"),
    "elsewhere": ("run", "-p", "proj", "-d", "dom", "cli_rows.py", "wf"),
    "a name": ("run", "cli_rows.py", "wf", "--name", "myrun"),
    "the name again": ("run", "cli_rows.py", "wf", "--name", "myrun"),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """Make every call once, in a folder with the files that they name."""
    folder = tmp_path_factory.mktemp("rows")
    (folder / "dir").mkdir()
    for name, content in {
        "cli_rows.py": ENTITIES,
        "p.yaml": "x: 3\ny: 4\n",
        "p.json": '{"x": 5}',
        "t.csv": "a\n1\n2\n",
        "hi.txt": "hello",
        "dir/a": "a",
    }.items():
        (folder / name).write_text(content)
    runs = {" ".join(words): ("run", "cli_rows.py", *words) for words in (*PRINTED, *REFUSED)}
    calls = {**runs, **OTHERS}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(list(calls.values())),
        env={"PLAIT_HOME": str(folder / ".home"), "PATH": "", "COLUMNS": "120"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(calls, map(tuple, json.loads(done.stdout)), strict=True))


@pytest.mark.parametrize("words", PRINTED, ids=" ".join)
def test_result_is_printed_as_text(words: tuple[str, ...], outcomes: Mapping[str, Outcome]) -> None:
    """P-01, P-02, P-17 to P-19, P-30 to P-43: after the line that says where it runs."""
    assert outcomes[" ".join(words)] == (0, f"{RUNNING}{PRINTED[words]}\n", "")


def test_input_without_its_value_is_told_with_the_usage_of_the_entity(outcomes: Mapping[str, Outcome]) -> None:
    """And not with that of the command in front of it."""
    code, _, err = outcomes["no value"]

    assert code == 2
    assert "Usage: plait run cli_rows.py wf [INPUTS]" in err
    assert "Option '--n' requires an argument" in err


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_does_not_fit_is_a_usage_error(words: tuple[str, ...], outcomes: Mapping[str, Outcome]) -> None:
    """P-05, P-30 to P-43, Q-09 to Q-12: exit code 2, and nothing runs."""
    code, out, err = outcomes[" ".join(words)]

    assert (code, out) == (2, "")
    assert REFUSED[words] in err


def test_returned_file_is_printed_as_a_path_that_can_be_opened(outcomes: Mapping[str, Outcome]) -> None:
    """P-02: of the stored copy, for the working directory is gone."""
    code, out, _ = outcomes["file"]

    assert code == 0
    assert Path(out.removeprefix(RUNNING).strip()).read_text() == "content"


@pytest.mark.parametrize("which", ["task fails", "workflow fails"])
def test_failure_shows_the_users_frames_alone(which: str, outcomes: Mapping[str, Outcome]) -> None:
    """P-05, P-06: exit code 1; type and message as raised, and the task that raised."""
    code, out, err = outcomes[which]

    assert (code, out) == (1, RUNNING)
    assert "ValueError: n is 1" in err
    assert "cli_rows.boom" in err
    assert [line for line in err.splitlines() if line.startswith("  File ") and "cli_rows.py" not in line] == []


@pytest.mark.parametrize(("which", "told"), [("no entity", "nosuch"), ("no file", "absent.py")])
def test_what_is_not_there_is_named(which: str, told: str, outcomes: Mapping[str, Outcome]) -> None:
    """P-05: exit code 1."""
    code, out, err = outcomes[which]

    assert (code, out) == (1, "")
    assert told in err


def test_files_and_entities_are_listed(outcomes: Mapping[str, Outcome]) -> None:
    """P-07: files of the folder; then workflows, tasks and launch plans, the plan with its registered name."""
    lines = outcomes["entities"][1].splitlines()

    assert outcomes["files"][:2] == (0, "cli_rows.py\n")
    assert lines[:2] == ["broken  workflow (cli_rows.broken)", "wf  workflow (cli_rows.wf)"]
    assert lines[2] == "boom  task (cli_rows.boom)"
    assert lines[-1] == "hourly  launch plan (cli_rows.hourly) (LP Name: hourly_wf)"


def test_help_says_what_an_input_takes(outcomes: Mapping[str, Outcome]) -> None:
    """P-08, Q-08, Q-16: the right kind, the type and the default."""
    code, out, _ = outcomes["help"]

    assert code == 0
    assert "Run the task cli_rows.wait." in out
    assert "--t TIMEDELTA" in out
    assert "[default: PT1H30M]" in out


def test_project_and_domain_stand_before_the_file_or_behind(outcomes: Mapping[str, Outcome]) -> None:
    """P-10."""
    assert outcomes["elsewhere"][:2] == (0, f"{RUNNING}text 1\n")


def test_name_of_an_execution_is_taken_once(outcomes: Mapping[str, Outcome]) -> None:
    """P-16: a second run of the name does nothing and says so."""
    assert outcomes["a name"][:2] == (0, f"{RUNNING}text 1\n")
    code, _, err = outcomes["the name again"]
    assert code == 1
    assert "myrun" in err
