"""The demo's provider behaves as a decent REST API, keeps each sandbox to itself, and never touches a socket."""

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectory.demo import DemoTransport
from connectory.demo.board import MAX_BOARDS, MAX_TASKS, SEED, Boards

ORIGIN = "https://demo.invalid"


def client_of(transport: DemoTransport, sandbox: str = "cn_a") -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=transport, base_url=ORIGIN, headers={"X-Demo-Sandbox": sandbox}, trust_env=False
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(DemoTransport()) as opened:
        yield opened


async def test_a_new_board_has_a_few_tasks(client: httpx2.AsyncClient) -> None:
    tasks = (await client.get("/tasks")).json()

    assert [task["title"] for task in tasks] == [title for title, _, _ in SEED]
    assert [task["id"] for task in tasks] == [1, 2, 3, 4]


def test_reading_waits_for_no_writer(tmp_path: Path) -> None:
    boards, place = Boards(tmp_path / "demo.db"), tmp_path / "demo.db"
    before = boards.list("cn_a", state=None, search=None, start=0, size=9)
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM tasks")
        assert boards.list("cn_a", state=None, search=None, start=0, size=9) == before
        assert boards.get("cn_a", 1) is not None
        other.rollback()
    boards.close()


def test_a_board_that_nobody_has_used_for_a_month_goes_and_reading_is_use() -> None:
    time = datetime(2026, 1, 1, tzinfo=UTC)
    boards = Boards(":memory:", now=lambda: time)
    for sandbox in ("cn_read", "cn_left"):
        assert boards.delete(sandbox, 1)
    for _ in range(3):
        time += timedelta(days=15)
        assert boards.get("cn_read", 1) is None
    boards.get("cn_new", 1)  # the next new board clears what is over

    assert boards.get("cn_read", 1) is None
    assert boards.get("cn_left", 1) is not None  # made anew


async def test_a_task_is_created_read_changed_and_deleted(client: httpx2.AsyncClient) -> None:
    created = await client.post("/tasks", json={"title": "Water the plants", "due": "2026-12-24"})
    assert created.status_code == 201
    assert created.headers["location"] == f"{ORIGIN}/tasks/5"

    changed = await client.patch("/tasks/5", json={"state": "done", "notes": "ünïcode ✓"})
    assert changed.status_code == 200
    assert (await client.get("/tasks/5")).json() == changed.json()
    assert changed.json() | {"created_at": "", "updated_at": ""} == {
        "id": 5, "title": "Water the plants", "notes": "ünïcode ✓", "due": "2026-12-24", "state": "done",
        "created_at": "", "updated_at": "",
    }  # fmt: skip

    deleted = await client.delete("/tasks/5")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await client.get("/tasks/5")).status_code == 404
    assert (await client.delete("/tasks/5")).status_code == 404


async def test_a_number_is_never_given_twice(client: httpx2.AsyncClient) -> None:
    await client.delete("/tasks/4")

    assert (await client.post("/tasks", json={"title": "x"})).json()["id"] == 5


