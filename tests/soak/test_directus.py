"""A whole application, driven by a manifest alone: a real Directus, the real process, a real MCP client."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from tests.e2e.programs import ERAS, Era, Install, fill_page, items_of, link_in, refused, say
from tests.soak.conftest import Directus

pytestmark = [pytest.mark.soak, pytest.mark.slow]

HERE = Path(__file__).parent
BYTES = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
FIELDS: list[dict[str, object]] = [
    {"name": "title", "type": "string", "is_unique": True},
    {"name": "stars", "type": "integer"},
]


@asynccontextmanager
async def connected(folder: Path, directus: Directus, era: Era) -> AsyncIterator[Client]:
    """An agent whose person has connected Directus on the page, the private address confirmed."""
    install = Install(folder, extra={"CONNECTORY_MANIFESTS": str(HERE)})
    async with install.over_stdio(era) as client:
        link = link_in(await say(client, "connect", connector="directus"))
        values = {"value.server": directus.url, "value.token": directus.token, "private_confirmed": "yes"}
        page = fill_page(link, values)
        assert "admin@example.com" in page.text, page.text
        yield client


def whole(text: str) -> dict[str, Any]:
    """The data of a result that is one object."""
    found = items_of(text)
    assert isinstance(found, dict)
    return found


def handle_in(text: str) -> str:
    found = re.search(r"\brs_[a-z2-7]{26}\b", text)
    assert found, text
    return found[0]


@pytest.mark.parametrize("era", ERAS)
async def test_collections_and_items(directus: Directus, tmp_path: Path, era: Era) -> None:
    name = {"collection": f"notes_{era}"}
    async with connected(tmp_path, directus, era) as client:
        made = whole(await say(client, "directus_create_collection", **name, note=None))
        assert made == {"collection": name["collection"], "note": None}
        assert "already exists" in await refused(client, "directus_create_collection", **name)
        for field in FIELDS:
            made = whole(await say(client, "directus_create_field", **name, **field))
            assert made == {"is_unique": False, **field}

        items = [{"title": f"Note {number}", "stars": number % 5} for number in range(130)]
        await say(client, "directus_create_items", **name, items=items)
        assert await all_numbers(client, **name) == list(range(130))
        found = items_of(await say(client, "directus_list_items", **name, filter={"stars": {"_gte": 4}}, limit=100))
        assert {item["stars"] for item in found} == {4}
        assert len(found) == 26

        one = {**name, "id": found[0]["id"]}
        changed = whole(await say(client, "directus_update_item", **one, values={"stars": None}))
        assert (changed["stars"], changed["title"]) == (None, found[0]["title"])
        assert "RECORD_NOT_UNIQUE" not in await say(client, "directus_get_item", **one)
        twin = await refused(client, "directus_create_items", **name, items=[{"title": "Note 7"}])
        assert "provider_conflict" in twin
        await say(client, "directus_delete_item", **one)
        assert "provider_not_found" in await refused(client, "directus_get_item", **one)
        assert "provider_not_found" in await refused(client, "directus_list_items", collection="nothing")


async def all_numbers(client: Client, **name: str) -> list[int]:
    """The numbers of all notes, page by page, of each item its title alone."""
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        text = await say(client, "directus_list_items", **name, columns=["title"], limit=60, **cursor)
        page = items_of(text)
        assert len(page) <= 60
        assert all(set(item) == {"title"} for item in page)
        seen += [int(item["title"].removeprefix("Note ")) for item in page]
        if "cursor=" not in text:
            return seen
        cursor = {"cursor": text.rpartition("cursor=")[2].strip()}


@pytest.mark.parametrize("era", ERAS)
async def test_files_there_and_back(directus: Directus, tmp_path: Path, era: Era) -> None:
    file = {"base64": base64.b64encode(BYTES).decode(), "name": f"{era}.bin", "media_type": "application/octet-stream"}
    async with connected(tmp_path, directus, era) as client:
        first = whole(await say(client, "directus_upload_file", title=f"First {era}", file=file))
        assert (first["name"], int(first["size"])) == (f"{era}.bin", len(BYTES))

        kept = handle_in(await say(client, "directus_download_file", id=first["id"]))
        again = {"result": kept, "name": f"{era}-again.bin"}
        second = whole(await say(client, "directus_upload_file", title=f"Second {era}", file=again))

        asked = httpx2.get(
            f"{directus.url}/assets/{second['id']}",
            headers={"Authorization": f"Bearer {directus.token}"},
            trust_env=False,
        )
        assert asked.content == BYTES
        assert "provider_not_found" in await refused(
            client, "directus_download_file", id=str(second["id"])[:-6] + "000000"
        )


@pytest.mark.parametrize("era", ERAS)
async def test_its_graphql_finds_and_renames_files(directus: Directus, tmp_path: Path, era: Era) -> None:
    async with connected(tmp_path, directus, era) as client:
        for number in range(5):
            file = {"text": f"text {number}", "name": f"gq-{era}-{number}.txt", "media_type": "text/plain"}
            await say(client, "directus_upload_file", title=f"Paper {number}", file=file)
        names: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            text = await say(client, "directus_search_files", search=f"gq-{era}-", limit=2, **cursor)
            found = items_of(text)
            names += [one["name"] for one in found]
            if "cursor=" not in text:
                break
            cursor = {"cursor": text.rpartition("cursor=")[2].strip()}
        assert names == [f"gq-{era}-{number}.txt" for number in range(5)]

        renamed = whole(await say(client, "directus_rename_file", id=found[0]["id"], title='A "b"', description=None))
        assert renamed == {"id": found[0]["id"], "title": 'A "b"', "description": None}
        unknown = await refused(client, "directus_rename_file", id="0" * 8 + "-0000-4000-8000-" + "0" * 12, title="x")
        assert "provider_not_found" in unknown
