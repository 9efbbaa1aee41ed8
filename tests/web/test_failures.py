from __future__ import annotations

import logging

import pytest
from tests.web.guarded_app import Handlers, client_of, make_app

from connectory.settings import Settings


async def test_a_person_reads_a_sentence_and_a_program_reads_json() -> None:
    async with client_of(make_app(Handlers(), Settings())) as client:
        page = await client.get("/nowhere", headers={"Accept": "text/html,application/json;q=0.5"})
        data = await client.get("/nowhere", headers={"Accept": "application/json"})
        tool = await client.get("/mcp", headers={"Host": "evil.example"})
    assert page.headers["content-type"].startswith("text/html")
    assert "There is no such page." in page.text
    assert data.json()["error"] == {
        "code": "http_404",
        "message": "There is no such page.",
        "hint": "Check the address, or ask your assistant for a new link.",
    }
    assert tool.json()["error"]["code"] == "http_421"


async def test_an_unexpected_error_shows_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    async with client_of(make_app(Handlers(), Settings())) as client:
        with caplog.at_level(logging.ERROR, logger="connectory.web"):
            answer = await client.get("/fails")
    assert answer.status_code == 500
    assert "Something went wrong on our side." in answer.text
    assert "stack trace" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "the secret of this stack trace" in caplog.text  # for the operator


async def test_what_a_caller_sent_is_not_repeated_unescaped() -> None:
    async with client_of(make_app(Handlers(), Settings())) as client:
        answer = await client.get("/%3Cscript%3Ealert(1)%3C/script%3E", headers={"Accept": "<script>"})
    assert "<script" not in answer.text
