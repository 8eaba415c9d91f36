"""
Where the parts of the repository are; every architecture test enumerates through this module.
"""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(page.parent for page in ROOT.glob("plugins/*/pyproject.toml"))
SOURCES = [ROOT / "core/src", ROOT / "sdk/src", *(plugin / "src" for plugin in PLUGINS)]
MODULES = sorted(path for source in SOURCES for path in source.rglob("*.py"))
PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("plugins/*/README.md"), *ROOT.glob("docs/**/*.md")}
)


def name_of(path: Path) -> str:
    """The path below the repository's root, which makes a readable test id."""
    return path.relative_to(ROOT).as_posix()


def module_name(path: Path) -> str:
    """The dotted name that *path*, one of MODULES, is imported under."""
    parts = path.with_suffix("").parts
    below_src = parts[len(parts) - parts[::-1].index("src") :]
    return ".".join(below_src[:-1] if below_src[-1] == "__init__" else below_src)


def code_blocks(page: Path, language: str) -> Iterator[tuple[int, str, str]]:
    """Yield (first line number, words after the language, code) of each fenced block of *page* in *language*."""
    fence: tuple[int, str, list[str]] | None = None
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        if fence is None and line.startswith("```"):
            fence = (number + 1, line.removeprefix("```").strip(), [])
        elif fence is not None and line.startswith("```"):
            start, info, lines = fence
            fence = None
            if info.split(" ")[0] == language:
                yield start, info.removeprefix(language).strip(), "\n".join(lines) + "\n"
        elif fence is not None:
            fence[2].append(line)
