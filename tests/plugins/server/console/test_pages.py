"""Every page reads without a script, says what there is, and shows nobody what they may not see."""

import re
from collections.abc import Awaitable, Callable, Sequence
from html import unescape
from typing import Any
from unittest.mock import call, create_autospec

import httpx
import pytest

from plait import Remote
from plait_core.authoring.tracing import trace
from plait_core.ir.launch_plans import ExecutionOptions
from plait_core.ir.literals import Collection, Literal
from plait_core.ir.tasks import SecurityContext
from plait_server.console import node_views, sights
from tests.plugins.server.console import samples
from tests.plugins.server.console.visiting import EXECUTIONS, MODULE, WORKFLOWS, ended, logged_in, number, register
from tests.plugins.server.registered import registered
from tests.plugins.server.serving import HERE, Serving, client_of

pytestmark = pytest.mark.anyio


def next_url(page: httpx.Response) -> str:
    """Return where a list goes on."""
    (url,) = re.findall(r'href="([^"]*)" rel="next"', page.text)
    return unescape(url)


def counted(
    read: Callable[..., Awaitable[Sequence[Any]]], counts: list[int]
) -> Callable[..., Awaitable[Sequence[Any]]]:
    """Return *read*, which notes how much it returns."""

    async def noting(*args: Any, **options: Any) -> Sequence[Any]:
        found = await read(*args, **options)
        counts.append(len(found))
        return found

    return noting


def elements_of(page: httpx.Response) -> list[int]:
    """Return the elements in the rows of a page."""
    return [int(text) for text in re.findall(r"Log of element (\d+)", page.text)]


async def test_bare_address_leads_to_the_console(serving: Serving) -> None:
    """People type it."""
    async with client_of(serving.app, prefix="") as browser:
        answer = await browser.get("/")

    assert (answer.status_code, answer.headers["location"]) == (307, "/console")


async def test_whoever_is_not_logged_in_is_sent_to_log_in(serving: Serving) -> None:
    """And comes back to the page they asked for, once they have."""
    async with client_of(serving.app, prefix="") as browser:
        asked = await browser.get(f"/console{EXECUTIONS}?phase=FAILED")
        welcome = await browser.post(
            "/console/login",
            data={"token": serving.tokens["viewer"], "next": f"/console{EXECUTIONS}?phase=FAILED"},
        )

    assert asked.headers["location"] == f"/console/login?next=/console{EXECUTIONS}%3Fphase%3DFAILED"
    assert welcome.headers["location"] == f"/console{EXECUTIONS}?phase=FAILED"
    assert "HttpOnly" in welcome.headers["set-cookie"]


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/console/\\evil", "/elsewhere"])
async def test_login_leads_nowhere_but_into_the_console(serving: Serving, elsewhere: str) -> None:
    """A link to log in cannot be made to lead to another site."""
    async with client_of(serving.app, prefix="/console") as browser:
        answer = await browser.post("/login", data={"token": serving.tokens["viewer"], "next": elsewhere})

    assert answer.headers["location"] == "/console/"


async def test_wrong_token_is_refused_on_the_form(serving: Serving) -> None:
    """With words that help, and no session."""
    async with client_of(serving.app, prefix="/console") as browser:
        answer = await browser.post("/login", data={"token": "a.b"})

    assert answer.status_code == 401
    assert "This token is unknown or has expired." in answer.text
    assert "set-cookie" not in answer.headers


async def test_pages_load_nothing_but_our_own(console: httpx.AsyncClient) -> None:
    """The policy allows no inline script or style, and the pages hold none."""
    answer = await console.get(EXECUTIONS)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text
    assert "://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


async def test_empty_lists_teach_the_next_command(console: httpx.AsyncClient) -> None:
    """With the project and domain that the page is about."""
    staging = HERE.replace("development", "staging")
    runs, workflows = await console.get(f"{staging}/executions"), await console.get(f"{staging}/workflows")

    assert "plait run --remote -p default -d staging" in runs.text
    assert "plait register -p default -d staging" in workflows.text


