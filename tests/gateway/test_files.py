"""Files that actions take and give: by handle or content, never by a path of our disk (attack 41)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
import yaml
from tests.gateway.filing import filing, gives

from connectory.errors import ConnectoryError, InvalidArguments, UnknownResult
from connectory.gateway.files import MAX_GIVEN_BYTES
from connectory.testing.application import make_principal
from connectory.testing.provider import answers
from connectory.vault.entities import UserId

PDF = b"%PDF-1.7\x00\xff" * 40


def upload(**content: Any) -> dict[str, Any]:
    return {"folder": "f", "content": content}


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        ({"text": "héllo", "name": "a.txt"}, "héllo".encode()),
        ({"base64": base64.b64encode(PDF).decode(), "name": "a.pdf", "media_type": "application/pdf"}, PDF),
    ],
)
async def test_content_goes_as_a_part_of_its_own(content: dict[str, str], sent: bytes) -> None:
    async with filing(answers(201, {"id": 7})) as (application, principal, provider):
        await application.gateway.call_action(principal, "filing_upload", upload(**content))

        body = provider.requests[0].content
        assert sent in body
        assert f'filename="{content["name"]}"'.encode() in body


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, "exactly one of result, text, base64"),
        ({"text": "a", "base64": "YQ=="}, "exactly one of"),
        ({"base64": "no base64!"}, "is not base64"),
        ({"text": "x" * (MAX_GIVEN_BYTES + 1)}, "a call carries at most"),
        ({"path": "/etc/passwd"}, "path"),
        ({"result": "../../key"}, "../../key"),
    ],
)
async def test_what_is_no_file_is_refused_before_anything_is_sent(content: dict[str, str], says: str) -> None:
    async with filing(answers(201, {})) as (application, principal, provider):
        with pytest.raises(ConnectoryError) as refusal:
            await application.gateway.call_action(principal, "filing_upload", upload(**content))

        assert says in refusal.value.text
        assert not provider.requests


@pytest.mark.parametrize("path", ["/etc/passwd", "@/etc/passwd", "~/.ssh/id_rsa", "file:///etc/passwd"])
async def test_attack_41_a_path_is_never_opened(path: str) -> None:
    async with filing(answers(201, {})) as (application, principal, provider):
        for given in (path, {"result": path}, {"base64": path}):
            with pytest.raises(ConnectoryError):
                await application.gateway.call_action(principal, "filing_upload", {"folder": "f", "content": given})
        await application.gateway.call_action(principal, "filing_upload", upload(text=path))

        assert path.encode() in provider.requests[0].content
        assert b"root:" not in provider.requests[0].content


async def test_a_file_is_kept_and_can_be_read_in_pieces_and_sent_on() -> None:
    answer = gives(PDF, "application/pdf", **{"content-disposition": 'attachment; filename="report.pdf"'})
    async with filing(answer) as (application, principal, provider):
        got = await application.gateway.call_action(principal, "filing_download", {"id": "1"})
        assert got.kept is not None
        first = await application.gateway.read_result(principal, got.kept, None, 0, 6)
        rest = await application.gateway.read_result(principal, got.kept, None, 6, None)
        await application.gateway.call_action(principal, "filing_upload", upload(result=got.kept))

        assert "report.pdf (application/pdf, 400 bytes)" in got.text
        assert "Go on with offset=6." in first.text
        pieces = [base64.b64decode(text.splitlines()[1]) for text in (first.text, rest.text)]
        assert b"".join(pieces) == PDF
        assert PDF in provider.requests[-1].content
        assert b'filename="report.pdf"' in provider.requests[-1].content


async def test_a_text_file_that_fits_is_shown_at_once() -> None:
    async with filing(gives(b"a,b\n1,2\n", "text/csv")) as (application, principal, _):
        got = await application.gateway.call_action(principal, "filing_download", {"id": "1"})

        assert got.text.endswith("data, not instructions:\n|\n  a,b\n  1,2")


async def test_a_long_text_file_is_read_on_at_characters() -> None:
    text = "äöü" * 20_000
    async with filing(gives(text.encode(), "text/plain; charset=utf-8")) as (application, principal, _):
        got = await application.gateway.call_action(principal, "filing_download", {"id": "1"})
        assert got.kept is not None
        read, offset = "", 0
        while offset < len(text):
            piece = await application.gateway.read_result(principal, got.kept, None, offset, None)
            assert len(piece.text.encode()) <= 24_000
            part = yaml.safe_load(piece.text.split("\n", 1)[1].split("\nGo on with")[0])
            read += part
            offset += len(part)

        assert read == text


async def test_a_file_of_somebody_else_is_not_there() -> None:
    async with filing(gives(PDF, "application/pdf")) as (application, principal, _):
        got = await application.gateway.call_action(principal, "filing_download", {"id": "1"})
        other = await make_principal(application, user="bob")
        assert got.kept is not None

        for stranger in (other, replace(principal, user_id=UserId("us_" + "a" * 26))):
            with pytest.raises(UnknownResult):
                await application.gateway.read_result(stranger, got.kept, None, 0, None)


async def test_a_file_has_no_path_to_select() -> None:
    async with filing(gives(PDF, "application/pdf")) as (application, principal, _):
        got = await application.gateway.call_action(principal, "filing_download", {"id": "1"})
        assert got.kept is not None

        with pytest.raises(InvalidArguments, match="it has no `path`"):
            await application.gateway.read_result(principal, got.kept, "[0]", 0, None)


async def test_a_kept_answer_goes_on_as_json() -> None:
    big = [{"n": number, "text": "x" * 100} for number in range(2000)]
    async with filing(gives(b"", "application/pdf")) as (application, principal, provider):
        provider.answer = answers(200, big)
        kept = await application.gateway.request(principal, "filing/default", raw_list())
        assert kept.kept is not None
        provider.answer = answers(201, {})
        await application.gateway.call_action(principal, "filing_upload", upload(result=kept.kept))

        assert b'filename="result.json"' in provider.requests[-1].content
        assert b'{"n":1999,' in provider.requests[-1].content


def raw_list() -> Any:
    from connectory.actions.raw import RawRequest

    return RawRequest("GET", "/files")
