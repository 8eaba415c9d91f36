"""
``plait`` itself: what may stand before a command, and where each command lives.

Built-in commands are listed here; those of plugins are asked for when a name is not among them, and for the help.
"""

from importlib import import_module

import click

from plait.cli import colors
from plait.cli.session import Session

COMMANDS = {
    "run": "Run a workflow, task or launch plan.",
    "check": "Compile what a file declares, and run nothing.",
    "graph": "Draw a workflow.",
    "register": "Register entities with their code.",
    "package": "Write entities and their code to one file.",
    "get": "List projects, entities and executions; show an execution.",
    "describe": "Show a project, an entity or an execution in full.",
    "watch": "Watch an execution as it goes on.",
    "logs": "Show what the tasks of an execution print.",
    "fetch": "Download the outputs of an execution.",
    "explain": "Say what an execution waits for, and why the cache was or was not used.",
    "approve": "Answer an approval gate.",
    "signal": "Supply the value that a gate waits for.",
    "cancel": "End an execution.",
    "abort": "The same as cancel.",
    "archive": "Leave executions out of lists.",
    "relaunch": "Run again what an execution ran.",
    "recover": "Run again what did not succeed in an execution.",
    "rerun": "Run again from some nodes of an execution.",
    "launch-plan": "Switch launch plans on and off.",
    "project": "List, create and update projects.",
    "token": "Make, list and delete tokens of a server.",
    "config": "Show and set settings.",
    "plugins": "List, show, check and make plugins.",
    "doctor": "Look for what would keep plait from working here.",
    "init": "Start a project.",
    "cache": "Look after cached outputs.",
    "gc": "Delete executions that ended long ago.",
    "completion": "Print the script that completes commands in a shell.",
}
"""Command -> what it does; the module of the same name in ``plait.cli.commands``, with ``_`` for ``-``, has it as ``command``."""


class Commands(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [
            *COMMANDS,
            *(name for name in ctx.ensure_object(Session).plugins.cli_commands() if name not in COMMANDS),
        ]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            command: click.Command = import_module(f"plait.cli.commands.{cmd_name.replace('-', '_')}").command
            return command
        plugins = ctx.ensure_object(Session).plugins
        offered = plugins.cli_commands().get(cmd_name)
        return None if offered is None else plugins.resolve(offered.factory)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that *args* begin with; for one that is not there, name those that are spelled like it."""
        name = args[0]
        if not name.startswith("-") and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            from difflib import get_close_matches

            near = " or ".join(map(repr, get_close_matches(name, self.list_commands(ctx))))
            raise click.UsageError(f"No such command {name!r}.{near and f' Did you mean {near}?'}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List commands without importing any."""
        offered = ctx.ensure_object(Session).plugins.cli_commands()
        helps = {name: spec.help for name, spec in offered.items()} | COMMANDS
        with formatter.section("Commands"):
            formatter.write_dl([(name, helps[name]) for name in self.list_commands(ctx)])


def _show_version(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        click.echo(f"plait {version('plait')}")
        ctx.exit()


def _leave_out(ctx: click.Context, _: click.Parameter, words: tuple[str, ...]) -> None:
    for word in words:
        if not word.startswith("no:") or word == "no:":
            raise click.BadParameter(f"{word!r} does not read 'no:NAME'")
        ctx.ensure_object(Session).leave_out(word.removeprefix("no:"))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", count=True, help="Log what plait does; twice for more.")
@click.option(
    "-p",
    "left_out",
    multiple=True,
    metavar="no:NAME",
    expose_value=False,
    is_eager=True,  # before the command is looked up, for it may be the plugin's
    callback=_leave_out,
    help="Leave a plugin out.",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_show_version, help="Print the version."
)
@click.pass_context
def plait(ctx: click.Context, verbose: int) -> None:
    """Weave typed Python tasks into workflows and run them anywhere."""
    ctx.ensure_object(Session)
    ctx.color = colors.wanted()
    if verbose:
        import logging

        logging.basicConfig(level=logging.DEBUG if verbose > 1 else logging.INFO)