async def test_entities_are_listed_with_their_interfaces(console: httpx.AsyncClient) -> None:
    """And narrowed by what their names contain."""
    all_, some = await console.get(WORKFLOWS), await console.get(f"{WORKFLOWS}?name=SUM")

    assert f"{MODULE}.choice" in all_.text
    assert "(x: int, y: int) -&gt; o0: int" in all_.text
    assert f"{MODULE}.sums" in some.text
    assert f"{MODULE}.choice" not in some.text


async def test_workflow_shows_what_it_is(console: httpx.AsyncClient) -> None:
    """Its description, its inputs, its graph with what is inside, and how to launch it."""
    answer = await console.get(f"{WORKFLOWS}/{MODULE}.sums")

    assert answer.status_code == 200
    for text in (
        "console.<wbr>samples.<wbr>sums</h1>",
        "Add numbers.",
        "where to begin",
        'aria-label="inner n0 · sub-workflow"',
        "/launch",
    ):
        assert text in answer.text


async def test_execution_is_listed_once_on_the_page_of_its_workflow(
    serving: Serving, console: httpx.AsyncClient
) -> None:
    """Also when its version is called what unregistered code is called."""
    await ended(serving, samples.sums, "good", {"x": number(1)})

    answer = await console.get(f"{WORKFLOWS}/{MODULE}.sums")

    assert answer.text.count(">good</a>") == 1


async def test_workflow_shows_its_plans_and_defaults(serving: Serving, console: httpx.AsyncClient) -> None:
    """Its own launch plan and others, whether they are active, and what an input is that is not given."""
    await registered(serving, samples.sums, samples.nightly, version="v1")
    path = f"{HERE}/launch_plans/nightly/versions/v1/activation"
    assert (await serving.author.put(path, json={"is_active": True})).is_success

    page = (await console.get(f"{WORKFLOWS}/{samples.sums.name}")).text
    plans = page.partition("<h2>Launch plans</h2>")[2]

    assert '<td class="mono">y</td><td class="mono">int</td><td class="mono">2</td>' in page
    assert f'href="/console{HERE}/launch_plans/{samples.sums.name}"' in plans
    assert f'href="/console{HERE}/launch_plans/nightly"' in plans
    assert "cron: 0 3 * * * UTC" in plans
    assert (plans.count("Inactive"), plans.count("Active")) == (1, 1)


async def test_sub_workflow_can_be_closed(console: httpx.AsyncClient) -> None:
    """By an address, so that it works without a script."""
    answer = await console.get(f"{WORKFLOWS}/{MODULE}.sums?open=")

    assert 'aria-label="Open inner, 2 nodes"' in answer.text
    assert "n0 · task" not in answer.text


