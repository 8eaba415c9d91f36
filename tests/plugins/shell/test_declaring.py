"""What can be wrong with a shell task is refused where it is declared."""

from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import plait
from plait_core.types.files import File
from plait_shell import OutputLocation, ShellTask
from plait_shell.errors import InvalidScript, UnknownReference, UnsafeReference, UnsupportedOutput
from plait_shell.templates import words_of


def declare(**arguments: Any) -> ShellTask:
    return ShellTask(**{"name": "t", "inputs": {"x": str, "n": int}, **arguments})


@pytest.mark.parametrize(
    ("script", "reference"),
    [
        ("echo {inputs.y}", "{inputs.y}"),
        ("echo {outputs.y:raw}", "{outputs.y:raw}"),
        ("echo {ctx.nonsense}", "{ctx.nonsense}"),
        ("echo {ctx.publish_deck}", "{ctx.publish_deck}"),
        ("echo {x}", "{x}"),
        ("awk '{}'", "{}"),
        ("# {inputs.y}", "{inputs.y}"),
    ],
)
def test_unknown_reference_is_named(script: str, reference: str) -> None:
    """Also in a comment, where it is a mistake just as well."""
    with pytest.raises(UnknownReference) as caught:
        declare(script=script)

    assert caught.value.problem == f"'t' has nothing to put in for {reference}"
    assert "inputs.x, inputs.n" in caught.value.remedy


def test_unknown_reference_in_a_location_is_named() -> None:
    """A location knows inputs and the context."""
    with pytest.raises(UnknownReference, match=r"outputs\.a"):
        declare(script=":", output_locs=[OutputLocation("a", File, "{outputs.a}")])


@pytest.mark.parametrize("script", ["cat <<END\n{inputs.x}\nEND", "echo `echo {inputs.x}`", "echo $(({inputs.x} + 1))"])
def test_value_that_cannot_be_quoted_is_refused(script: str) -> None:
    """The remedy is a variable, or the author's word that it is script."""
    with pytest.raises(UnsafeReference) as caught:
        declare(script=script)

    assert "value={inputs.x}" in caught.value.remedy


@pytest.mark.parametrize("script", ["echo $(({inputs.n} + 1))", "echo `echo {inputs.x:raw}`"])
def test_numbers_and_trusted_values_may_stand_anywhere(script: str) -> None:
    """A number has nothing in it that a shell could read as more."""
    assert declare(script=script).script == script


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "is missing"),
        ({"script": ":", "script_file": "x.sh"}, "is given twice"),
        ({"script_file": "/nowhere/x.sh"}, "cannot be read from '/nowhere/x.sh': No such file or directory"),
        ({"script": "echo {inputs.x"}, "has unmatched braces: expected '}' before end of string"),
    ],
)
def test_unusable_script_is_refused(arguments: dict[str, Any], reason: str) -> None:
    """As ``ValueError``, too."""
    with pytest.raises(InvalidScript) as caught:
        declare(**arguments)

    assert caught.value.problem == f"the script of 't' {reason}"
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("type", [str, list[File], None])
def test_output_that_is_no_file_is_refused(type: Any) -> None:
    """A script hands over what it wrote."""
    with pytest.raises(UnsupportedOutput, match="'a' of 't'"):
        declare(script=":", output_locs=[OutputLocation("a", type, "a")])


def test_script_file_is_found_beside_the_module(tmp_path: Path) -> None:
    """Whatever the working directory is; an absolute path is taken as it is."""
    (tmp_path / "x.sh").write_text("echo {inputs.x}")

    assert declare(script_file=tmp_path / "x.sh").script == "echo {inputs.x}"
    assert declare(script_file="sample.sh").script == "echo {inputs.x}\n"


def test_template_says_what_runs() -> None:
    """A change of the script is a change of the task, to whoever registers or caches it."""
    declared = declare(script="cp {inputs.x} {outputs.a}", output_locs=[OutputLocation("a", File, "a")])

    assert (declared.template.type, declared.template.custom) == (
        "shell",
        {"script": "cp {inputs.x} {outputs.a}", "shell": "/bin/sh", "outputs": {"a": "a"}},
    )


def test_name_comes_from_plait_as_well() -> None:
    """The import of the examples that people know works."""
    assert plait.ShellTask is ShellTask


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a b", ["a b"]),
        (3, ["3"]),
        (True, ["True"]),
        (None, [""]),
        ([1, "a b"], ["1", "a b"]),
        (Colour.RED, ["red"]),
        ({"a": 1}, ['{"a": 1}']),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), ["2026-03-01T12:00:00+00:00"]),
        (Path("/x"), ["/x"]),
    ],
)
def test_value_is_spelt_for_a_shell(value: object, words: list[str]) -> None:
    """As a person would type it."""
    assert words_of(value) == words


def test_cached_outputs_belong_to_the_script() -> None:
    """A change of the script, or of the shell, is a change of version."""
    policies = [
        declare(script=script, shell=shell, cache=True).template.metadata.cache
        for script, shell in [("true", "sh"), ("true", "sh"), ("false", "sh"), ("true", "bash")]
    ]

    assert policies[0] == policies[1]
    assert len(set(policies)) == 3


def test_errors_point_at_the_declaration() -> None:
    """Not at the class that it is made with."""
    source = ShellTask(name="t", script=":").source

    assert source is not None
    assert source.file == __file__
