"""
Names of things: entities, executions, nodes and attempts.

Project and domain are part of every id. Ids order and hash by value; their text form is
what people type and what keys in stores are made of.
"""

from enum import Enum
from typing import NewType

import attrs

NodeId = NewType("NodeId", str)
"""Id of a node within its template (``n0``), or, at run time, of one node of one execution (``n0-0-n1``)."""

DEFAULT_PROJECT = "default"
DEFAULT_DOMAIN = "development"
LOCAL_VERSION = "local"
"""Version that entities carry until they are registered."""


class EntityKind(Enum):
    """What an entity id names."""

    TASK = "task"
    WORKFLOW = "workflow"
    LAUNCH_PLAN = "launch_plan"


@attrs.frozen(kw_only=True, cache_hash=True)
class EntityId:
    """A registered thing: immutable once registered under this id."""

    kind: EntityKind
    name: str
    project: str = DEFAULT_PROJECT
    domain: str = DEFAULT_DOMAIN
    version: str = LOCAL_VERSION
    org: str = ""

    def __str__(self) -> str:
        """Render as ``kind:project:domain:name@version``."""
        return f"{self.kind.value}:{self.project}:{self.domain}:{self.name}@{self.version}"


@attrs.frozen(kw_only=True, cache_hash=True)
class ExecutionId:
    """One run of a launch plan or task."""

    project: str = DEFAULT_PROJECT
    domain: str = DEFAULT_DOMAIN
    name: str

    def __str__(self) -> str:
        """Render as ``project/domain/name``."""
        return f"{self.project}/{self.domain}/{self.name}"


@attrs.frozen(kw_only=True, cache_hash=True)
class NodeExecutionId:
    """One node of one execution, by its unique run-time id."""

    execution: ExecutionId
    node: NodeId

    def __str__(self) -> str:
        """Render as ``project/domain/name/node``."""
        return f"{self.execution}/{self.node}"


@attrs.frozen(kw_only=True, cache_hash=True)
class AttemptId:
    """
    The *n*-th try of one task by one node, or by one element of a map node.

    ``task`` follows from the node and is carried for the reader; equality ignores it.
    """

    execution: ExecutionId
    node: NodeId
    task: EntityId = attrs.field(eq=False)
    element: int | None = None
    n: int = 0

    def __str__(self) -> str:
        """Render as ``project/domain/name/node/n``, with the element before *n* where there is one."""
        element = "" if self.element is None else f"/{self.element}"
        return f"{self.execution}/{self.node}{element}/{self.n}"
