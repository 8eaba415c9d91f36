"""
The command that one entity is: its inputs as options, and beside them the options of a launch.

An input wins over an option of the same name, which then stands before the file.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource

from plait.cli.inputs import Runnable, options_of
from plait.cli.launching import launch_options
from plait.cli.session import executor_option, place_option, setting_options


class EntityForm(click.Command):
    """Parses what follows an entity on the command line; calling it does nothing."""

    def __init__(self, entity: Runnable) -> None:
        """Make the options of *entity*."""
        self.inputs = options_of(entity)
        taken = {spelling for option in self.inputs for spelling in (option.name, *option.opts, *option.secondary_opts)}
        others = (*launch_options(), place_option(), executor_option(), *setting_options())
        self.others = [option for option in others if not taken & {option.name, *option.opts}]
        super().__init__(
            entity.name,
            params=[*self.inputs, *self.others],
            help=_help(entity),
            options_metavar="[INPUTS] [OPTIONS]",
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; click leaves out whose usage an option without its value breaks, and would show that of ``run``."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if error.ctx is None:
                raise click.UsageError(error.format_message(), ctx) from error
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Tell inputs from options."""
        for title, options in (("Inputs", self.inputs), ("Options", self.others)):
            records = [record for option in options if (record := option.get_help_record(ctx))]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def merged(self, before: Mapping[str, Any], ctx: click.Context) -> dict[str, Any]:
        """Add the options that were given among the inputs to those *before* the file."""
        merged = dict(before)
        for option in self.others:
            name = str(option.name)
            if name in merged and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                merged[name] = _joined(merged[name], ctx.params[name])
        return merged


def _joined(before: Any, after: Any) -> Any:
    if isinstance(before, dict):
        return {**before, **after}
    return (*before, *after) if isinstance(before, tuple) else after


def _help(entity: Runnable) -> str:
    kind = entity.kind.value.replace("_", " ")
    described = getattr(entity, "described", None)
    texts: Sequence[str] = (described.short, described.long) if described is not None else ()
    return "\n\n".join([f"Run the {kind} {entity.name}.", *filter(None, texts)])
