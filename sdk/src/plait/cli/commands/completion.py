"""``plait completion``: the script by which a shell completes commands and options."""

import click

from plait.cli.session import Session


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """
    Print the completion script of a shell.

    For bash, add `eval "$(plait completion bash)"` to ~/.bashrc; likewise for zsh. For fish, write it to
    ~/.config/fish/completions/plait.fish.
    """
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    assert completion is not None, shell
    root = ctx.find_root()
    click.echo(completion(root.command, {"obj": Session()}, "plait", "_PLAIT_COMPLETE").source())
