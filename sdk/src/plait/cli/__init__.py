"""
The command line: ``plait run`` and what goes with it.

``main`` is the entry point. A command's module is imported when the command is called, because most of what they
import is not needed by the one that runs. Exit codes: 0 success, 1 the run failed, 2 usage, 130 interrupted.
"""

from errno import EDQUOT, ENOSPC

NO_ROOM = frozenset({ENOSPC, EDQUOT})
"""What systems say when a disk is full, or a quota used up."""


def main() -> None:
    """
    Run the command that the arguments of this process ask for, and exit.

    Modules and classes are no garbage, and looking for some among them is a fifth of a short run; so collection
    begins with the execution (``plait.cli.sights``).
    """
    import gc

    gc.disable()
    from plait.cli.root import plait
    from plait_core.errors import PlaitError

    try:
        plait.main(prog_name="plait")
    except PlaitError as error:
        from plait.cli.failures import report

        report(error)
        raise SystemExit(1) from None
    except OSError as error:
        from plait.cli.failures import report_unwritten

        if error.errno not in NO_ROOM:
            raise
        report_unwritten(error)
        raise SystemExit(1) from None


__all__ = ["main"]
