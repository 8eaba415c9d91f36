"""Patterns of what is no source, as git reads them."""

from pathlib import Path

import pytest

from plait_core.authoring.ignores import Ignores, parse_pattern

ROOT = Path("/root")


@pytest.mark.parametrize(
    ("line", "matched", "passed"),
    [
        ("*.csv", ["a.csv", "deep/down/a.csv"], ["a.csv.py", "csv"]),
        ("/a.csv", ["a.csv"], ["deep/a.csv"]),
        ("data/*.csv", ["data/a.csv"], ["deep/data/a.csv", "data/deep/a.csv"]),
        ("data/**", ["data/a", "data/b/c"], ["data", "x/data/a"]),
        ("**/logs", ["logs", "a/b/logs"], ["logs2", "a/xlogs"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/bc", "ab"]),
        ("file?", ["file1", "x/file2"], ["file", "file12", "file/"]),
        ("[abc].py", ["a.py"], ["d.py", "ab.py"]),
        ("[!abc].py", ["d.py"], ["a.py"]),
        ("a+b(1).txt", ["a+b(1).txt"], ["aab1.txt"]),
        ("\\#notes", ["#notes"], ["notes"]),
    ],
)
def test_pattern_matches_what_git_would(line: str, matched: list[str], passed: list[str]) -> None:
    """Relative to the folder of the file of patterns."""
    pattern = parse_pattern(line, ROOT)

    assert pattern is not None
    assert [name for name in (*matched, *passed) if pattern.expression.match(name)] == matched


@pytest.mark.parametrize("line", ["", "   ", "# a comment", "\n"])
def test_blank_lines_and_comments_are_no_patterns(line: str) -> None:
    """They ignore nothing."""
    assert parse_pattern(line, ROOT) is None


def test_inner_files_of_patterns_win_over_outer_ones(tmp_path: Path) -> None:
    """The last pattern that matches decides, and folders are not entered once they are left out."""
    for name in ("a.log", "in/a.log", "in/b.log", "out/a.py", "build"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / ".gitignore").write_text("*.log\nout/\nbuild/\n")
    (tmp_path / "in" / ".gitignore").write_text("!a.log\n")

    found = {path.relative_to(tmp_path).as_posix() for path in Ignores(tmp_path).files()}

    assert found == {".gitignore", "in/.gitignore", "in/a.log", "build"}


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    """A link that leads around in a circle ends nothing; a link to a file counts as the file."""
    (tmp_path / "a.py").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "b.py").symlink_to(tmp_path / "a.py")

    assert [path.name for path in Ignores(tmp_path).files()] == ["a.py", "b.py"]
