"""
Whatever is sent, the server answers as its OpenAPI document says: schemathesis makes the requests.

A few for each operation here, many in the test that is marked slow.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS as ALL_CHECKS
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok

from plait_server.settings import ServerSettings
from tests.plugins.server.bridges import Bridge, bridged
from tests.plugins.server.console import samples
from tests.plugins.server.registered import ended, integers, launched, registered
from tests.plugins.server.serving import Serving

STREAMS = ("stream_execution", "stream_changes")
"""These answer for as long as somebody listens."""

KNOWN = {
    "project": "default",
    "domain": "development",
    "execution": "over",
    "name": samples.sums.name,
    "version": "v1",
    "node": "n0",
    "n": "0",
    "signal": "more",
}
"""What there is, by the name of the parameter that asks for it."""

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Bridge]]:
    """A server that knows a few entities and executions."""

    async def prepare(serving: Serving) -> None:
        await registered(serving, samples.sums, samples.asking, activate=True)
        await ended(serving, samples.sums, integers(x=1), name="over")
        await launched(serving, samples.asking, name="waiting")

    settings_ = ServerSettings(allowed_hosts=("*",), max_body_bytes=1 << 20)
    with bridged(Path(tmp_path_factory.mktemp("fuzzing")), prepare, settings=settings_) as made:
        yield made


def fuzz(app: tuple[Serving, Bridge], *, n_examples: int) -> None:
    """Send *n_examples* requests to each operation."""
    load_all_checks()
    serving, bridge = app
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", bridge)
    headers = {"Authorization": f"Bearer {serving.tokens['admin']}"}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result.err()
        operation = result.ok()
        if operation.definition.raw["operationId"] not in STREAMS:
            _fuzz_operation(operation, headers, n_examples)


def _fuzz_operation(operation: Any, headers: dict[str, str], n_examples: int) -> None:
    @settings(
        max_examples=n_examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        _aim(case)
        case.call_and_validate(headers=headers, checks=ALL_CHECKS.get_by_names(CHECKS))

    run()


def _aim(case: Any) -> None:
    """Let most of what is asked for exist; what decides is the request itself, so that a failure can be had again."""
    for name in case.path_parameters or {}:
        if name in KNOWN and len(str(case.path_parameters[name])) % 4:
            case.path_parameters[name] = KNOWN[name]
    target = case.body.get("target") if isinstance(case.body, dict) else None
    if isinstance(target, dict) and isinstance(target.get("name"), str) and len(target["name"]) % 4:
        case.body["target"] = {"kind": "workflow", "name": samples.sums.name}


def test_answers_are_as_documented(app: tuple[Serving, Bridge]) -> None:
    """To a few requests of each operation."""
    fuzz(app, n_examples=2)


@pytest.mark.slow
def test_answers_are_as_documented_for_long(app: tuple[Serving, Bridge]) -> None:
    """To many."""
    fuzz(app, n_examples=100)
