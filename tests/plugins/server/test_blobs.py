"""Files go up and come down by tickets that allow one thing, for a while."""

import threading
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from plait_core.authoring.bundles import bundle_uri
from plait_server.api import uploads
from plait_server.settings import ServerSettings
from tests.plugins.server import serving as making
from tests.plugins.server.registered import problem
from tests.plugins.server.serving import ORIGIN, PROJECT, Serving

pytestmark = pytest.mark.anyio

CONTENT = b"some content"
GROUP = "0123456789abcdef"


def asked(content: bytes = CONTENT, **changes: Any) -> dict[str, Any]:
    """Make the request for a ticket."""
    return {
        "project": PROJECT,
        "domain": "development",
        "filename": "data.csv",
        "sha256": sha256(content).hexdigest(),
        "size_bytes": len(content),
        **changes,
    }


async def ticket(serving: Serving, content: bytes = CONTENT, **changes: Any) -> Any:
    """Ask for a ticket and return it."""
    answer = await serving.author.post("/uploads", json=asked(content, **changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def upload(serving: Serving, content: bytes = CONTENT, **changes: Any) -> str:
    """Upload a file and return its URI."""
    made = await ticket(serving, content, **changes)
    answer = await put(serving, made["url"], content)
    assert answer.status_code == 204, answer.text
    uri: str = made["uri"]
    return uri


async def put(serving: Serving, url: str, content: bytes) -> httpx.Response:
    """Put content to the URL of a ticket, as somebody without a token."""
    return await serving.nobody.put(f"{ORIGIN}{url}", content=content)


async def held(serving: Serving) -> list[str]:
    """Return what is stored, relative to the root."""
    root = serving.server.blobs_root
    return [info.uri.removeprefix(root) async for info in serving.engine.blobs(root).list(root)]


# ── up ───────────────────────────────────────────────────────────────────────


async def test_upload_is_kept_where_the_ticket_says(serving: Serving) -> None:
    """Below the project's own prefix, in a place that its content decides."""
    made = await ticket(serving)

    answer = await put(serving, made["url"], CONTENT)

    assert answer.status_code == 204
    assert await serving.engine.blobs(made["uri"]).get(made["uri"]) == CONTENT
    assert await held(serving) == [f"/raw/default/development/inputs/{sha256(CONTENT).hexdigest()}/data.csv"]


async def test_large_content_holds_nobody_up(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is copied beside the loop that answers requests."""
    monkeypatch.setattr(uploads, "AT_ONCE_BYTES", 4)
    store = serving.engine.blobs(serving.server.blobs_root)
    uploaded, threads = store.upload, list[str]()

    async def upload_slowly(path: Path, uri: str) -> None:
        threads.append(threading.current_thread().name)
        await uploaded(path, uri)

    monkeypatch.setattr(store, "upload", upload_slowly)

    uri = await upload(serving)

    assert await store.get(uri) == CONTENT
    assert threading.current_thread().name not in threads
    assert len(threads) == 1


async def test_content_that_is_there_needs_no_upload(serving: Serving) -> None:
    """The second ticket has the URI, and no URL."""
    uri = await upload(serving)

    again = await ticket(serving)

    assert (again["uri"], again["url"]) == (uri, "")


async def test_files_of_a_group_keep_their_names_below_one_prefix(serving: Serving) -> None:
    """Folders and all."""
    one = await upload(serving, b"1", group=GROUP, filename="a/b/one.csv")
    two = await upload(serving, b"2", group=GROUP, filename="two.csv")

    assert one.removesuffix("a/b/one.csv") == two.removesuffix("two.csv")


async def test_place_of_another_file_is_not_taken(serving: Serving) -> None:
    """Not even by who has a ticket for it; the same content is welcome again."""
    uri = await upload(serving, b"first", group=GROUP)
    other = await ticket(serving, b"other", group=GROUP)

    refused = await put(serving, other["url"], b"other")
    same = await ticket(serving, b"first", group=GROUP)

    assert problem(refused) == (409, "PlaceTaken")
    assert await serving.engine.blobs(uri).get(uri) == b"first"
    assert (await put(serving, same["url"], b"first")).status_code == 204


async def test_bundle_goes_where_workers_look_for_it(serving: Serving) -> None:
    """An author may upload one, a runner may not."""
    uri = await upload(serving, purpose="bundle")
    refused = await serving.runner.post("/uploads", json=asked(purpose="bundle"))

    assert uri == bundle_uri(serving.server.blobs_root, PROJECT, sha256(CONTENT).hexdigest())
    assert problem(refused) == (403, "NotAllowed")


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"!", CONTENT.upper()])
async def test_other_content_than_announced_is_not_kept(serving: Serving, content: bytes) -> None:
    """Shorter, longer or changed: nothing is there afterwards, and the ticket is good for another try."""
    made = await ticket(serving)

    answer = await put(serving, made["url"], content)

    assert problem(answer) == (422, "ContentDiffers")
    assert await held(serving) == []
    assert (await put(serving, made["url"], CONTENT)).status_code == 204


async def test_size_is_part_of_what_was_announced(serving: Serving) -> None:
    """Downloads and limits go by it."""
    made = await ticket(serving, size_bytes=len(CONTENT) + 1)

    answer = await put(serving, made["url"], CONTENT)

    assert problem(answer) == (422, "ContentDiffers")
    assert await held(serving) == []


async def test_endless_body_is_not_read_to_its_end(serving: Serving) -> None:
    """A byte more than announced is enough."""
    made = await ticket(serving)
    n_sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal n_sent
        while n_sent < 1000:
            n_sent += 1
            yield b"x" * 1000

    await serving.nobody.put(f"{ORIGIN}{made['url']}", content=endless())

    assert n_sent <= 2
    assert await held(serving) == []


async def test_ticket_is_good_once(serving: Serving) -> None:
    """And then never again."""
    made = await ticket(serving)
    await put(serving, made["url"], CONTENT)

    assert problem(await put(serving, made["url"], CONTENT)) == (403, "SealBroken")


@pytest.mark.parametrize(
    "change",
    [
        lambda seal: seal[:-1],
        lambda seal: f"A{seal}",
        lambda seal: seal.upper(),
        lambda seal: seal.partition(".")[0],
        lambda seal: seal.replace(".", ".."),
        lambda _: "a.b",
    ],
)
async def test_changed_ticket_is_refused(serving: Serving, change: Callable[[str], str]) -> None:
    """Whatever of it was changed."""
    folder, _, seal = (await ticket(serving))["url"].rpartition("/")

    answer = await put(serving, f"{folder}/{change(seal)}", CONTENT)

    assert problem(answer) == (403, "SealBroken")
    assert await held(serving) == []


async def test_ticket_of_another_purpose_is_refused(serving: Serving) -> None:
    """What lets somebody read does not let them write."""
    uri = await upload(serving)
    reading = (await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": uri})).json()["url"]

    answer = await put(serving, reading.replace("downloads", "uploads"), CONTENT)

    assert problem(answer) == (403, "SealBroken")


async def test_ticket_expires(tmp_path: Any) -> None:
    """Those for uploads and those for downloads."""
    async with making.serving(tmp_path, settings=ServerSettings(ticket_s=1e-9)) as serving:
        up = await ticket(serving)
        uri = f"{serving.server.blobs_root}/raw/{PROJECT}/development/e/n0/0/x"
        await serving.engine.blobs(uri).put(uri, CONTENT)
        down = (await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": uri})).json()

        assert problem(await put(serving, up["url"], CONTENT)) == (403, "SealExpired")
        assert problem(await serving.nobody.get(f"{ORIGIN}{down['url']}")) == (403, "SealExpired")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"filename": "../up"}, (400, "MalformedRequest")),
        ({"filename": "a/../../up"}, (400, "MalformedRequest")),
        ({"filename": "/etc/passwd"}, (400, "MalformedRequest")),
        ({"filename": "a//b"}, (400, "MalformedRequest")),
        ({"filename": "a\\b"}, (400, "MalformedRequest")),
        ({"filename": "a\0b"}, (400, "MalformedRequest")),
        ({"filename": ""}, (400, "MalformedRequest")),
        ({"filename": "x" * 300}, (400, "MalformedRequest")),
        ({"group": "../../../elsewhere/"}, (400, "MalformedRequest")),
        ({"group": "short"}, (400, "MalformedRequest")),
        ({"sha256": "../../x"}, (400, "MalformedRequest")),
        ({"size_bytes": -1}, (400, "MalformedRequest")),
        ({"purpose": "mischief"}, (400, "MalformedRequest")),
        ({"purpose": "bundle", "size_bytes": 1 << 40}, (400, "MalformedRequest")),
        ({"size_bytes": 1 << 40}, (413, "TooLarge")),
        ({"domain": "../x"}, (404, "UnknownDomain")),
        ({"project": "elsewhere"}, (403, "NotAllowed")),
        ({"project": ".."}, (403, "NotAllowed")),
    ],
)
async def test_ticket_is_for_plain_places_only(
    serving: Serving, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    """No path leads out of the project's own prefix."""
    answer = await serving.author.post("/uploads", json=asked(**change))

    assert problem(answer) == expected


async def test_archived_project_takes_no_files(serving: Serving) -> None:
    """As it takes nothing else that is new."""
    await serving.admin.put("/projects/default", json={"is_archived": True})

    assert problem(await serving.runner.post("/uploads", json=asked())) == (409, "ProjectArchived")


# ── down ─────────────────────────────────────────────────────────────────────


async def test_download_needs_the_ticket_alone(serving: Serving) -> None:
    """It comes as a file that no browser shows as a page of ours."""
    uri = await upload(serving)
    made = (await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": uri})).json()

    answer = await serving.nobody.get(f"{ORIGIN}{made['url']}")

    assert made["size_bytes"] == len(CONTENT)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''data.csv"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("asked_for", "status", "content"),
    [
        ("bytes=5-", 206, CONTENT[5:]),
        ("bytes=0-", 200, CONTENT),
        ("bytes=5-6", 200, CONTENT),
        ("bytes=99-", 200, CONTENT),
        ("bytes=²-", 200, CONTENT),
        ("lines=5-", 200, CONTENT),
    ],
)
async def test_download_goes_on_from_a_byte(serving: Serving, asked_for: str, status: int, content: bytes) -> None:
    """An open range is honoured, any other is answered with the whole."""
    uri = await upload(serving)
    made = (await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": uri})).json()

    answer = await serving.nobody.get(f"{ORIGIN}{made['url']}", headers={b"Range": asked_for.encode("latin-1")})

    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers["content-length"] == str(len(content))


async def test_download_goes_on_only_if_it_is_the_same(serving: Serving) -> None:
    """Objects have no tags to compare, so a part that is wanted on condition is the whole."""
    uri = await upload(serving)
    made = (await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": uri})).json()

    answer = await serving.nobody.get(f"{ORIGIN}{made['url']}", headers={"Range": "bytes=5-", "If-Range": '"x"'})

    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_prefix_is_answered_with_what_is_below(serving: Serving) -> None:
    """Names relative to it, which are asked for one by one."""
    uri = await upload(serving, b"1", group=GROUP, filename="folder/a.csv")
    await upload(serving, b"22", group=GROUP, filename="folder/b/c.csv")

    made = (
        await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": uri.removesuffix("/a.csv")})
    ).json()

    assert (made["url"], made["names"], made["size_bytes"]) == ("", ["a.csv", "b/c.csv"], 3)


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "{root}/raw/elsewhere/development/x/y",
        "{root}/raw/default/../elsewhere/x",
        "{root}/raw/default/./x",
        "{root}/raw/default/\0",
        "{root}/raw/default",
        "{root}/secrets/default/x",
        "{root}x/raw/default/x",
        "s3://other/raw/default/x",
        "",
    ],
)
async def test_what_is_not_the_projects_own_is_not_found(serving: Serving, uri: str) -> None:
    """Whether or not it is there."""
    foreign = uri.format(root=serving.server.blobs_root)

    answer = await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": foreign})

    assert problem(answer) == (404, "ForeignBlob")


async def test_other_projects_need_a_role(serving: Serving) -> None:
    """The prefix is that of the project that is named, and the caller must be known there."""
    uri = await upload(serving)

    answer = await serving.stranger.post("/downloads", json={"project": PROJECT, "uri": uri})
    smuggled = await serving.stranger.post("/downloads", json={"project": "elsewhere", "uri": uri})

    assert problem(answer) == (403, "NotAllowed")
    assert problem(smuggled) == (404, "ForeignBlob")


async def test_blob_that_is_gone_is_not_found(serving: Serving) -> None:
    """When the ticket is asked for, and when it is used."""
    missing = f"{serving.server.blobs_root}/raw/default/no"
    uri = await upload(serving)
    made = (await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": uri})).json()
    await serving.engine.blobs(uri).delete(uri)

    assert problem(await serving.viewer.post("/downloads", json={"project": PROJECT, "uri": missing}))[0] == 404
    assert problem(await serving.nobody.get(f"{ORIGIN}{made['url']}")) == (404, "BlobMissing")


async def test_tickets_stay_out_of_the_log(serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever reads the log can read no file by it."""
    caplog.set_level("DEBUG", "plait")
    made = await ticket(serving)
    await put(serving, made["url"], CONTENT)

    seal = made["url"].rpartition("/")[2]
    records = [vars(record) for record in caplog.records if record.name.startswith("plait")]
    assert [record["message"] for record in records] == ["POST /api/v1/uploads", "PUT /api/v1/uploads/…"]
    assert seal not in str(records)
