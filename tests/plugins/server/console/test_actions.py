"""What can be done in the console: launch, relaunch, abort, recover, answer. Nothing of it can be done in somebody's name."""

import attrs
import httpx
import pytest

from plait_core.authoring.tracing import trace
from plait_core.ir.ids import ExecutionId
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import Literal, Primitive
from plait_core.ir.phases import ExecutionPhase
from plait_core.ir.tasks import SecurityContext
from plait_core.ir.types import SimpleType
from plait_core.ports.databases import ExecutionFilter, Page, Project
from tests.plugins.server.console import samples
from tests.plugins.server.console.visiting import (
    EXECUTIONS,
    MODULE,
    WORKFLOWS,
    csrf_of,
    ended,
    logged_in,
    number,
)
from tests.plugins.server.registered import registered
from tests.plugins.server.serving import Serving

pytestmark = pytest.mark.anyio

LAUNCH = f"{WORKFLOWS}/{MODULE}.sums/versions/local/launch"


async def launched(serving: Serving, answer: httpx.Response) -> ExecutionId:
    """Return the execution that an answer leads to, once it has ended."""
    assert answer.status_code == 303, answer.text
    id_ = ExecutionId(name=answer.headers["location"].rpartition("/")[2])
    await serving.engine.wait(id_)
    return id_


async def test_form_launches_what_was_typed(serving: Serving, console: httpx.AsyncClient) -> None:
    """On behalf of who is logged in; the audit trail says so."""
    form = csrf_of(await console.get(LAUNCH))

    answer = await console.post(LAUNCH, data={**form, "input-x": "3", "input-y": "4", "option-name": "mine"})

    id_ = await launched(serving, answer)
    row = await serving.engine.database.views.execution(id_)
    (line,), _ = await serving.engine.database.accounts.audited(Page())
    assert row is not None
    assert (row.id.name, row.phase, row.principal) == ("mine", ExecutionPhase.SUCCEEDED, "runner")
    assert await serving.server.inspector.outputs(row) == {"o0": number(9)}
    assert (line.principal, line.action, line.detail) == ("runner", "create_execution", {"started": "mine"})


async def test_defaults_are_filled_in(console: httpx.AsyncClient) -> None:
    """And what has none is marked as required."""
    answer = await console.get(LAUNCH)

    assert 'id="input-y" name="input-y" inputmode="decimal" value="2"' in " ".join(answer.text.split())
    assert 'aria-required="true"' in answer.text


async def test_faults_come_back_beside_their_fields(serving: Serving, console: httpx.AsyncClient) -> None:
    """With what was typed; nothing was launched."""
    form = csrf_of(await console.get(LAUNCH))

    answer = await console.post(LAUNCH, data={**form, "input-x": "three", "option-labels": "team"})

    rows, _ = await serving.engine.database.views.executions(ExecutionFilter(), Page())
    assert answer.status_code == 422
    assert 'value="three"' in answer.text
    assert "&#39;three&#39; is no whole number" in answer.text
    assert "&#39;team&#39; is not key=value" in answer.text
    assert list(rows) == []


async def test_name_that_is_taken_is_told_on_the_form(serving: Serving, console: httpx.AsyncClient) -> None:
    """What the engine refuses is a sentence above the form."""
    await ended(serving, samples.sums, "mine", {"x": number(1)})
    form = csrf_of(await console.get(LAUNCH))

    answer = await console.post(LAUNCH, data={**form, "input-x": "1", "option-name": "mine"})

    assert answer.status_code == 422
    assert "This cannot be launched as it is" in answer.text


async def test_relaunch_starts_with_the_old_inputs(serving: Serving, console: httpx.AsyncClient) -> None:
    """Which can be changed."""
    await ended(serving, samples.sums, "first", {"x": number(41), "y": number(5)})
    page = await console.get(f"{EXECUTIONS}/first/relaunch")

    answer = await console.post(f"{EXECUTIONS}/first/relaunch", data={**csrf_of(page), "input-x": "41", "input-y": "6"})

    id_ = await launched(serving, answer)
    spec = await serving.server.inspector.spec(id_)
    assert 'value="41"' in page.text
    assert 'value="5"' in page.text
    assert spec.user_inputs == {"x": number(41), "y": number(6)}
    assert spec.reference == ExecutionId(name="first")


