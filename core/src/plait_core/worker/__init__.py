"""
The worker: takes a unit, runs what it asks for, and makes one result of whatever happens.

``perform`` is all of it; the engine calls it for executors that share its memory, and ``python -m plait_core.worker`` for a
process that runs one unit and ends.
"""

from plait_core.worker.performing import perform
from plait_core.worker.services import WorkerServices

__all__ = ["WorkerServices", "perform"]
