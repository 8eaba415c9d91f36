"""
The pages that people rely on are there, their links lead somewhere, and their commands are those that CI runs.
"""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.architecture.layout import PAGES, ROOT, code_blocks, name_of

KINDS_OF_PAGES = ["tutorial", "how-to", "reference", "explanation"]
SECTIONS = ["## Context", "## Decision", "## Consequences", "## Rejected"]
RECORDS = sorted(page for page in ROOT.glob("docs/adr/*.md") if page.stem != "README")
FRAGMENTS = sorted(page for page in ROOT.glob("changelog.d/*") if page.name != "README.md")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
LINE_FOR_TESTS = "^python3 -m venv .* poe check$"
SETS_UP = "python3 -m venv .venv-uv && .venv-uv/bin/pip install -q uv && .venv-uv/bin/uv run -q "


def commands() -> list[str]:
    """The lines of README's shell blocks."""
    return [line for _, _, code in code_blocks(ROOT / "README.md", "sh") for line in code.splitlines()]


def test_readme_commands_set_themselves_up() -> None:
    """The main job and the tests are one line each, in any order, on a machine that has Python only."""
    job, tests = commands()[:2]

    assert job == f"{SETS_UP}plait run examples/quickstart.py wf --n 500 --mean 42 --sigma 2"
    assert tests == f"{SETS_UP}poe check"


def test_ci_runs_the_line_that_readme_gives() -> None:
    """CI takes its command out of the page, by a pattern that finds exactly one line."""
    script = (ROOT / ".ci/run").read_text()

    assert f"check=$(grep -E '{LINE_FOR_TESTS}' README.md)" in script
    assert 'part "check" bash -c "$check"' in script
    assert len(re.findall(LINE_FOR_TESTS, (ROOT / "README.md").read_text(), flags=re.MULTILINE)) == 1


def test_ci_script_is_sound() -> None:
    """It stops at the first failure, parses, and can be executed."""
    script = ROOT / ".ci/run"

    subprocess.run(["bash", "-n", script], check=True)
    assert "set -euo pipefail" in script.read_text()
    assert script.stat().st_mode & 0o111


def test_tests_come_last_in_check() -> None:
    """So that pytest's summary is what remains on the screen."""
    tasks = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["poe"]["tasks"]

    assert tasks["check"]["sequence"] == ["format-check", "lint", "types", "imports", "test"]


@pytest.mark.parametrize("kind", KINDS_OF_PAGES)
def test_every_kind_of_page_has_an_index(kind: str) -> None:
    """A page is reached from the index of its folder; decision records are reached from the code that cites them."""
    folder = ROOT / "docs" / kind
    index = (folder / "README.md").read_text()

    unlisted = [page.name for page in folder.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index]

    assert unlisted == []


@pytest.mark.parametrize(
    "page", ["docs/adr/README.md", "docs/glossary.md", "docs/style.md", "CONTRIBUTING.md", "LICENSE"]
)
def test_page_is_there(page: str) -> None:
    """Pages that other pages and tests send people to."""
    assert (ROOT / page).is_file()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link names a file or folder of the repository."""
    broken = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]

    assert broken == []


@pytest.mark.parametrize("record", RECORDS, ids=name_of)
def test_decision_record_is_complete(record: Path) -> None:
    """Date and status, then the four sections in order."""
    lines = record.read_text().splitlines()

    assert re.fullmatch(r"\d{4}-\d\d-\d\d, (accepted|superseded by \[.+\]\(.+\.md\))", lines[2])
    assert [line for line in lines if line.startswith("## ")] == SECTIONS


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=name_of)
def test_changelog_fragment_has_a_known_type(fragment: Path) -> None:
    """A fragment is named <slug>.<type>.md, with a type that changelog.d/README.md lists."""
    known = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "changelog.d/README.md").read_text(), flags=re.MULTILINE)
    slug, kind, suffix = fragment.name.split(".")

    assert slug
    assert kind in known
    assert suffix == "md"
    assert fragment.read_text().strip()
