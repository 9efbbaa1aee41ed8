"""What the manifest format gives every connector, shown on a real Kinto through the real process: ways to want an
answer, bodies that merge and clear, and calls that are repeated when an answer is lost on the way."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from mcp import Client
from tests.e2e.programs import ERAS, Era, Install, Kinto, fill_page, items_of, link_in, refused, say
from tests.net.provider import listening


@dataclass
class Line:
    """A line to a Kinto server, on which answers are lost: the request has arrived there, and nobody hears of it."""

    server: str
    losing: int = 0  # answers that will be lost
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes, one request after the other."""
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
            while head := await _head(reader):
                first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
                method, target, _ = first.split(" ")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.sent.append((method, target, body))
                passed = {name: value for name, value in headers.items() if name not in ("host", "accept-encoding")}
                answer = await client.request(method, f"{self.server}{target}", headers=passed, content=body)
                if self.losing:
                    self.losing -= 1
                    return
                kept = {"content-type": answer.headers.get("content-type", ""), "content-length": len(answer.content)}
                lines = [f"HTTP/1.1 {answer.status_code} -", *(f"{name}: {value}" for name, value in kept.items())]
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer.content)
                await writer.drain()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


@dataclass(frozen=True)
class Connected:
    """An agent with an account on Kinto, its bucket and collection, and the line between."""

    client: Client
    line: Line
    account: tuple[str, str]
    place: dict[str, str]

    def records(self) -> list[dict[str, Any]]:
        """What the collection really holds, asked of Kinto itself."""
        found: list[dict[str, Any]] = self._asked("/records")
        return found

    def collection(self) -> dict[str, Any]:
        """What the collection itself says, asked of Kinto itself."""
        found: dict[str, Any] = self._asked("")
        return found

    def _asked(self, below: str) -> Any:
        url = f"{self.line.server}/v1/buckets/{self.place['bucket']}/collections/{self.place['collection']}{below}"
        return httpx2.get(url, auth=self.account, trust_env=False, timeout=60).raise_for_status().json()["data"]


@asynccontextmanager
async def connected(install: Install, kinto: Kinto, era: Era) -> AsyncIterator[Connected]:
    name, password = f"u{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    kinto.create_account(name, password)
    line, place = Line(kinto.url), {"bucket": name, "collection": "notes"}
    async with listening(line.serve) as port, install.over_stdio(era) as client:
        link = link_in(await say(client, "connect", connector="kinto"))
        values = {"value.server": f"http://127.0.0.1:{port}", "value.username": name, "value.password": password}
        page = await asyncio.to_thread(fill_page, link, {**values, "private_confirmed": "yes"})
        assert name in page.text, page.text
        await say(client, "kinto_create_bucket", bucket=name)
        await say(client, "kinto_create_collection", **place)
        yield Connected(client, line, (name, password), place)


@pytest.mark.parametrize("era", ERAS)
async def test_an_answer_lost_on_the_way_is_asked_for_again_only_where_nothing_is_done_twice(
    install: Install, kinto: Kinto, era: Era
) -> None:
    async with connected(install, kinto, era) as agent:
        made = items_of(await say(agent.client, "kinto_create_record", **agent.place, data={"title": "first"}))
        agent.line.sent.clear()

        agent.line.losing = 1
        changed = items_of(
            await say(agent.client, "kinto_update_record", **agent.place, record=made["id"], data={"title": "second"})
        )
        assert changed["title"] == "second"
        assert [method for method, _, _ in agent.line.sent] == ["PATCH", "PATCH"]
        assert agent.line.sent[0] == agent.line.sent[1]

        agent.line.losing = 2
        found = items_of(await say(agent.client, "kinto_list_records", **agent.place))
        assert [record["title"] for record in found] == ["second"]

        agent.line.sent.clear()
        agent.line.losing = 1
        told = await refused(agent.client, "kinto_create_record", **agent.place, data={"title": "third"})
        assert "provider_unavailable" in told
        assert [method for method, _, _ in agent.line.sent] == ["POST"]
        assert sorted(record["title"] for record in agent.records()) == ["second", "third"]


@pytest.mark.parametrize("era", ERAS)
async def test_an_answer_comes_in_the_fields_that_are_wanted_or_as_the_provider_gave_it(
    install: Install, kinto: Kinto, era: Era
) -> None:
    async with connected(install, kinto, era) as agent:
        some = items_of(await say(agent.client, "kinto_list_buckets", fields=["id"]))
        assert some == [{"id": agent.place["bucket"]}]
        made = items_of(await say(agent.client, "kinto_create_record", **agent.place, data={"title": "first"}))
        one = {**agent.place, "record": made["id"]}
        assert items_of(await say(agent.client, "kinto_get_record", **one)) == made
        raw = items_of(await say(agent.client, "kinto_get_record", **one, raw=True))
        assert raw["data"] == made
        assert raw["permissions"]["write"]
        for wrong in ({"fields": ["id"], "raw": True}, {"fields": ["nothing"]}):
            assert "invalid_arguments" in await refused(agent.client, "kinto_list_buckets", **wrong)
        whole = await refused(agent.client, "kinto_list_records", **agent.place, fields=["title"])
        assert "gives its answer as it comes" in whole


@pytest.mark.parametrize("era", ERAS)
async def test_a_dry_run_shows_the_request_without_credentials_and_sends_nothing(
    install: Install, kinto: Kinto, era: Era
) -> None:
    async with connected(install, kinto, era) as agent:
        agent.line.sent.clear()

        shown = await say(agent.client, "kinto_create_record", **agent.place, data={"title": "not yet"}, dry_run=True)

        assert agent.line.sent == []
        assert agent.records() == []
        assert "POST" in shown
        assert f"/v1/buckets/{agent.place['bucket']}/collections/notes/records" in shown
        assert "not yet" in shown
        assert agent.account[1] not in shown
        assert "Basic " not in shown


@pytest.mark.parametrize("era", ERAS)
async def test_a_body_merges_what_was_given_and_null_clears(install: Install, kinto: Kinto, era: Era) -> None:
    async with connected(install, kinto, era) as agent:
        await say(
            agent.client,
            "kinto_update_collection",
            **agent.place,
            cache_expires=60,
            metadata={"color": "red", "size": 3},
        )
        before = agent.collection()
        agent.line.sent.clear()
        await say(agent.client, "kinto_update_collection", **agent.place, cache_expires=None, metadata={"size": None})
        after = agent.collection()

        assert (before["cache_expires"], before["color"], before["size"]) == (60, "red", 3)
        [(method, _, body)] = agent.line.sent
        assert (method, body) == ("PATCH", b'{"data":{"cache_expires":null,"size":null}}')
        assert after["color"] == "red"
        assert not {"cache_expires", "size"} & after.keys()
        untouched = await refused(agent.client, "kinto_update_collection", **agent.place, cache_expires=-1)
        assert "invalid_arguments" in untouched