async def test_relaunch_keeps_the_options(serving: Serving, console: httpx.AsyncClient) -> None:
    """Those on the form are filled in, and those that it has no field for are taken over."""
    given = ExecutionOptions(
        labels={"team": "a"}, envs={"MODE": "fast"}, security=SecurityContext(service_account="robot")
    )
    once = attrs.evolve(given, overwrite_cache=True)
    closure = trace(samples.sums).closure
    await serving.engine.wait(await serving.engine.launch(closure, {"x": number(1)}, name="first", options=once))
    page = await console.get(f"{EXECUTIONS}/first/relaunch")
    typed = {"input-x": "1", "option-labels": "team=b", "option-service-account": "robot"}

    answer = await console.post(f"{EXECUTIONS}/first/relaunch", data={**csrf_of(page), **typed})

    spec = await serving.server.inspector.spec(await launched(serving, answer))
    assert 'name="option-service-account"' in page.text
    assert 'value="robot"' in page.text
    assert 'name="option-overwrite-cache">' in page.text
    assert spec.options == attrs.evolve(given, labels={"team": "b"})


async def test_execution_is_repeated_in_another_version(serving: Serving, console: httpx.AsyncClient) -> None:
    """Its form offers the versions; that of another one has the inputs that fit it, and the others are left as they are by default."""
    for version in ("v1", "v2"):
        await registered(serving, samples.sums, version=version)
    await ended(serving, samples.sums, "first", {"x": number(41), "y": number(5)})
    await ended(serving, samples.broken, "other", {"text": Literal(value=Primitive(kind=SimpleType.STRING, value="x"))})
    form = f"{WORKFLOWS}/{samples.sums.name}/versions/v1/launch"

    offered = await console.get(f"{EXECUTIONS}/first/relaunch")
    page = await console.get(f"{form}?from=first")
    blank = await console.get(f"{form}?from=other")
    answer = await console.post(f"{form}?from=first", data={**csrf_of(page), "input-x": "41", "input-y": "5"})

    spec = await serving.server.inspector.spec(await launched(serving, answer))
    assert f'href="/console{form}?from=first"' in offered.text
    assert ('value="41"' in page.text, 'value="5"' in page.text) == (True, True)
    assert ('value="41"' in blank.text, 'value="2"' in blank.text) == (False, True)
    assert (spec.target.version, spec.reference) == ("v1", ExecutionId(name="first"))
    assert spec.user_inputs == {"x": number(41), "y": number(5)}


async def test_failed_execution_can_be_recovered(serving: Serving, console: httpx.AsyncClient) -> None:
    """One that succeeded offers no such thing."""
    await ended(serving, samples.broken, "bad")
    await ended(serving, samples.sums, "good", {"x": number(1)})
    page = await console.get(f"{EXECUTIONS}/bad")

    answer = await console.post(f"{EXECUTIONS}/bad/recover", data=csrf_of(page))

    id_ = await launched(serving, answer)
    assert (await serving.server.inspector.spec(id_)).reference == ExecutionId(name="bad")
    assert "/good/recover" not in (await console.get(f"{EXECUTIONS}/good")).text


async def test_gates_are_answered_on_the_page(serving: Serving, console: httpx.AsyncClient) -> None:
    """An approval by a button, a value by a field that says what does not fit."""
    from plait_core.authoring.tracing import trace

    id_ = await serving.engine.launch(trace(samples.asking).closure, {"x": number(1)}, name="ask")
    url = f"{EXECUTIONS}/ask"
    async for _ in serving.server.inspector.follow(id_):
        page = await console.get(url)
        if "waits for your approval" in page.text and "waits for a value" in page.text:
            break
    form = csrf_of(page)

    wrong = await console.post(f"{url}/signals/more", data={**form, "value": "lots"})
    await console.post(f"{url}/signals/more", data={**form, "value": "5"})
    await console.post(f"{url}/signals/sure", data={**form, "value": "true"})

    ending = await serving.engine.wait(id_)
    assert wrong.status_code == 422
    assert "&#39;lots&#39; is no whole number" in wrong.text
    assert ending.outputs == {"o0": number(7)}


async def test_abort_keeps_the_reason(serving: Serving, console: httpx.AsyncClient) -> None:
    """For whoever looks at the execution later."""
    from plait_core.authoring.tracing import trace

    id_ = await serving.engine.launch(trace(samples.asking).closure, {"x": number(1)}, name="ask")
    form = csrf_of(await console.get(f"{EXECUTIONS}/ask"))

    answer = await console.post(f"{EXECUTIONS}/ask/abort", data={**form, "reason": "wrong data"})

    await serving.engine.wait(id_)
    page = await console.get(f"{EXECUTIONS}/ask")
    assert answer.status_code == 303
    assert "wrong data" in page.text
    assert "Aborted" in page.text


