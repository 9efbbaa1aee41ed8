"""The gate, a file in form data: Jira's attachments, byte for byte."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.gate.doubles.jira import API_TOKEN, EMAIL, GATEWAY, SITE
from tests.gate.doubles.jira_attachments import MOST, JiraWithAttachments
from tests.gate.gate import BOTH_ERAS, Era, Gate, gate

from connectory.errors import InvalidArguments, ProviderNotFound, ProviderRejected, UnknownResult
from connectory.testing.application import connect

PATH = "/rest/api/3/issue/ENG-1/attachments"


@asynccontextmanager
async def jira() -> AsyncIterator[tuple[Gate, JiraWithAttachments]]:
    double = JiraWithAttachments()
    async with gate((f"https://{SITE}", double), (f"https://{GATEWAY}", double)) as opened:
        typed = {"site": "acme", "username": EMAIL, "password": API_TOKEN}
        await connect(opened.application, opened.principal, "jira", method="api_token", values=typed)
        double.received.clear()
        yield opened, double


@BOTH_ERAS
async def test_a_file_arrives_byte_for_byte_and_the_agent_reads_what_jira_made_of_it(era: Era) -> None:
    content = b"\x89PNG\r\n--boundary\r\n\x00\xff"
    file = {"base64": base64.b64encode(content).decode(), "name": 'pl"an\r\nX: y.png', "media_type": "image/png"}
    async with jira() as (opened, double):
        said, is_error = await opened.by_mcp(era, "jira_attach_file", key="ENG-1", file=file)

    assert not is_error
    assert (double.last.method, double.last.path) == ("POST", PATH)
    assert double.last.headers["x-atlassian-token"] == "no-check"
    boundary = re.fullmatch("multipart/form-data; boundary=([0-9a-f]{32})", double.last.headers["content-type"])
    assert boundary is not None
    mark = boundary[1].encode()
    assert double.last.body == (
        b'--%b\r\nContent-Disposition: form-data; name="file"; filename="pl%%22an__X: y.png"\r\n'
        b"Content-Type: image/png\r\n\r\n%b\r\n--%b--\r\n"
    ) % (mark, content, mark)
    [kept] = double.attached["ENG-1"]
    assert kept.data == content
    assert said.splitlines()[1:5] == [
        '- id: "10000"', '  name: "pl%22an__X: y.png"', "  media_type: image/png", f"  size: {len(content)}",
    ]  # fmt: skip


async def test_a_text_is_a_file_too() -> None:
    async with jira() as (opened, double):
        await opened.call("jira_attach_file", key="ENG-1", file={"text": "Grüße\n", "name": "büro.txt"})

    [kept] = double.attached["ENG-1"]
    assert kept.data == "Grüße\n".encode()
    assert kept.headers["content-disposition"] == 'form-data; name="file"; filename="büro.txt"'
    assert kept.content_type == "text/plain"


async def test_jiras_refusals_are_told_and_nothing_is_sent_twice() -> None:
    async with jira() as (opened, double):
        unknown = await opened.refused("jira_attach_file", key="ENG-99", file={"text": "x"})
        large = await opened.refused("jira_attach_file", key="ENG-1", file={"text": "x" * (MOST + 1)})

    assert isinstance(unknown, ProviderNotFound)
    assert isinstance(large, ProviderRejected)
    assert f"The file is larger than {MOST} bytes." in large.message
    assert len(double.received) == 2


async def test_a_file_is_content_or_a_handle_and_never_a_path() -> None:
    async with jira() as (opened, double):
        path = await opened.refused("jira_attach_file", key="ENG-1", file="/etc/passwd")
        both = await opened.refused("jira_attach_file", key="ENG-1", file={"text": "x", "base64": "eA=="})
        handle = await opened.refused("jira_attach_file", key="ENG-1", file={"result": "rs_of_somebody_else"})

    assert isinstance(path, InvalidArguments)
    assert isinstance(both, InvalidArguments)
    assert isinstance(handle, UnknownResult)
    assert double.received == []


async def test_a_dry_run_tells_the_file_and_does_not_show_it() -> None:
    async with jira() as (opened, double):
        file = {"text": "secret words", "name": "a.txt"}
        shown = await opened.call("jira_attach_file", key="ENG-1", file=file, dry_run=True)

    assert shown.value["body"] == {"file": {"file": "a.txt", "media_type": "text/plain", "bytes": 12}}
    assert "secret words" not in shown.text
    assert double.received == []
