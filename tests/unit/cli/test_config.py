"""What ``plait config set`` writes, and what it refuses."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from plait.cli.commands.config import command
from plait.cli.session import Session


@pytest.mark.parametrize("value", ["nourl", "localhost:30080", "ftp://plait.example", "http://"])
def test_endpoint_that_is_no_url_is_refused(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an example, and before anything is written."""
    monkeypatch.chdir(tmp_path)

    refused = CliRunner().invoke(command, ["set", "endpoint", value])
    taken = CliRunner().invoke(command, ["set", "endpoint", "https://plait.example/prefix", "--env", "prod"])

    assert (refused.exit_code, "like http://localhost:30080" in refused.output) == (2, True)
    assert taken.exit_code == 0
    assert (tmp_path / "plait.toml").read_text() == '[env.prod]\nendpoint = "https://plait.example/prefix"\n'


def test_password_of_the_store_is_shown_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of settings is pasted into issues."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLAIT_STORE", "postgresql://ada:secret@db/plait")

    shown = CliRunner().invoke(command, ["show"], obj=Session())

    assert "postgresql://ada@db/plait" in shown.output
    assert "secret" not in shown.output
