"""Answers that Python reads and nothing can write: half characters in every disguise, and numbers beyond all bounds.

One of them, after a write was done, made an unhandled error of the call: the agent would have done it again.
"""

from __future__ import annotations

import base64

import httpx2
import pytest
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of

from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider

HALF = "\ud83d"
IN_UTF_8 = b"\xed\xa0\xbd"  # what CESU-8 makes of half a character, and no UTF-8 has
UTF_7_NAME = (
    b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Disposition: attachment; filename*=utf-7''+2D0-"
)
BODIES = {
    "escaped": b'{"id": "\\ud83d", "title": "fine"}',
    "bytes": b'{"id": "' + IN_UTF_8 + b'", "title": "fine"}',
    "a key": b'{"id": {"' + IN_UTF_8 + b'": 1}, "title": "fine"}',
    "two halves": b'{"id": "' + IN_UTF_8 + b"\xed\xb8\x80" + b'", "title": "fine"}',
    "UTF-16": f'{{"id": "{HALF}", "title": "fine"}}'.encode("utf-16", "surrogatepass"),
    "UTF-16, escaped": '{"id": "\\ud83d", "title": "fine"}'.encode("utf-16-be"),
    "UTF-32": f'{{"id": "{HALF}", "title": "fine"}}'.encode("utf-32", "surrogatepass"),
    "far behind": b'{"id": "' + b"x" * 300_000 + IN_UTF_8 + b'", "title": "fine"}',
    "JSON within JSON": b'{"id": 1, "title": "fine", "inner": "{\\"a\\": \\"\\\\ud83d\\"}"}',
    "a mail's UTF-7": b'{"id": 1, "title": "fine", "mail": "%s"}' % base64.b64encode(UTF_7_NAME),
    "infinite": b'{"id": 1e999, "title": "fine", "amount": -1e999}',
}
ITEM = "{id: id, title: title, amount: amount, inner: from_json_text(inner), mail: from_mime_message(mail)}"
CATALOG = make_catalog(
    make_connector(
        NOTES_YAML.replace('item: "{id: id, title: title}"', f'item: "{ITEM}"').replace(
            "    docs: https://notes.example/docs/create",
            f'    answer: {{item: "{ITEM}"}}\n    docs: https://n.example',
        )
    )
)


def provider_of(body: bytes, status: int = 200) -> FakeProvider:
    return FakeProvider(lambda _: httpx2.Response(status, content=body, headers={"content-type": "application/json"}))


def listed(body: bytes) -> bytes:
    """The same in a list, in whichever encoding it is."""
    for coding in ("utf-16", "utf-32") if body[:2] == b"\xff\xfe" else ():
        if body.decode(coding, "ignore").startswith('{"id'):
            return f"[{body.decode(coding, 'surrogatepass')}]".encode(coding, "surrogatepass")
    return "[".encode("utf-16-be") + body + "]".encode("utf-16-be") if body[:1] == b"\0" else b"[" + body + b"]"


@BOTH_ERAS
@pytest.mark.parametrize("name", BODIES)
async def test_an_answer_that_nothing_can_write_is_told_all_the_same(era: Era, name: str) -> None:
    body = BODIES[name]
    for tool, arguments, said in (
        ("notes_create_note", {"book": "b", "title": "t"}, body),
        ("notes_create_note", {"book": "b", "title": "t", "raw": True}, body),
        ("notes_list_notes", {"book": "b"}, listed(body)),
        ("notes_read_file", {"book": "b", "path": "p"}, body),
        ("request", {"connection": "notes/default", "method": "POST", "path": "/x", "body": {}}, body),
    ):
        async with make_application(provider_of(said), catalog=CATALOG) as application:
            principal = await make_principal(application)
            await connect(application, principal)
            async with client_of(application, principal, era) as client:
                text, failed = await call(client, tool, **arguments)
                assert not failed, text
                assert "From Notes" in text or "rs_" in text
                assert "Infinity" not in text
                text.encode()
                for entry in await application.gateway.kept_results(principal):
                    for path in ("@", "[0].inner", "title"):
                        read, _ = await call(client, "read_result", result=str(entry.id), path=path)
                        assert "internal" not in read


@BOTH_ERAS
@pytest.mark.parametrize("name", BODIES)
async def test_an_error_that_nothing_can_write_is_told_all_the_same(era: Era, name: str) -> None:
    body = BODIES[name].replace(b'"title"', b'"message"')
    async with make_application(provider_of(body, 422), catalog=CATALOG) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        async with client_of(application, principal, era) as client:
            text, failed = await call(client, "notes_create_note", book="b", title="t")

    assert failed
    assert text.startswith("provider_rejected: ")
    text.encode()
