"""
The options of ``plait run`` that say how an execution is launched, and what they come to.

They may stand before the file or among the inputs, where an input of the same name wins.
"""

from collections.abc import Callable, Mapping
from typing import Any

import click

from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.tasks import SecurityContext


def launch_options() -> list[click.Option]:
    """Make the options."""
    return [
        click.Option(["--name"], default="", metavar="NAME", help="Name of the execution; made up by default."),
        click.Option(
            ["--inputs-file", "inputs_file"], metavar="FILE", help="Read inputs from JSON or YAML; - is standard input."
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the result as one JSON document."),
        click.Option(
            ["--wait", "waits"], is_flag=True, help="On the server, too: wait for the end, and print the result."
        ),
        click.Option(
            ["--overwrite-cache", "overwrite_cache"],
            is_flag=True,
            help="Run cached tasks anew, and keep what they return.",
        ),
        click.Option(
            ["--max-parallelism", "max_parallelism"],
            type=click.IntRange(min=1),
            metavar="N",
            help="Attempts that may run at once.",
        ),
        click.Option(
            ["--raw-data-prefix", "--raw-output-data-prefix", "raw_data_prefix"],
            default="",
            metavar="URI",
            help="Where files and large values are stored.",
        ),
        click.Option(
            ["--label", "labels"],
            multiple=True,
            metavar="K=V",
            callback=pairs(must_have_value=False),
            help="Label the execution.",
        ),
        click.Option(
            ["--annotation", "annotations"],
            multiple=True,
            metavar="K=V",
            callback=pairs(must_have_value=False),
            help="Annotate the execution.",
        ),
        click.Option(["--tag", "tags"], multiple=True, metavar="TAG", help="Tag the execution."),
        click.Option(
            ["--service-account"], default="", metavar="NAME", help="Run as this account, on executors that have any."
        ),
        click.Option(
            ["--interruptible/--no-interruptible"], default=None, help="Allow, or forbid, preemptible machines."
        ),
        click.Option(["--disable-notifications"], is_flag=True, help="Tell nobody how it ends."),
        click.Option(
            ["--envvar", "--envvars", "envs"],
            multiple=True,
            metavar="K=V",
            callback=pairs(must_have_value=True),
            help="Set a variable for its tasks.",
        ),
    ]


def execution_options(params: Mapping[str, Any], *, annotations: Mapping[str, str]) -> ExecutionOptions:
    """Make the options of an execution from parsed ones, with further *annotations*."""
    return ExecutionOptions(
        labels=params["labels"],
        annotations={**annotations, **params["annotations"]},
        envs=params["envs"],
        tags=params["tags"],
        raw_data_prefix=params["raw_data_prefix"],
        max_parallelism=params["max_parallelism"],
        overwrite_cache=params["overwrite_cache"] or None,
        security=SecurityContext(service_account=params["service_account"]) if params["service_account"] else None,
        interruptible=params["interruptible"],
        notifications=() if params["disable_notifications"] else None,
    )


def pairs(*, must_have_value: bool) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], dict[str, str]]:
    """Make the callback of an option that reads ``KEY=VALUE``, repeatedly."""

    def split(_: click.Context, __: click.Parameter, words: tuple[str, ...]) -> dict[str, str]:
        for word in words:
            if word.startswith("=") or (must_have_value and "=" not in word):
                raise click.BadParameter(f"{word!r} does not read KEY=VALUE")
        return {key: value for key, _, value in (word.partition("=") for word in words)}

    return split
