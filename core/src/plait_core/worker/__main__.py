"""
The one-shot worker: ``python -m plait_core.worker UNIT RESULT [LINE]``.

Reads the unit at the URI or path UNIT, performs it, and writes the result at RESULT: last, whole, and only if there is none. LINE
is the number of an open socket to the engine. Ends with 0 once there is a result, whatever it says; SIGTERM lets the body clean
up and leaves no result.
"""

import asyncio
import socket
import sys
from collections.abc import Sequence

from plait_core.authoring.secret_values import asking
from plait_core.authoring.typesystem import process_types
from plait_core.errors import PlaitError
from plait_core.ir.codec import dumps, loads
from plait_core.ir.units import Unit
from plait_core.plugins import process_plugins
from plait_core.worker.lines import EngineLine
from plait_core.worker.processes import TERMINATED, Terminated, end_on_sigterm, perform_alone, worker_name
from plait_core.worker.services import WorkerServices

USAGE = "usage: python -m plait_core.worker UNIT RESULT [LINE]"


def main(arguments: Sequence[str]) -> int:
    """Run one unit; returns the exit status."""
    if len(arguments) not in {2, 3}:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    end_on_sigterm()
    unit_uri, result_uri, *line = arguments
    try:
        asyncio.run(_work(unit_uri, result_uri, _open_line(line)))
    except Terminated:
        return TERMINATED
    except PlaitError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _work(unit_uri: str, result_uri: str, line: EngineLine | None) -> None:
    plugins = process_plugins()
    services = WorkerServices(
        plugins=plugins,
        types=process_types(),
        blobs=plugins.blob_store,
        secrets=line.secret if line else asking(plugins.secret_providers),
        channel=(lambda _: line) if line else None,
        worker=worker_name(),
    )
    unit = loads(Unit, await plugins.blob_store(unit_uri).get(unit_uri))
    result = await perform_alone(unit, services)
    await plugins.blob_store(result_uri).put(result_uri, dumps(result), if_absent=True)


def _open_line(numbers: Sequence[str]) -> EngineLine | None:
    return EngineLine(socket.socket(fileno=int(numbers[0]))) if numbers else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
