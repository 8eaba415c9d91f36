"""Plugins take part in the command line, and can be left out, listed, made and checked."""

import json
import tomllib

import pytest

from tests.acceptance.calling import Desk

HOOKS = """
from plait_core.hookspecs import hookimpl
from plait_core.ports.specs import CliCommandSpec

@hookimpl
def plait_cli_commands():
    return [CliCommandSpec(name="greet", factory="acme_commands:greet", help="Say hello.")]
"""
COMMANDS = """
import click

@click.command()
def greet() -> None:
    click.echo("hello from acme")
"""


@pytest.fixture
def acme(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk where a plugin with a command is installed."""
    desk.write("site/acme_hooks.py", HOOKS)
    desk.write("site/acme_commands.py", COMMANDS)
    desk.write("site/plait_acme-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: plait-acme\nVersion: 1.0\n")
    desk.write("site/plait_acme-1.0.dist-info/entry_points.txt", "[plait]\nacme = acme_hooks\n")
    monkeypatch.setenv("PYTHONPATH", str(desk.folder / "site"))
    return desk


def test_a_command_of_a_plugin_runs_and_is_in_the_help(acme: Desk) -> None:
    """It stands among the built-in ones."""
    assert acme.plait("greet").out == "hello from acme\n"
    assert "greet        Say hello." in acme.plait("--help").out


def test_a_plugin_that_is_left_out_takes_no_part(acme: Desk) -> None:
    """Its command is unknown, and the list says why."""
    assert acme.plait("-p", "no:acme", "greet").code == 2

    listed = json.loads(acme.plait("-p", "no:acme", "plugins", "list", "--json").out)

    assert [line["state"] for line in listed if line["name"] == "acme"] == ["left out"]


def test_a_plugin_is_shown_with_its_offers(acme: Desk) -> None:
    """Each offer names its factory."""
    assert "command greet: acme_commands:greet" in acme.plait("plugins", "show", "acme").out


def test_doctor_finds_nothing_wrong_here(desk: Desk) -> None:
    """Settings, executors and store are among what it looks at."""
    called = desk.plait("doctor", "--json")

    checks = json.loads(called.out)
    assert {"settings", "executors", "store"} <= {check["name"] for check in checks}
    assert called.code == 0, called.out


def test_a_new_project_runs_as_it_is(desk: Desk) -> None:
    """``plait init`` makes a workflow that runs, and refuses a folder that is there."""
    assert desk.plait("init", "tour").code == 0

    called = desk.plait("run", "tour/workflows.py", "greet", "--name", "Ada")

    assert called.result == ["DefaultNamedTupleOutput(o0='Hello, Ada!', o1=8)"], called.err
    assert desk.plait("init", "tour").code == 2


def test_new_project_may_have_any_name(desk: Desk) -> None:
    """The project of its settings is one that a server takes, and the command that is shown can be copied."""
    made = desk.plait("init", 'Mein "Projekt"')

    assert "cd 'Mein \"Projekt\"' && plait run" in made.out
    settings = tomllib.loads((desk.folder / 'Mein "Projekt"' / "plait.toml").read_text())
    assert settings["project"] == "mein-projekt"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, desk: Desk) -> None:
    """The script calls plait to complete."""
    called = desk.plait("completion", shell)

    assert (called.code, called.err) == (0, "")
    assert "_PLAIT_COMPLETE" in called.out


def test_completion_offers_commands(desk: Desk) -> None:
    """What the script asks for is answered without running anything."""
    called = desk.plait(env={"_PLAIT_COMPLETE": "bash_complete", "COMP_WORDS": "plait ge", "COMP_CWORD": "1"})

    assert called.out == "plain,get\n"
