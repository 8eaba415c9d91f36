"""
Addresses of data: how scripts and pages name a value of an execution, ``flyte://v1/PROJECT/DOMAIN/EXECUTION/NODE/o/VARIABLE``.

Read by ``AsyncRemote.get``. A number behind the node, which names one of its attempts, is allowed and ignored: all attempts have the inputs of
their node, and one of them made its outputs.
"""

import re

import attrs

from plait.errors import NoAddress
from plait_core.ir.ids import ExecutionId, NodeId

_FORM = re.compile(
    r"(?:flyte|plait)://v1/(?P<project>[^/]+)/(?P<domain>[^/]+)/(?P<name>[^/]+)(?:/(?P<node>[^/]+?)(?:/[0-9]+)?)?"
    r"/(?P<kind>[iod])(?:/(?P<variable>[^/]+))?"
)


@attrs.frozen(kw_only=True)
class DataAddress:
    """What an address names. ``kind`` is ``i`` for inputs, ``o`` for outputs, ``d`` for a deck; without *variable*, all values of it."""

    execution: ExecutionId
    node: NodeId
    kind: str
    variable: str


def parse_address(text: str) -> DataAddress:
    """Read an address. Raises ``NoAddress`` for anything else."""
    found = _FORM.fullmatch(text)
    if found is None or (found["kind"] == "d" and (found["variable"] or not found["node"])):
        raise NoAddress(text=text[:200])
    return DataAddress(
        execution=ExecutionId(project=found["project"], domain=found["domain"], name=found["name"]),
        node=NodeId(found["node"] or ""),
        kind=found["kind"],
        variable=found["variable"] or "",
    )