async def test_graph_that_nobody_can_look_at_is_not_drawn(
    serving: Serving, console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says so, and where the nodes are listed."""
    monkeypatch.setattr("plait_server.console.entities.MOST_BOXES", 2)
    monkeypatch.setattr("plait_server.console.node_views.MOST_BOXES", 2)
    await ended(serving, samples.sums, "good", {"x": number(1)})

    for url in (f"{WORKFLOWS}/{MODULE}.sums", f"{EXECUTIONS}/good"):
        assert "4 boxes are more than anybody can look at" in (await console.get(url)).text
    assert "Too large" not in (await console.get(f"{EXECUTIONS}/good?open=")).text


async def test_executions_are_listed_and_narrowed(serving: Serving, console: httpx.AsyncClient) -> None:
    """By phase, by target and by name; what fails shows why."""
    await ended(serving, samples.sums, "good", {"x": number(1)})
    await ended(serving, samples.broken, "bad")

    failed, by_target = (
        await console.get(f"{EXECUTIONS}?phase=FAILED"),
        await console.get(f"{EXECUTIONS}?target={MODULE}.sums"),
    )

    assert ">bad</a>" in failed.text
    assert ">good</a>" not in failed.text
    assert "cannot do" in failed.text
    assert ">good</a>" in by_target.text
    assert ">bad</a>" not in by_target.text


@pytest.mark.parametrize(
    ("query", "n_found"),
    [
        ("mine=yes", 0),
        ("started=1h", 1),
        ("lasted=0-1m", 1),
        ("lasted=1m-1h", 0),
        ("lasted=3h-", 0),
        (f"target={MODULE}.sums&version=local", 1),
        (f"target={MODULE}.sums&version=v9", 0),
        ("started=once&lasted=long", 1),
    ],
)
async def test_executions_are_narrowed_by_person_time_and_version(
    serving: Serving, console: httpx.AsyncClient, query: str, n_found: int
) -> None:
    """Who looks has started none of them; what there is no such choice of narrows nothing."""
    await ended(serving, samples.sums, "good", {"x": number(1)})

    answer = await console.get(f"{EXECUTIONS}?{query}")

    assert answer.text.count(">good</a>") == n_found
    assert ("Nothing matches" in answer.text) == (n_found == 0)


async def test_console_opens_where_it_was_left(serving: Serving) -> None:
    """At the executions of the last project and domain; before there is one, at the projects. A refusal is not remembered."""
    async with client_of(serving.app, prefix="") as browser:
        await browser.post("/console/login", data={"token": serving.tokens["viewer"]})
        fresh = (await browser.get("/console")).headers["location"]
        await browser.get(f"/console{HERE}/tasks")
        await browser.get(f"/console{HERE.replace('development', 'moon')}/tasks")
        again = (await browser.get("/console")).headers["location"]

    assert (fresh, again) == ("/console/", f"/console{EXECUTIONS}")


@pytest.mark.parametrize("kept", ["//evil.example/x", "%2F%2Fevil.example/x", "https:/x", "/", "x"])
async def test_console_leads_nowhere_but_into_itself(serving: Serving, kept: str) -> None:
    """Whatever the browser sends as the place it was at."""
    async with client_of(serving.app, prefix="") as browser:
        answer = await browser.get("/console", headers={"Cookie": f"plait_place={kept}"})

    assert answer.headers["location"].startswith("/console/")


async def test_projects_are_narrowed_by_name(console: httpx.AsyncClient) -> None:
    """By the id or the name of a project; what does not match says so."""
    found, nothing = (await console.get("/?name=DEF")).text, (await console.get("/?name=zzz")).text

    assert ">default</a>" in found
    assert ">default</a>" not in nothing
    assert "Nothing matches" in nothing


async def test_long_list_goes_on_at_the_next_page(serving: Serving, console: httpx.AsyncClient) -> None:
    """With the same filters, and without repeating or leaving out."""
    for n in range(51):
        await ended(serving, samples.choice, f"run-{n:02}", {"age": number(n)})

    first = await console.get(f"{EXECUTIONS}?name=run")
    second = await console.get(f"{EXECUTIONS}{next_url(first)}")

    assert first.text.count(">run-") == 2 * 50  # a bar and a row for each
    assert [f">run-{n:02}" in second.text for n in (0, 1)] == [True, False]
    assert "name=run" in next_url(first)


async def test_text_of_users_is_escaped(serving: Serving, console: httpx.AsyncClient) -> None:
    """In values, in errors and in titles."""
    await ended(serving, samples.broken, "bad")

    pages = [(await console.get(f"{EXECUTIONS}/bad?{query}")).text for query in ("node=n0", "tab=io", "tab=nodes")]

    assert all("<script>alert" not in page for page in pages)
    assert all("&lt;script&gt;alert" in page for page in pages)


@pytest.mark.parametrize("tab", ["graph", "nodes", "timeline", "io"])
async def test_execution_is_shown_from_every_side(serving: Serving, console: httpx.AsyncClient, tab: str) -> None:
    """Its header and the view that was asked for."""
    await ended(serving, samples.sums, "good", {"x": number(1)})

    answer = await console.get(f"{EXECUTIONS}/good?tab={tab}")

    assert answer.status_code == 200
    assert "Succeeded" in answer.text
    assert 'data-events=""' not in answer.text
    assert {"graph": "<svg", "nodes": "n0-0-n1", "timeline": "attempt 0:", "io": "where to begin"}[
        tab
    ] in answer.text or (tab == "io" and "<dt>x" in answer.text)


async def test_execution_tells_its_options(serving: Serving, console: httpx.AsyncClient) -> None:
    """Those that were asked for, and of variables the names alone."""
    options = ExecutionOptions(
        annotations={"note": "b"},
        envs={"API_KEY": "sesame"},
        tags=("nightly",),
        security=SecurityContext(service_account="robot"),
        max_parallelism=0,
        interruptible=False,
    )
    closure = trace(samples.sums).closure
    await serving.engine.wait(await serving.engine.launch(closure, {"x": number(1)}, name="asked", options=options))
    await ended(serving, samples.sums, "plain", {"x": number(1)})

    asked, plain = [(await console.get(f"{EXECUTIONS}/{name}")).text for name in ("asked", "plain")]

    facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", asked))
    told = {
        "Tasks at once": "as many as there are",
        "Interruptible": "no",
        "Service account": "robot",
        "Variables": "API_KEY",
        "Tags": "nightly",
        "Annotations": "note=b",
    }
    assert {name: facts.get(name) for name in told} == told
    assert "sesame" not in asked
    assert not any(f"<dt>{name}</dt>" in plain for name in told)


async def test_python_of_an_execution_can_be_run(
    serving: Serving, console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It calls what ``Remote`` has, and names the server, project and domain."""
    remote = create_autospec(Remote)
    monkeypatch.setattr("plait.Remote", remote)
    await ended(serving, samples.sums, "good", {"x": number(1)})

    answer = await console.get(f"{EXECUTIONS}/good?tab=io")
    (code,) = re.findall(r'<pre id="snippet">(from plait import Remote.*?)</pre>', answer.text, re.DOTALL)
    exec(compile(unescape(code), "snippet", "exec"), {})  # what the page says is run as it stands

    assert remote.mock_calls == [
        call("http://localhost:30080", "default", "development"),
        call().fetch_execution("good"),
        call().wait(remote.return_value.fetch_execution.return_value),
    ]


@pytest.mark.parametrize("tab", ["nodes", "timeline"])
async def test_many_nodes_come_in_pages(serving: Serving, console: httpx.AsyncClient, tab: str) -> None:
    """Each page says which of how many it shows, and leads to the next; what they are narrowed to stays."""
    await ended(serving, samples.made, "made", {"n": number(250)})

    first = await console.get(f"{EXECUTIONS}/made?tab={tab}&kind=task")
    second = await console.get(f"{EXECUTIONS}/made{next_url(first)}")
    one = await console.get(f"{EXECUTIONS}/made?tab={tab}&name=-n249&phase=SUCCEEDED&node=n0")
    none = await console.get(f"{EXECUTIONS}/made?tab={tab}&phase=FAILED")

    assert "200 of 251 nodes on this page" in first.text
    assert "51 of 251 nodes on this page" in second.text
    assert "kind=task" in next_url(first)
    assert (
        f'href="/console{EXECUTIONS}/made?tab={tab}&amp;name=-n249&amp;phase=SUCCEEDED" aria-label="Close' in one.text
    )
    assert [page.text.count("n0-0-n249</span>") for page in (first, second, one, none)] == [0, 1, 1, 0]


@pytest.mark.parametrize("tab", ["graph", "nodes", "timeline"])
async def test_page_reads_no_more_nodes_than_it_shows(
    serving: Serving, console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tab: str
) -> None:
    """However many there are: how many stand where is counted by the store, and no log is folded for it."""
    monkeypatch.setattr(node_views, "MANY_NODES", 20)
    monkeypatch.setattr(node_views, "ROWS", 20)
    await ended(serving, samples.made, "made", {"n": number(100)})
    views, n_rows = serving.server.database.views, list[int]()
    for method in ("nodes", "attempts"):
        monkeypatch.setattr(views, method, counted(getattr(views, method), n_rows))
    monkeypatch.setattr(serving.server.inspector, "state", None)

    answer = await console.get(f"{EXECUTIONS}/made?tab={tab}")

    assert answer.status_code == 200
    assert "101 of 101 done" in answer.text
    assert max(n_rows) <= 21


async def test_nodes_too_many_to_draw_are_grouped(
    serving: Serving, console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what they run, with ways to those that stand somewhere; what tasks made is drawn when somebody asks, and opens it."""
    monkeypatch.setattr(node_views, "MANY_NODES", 20)
    await ended(serving, samples.made, "made", {"n": number(30)})

    page = (await console.get(f"{EXECUTIONS}/made")).text
    (listed,) = re.findall(r'<a class="chip good" href="([^"]*)">.*?30 succeeded</a>', page)
    closed, open_ = [(await console.get(f"{EXECUTIONS}/made?open={keys}")).text for keys in ("", "n0")]

    assert 'aria-label="fan_out n0 · task: Succeeded"' in page
    assert f'href="/console{EXECUTIONS}/made?open=">Draw what tasks made</a>' in page
    rows = (await console.get(unescape(listed).removeprefix("/console"))).text
    assert rows.count('<span class="sub mono">n0-0-n') == 30
    assert 'aria-label="Open fan_out, 30 nodes"' in closed
    assert open_.count('aria-label="one_more n') == 30


async def test_node_shows_its_values_and_its_log(serving: Serving, console: httpx.AsyncClient) -> None:
    """Inputs, outputs, attempts, and what was printed."""
    await ended(serving, samples.sums, "good", {"x": number(1)})

    answer = await console.get(f"{EXECUTIONS}/good?tab=nodes&node=n1")

    assert '<dt>x<span class="type">int</span></dt>' in answer.text
    assert 'aria-label="Attempt 0"' in answer.text
    assert 'role="log"' in answer.text


async def test_graph_that_a_task_made_is_drawn(serving: Serving, console: httpx.AsyncClient) -> None:
    """Inside the node that made it."""
    await ended(serving, samples.made, "made", {"n": number(2)})

    answer = await console.get(f"{EXECUTIONS}/made")

    assert answer.text.count('aria-label="one_more n') == 2


async def test_elements_of_a_map_are_a_table(serving: Serving, console: httpx.AsyncClient) -> None:
    """With a summary, a page at a time."""
    numbers = Literal(value=Collection(literals=tuple(number(n) for n in range(150))))
    await ended(serving, samples.doubled, "map", {"xs": numbers})

    url = f"{EXECUTIONS}/map/nodes/n0/elements"
    first = await console.get(url)
    second = await console.get(url + next_url(first))
    last, beyond = await console.get(f"{url}?from=148"), await console.get(f"{url}?from=150")

    assert "150 elements: 150 ended" in first.text
    assert [elements_of(page) for page in (first, second, last, beyond)] == [
        [*range(100)],
        [*range(100, 150)],
        [148, 149],
        [],
    ]
    assert "Nothing from here on" in beyond.text
    assert (await console.get(f"{url}?token=n0")).status_code == 400


async def test_map_without_elements_has_an_empty_table(serving: Serving, console: httpx.AsyncClient) -> None:
    """As has a node that is no map."""
    await ended(serving, samples.doubled, "map", {"xs": Literal(value=Collection(literals=()))})
    await ended(serving, samples.sums, "good", {"x": number(1)})

    for name in ("map", "good"):
        answer = await console.get(f"{EXECUTIONS}/{name}/nodes/n0/elements")
        assert (answer.status_code, "No element of this node was run" in answer.text) == (200, True)


async def test_log_of_a_large_map_is_read_on_request(
    serving: Serving, console: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says how far it has come at once; only who asks for its values, or for what failed, waits for its log."""
    monkeypatch.setattr(sights, "HEAVY", 40)
    xs = Literal(value=Collection(literals=tuple(number(n) for n in range(40))))
    await ended(serving, samples.doubled, "map", {"xs": xs})
    log, n_read = serving.server.database.log, list[int]()
    monkeypatch.setattr(log, "read", counted(log.read, n_read))
    pages = ("map?node=n0", "map?tab=timeline", "map/nodes/n0/elements", "map?node=n0&values=yes")
    n_read_for = []
    for page in pages:
        answer = await console.get(f"{EXECUTIONS}/{page}")
        assert answer.status_code == 200, page
        n_read_for.append(sum(n_read))
        n_read.clear()

    assert n_read_for[:3] == [1, 0, 0]
    assert n_read_for[3] > 3


async def test_failed_elements_are_found_among_the_others(serving: Serving, console: httpx.AsyncClient) -> None:
    """However many there are, a page at a time, with why and with their logs."""
    numbers = Literal(value=Collection(literals=tuple(number(n) for n in range(250))))
    await ended(serving, samples.sifted, "map", {"xs": numbers})

    panel = await console.get(f"{EXECUTIONS}/map?node=n0")
    first = await console.get(f"{EXECUTIONS}/map/nodes/n0/elements?failed=yes")
    second = await console.get(f"{EXECUTIONS}/map/nodes/n0/elements{next_url(first)}")
    third = await console.get(f"{EXECUTIONS}/map/nodes/n0/elements?failed=yes&from=240")
    log = await console.get(f"{EXECUTIONS}/map/logs/n0/248/0")

    assert "250 elements: 125 succeeded, 125 failed" in panel.text
    assert f'href="/console{HERE}/tasks/{samples.odd.name}/versions/local"' in panel.text
    assert "250 elements: 125 succeeded, 125 failed" in first.text
    assert (first.text.count("is even"), second.text.count("is even")) == (100, 25)
    assert elements_of(second) == [*range(200, 250, 2)]
    assert elements_of(third) == [*range(240, 250, 2)]
    assert "attempt 0 of element 248 of n0" in log.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{EXECUTIONS}/nothing", 404),
        (f"{WORKFLOWS}/nothing", 404),
        (f"{HERE}/gadgets", 404),
        (HERE.replace("development", "moon") + "/executions", 404),
        ("/tokens", 403),
    ],
)
async def test_refusals_are_pages_too(console: httpx.AsyncClient, path: str, status: int) -> None:
    """They say what happened and what to do."""
    answer = await console.get(path)

    assert answer.status_code == status
    assert "<h1>" in answer.text
    is_somewhere = path.startswith(HERE) and "gadgets" not in path
    assert (f'href="/console{HERE}/launch_plans"' in answer.text) == is_somewhere


