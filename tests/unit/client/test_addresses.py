"""Addresses name values of executions, as scripts for flytekit write them."""

import pytest

from plait.errors import NoAddress
from plait.remote.addresses import DataAddress, parse_address
from plait_core.ir.ids import ExecutionId, NodeId

RUN = ExecutionId(project="lab", domain="production", name="f1")


@pytest.mark.parametrize(
    ("text", "node", "kind", "variable"),
    [
        ("flyte://v1/lab/production/f1/n0/o/o0", "n0", "o", "o0"),
        ("flyte://v1/lab/production/f1/n0/3/o/o0", "n0", "o", "o0"),
        ("plait://v1/lab/production/f1/n0-0-n1/i", "n0-0-n1", "i", ""),
        ("flyte://v1/lab/production/f1/n0/d", "n0", "d", ""),
        ("flyte://v1/lab/production/f1/o/o0", "", "o", "o0"),
        ("flyte://v1/lab/production/f1/i", "", "i", ""),
    ],
)
def test_address_is_read(text: str, node: str, kind: str, variable: str) -> None:
    """With a node or without, of all values or of one."""
    assert parse_address(text) == DataAddress(execution=RUN, node=NodeId(node), kind=kind, variable=variable)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3://bucket/o",
        "flyte://v2/lab/production/f1/n0/o",
        "flyte://v1/lab/production/f1",
        "flyte://v1/lab/production/f1/n0",
        "flyte://v1/lab/production/f1/n0/x",
        "flyte://v1/lab/production/f1/n0/o/o0/more",
        "flyte://v1/lab/production/f1/d",
        "flyte://v1/lab/production/f1/n0/d/x",
        "flyte://v1//production/f1/n0/o",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """It says how one looks."""
    with pytest.raises(NoAddress, match="flyte://v1/"):
        parse_address(text)
