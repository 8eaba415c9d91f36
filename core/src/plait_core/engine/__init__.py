"""
The engine: launches executions and sees them through, over whatever ports it is given.

``Engine`` is public, and so are ``Inspector`` and the state they show, for reading; everything else here is underscored. The rules are
pure (``_decide``), the fold is total (``_apply``), and a thin asyncio shell (``_run``, ``_acting``) commits turns and
carries out commands.
"""

from plait_core.engine._children import Ending
from plait_core.engine._clocks import HostClock
from plait_core.engine._inspector import Inspector
from plait_core.engine._policies import SYSTEM_RETRIES
from plait_core.engine._state import ExecutionState, NodeState
from plait_core.engine._units import output_prefix
from plait_core.engine._waits import Wait, waits_of
from plait_core.engine.engine import Engine

__all__ = [
    "SYSTEM_RETRIES",
    "Ending",
    "Engine",
    "ExecutionState",
    "HostClock",
    "Inspector",
    "NodeState",
    "Wait",
    "output_prefix",
    "waits_of",
]
