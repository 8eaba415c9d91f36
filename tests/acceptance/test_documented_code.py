"""
The Python on README and on the pages of docs runs, page by page, from top to bottom.

A block that cannot run opens with ```` ```python no-run: reason ````. Blocks of house style's page show a manner, not a
program, so that page is left out.
"""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.architecture.layout import ROOT, code_blocks, name_of

SHOWS_MANNER = ROOT / "docs/style.md"
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("plugins/*/README.md"))]
WITH_CODE = [page for page in PAGES if page != SHOWS_MANNER and any(code_blocks(page, "python"))]


@pytest.mark.parametrize("page", WITH_CODE, ids=name_of)
def test_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who pastes a page's blocks one after the other meets no error."""
    module = ModuleType(f"page_{page.stem.replace('-', '_')}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)

    for line, words, code in code_blocks(page, "python"):
        if words.startswith("no-run"):
            assert words.partition(":")[2].strip(), f"{name_of(page)}:{line} does not say why it cannot run"
        else:
            exec(compile("\n" * (line - 1) + code, page, "exec"), vars(module))
