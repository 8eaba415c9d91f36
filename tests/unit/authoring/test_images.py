"""Image specifications: their name follows from their content."""

from pathlib import Path
from typing import Any

import pytest

from plait_core.authoring.images import ImageSpec
from plait_core.authoring.tasks import task
from plait_core.errors.authoring import InvalidOption
from plait_core.ir.tasks import Container


def test_tag_follows_from_the_content() -> None:
    """Where it is pushed does not matter; what is in it does."""
    spec = ImageSpec(packages=["pandas"])

    assert spec.tag == ImageSpec(packages=["pandas"], registry="ghcr.io/team", name="other").tag
    assert spec.tag != spec.with_packages("numpy").tag
    assert spec.with_packages("numpy").packages == ("pandas", "numpy")


def test_requirements_count_by_their_content(tmp_path: Path) -> None:
    """A changed lock file is another image."""
    file = tmp_path / "requirements.txt"
    file.write_text("a==1")
    spec = ImageSpec(requirements=str(file))
    before = spec.tag

    file.write_text("a==2")

    assert spec.tag != before


def test_tag_format_may_embed_the_digest() -> None:
    """For registries with rules of their own."""
    spec = ImageSpec(tag_format="team-{spec_hash}")

    assert spec.tag == f"team-{ImageSpec().tag}"


def test_task_names_the_image() -> None:
    """Registry, name and tag."""
    spec = ImageSpec(name="job", registry="ghcr.io/team")

    @task(container_image=spec)
    def work() -> None: ...

    assert work.template.target == Container(image=f"ghcr.io/team/job:{spec.tag}")


def test_process_knows_the_image_it_was_started_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """For guarded imports; outside of containers everything is there."""
    spec = ImageSpec(packages=["pandas"])
    assert spec.is_container()

    monkeypatch.setenv("PLAIT_IMAGE", "another:tag")

    assert not spec.is_container()


@pytest.mark.parametrize(
    "content", [{"packages": "pandas"}, {"apt_packages": 3}, {"registry": "https://ghcr.io"}], ids=str
)
def test_malformed_content_is_refused(content: dict[str, Any]) -> None:
    """A list is a list, and a registry has no scheme."""
    with pytest.raises(InvalidOption):
        ImageSpec(**content)