async def test_the_account_is_the_sandbox_and_asking_makes_no_board(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/me")).json() == {"id": "cn_a", "name": "Demo board"}


async def test_pages_follow_the_link_header_to_the_end_with_the_filter_kept(client: httpx2.AsyncClient) -> None:
    for number in range(30):
        await client.post("/tasks", json={"title": f"Märchen & Co {number}"})
    url, seen, pages = "/tasks?per_page=7&state=open&search=m%C3%A4rchen%20%26", [], 0
    while url:
        answer = await client.get(url)
        seen += [task["id"] for task in answer.json()]
        pages += 1
        url = answer.links.get("next", {}).get("url", "")

    assert seen == list(range(5, 35))
    assert pages == 5
    assert answer.headers["x-total-count"] == "30"


async def test_a_page_is_at_most_50_long(client: httpx2.AsyncClient) -> None:
    for number in range(60):
        await client.post("/tasks", json={"title": f"{number}"})

    assert len((await client.get("/tasks?per_page=200")).json()) == 50


async def test_search_takes_wildcards_as_text(client: httpx2.AsyncClient) -> None:
    await client.post("/tasks", json={"title": "100% sure"})

    assert [task["title"] for task in (await client.get("/tasks", params={"search": "%"})).json()] == ["100% sure"]
    assert (await client.get("/tasks", params={"search": "' OR 1=1 --"})).json() == []


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "says"),
    [
        ("GET", "/tasks/99", None, 404, "no task 99"),
        ("GET", "/tasks/0", None, 404, "Not found"),
        ("GET", "/tasks/1/x", None, 404, "Not found"),
        ("GET", "/tasks/../me", None, 200, ""),
        ("GET", "/nothing", None, 404, "Not found"),
        ("PUT", "/tasks/1", b"{}", 405, "PUT"),
        ("DELETE", "/tasks", None, 405, "DELETE"),
        ("POST", "/me", b"{}", 405, "POST"),
        ("POST", "/tasks", b"{", 400, "not JSON"),
        ("POST", "/tasks", b"[" * 5_000, 400, "not JSON"),
        ("POST", "/tasks", b"[]", 400, "JSON object"),
        ("POST", "/tasks", b"{}", 422, "title"),
        ("POST", "/tasks", b'{"title": ""}', 422, "title"),
        ("POST", "/tasks", b'{"title": 7}', 422, "title"),
        ("POST", "/tasks", b'{"title": "\\ud800"}', 422, "half a character"),
        ("POST", "/tasks", b'{"title": "x", "colour": "red"}', 422, "colour"),
        ("POST", "/tasks", b'{"title": "x", "state": "gone"}', 422, "state"),
        ("POST", "/tasks", b'{"title": "x", "state": []}', 422, "state"),
        ("POST", "/tasks", b'{"title": "x", "due": "tomorrow"}', 422, "due"),
        ("POST", "/tasks", b'{"title": "x", "due": 5}', 422, "due"),
        ("POST", "/tasks", b'{"title": "' + b"x" * 201 + b'"}', 422, "200 characters"),
        ("POST", "/tasks", b"x" * 100_001, 413, "100000"),
        ("GET", "/tasks?state=gone", None, 422, "state"),
        ("GET", "/tasks?per_page=0", None, 422, "per_page"),
        ("GET", "/tasks?page=%D9%A1", None, 422, "page"),
        ("GET", "/tasks?page=99999999999", None, 422, "page"),
        ("PATCH", "/tasks/99999999999999999999", b"{}", 404, "Not found"),
    ],
)
async def test_what_is_wrong_is_a_json_error_with_a_message(
    client: httpx2.AsyncClient, method: str, path: str, content: bytes | None, status: int, says: str
) -> None:
    answer = await client.request(method, path, content=content)

    assert answer.status_code == status
    assert says in answer.text
    if status >= 400:
        assert answer.json()["message"]
        assert answer.headers["content-type"].startswith("application/json")
    if status == 405:
        assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("sandbox", ["", "../x", "a b", "x" * 65])
async def test_without_a_sandbox_nobody_is_served(sandbox: str) -> None:
    async with client_of(DemoTransport(), sandbox) as client:
        assert (await client.get("/tasks")).status_code == 401


async def test_sandboxes_do_not_see_each_other() -> None:
    transport = DemoTransport()
    one, other = client_of(transport, "cn_1"), client_of(transport, "cn_2")
    await one.post("/tasks", json={"title": "Secret of one"})

    assert "Secret of one" not in (await other.get("/tasks")).text
    assert (await other.get("/tasks/5")).status_code == 404
    assert (await other.delete("/tasks/5")).status_code == 404
    assert (await one.get("/tasks/5")).status_code == 200
    await transport.aclose()


async def test_a_board_outlives_the_process_in_a_file_that_is_ours_alone(tmp_path: Path) -> None:
    place = tmp_path / "data" / "demo.db"
    before = os.umask(0)
    try:
        async with client_of(DemoTransport(place)) as client:
            await client.post("/tasks", json={"title": "Kept"})
    finally:
        os.umask(before)

    assert {stat.S_IMODE(file.stat().st_mode) for file in place.parent.iterdir()} == {0o600}
    async with client_of(DemoTransport(place)) as client:
        assert (await client.get("/tasks/5")).json()["title"] == "Kept"


async def test_several_processes_may_share_the_file(tmp_path: Path) -> None:
    transports = [DemoTransport(tmp_path / "demo.db") for _ in range(3)]
    clients = [client_of(transport) for transport in transports]

    async def add(client: httpx2.AsyncClient) -> Any:
        return (await client.post("/tasks", json={"title": "x"})).json()["id"]

    given = await asyncio.gather(*(add(client) for client in clients for _ in range(10)))

    assert sorted(given) == list(range(5, 35))
    for transport in transports:
        await transport.aclose()


async def test_a_file_that_cannot_be_used_is_an_answer_of_503_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "demo.db").write_bytes(b"not a database" * 1000)
    async with client_of(DemoTransport(tmp_path / "demo.db")) as client:
        answer = await client.get("/tasks")

    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text


@pytest.mark.slow
async def test_a_board_takes_a_thousand_tasks_and_says_so(client: httpx2.AsyncClient) -> None:
    for _ in range(MAX_TASKS - len(SEED)):
        assert (await client.post("/tasks", json={"title": "x"})).status_code == 201
    answer = await client.post("/tasks", json={"title": "one more"})

    assert answer.status_code == 422
    assert "full" in answer.json()["message"]


def test_of_too_many_boards_the_one_longest_unused_goes() -> None:
    ticks = itertools.count()
    boards = Boards(":memory:", now=lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=next(ticks)))
    boards.create("first", {"title": "gone"})
    boards.create("second", {"title": "kept"})
    for number in range(MAX_BOARDS - 1):
        boards.get(f"cn_{number}", 1)

    assert boards.get("second", 5)
    assert boards.get("first", 5) is None
