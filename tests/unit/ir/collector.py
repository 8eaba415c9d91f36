"""How much a value gives the garbage collector to do."""

import gc
from enum import Enum
from typing import Any


def tracked(root: Any) -> int:
    """Count the objects below *root* that the garbage collector visits, but for classes and what they hold."""
    seen, waiting = set(), [root]
    kept = []
    while waiting:
        found = waiting.pop()
        if gc.is_tracked(found) and id(found) not in seen and not isinstance(found, type | Enum):
            seen.add(id(found))
            kept.append(found)  # or another object may get its id
            waiting += gc.get_referents(found)
    return len(seen)
