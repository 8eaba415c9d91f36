"""
What the two kinds of worker process have in common: how they are told to end, what they are called, and how a unit is performed.

Used by the one-shot worker and by the warm one, each of which runs one attempt at a time and has a process of its own for it.
"""

import os
import signal
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from plait_core.errors.running import WrongContract
from plait_core.ir.units import CONTRACT, Result, Unit
from plait_core.worker.deliveries import deliver
from plait_core.worker.performing import perform
from plait_core.worker.services import WorkerServices

TERMINATED = 128 + signal.SIGTERM
"""Exit status of a process that was told to end, as shells count it."""


class Terminated(KeyboardInterrupt):
    """Somebody wants this process to end; passes through user code like Ctrl-C."""


def end_on_sigterm() -> None:
    """Have SIGTERM raise ``Terminated`` in the main thread, so that the body can clean up."""
    signal.signal(signal.SIGTERM, _terminate)


def worker_name() -> str:
    """Return what results call this process: ``host:pid``."""
    return f"{socket.gethostname()}:{os.getpid()}"


async def perform_alone(unit: Unit, services: WorkerServices) -> Result:
    """
    Perform *unit* with the secrets it asks for where it expects them.

    Raises:
        WrongContract: it was written for a worker of another release.
    """
    if unit.contract not in {CONTRACT, CONTRACT - 1}:
        raise WrongContract(unit=unit.contract, worker=CONTRACT)
    if not unit.secrets:
        return (await perform(unit, services)).result
    with TemporaryDirectory(prefix="plait-secrets-") as directory:
        await deliver(unit.secrets, services.secrets, Path(directory))
        return (await perform(unit, services)).result


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated
