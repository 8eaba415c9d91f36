"""
Mistakes on the way to a server are told of in words that say what to do, by the right exit code.

What people are told is held by files in ``golden/bad_input``; ``pytest --update-golden`` writes them anew.
"""

import re
from collections.abc import Mapping

import attrs
import pytest

from tests.acceptance.calling import Desk
from tests.acceptance.golden_texts import assert_golden, told
from tests.acceptance.remote_serving import Served
from tests.acceptance.test_remote_cli import FLOW

pytestmark = pytest.mark.slow

WF = ("flow.py", "wf")
RUN = ("run", "--remote", *WF)


@attrs.frozen
class Case:
    """
    One mistake.

    Attributes:
        words: The call of ``plait``.
        exit_code: 1 for what fails, 2 for what was never a call.
        env: Variables, over those by which the server is found.
        role: Whose token is used.
        before: A call that comes first.
        code: The text of ``flow.py``.
    """

    words: tuple[str, ...]
    exit_code: int = 1
    env: Mapping[str, str] = attrs.Factory(dict)
    role: str = "admin"
    before: tuple[str, ...] = ()
    code: str = FLOW


CASES: Mapping[str, Case] = {
    "no_server": Case(RUN, env={"PLAIT_ENDPOINT": "http://127.0.0.1:1"}),
    "endpoint_that_is_no_url": Case(RUN, env={"PLAIT_ENDPOINT": "localhost:30080"}),
    "wrong_token": Case(RUN, env={"PLAIT_TOKEN": "nonsense"}),
    "no_token": Case(("get", "executions"), env={"PLAIT_TOKEN": ""}),
    "not_allowed": Case(RUN, role="viewer"),
    "unknown_project": Case((*RUN, "-p", "nowhere")),
    "unknown_domain": Case((*RUN, "-d", "nowhere")),
    "unknown_execution": Case(("get", "execution", "nobody")),
    "unknown_entity": Case(("describe", "workflow", "flow.absent")),
    "unknown_version": Case(("describe", "workflow", "flow.wf", "v0"), before=("register", "flow.py")),
    "wrong_input": Case((*RUN, "--a", "many"), exit_code=2),
    "missing_input": Case(("run", "--remote", "flow.py", "double"), exit_code=2),
    "wrong_name": Case((*RUN, "--name", "No Name")),
    "name_is_taken": Case((*RUN, "--name", "taken"), before=(*RUN, "--name", "taken")),
    "version_conflict": Case(
        ("register", "flow.py", "--version", "c1"),
        before=("register", "flow.py", "--version", "c1"),
        code=FLOW.replace("2 * a", "{n} * a"),
    ),
    "execution_that_is_over": Case(("cancel", "over"), before=(*RUN, "--wait", "--name", "over")),
    "unknown_gate": Case(
        ("approve", "shut", "absent"), exit_code=2, before=("run", "--remote", "flow.py", "gated", "--name", "shut")
    ),
    "wrong_answer": Case(
        ("signal", "odd", "number", "many"),
        exit_code=2,
        before=("run", "--remote", "flow.py", "gated", "--name", "odd"),
    ),
    "unknown_node": Case(("rerun", "partly", "--from", "n9", "--yes"), before=(*RUN, "--wait", "--name", "partly")),
    "nothing_to_recover": Case(("recover", "fine"), before=(*RUN, "--wait", "--name", "fine")),
    "executor_of_this_machine": Case((*RUN, "--executor", "inline"), exit_code=2),
    "resume_on_a_server": Case(("run", "--remote", "--resume", "any"), exit_code=2),
    "relaunch_with_an_unknown_input": Case(
        ("relaunch", "again", "-i", "b=1"), exit_code=2, before=(*RUN, "--wait", "--name", "again")
    ),
    "project_that_exists": Case(("project", "create", "default"), exit_code=2),
    "project_with_a_wrong_name": Case(("project", "create", "No_Name")),
    "token_with_an_unknown_role": Case(("token", "create", "me", "--role", "*=king")),
    "token_that_is_not_there": Case(("token", "delete", "0000")),
    "tokens_of_others": Case(("token", "list"), role="viewer"),
}


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES)
def test_mistake_is_told_of(name: str, case: Case, desk: Desk, server: Served, update: bool) -> None:
    """On standard error, by the golden text, without a traceback."""
    env = {**server.env(case.role), **case.env}
    desk.write("flow.py", case.code.replace("{n}", "2"))
    if case.before:
        desk.plait(*case.before, env=server.env())
    desk.write("flow.py", case.code.replace("{n}", "3"))

    called = desk.plait(*case.words, env=env)

    text = re.sub(rf"{server.url}|http://127.0.0.1:\d+", "SERVER", told(called, desk))
    text = re.sub(r"\b[0-9a-f]{12}\b", "DIGEST", text)
    assert_golden(f"remote_{name}", text, update=update)
    assert called.code == case.exit_code
    assert "Traceback" not in called.err
