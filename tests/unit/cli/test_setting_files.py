"""One value is written into ``plait.toml``, and nothing else in the file changes."""

from pathlib import Path

import pytest

from plait.cli.setting_files import set_value
from plait.code.errors import UnwritableSettings

BEFORE = """# ours
project = "lab"   # do not touch

[env.dev]
executors = ["inline"]

[env.prod]  # the real one
endpoint = 'http://old'
"""


@pytest.mark.parametrize(
    ("key", "value", "environment", "after"),
    [
        ("project", "farm", "", BEFORE.replace('project = "lab"   # do not touch', 'project = "farm"')),
        (
            "endpoint",
            "http://new",
            "",
            BEFORE.replace("do not touch\n", 'do not touch\nendpoint = "http://new"\n'),
        ),
        ("endpoint", "http://new", "prod", BEFORE.replace("'http://old'", '"http://new"')),
        (
            "endpoint",
            "http://new",
            "dev",
            BEFORE.replace('["inline"]\n', '["inline"]\nendpoint = "http://new"\n'),
        ),
        ("domain", 'a "b"\\c', "lab", f'{BEFORE}\n[env.lab]\ndomain = "a \\"b\\"\\\\c"\n'),
    ],
)
def test_value_is_written_where_it_belongs(key: str, value: str, environment: str, after: str, tmp_path: Path) -> None:
    """Replaced, added to its table, or with a table of its own."""
    (tmp_path / "plait.toml").write_text(BEFORE)

    path = set_value(tmp_path, key, value, environment=environment)

    assert path.read_text() == after


def test_nearest_file_is_the_one_that_is_written(tmp_path: Path) -> None:
    """Above the folder if there is one there, else a new one in it."""
    (tmp_path / "deep" / "deeper").mkdir(parents=True)

    new = set_value(tmp_path / "deep", "project", "one")
    found = set_value(tmp_path / "deep" / "deeper", "project", "two")

    assert new == found == tmp_path / "deep" / "plait.toml"
    assert new.read_text() == 'project = "two"\n'


@pytest.mark.parametrize("text", ["project = [", '"project" = "lab"\n', "env = { dev = { project = 'a' } }\n"])
def test_unusual_file_is_left_as_it_is(text: str, tmp_path: Path) -> None:
    """What is no TOML, or would not mean the same afterwards."""
    (tmp_path / "plait.toml").write_text(text)

    with pytest.raises(UnwritableSettings):
        set_value(tmp_path, "project", "farm", environment="dev" if "env" in text else "")

    assert (tmp_path / "plait.toml").read_text() == text
