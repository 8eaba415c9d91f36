"""``plait abort``: what ``plait cancel`` does, under the name that the phase ABORTED has it from."""

from plait.cli.commands.cancel import command

__all__ = ["command"]
