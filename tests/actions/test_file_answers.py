"""An answer that is a file: any bytes, a type that is one, a name that is safe to write down."""

from __future__ import annotations

import base64
import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.actions.calling import KEY, Caller, gives, in_turn

from connectory.actions.file_answers import NAME_CHARACTERS, file_of
from connectory.actions.files import File
from connectory.actions.sending import redactor_of
from connectory.errors import ProviderNotFound, UnexpectedResponse
from connectory.net.client import OutboundResponse

FILE = "request: {get: '/files/{id}/report'}\ninputs: {id: {type: string}}\nanswer: {as: file}"
PDF = b"%PDF-1.7\x00\xff\\u0041"
BYTES = "application/octet-stream"


async def download(headers: dict[str, str], lines: str = FILE, body: bytes = PDF, **inputs: str) -> File:
    caller = Caller(lines, in_turn(gives(body, headers={"content-type": "application/pdf", **headers})))
    outcome = await caller.call(id=inputs.get("id", "7"))
    assert outcome.value is None
    assert outcome.file is not None
    return outcome.file


async def test_the_bytes_come_as_they_are() -> None:
    assert await download({}) == File(PDF, "application/pdf", "report")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename=\"x.pdf\"; filename*=UTF-8''na%C3%AFve%20%e2%82%ac.pdf", "naïve €.pdf"),
        ("attachment; filename*=iso-8859-1'en'%A3.txt", "£.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\dir\\\\a.exe"', "a.exe"),
        ("attachment; filename*=UTF-8''..%2F..%2Fkey", "key"),
        ("attachment; filename*=UTF-8''a%0d%0aSet-Cookie%3a.txt", "a__Set-Cookie:.txt"),
        ("attachment; filename*=UTF-8''a%E2%80%AEfdp.exe", "a_fdp.exe"),
        ("attachment; filename*=UTF-8''%ff%fe.txt", "__.txt"),
        ('attachment; filename=".."', "file"),
        (f'attachment; filename="{KEY}.pdf"', "***.pdf"),
        ("inline", "report"),
        ("attachment; filename=", "report"),
    ],
)
async def test_a_name_is_the_last_part_of_what_the_provider_says(disposition: str, name: str) -> None:
    assert (await download({"content-disposition": disposition})).name == name


async def test_a_long_name_keeps_its_suffix() -> None:
    name = (await download({"content-disposition": f'attachment; filename="{"x" * 900}.pdf"'})).name

    assert name is not None
    assert len(name) == NAME_CHARACTERS
    assert name.endswith("x.pdf")


async def test_the_manifests_name_stands_where_the_provider_gives_none() -> None:
    lines = FILE.replace("{as: file}", "{as: file, file_name: 'report-{id}.pdf'}")

    assert (await download({}, lines)).name == "report-7.pdf"
    assert (await download({}, lines, id="../8")).name == "8.pdf"
    assert (await download({"content-disposition": "attachment; filename=x.pdf"}, lines)).name == "x.pdf"


@pytest.mark.parametrize("said", ["", "pdf", "text/ht\x0bml", "a/b/c", "../x", "x" * 200 + "/y", "text / plain"])
async def test_what_is_no_media_type_is_bytes(said: str) -> None:
    assert (await download({"content-type": said})).media_type == "application/octet-stream"


async def test_a_media_type_loses_its_parameters() -> None:
    assert (await download({"content-type": "Text/CSV; charset=utf-8"})).media_type == "text/csv"


@pytest.mark.parametrize("coding", ["utf-8", "utf-16-le", "utf-16-be"])
async def test_our_credential_does_not_stand_in_a_file(coding: str) -> None:
    file = await download({}, body=f"key={KEY};".encode(coding))

    assert file.data == "key=***;".encode(coding)


async def test_a_failure_is_read_as_one() -> None:
    caller = Caller(FILE, in_turn(gives({"message": "no such file"}, 404)))

    with pytest.raises(ProviderNotFound, match="no such file"):
        await caller.call(id="1")


async def test_no_content_is_no_file() -> None:
    outcome = await Caller(FILE, in_turn(gives(b"", 204))).call(id="1")

    assert outcome.is_empty
    assert outcome.file is None


@given(disposition=st.text(), media_type=st.text(), path=st.text(), body=st.binary())
def test_any_headers_make_a_file(disposition: str, media_type: str, path: str, body: bytes) -> None:
    caller = Caller(FILE, in_turn(gives(b"")))
    headers = httpx2.Headers(
        {
            b"content-disposition": f"attachment; {disposition}".encode("utf-8", "replace"),
            b"content-type": media_type.encode("utf-8", "replace"),
        }
    )
    response = OutboundResponse(200, headers, body, f"https://n.example/{path}")

    file = file_of(response, redactor_of(caller.target), None)

    assert file.data == body
    assert "/" in file.media_type
    assert file.name is None or (0 < len(file.name) <= NAME_CHARACTERS and not set(file.name) & set("/\\\0\r\n"))


INSIDE = (
    "request: {get: '/files/{id}'}\ninputs: {id: {type: string}}\n"
    "answer: {as: file, file_name: 'report-{id}.pdf', content: "
    "{data: file.data, name: file.name, media_type: file.type}}"
)


@pytest.mark.parametrize(
    "text", ["JVBERi0xLjcA_1x1MDA0MQ", "JVBERi0xLjcA/1x1MDA0MQ==", "JVBERi0x\nLjcA/1x1\nMDA0MQ==\n"]
)
async def test_a_file_inside_json_comes_as_its_bytes(text: str) -> None:
    body = json.dumps({"file": {"data": text, "name": "a/b.txt", "type": "Application/PDF; x=1"}}).encode()

    assert await download({}, INSIDE, body) == File(PDF, "application/pdf", "b.txt")


async def test_what_json_does_not_tell_of_a_file_comes_from_the_manifest_and_the_name() -> None:
    body = b'{"file": {"data": "", "name": null, "type": ["x"]}}'

    assert await download({}, INSIDE, body) == File(b"", "application/pdf", "report-7.pdf")
    assert (await download({}, INSIDE.replace(", file_name: 'report-{id}.pdf'", ""), body)).media_type == BYTES


@pytest.mark.parametrize(
    "body", [b'{"file": {}}', b"{}", b'{"file": {"data": "no base64!"}}', b'{"file": {"data": 7}}']
)
async def test_json_without_the_file_is_told(body: bytes) -> None:
    with pytest.raises(UnexpectedResponse, match="without the file that was due"):
        await download({}, INSIDE, body)


async def test_an_error_in_json_is_an_error_and_raw_is_the_json() -> None:
    caller = Caller(
        INSIDE + "\nerrors: [{when: {body: error}, code: provider_not_found}]",
        in_turn(gives({"error": "gone"}), gives({"file": {"data": "eA"}})),
    )

    with pytest.raises(ProviderNotFound):
        await caller.call(id="7")
    outcome = await caller.call(id="7", raw=True)

    assert outcome.file is None
    assert outcome.value == {"file": {"data": "eA"}}


async def test_a_key_inside_a_file_in_json_is_taken_out() -> None:
    body = json.dumps({"file": {"data": base64.b64encode(f"key={KEY}".encode()).decode()}}).encode()

    assert (await download({}, INSIDE, body)).data == b"key=***"
