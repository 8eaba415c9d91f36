"""Decks, checkpoints and secrets, through real runs: what an attempt shows, leaves behind, and may know."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import pytest

from plait import Deck, DeckField, RecoverableError, Secret, StructuredDataset, current_context, kwtypes, task, workflow
from plait_core.authoring.entities import Entity
from plait_core.errors.authoring import InvalidOption
from plait_core.errors.running import CheckpointAmbiguous, SecretMissing, SecretNotRequested
from tests.acceptance.rows.recording import record


def pages(entity: Entity[Any, Any], **inputs: Any) -> list[str]:
    """Run *entity* and return the decks of its attempts."""
    attempts = record(entity, **inputs).attempts
    return [Path(attempt.deck_uri.removeprefix("file://")).read_text() for attempt in attempts if attempt.deck_uri]


# ── decks ────────────────────────────────────────────────────────────────────


@task(enable_deck=True)
def shown(n: int) -> str:
    Deck("Mine <1>", "<b>bold</b>")
    Deck("Twice", "old")
    Deck("Twice", "new").append("<i>more</i>")
    current_context().default_deck.append("<u>default</u>")
    return f"result {n}"


def test_deck_has_the_authors_tabs_and_those_of_plait() -> None:
    """D-01, D-02, D-03: names are escaped, HTML is not, and a name said twice is one tab."""
    [page] = pages(shown, n=41)

    assert "Mine &lt;1&gt;" in page
    assert "<b>bold</b>" in page
    assert "new<i>more</i>" in page.replace("\n", "")
    assert ">old" not in page
    assert "<u>default</u>" in page
    for tab in ("Source Code", "Dependencies", "Timeline", "Input", "Output"):
        assert tab in page
    assert "41" in page
    assert "result 41" in page
    assert "def shown" in page


def test_no_deck_is_made_unless_asked_for() -> None:
    """D-01: the default is off."""

    @task
    def plain() -> int:
        Deck("Mine", "x")
        return 1

    assert pages(plain) == []


def test_failed_attempts_have_decks_too() -> None:
    """D-01: one per attempt."""

    @task(enable_deck=True, retries=1)
    def fail() -> int:
        Deck("Attempt", f"number {current_context().attempt}")
        raise RecoverableError("no")

    assert ["number 0" in pages(fail)[0], "number 1" in pages(fail)[1]] == [True, True]


def test_tabs_are_chosen_by_field() -> None:
    """D-02: others are left out, and an unknown one is refused."""

    @task(enable_deck=True, deck_fields=(DeckField.TIMELINE, DeckField.OUTPUT))
    def few() -> str:
        return "out"

    [page] = pages(few)
    assert "Timeline" in page
    assert "Dependencies" not in page
    with pytest.raises(InvalidOption, match="Weather"):

        @task(enable_deck=True, deck_fields=("Weather",))
        def wrong() -> None: ...


class Shouting:
    """A renderer."""

    def to_html(self, value: str) -> str:
        """Render in capitals."""
        return f"<em>{value.upper()}</em>"


def test_annotated_renderer_is_used() -> None:
    """D-04."""

    @task(enable_deck=True)
    def loud(text: Annotated[str, Shouting()]) -> None: ...

    [page] = pages(loud, text="quiet")
    assert "<em>QUIET</em>" in page


def test_datasets_are_shown_by_rows_or_by_columns() -> None:
    """Y-53: the head of a frame, the columns of a dataset that nobody opened."""
    frame = pd.DataFrame({"city": [f"c{n}" for n in range(30)], "n": range(30)})

    @task
    def make() -> Annotated[StructuredDataset, kwtypes(city=str, n=int)]:
        return StructuredDataset(dataframe=frame)

    @task(enable_deck=True, deck_fields=(DeckField.INPUT, DeckField.OUTPUT))
    def look(unopened: StructuredDataset) -> pd.DataFrame:
        return frame

    @workflow
    def wf() -> pd.DataFrame:
        return look(unopened=make())

    [page] = pages(wf)
    assert "<td>city</td><td>str</td>" in page
    assert "<td>n</td><td>int</td>" in page
    assert "<td>c9</td>" in page
    assert "<td>c10</td>" not in page


def test_deck_can_be_published_while_the_task_runs_and_displayed() -> None:
    """D-05, D-06."""

    @task(enable_deck=True)
    def publish() -> str:
        Deck("Live", "so far")
        Deck.publish()
        return str(current_context().get_deck())

    assert "so far" in record(publish).value


# ── checkpoints ──────────────────────────────────────────────────────────────


def test_next_attempt_reads_what_the_one_before_wrote() -> None:
    """CK-01, CK-02: the first one finds nothing."""

    @task(retries=2)
    def count() -> str:
        checkpoint = current_context().checkpoint
        assert checkpoint is not None
        before = checkpoint.read()
        assert checkpoint.prev_exists() is (before is not None)
        seen = (before or b"") + str(current_context().attempt).encode()
        checkpoint.write(seen)
        if current_context().attempt < 2:
            raise RecoverableError("again")
        return seen.decode()

    assert count() == "012"


def test_files_are_saved_and_restored(tmp_path: Path) -> None:
    """CK-01: several are restored into a directory, and cannot be read as one."""

    @task(retries=1)
    def save() -> list[str]:
        checkpoint, working = current_context().checkpoint, Path(current_context().working_directory)
        assert checkpoint is not None
        if current_context().attempt == 0:
            for name in ("a", "b"):
                (working / name).write_text(name)
                checkpoint.save(working / name)
            raise RecoverableError("again")
        with pytest.raises(CheckpointAmbiguous):
            checkpoint.read()
        restored = checkpoint.restore(tmp_path / "restored")
        assert restored is not None
        return sorted(path.read_text() for path in restored.iterdir())

    assert save() == ["a", "b"]


# ── secrets ──────────────────────────────────────────────────────────────────


@task(secret_requests=[Secret(group="db", key="password")])
def password() -> tuple[str, str]:
    secrets = current_context().secrets
    return secrets.get("db", "password"), secrets.db.password


@pytest.mark.parametrize("variable", ["_PSEC_DB_PASSWORD", "DB_PASSWORD"])
def test_secret_comes_from_the_environment(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """S-02, S-08: by the variable of clusters or the bare one, both ways of asking."""
    monkeypatch.setenv(variable, " s3cret\n")

    assert tuple(password()) == ("s3cret", "s3cret")


def test_missing_secret_names_the_places_that_were_tried() -> None:
    """S-02, S-08: the variable and the file."""
    with pytest.raises(SecretMissing) as caught:
        password()
    assert isinstance(caught.value, ValueError)
    assert "DB_PASSWORD" in str(caught.value)
    assert "/db/password" in str(caught.value)


def test_secret_that_was_not_requested_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """S-02: even where it is there, with the advice to request it."""
    monkeypatch.setenv("DB_PASSWORD", "x")

    @task
    def sneak() -> str:
        return current_context().secrets.get("db", "password")

    with pytest.raises(SecretNotRequested, match="secret_requests"):
        sneak()


def test_several_keys_of_a_group_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """S-07."""
    monkeypatch.setenv("DB_USER", "ada")
    monkeypatch.setenv("DB_PASSWORD", "x")

    @task(secret_requests=[Secret(group="db", key="user"), Secret(group="db", key="password")])
    def both() -> str:
        secrets = current_context().secrets
        return secrets.get("db", "user") + ":" + secrets.get("db", "password")

    assert both() == "ada:x"


def test_secret_value_is_nowhere_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """S-01: requests travel, values do not."""
    monkeypatch.setenv("DB_PASSWORD", "hunter2")

    @task(secret_requests=[Secret(group="db", key="password")])
    def use() -> int:
        return len(current_context().secrets.get("db", "password"))

    recorded = record(use)

    assert recorded.value == 7
    assert "hunter2" not in repr((recorded.decisions, recorded.attempts))


@pytest.mark.parametrize("make", [Secret, lambda: Secret(group="g", key="k", env_var="lower-case")])
def test_request_that_means_nothing_is_refused(make: Any) -> None:
    """S-01: neither group nor key, and a variable that is no name of one."""
    with pytest.raises(InvalidOption):
        make()
