"""
``plait completion``: the script by which a shell completes commands and options.

Exit codes: 0 printed, 2 usage: a shell that is not known.
"""

import click

from plait.cli import documents
from plait.cli.session import Session


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--json", "as_json", is_flag=True, help="Print the script as a JSON document.")
@click.pass_context
def command(ctx: click.Context, shell: str, as_json: bool) -> None:
    """
    Print the completion script of a shell.

    For bash, add `eval "$(plait completion bash)"` to ~/.bashrc; likewise for zsh. For fish, write it to
    ~/.config/fish/completions/plait.fish.
    """
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    assert completion is not None, shell
    root = ctx.find_root()
    script = completion(root.command, {"obj": Session()}, "plait", "_PLAIT_COMPLETE").source()
    if as_json:
        documents.show({"shell": shell, "script": script})
    else:
        click.echo(script)
