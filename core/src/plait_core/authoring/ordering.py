"""``create_node``: a call as an explicit node, for those who order and name nodes more than they pass values."""

from typing import Any

from plait_core.authoring.entities import Entity
from plait_core.authoring.nodes import Node
from plait_core.authoring.scopes import required_scope


def create_node(entity: Entity[Any, Any], **inputs: Any) -> Node:
    """Call *entity* and return its node: ``node.o0``, ``node.outputs["name"]``, ``node >> other``, ``node.with_overrides(…)``."""
    return entity._record(required_scope("create_node()"), (), inputs)
