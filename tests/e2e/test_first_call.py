"""The main way, whole: a real Kinto, the real process, the real MCP client, both eras, both transports."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from mcp import Client
from tests.e2e.programs import (
    ERAS,
    Era,
    Install,
    Kinto,
    connect_kinto,
    items_of,
    link_in,
    refused,
    say,
)

TRANSPORTS = ("stdio", "http")


@asynccontextmanager
async def client_of(install: Install, transport: str, era: Era) -> AsyncIterator[Client]:
    """A client of the installation over the transport."""
    async with AsyncExitStack() as stack:
        if transport == "stdio":
            yield await stack.enter_async_context(install.over_stdio(era))
            return
        stack.enter_context(install.serving())
        yield await stack.enter_async_context(install.over_http(era, install.token()))


async def connect(client: Client, kinto: Kinto, name: str, password: str, **arguments: str) -> str:
    """Ask for the link, fill the page, and hear from the second call that it is done."""
    asked = await say(client, "connect", connector="kinto", **arguments)
    page = connect_kinto(link_in(asked), kinto, name, password)
    assert page.status_code == 200, page.text
    assert name in page.text
    return await say(client, "connect", connector="kinto", **arguments)


async def tool_names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_from_nothing_to_a_call_and_back(install: Install, kinto: Kinto, transport: str, era: Era) -> None:
    name, password, bucket = f"alice{secrets.token_hex(3)}", secrets.token_urlsafe(12), f"b{secrets.token_hex(4)}"
    kinto.create_account(name, password)
    async with client_of(install, transport, era) as client:
        assert "kinto" in await say(client, "list_connectors", query="kinto")
        assert not {tool for tool in await tool_names(client) if tool.startswith("kinto_")}
        assert link_in(await refused(client, "kinto_list_buckets"))

        assert "Connected" in await connect(client, kinto, name, password)
        assert "kinto_create_record" in await tool_names(client)

        await say(client, "kinto_create_bucket", bucket=bucket)
        await say(client, "kinto_create_collection", bucket=bucket, collection="notes")
        kinto.fill((name, password), bucket, "notes", [{"number": number} for number in range(250)])
        await records_come_page_by_page(client, bucket)
        await one_record_is_changed_and_deleted(client, bucket)
        await say(client, "kinto_create_collection", bucket=bucket, collection="large")
        texts = {str(number): secrets.token_hex(400) for number in range(60)}
        large = [{"number": number, "text": text} for number, text in texts.items()]
        kinto.fill((name, password), bucket, "large", large)
        await an_oversized_result_is_read_whole(client, bucket, texts)

        assert "Disconnected" in await say(client, "disconnect", connection="kinto/default")
        assert "kinto_create_record" not in await tool_names(client)
        unconnected = await refused(client, "kinto_list_buckets")
        assert "not_connected" in unconnected
        assert link_in(unconnected)


async def records_come_page_by_page(client: Client, bucket: str) -> None:
    place = {"bucket": bucket, "collection": "notes"}
    seen: list[int] = []
    cursor: dict[str, str] = {}
    for _ in range(20):
        text = await say(client, "kinto_list_records", **place, limit=100, **cursor)
        page = items_of(text)
        assert len(page) <= 100
        seen += [record["number"] for record in page]
        if "cursor=" not in text:
            break
        cursor = {"cursor": text.rpartition("cursor=")[2].strip()}
    assert sorted(seen) == list(range(250))
    foreign = await refused(client, "kinto_list_records", bucket=bucket, collection="other", limit=100, cursor="x" * 80)
    assert "invalid_cursor" in foreign


async def one_record_is_changed_and_deleted(client: Client, bucket: str) -> None:
    place = {"bucket": bucket, "collection": "notes"}
    made = items_of(await say(client, "kinto_create_record", **place, data={"title": "first"}))
    one = {**place, "record": made["id"]}
    changed = items_of(await say(client, "kinto_update_record", **one, data={"title": "second"}))
    assert changed["title"] == "second"
    assert items_of(await say(client, "kinto_get_record", **one))["title"] == "second"
    path = f"/buckets/{bucket}/collections/notes/records/{made['id']}"
    raw = await say(client, "request", connection="kinto/default", method="GET", path=path)
    assert "second" in raw
    await say(client, "kinto_delete_record", **one)
    assert "provider_not_found" in await refused(client, "kinto_get_record", **one)


async def an_oversized_result_is_read_whole(client: Client, bucket: str, texts: dict[str, str]) -> None:
    cut = await say(client, "kinto_list_records", bucket=bucket, collection="large", limit=100)
    assert len(cut.encode()) <= 6000 * 4
    handle = cut.partition("result=")[2].partition(",")[0].partition(")")[0]
    read = items_of(cut)
    while len(read) < len(texts):
        part = items_of(await say(client, "read_result", result=handle, offset=len(read)))
        assert part
        read += part
    assert {record["number"]: record["text"] for record in read} == texts
    numbers = items_of(await say(client, "read_result", result=handle, path="[*].number"))
    assert sorted(numbers, key=int) == list(texts)


@pytest.mark.parametrize("era", ERAS)
async def test_two_accounts_are_a_question_back(install: Install, kinto: Kinto, era: Era) -> None:
    people = {f"u{secrets.token_hex(4)}": secrets.token_urlsafe(12) for _ in range(2)}
    for name, password in people.items():
        kinto.create_account(name, password)
    (first, second) = people
    async with install.over_stdio(era) as client:
        await connect(client, kinto, first, people[first])
        await connect(client, kinto, second, people[second], alias="work")

        question = await refused(client, "kinto_list_buckets")
        assert "ambiguous_connection" in question
        assert "kinto/default" in question
        assert "kinto/work" in question
        assert second in question
        await say(client, "kinto_create_bucket", bucket=second, connection="kinto/work")
        assert second in await say(client, "kinto_list_buckets", connection="work")
        assert second not in await say(client, "kinto_list_buckets", connection="kinto/default")


@pytest.mark.parametrize("era", ERAS)
async def test_a_read_only_policy_hides_and_refuses_writes(install: Install, kinto: Kinto, era: Era) -> None:
    name, password = f"u{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    kinto.create_account(name, password)
    async with install.over_stdio(era) as client:
        await connect(client, kinto, name, password)
        assert install.run("policy", "set", "--read-only").returncode == 0

        names = await tool_names(client)
        assert "kinto_list_buckets" in names
        assert "kinto_create_bucket" not in names
        writes: list[tuple[str, dict[str, Any]]] = [
            ("kinto_create_bucket", {"bucket": "x"}),
            ("call_action", {"action": "kinto_create_bucket", "arguments": {"bucket": "x"}}),
            ("request", {"connection": "kinto/default", "method": "PUT", "path": "/buckets/x"}),
            ("request", {"connection": "kinto/default", "method": "POST", "path": "/batch", "body": {"requests": []}}),
        ]
        for tool, arguments in writes:
            assert "policy_denied" in await refused(client, tool, **arguments)
        assert "bucket: x" not in await say(client, "kinto_list_buckets")
    audit = install.run("audit", "--json").stdout
    assert "policy_denied" in audit
