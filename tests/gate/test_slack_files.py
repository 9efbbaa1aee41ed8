"""The gate, Slack's files: three requests for one upload, and an address that another answer names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.gate.doubles.serving import Reply
from tests.gate.doubles.slack import BOT
from tests.gate.doubles.slack_files import FILES, PLACE, SlackWithFiles
from tests.gate.gate import BOTH_ERAS, Era, Gate, gate

from connectory.testing.application import connect

CHANNEL = "C00ABCDEF"
ANNOUNCED, COMPLETED = "/api/files.getUploadURLExternal", "/api/files.completeUploadExternal"


@asynccontextmanager
async def slack() -> AsyncIterator[tuple[Gate, SlackWithFiles]]:
    double = SlackWithFiles()
    async with gate(("https://slack.com", double), (f"https://{FILES}", double)) as opened:
        await connect(opened.application, opened.principal, "slack", method="bot", values={"token": BOT})
        double.received.clear()
        yield opened, double


@BOTH_ERAS
async def test_a_file_is_announced_sent_and_shared_in_one_call(era: Era) -> None:
    async with slack() as (opened, double):
        said, is_error = await opened.by_mcp(
            era, "slack_upload_file", file={"text": "Grüße\n"}, name="notes.txt", channel=CHANNEL, text="Here it is."
        )

    assert not is_error, said
    assert [(one.method, one.path) for one in double.received] == [
        ("POST", ANNOUNCED), ("POST", PLACE), ("POST", COMPLETED),
    ]  # fmt: skip
    assert dict(double.received[0].form) == {"filename": "notes.txt", "length": "8"}
    assert double.kept == {"F0NEW12345": "Grüße\n".encode()}
    assert double.shared == [{"files": [{"id": "F0NEW12345"}], "channel_id": CHANNEL, "initial_comment": "Here it is."}]
    assert said.splitlines()[1:3] == ["id: F0NEW12345", "name: notes.txt"]


async def test_an_upload_that_is_refused_is_not_completed() -> None:
    async with slack() as (opened, double):
        double.queue.append(Reply(200, {"ok": False, "error": "file_type_not_allowed"}))
        early = await opened.refused("slack_upload_file", file={"text": "x"}, name="a.exe")
        double.place = "https://evil.example/upload/v1/x"
        elsewhere = await opened.refused("slack_upload_file", file={"text": "x"}, name="a.txt")

    assert early.code == "provider_rejected"
    assert elsewhere.code == "unexpected_response"
    assert {one.path for one in double.received} == {ANNOUNCED}


async def test_a_file_is_fetched_with_the_token_from_where_slack_keeps_it() -> None:
    async with slack() as (opened, double):
        result = await opened.call("slack_get_file", file="F0HERE1234")
        external = await opened.refused("slack_get_file", file="F0EXTERNAL")
        unknown = await opened.refused("slack_get_file", file="F0NOWHERE1")

    assert "Grüße" in result.text
    assert "notes.txt" in result.text
    assert double.sent("GET", "/files-pri/T01-F0HERE1234/download/notes.txt")[0].host == FILES
    assert external.code == "unexpected_response"
    assert "kept elsewhere" in external.hint
    assert unknown.code == "provider_not_found"
