"""ARCHITECTURE is true to the code: the files it names exist, and its hooks are all hooks, in calling order."""

import re

from plait_core import hookspecs
from tests.architecture.layout import ROOT

PAGE = (ROOT / "ARCHITECTURE.md").read_text()
ROOTS = (
    ROOT,
    ROOT / "core/src/plait_core",
    ROOT / "sdk/src/plait",
    ROOT / "plugins/server/src/plait_server",
)


def test_named_files_exist() -> None:
    """A path is below the repository, plait_core, plait or plait_server."""
    named = re.findall(r"`([\w/.]+\.py)`", PAGE)

    assert len(named) > 40
    assert [path for path in named if not any((root / path).is_file() for root in ROOTS)] == []


def test_hooks_are_listed_in_calling_order() -> None:
    """Each hook has its place in the table, in which those of a server stand in one row."""
    table = PAGE[PAGE.index("## Hooks") : PAGE.index("## Ten files")]
    listed = re.findall(
        r"`(plait_[a-z_]+)`", "\n".join(row.split("|")[1] for row in table.splitlines() if row[:1] == "|")
    )

    assert set(listed) == {name for name in vars(hookspecs) if name.startswith("plait_")}
    assert len(listed) == len(set(listed))
