"""Callers learn how they were recognised, and are refused when they were not."""

from importlib.metadata import version

import pytest

from plait_core.ports.principals import ROLES
from tests.plugins.server.serving import ROLES_OF, Serving

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("role", ROLES)
async def test_caller_is_told_who_they_are(serving: Serving, role: str) -> None:
    """With the roles of their token and the versions of the server."""
    answer = await serving.clients[role].get("/identity")

    assert answer.status_code == 200
    assert answer.json() == {
        "principal": role,
        "roles": ROLES_OF[role],
        "server_version": version("plait-server"),
    }


@pytest.mark.parametrize(
    "credential",
    ["", "Bearer", "Bearer nonsense", "Bearer a.b", "Basic YTpi", "Bearer \u00e9.\u00e9"],
)
async def test_unknown_callers_are_refused(serving: Serving, credential: str) -> None:
    """With a document that says what to send, and nothing of what there is."""
    answer = await serving.nobody.get("/identity", headers={b"Authorization": credential.encode("latin-1")})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="plait"'
    assert answer.json()["type"] == "urn:plait:problem:NotAuthenticated"
    assert "Authorization: Bearer" in answer.json()["remedy"]
    assert answer.json()["extra"] == {"request": answer.headers["x-request-id"]}


async def test_token_needs_its_own_secret(serving: Serving) -> None:
    """The id of one token with the secret of another is nobody's."""
    id_ = serving.tokens["admin"].partition(".")[0]
    secret = serving.tokens["viewer"].partition(".")[2]

    answer = await serving.nobody.get("/identity", headers={"Authorization": f"Bearer {id_}.{secret}"})

    assert answer.status_code == 401


async def test_path_that_does_not_exist_is_a_problem(serving: Serving) -> None:
    """As is a method that a path does not take; the header says which it does."""
    missing = await serving.viewer.get("/nonsense")
    wrong = await serving.viewer.delete("/identity")

    assert (missing.status_code, missing.json()["type"]) == (404, "urn:plait:problem:NoSuchPath")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "urn:plait:problem:WrongMethod")
    assert wrong.headers["allow"] == "GET, HEAD"