async def test_execution_is_run_again_from_a_node(serving: Serving, console: httpx.AsyncClient) -> None:
    """After a look at what that reuses."""
    await ended(serving, samples.sums, "good", {"x": number(1)})
    panel = await console.get(f"{EXECUTIONS}/good?node=n1")
    plan = await console.get(f"{EXECUTIONS}/good/rerun?node=n1")

    answer = await console.post(f"{EXECUTIONS}/good/rerun", data={**csrf_of(plan), "node": "n1"})

    id_ = await launched(serving, answer)
    rows = await serving.engine.database.views.nodes(id_)
    assert "/executions/good/rerun?node=n1" in panel.text
    assert "takes over 1 of 2 nodes" in plan.text
    assert {row.node: row.phase.value for row in rows if row.parent is None} == {"n0": "RECOVERED", "n1": "SUCCEEDED"}


@pytest.mark.parametrize(("name", "node", "status"), [("good", "n9", 422), ("ask", "n0", 422), ("none", "n0", 404)])
async def test_what_cannot_be_run_again_is_refused(
    serving: Serving, console: httpx.AsyncClient, name: str, node: str, status: int
) -> None:
    """A node that is not there, an execution that still runs, and one that never was."""
    from plait_core.authoring.tracing import trace

    await ended(serving, samples.sums, "good", {"x": number(1)})
    await serving.engine.launch(trace(samples.asking).closure, {"x": number(1)}, name="ask")

    answer = await console.get(f"{EXECUTIONS}/{name}/rerun?node={node}")

    assert answer.status_code == status
    assert "<h1>" in answer.text


async def test_archived_execution_is_out_of_the_way(serving: Serving, console: httpx.AsyncClient) -> None:
    """Of the list, unless it is asked for; it can be brought back."""
    await ended(serving, samples.sums, "good", {"x": number(1)})
    form = csrf_of(await console.get(f"{EXECUTIONS}/good"))

    await console.post(f"{EXECUTIONS}/good/archive", data={**form, "archived": "yes"})
    hidden, asked = await console.get(EXECUTIONS), await console.get(f"{EXECUTIONS}?archived=yes")
    page = await console.get(f"{EXECUTIONS}/good")
    await console.post(f"{EXECUTIONS}/good/archive", data={**form, "archived": "no"})

    assert (">good</a>" in hidden.text, ">good</a>" in asked.text) == (False, True)
    assert "Unarchive" in page.text
    assert ">good</a>" in (await console.get(EXECUTIONS)).text


async def test_archived_project_launches_nothing(serving: Serving, console: httpx.AsyncClient) -> None:
    """The form says so."""
    form = csrf_of(await console.get(LAUNCH))
    await serving.engine.database.accounts.put_project(Project(id="default", is_archived=True))

    answer = await console.post(LAUNCH, data={**form, "input-x": "3"})

    assert answer.status_code == 422
    assert "archived" in answer.text


@pytest.mark.parametrize("forged", [{}, {"csrf": "guess"}])
async def test_forged_requests_change_nothing(
    serving: Serving, console: httpx.AsyncClient, forged: dict[str, str]
) -> None:
    """A form of another site does not know the mark of the session."""
    answer = await console.post(LAUNCH, data={**forged, "input-x": "3"})

    rows, _ = await serving.engine.database.views.executions(ExecutionFilter(), Page())
    assert answer.status_code == 403
    assert list(rows) == []


async def test_viewer_is_offered_no_buttons(serving: Serving, console: httpx.AsyncClient) -> None:
    """And the addresses behind them are closed."""
    await ended(serving, samples.broken, "bad")
    async with logged_in(serving, "viewer") as viewer:
        page = await viewer.get(f"{EXECUTIONS}/bad")
        answer = await viewer.post(f"{EXECUTIONS}/bad/recover", data=csrf_of(page))

    assert "/relaunch" not in page.text
    assert "/recover" not in page.text
    assert answer.status_code == 403


async def test_file_is_uploaded_with_the_form(serving: Serving, console: httpx.AsyncClient, tmp_path: object) -> None:
    """It is stored below the server's own prefix, under its own name without any folder."""
    form = csrf_of(await console.get(f"{WORKFLOWS}/{MODULE}.reading/versions/local/launch"))

    answer = await console.post(
        f"{WORKFLOWS}/{MODULE}.reading/versions/local/launch",
        data=form,
        files={"file-source": ("../../etc/numbers.txt", b"1 2 3")},
    )

    id_ = await launched(serving, answer)
    row = await serving.engine.database.views.execution(id_)
    assert row is not None
    assert await serving.server.inspector.outputs(row) == {"o0": number(5)}