async def test_stranger_sees_nothing_of_a_project(serving: Serving) -> None:
    """Neither its pages nor its name."""
    await register(serving.engine)
    async with logged_in(serving, "stranger") as browser:
        projects, page = await browser.get("/"), await browser.get(EXECUTIONS)

    assert "default" not in projects.text
    assert page.status_code == 403


async def test_administrator_sees_tokens_without_secrets(serving: Serving) -> None:
    """Whose they are and what they may do."""
    async with logged_in(serving, "admin") as browser:
        answer = await browser.get("/tokens")

    assert "runner of default" in answer.text
    assert all(text.partition(".")[2] not in answer.text for text in serving.tokens.values())


async def test_logging_out_ends_the_session(serving: Serving, console: httpx.AsyncClient) -> None:
    """By a button, not by a link that somebody else could make a browser follow."""
    from tests.plugins.server.console.visiting import csrf_of

    await console.post("/logout", data=csrf_of(await console.get("/")))

    assert (await console.get("/")).status_code == 303


async def test_active_version_is_seen_when_it_is_not_the_newest(serving: Serving, console: httpx.AsyncClient) -> None:
    """In the list, on the page of the newest version, and among the versions."""
    plan = f"{HERE}/launch_plans/{samples.sums.name}/versions"
    for version in ("v1", "v9"):
        await registered(serving, samples.sums, version=version)
    assert (await serving.author.put(f"{plan}/v1/activation", json={"is_active": True})).is_success

    listed, newest, active = [
        (await console.get(path)).text
        for path in (f"{HERE}/launch_plans?name=sums", f"{HERE}/launch_plans/{samples.sums.name}", f"{plan}/v1")
    ]

    assert 'version <span class="mono">v1</span>' in listed
    assert f'runs <a href="/console{WORKFLOWS}/{samples.sums.name}/versions/v1">' in active
    assert f'active: <a class="mono" href="/console{plan}/v1">v1</a>' in newest
    assert "active: <a" not in active
    assert "<td>active</td>" in newest
