"""The README of the plugin names what there is."""

import re

import attrs

from plait_server.problems import STATUS
from plait_server.settings import ServerSettings
from tests.architecture.layout import ROOT

README = (ROOT / "plugins/server/README.md").read_text()


def test_readme_lists_every_setting() -> None:
    """In the order of the class."""
    table = README.partition("## Settings")[2].partition("## Example")[0]

    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [field.name for field in attrs.fields(ServerSettings)]


def test_readme_names_problems_with_their_status() -> None:
    """Those that the server answers with."""
    table = README.partition("## Failures and remedies")[2]
    named = [
        (int(status), name)
        for status, cell in re.findall(r"^\| (\d+) \| ([^|]+) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    ]

    known = {(status, kind.__name__) for kind, status in STATUS.items()}
    others = {
        (422, "CompileFailed"),
        (422, "InvalidInputs"),
        (422, "InvalidSignal"),
        (503, "Unavailable"),
        (500, "InternalError"),
    }
    assert set(named) <= known | others
