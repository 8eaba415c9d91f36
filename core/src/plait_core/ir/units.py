"""
The contract between engine and workers: a ``Unit`` goes out, one ``Result`` comes back.

Rendered once per attempt by the task kind. In-process carriers hand over these very objects;
others write them as documents (``plait_core.ir.codec``). The engine speaks contract n and n-1.
"""

from collections.abc import Mapping
from typing import TypeAlias

import attrs

from plait_core.ir.executions import Closure, TaskError
from plait_core.ir.ids import AttemptId, EntityId
from plait_core.ir.literals import LiteralMap
from plait_core.ir.shapes import Shape
from plait_core.ir.tasks import Container, PodSpec, SecretRequest, TaskTemplate

CONTRACT = 1


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FunctionCall(Shape):
    """
    Load a Python entity and run it.

    ``location`` is ``module:qualified.name``, read by the named resolver; ``bundle`` is the URI of the source archive to unpack
    first, which ends in ``/<sha256 digest>.tar.gz``, and empty when the code is importable already.
    """

    entity: EntityId
    location: str
    resolver: str = "default"
    bundle: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CommandLine(Shape):
    """Run a program; values are already in place."""

    argv: tuple[str, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ContainerRun(Shape):
    """Run an image, or a pod, that knows nothing of plait."""

    target: Container | PodSpec


Action: TypeAlias = FunctionCall | CommandLine | ContainerRun


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Unit(Shape):
    """
    One attempt, ready to run.

    Inputs are inline, or at ``inputs_uri`` when that is not empty. ``output_prefix`` receives the result
    document, ``raw_prefix`` what values refer to, ``checkpoint_prefix`` what the attempt saves; ``previous_checkpoint``
    is the prefix that the attempt before wrote, empty for none. Secrets are requests. ``env`` is what the task asked for.
    """

    attempt: AttemptId
    template: TaskTemplate
    action: Action
    inputs: LiteralMap
    inputs_uri: str = ""
    output_prefix: str = ""
    raw_prefix: str = ""
    checkpoint_prefix: str = ""
    previous_checkpoint: str = ""
    secrets: tuple[SecretRequest, ...] = ()
    env: Mapping[str, str] = attrs.field(factory=dict)
    labels: Mapping[str, str] = attrs.field(factory=dict)
    annotations: Mapping[str, str] = attrs.field(factory=dict)
    timeout_ns: int | None = None
    is_interruptible: bool = False
    token: str = ""
    contract: int = CONTRACT


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Result(Shape):
    """
    What came of an attempt: exactly one of ``outputs``, ``error`` and ``fragment``.

    A fragment is the graph a dynamic task made. Times are taken in the worker.
    """

    outputs: LiteralMap | None = None
    error: TaskError | None = None
    fragment: Closure | None = None
    deck_uri: str = ""
    checkpoint_uri: str = ""
    started_at_ns: int = 0
    ended_at_ns: int = 0
    worker: str = ""
    contract: int = CONTRACT
