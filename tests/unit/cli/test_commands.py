"""Every command says what it does, prints JSON on demand, and has a place in the reference that names its exit codes."""

import re
from collections.abc import Iterator
from importlib import import_module

import click
import pytest

from plait.cli.root import COMMANDS
from plait.cli.session import Session
from tests.architecture.layout import ROOT

PAGE = (ROOT / "docs/reference/cli.md").read_text()
EXIT_CODES = re.compile(r"^\| `([a-z -]+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def leaves(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands that do something, with their words."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from leaves(below, (*path, name))
    else:
        yield " ".join(path), command


def module_of(name: str) -> str:
    return f"plait.cli.commands.{name.replace('-', '_')}"


ALL = dict(found for name in COMMANDS for found in leaves(import_module(module_of(name)).command, (name,)))


@pytest.mark.parametrize("words", ALL)
def test_command_prints_json_on_demand(words: str) -> None:
    """By a flag of one name, which says so itself."""
    options = {option: param for param in ALL[words].params for option in param.opts}

    assert isinstance(options["--json"], click.Option)
    assert options["--json"].is_flag
    assert "JSON" in str(options["--json"].help) or "document" in str(options["--json"].help)


@pytest.mark.parametrize("words", ALL)
def test_command_and_its_options_are_explained(words: str) -> None:
    """A sentence for the command, and one for each option."""
    command = ALL[words]
    told = [(param.name, param.help) for param in command.params if isinstance(param, click.Option)]

    assert (command.help or "").strip().partition("\n")[0].endswith(".")
    assert [name for name, text in told if not text] == []


@pytest.mark.parametrize("words", ALL)
def test_command_is_in_the_reference_with_its_exit_codes(words: str) -> None:
    """One row per command: when it ends with 0, when with 1, and what is wrong usage."""
    rows = {found[0]: found[1:] for found in EXIT_CODES.findall(PAGE)}

    assert words in rows
    assert all(rows[words])


def test_reference_lists_no_other_commands() -> None:
    """Nor does it keep a command that is gone."""
    listed = {words for words, *_ in EXIT_CODES.findall(PAGE)}

    assert listed == set(ALL)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_lists_what_a_command_says_of_itself(name: str) -> None:
    """`plait --help` has a line for it without importing it."""
    command: click.Command = import_module(module_of(name)).command

    assert COMMANDS[name].endswith(".")
    assert command.get_short_help_str(limit=200)
    with click.Context(command, info_name=name, obj=Session()) as ctx:
        assert "--help" in command.get_help(ctx)


@pytest.mark.parametrize("name", COMMANDS)
def test_groups_list_their_commands_with_whole_sentences(name: str) -> None:
    """None is cut off to fit the line."""
    told = import_module(module_of(name)).command.get_help(click.Context(click.Command(name)))

    assert "..." not in told.partition("Commands:")[2]
