"""Comparing what people are told with golden files, whatever differs from run to run."""

import re
from pathlib import Path

from tests.acceptance.calling import Called, Desk

GOLDEN = Path(__file__).with_name("golden") / "bad_input"


def told(called: Called, desk: Desk) -> str:
    """
    What people see on standard error, and the exit code.

    Numbers of lines stay: they have to be right.
    """
    return f"{normal(called.err, desk)}(exit {called.code})\n"


def normal(text: str, desk: Desk) -> str:
    """
    Write FOLDER for the folder of the test, EXECUTION for an execution that nobody named, ADDRESS for one of memory, SHA for a digest.

    The marks with which Python underlines parts of a line are left out, because each of its releases draws others.
    """
    text = text.replace(str(desk.folder.resolve()), "FOLDER").replace(str(desk.folder), "FOLDER")
    text = re.sub(r"\b[0-9a-f]{64}\b", "SHA", text)
    text = re.sub(r"\bf[0-9a-f]{19}\b", "EXECUTION", text)
    text = re.sub(r"0x[0-9a-f]+", "ADDRESS", text)
    text = re.sub(r"^[ ~^]+\n", "", text, flags=re.MULTILINE)
    return f"{text.rstrip()}\n"


def assert_golden(name: str, text: str, *, update: bool) -> None:
    """Compare *text* with the golden file *name*; with *update* it becomes that file."""
    golden = GOLDEN / f"{name}.txt"
    if update:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()
