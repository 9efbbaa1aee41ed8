"""Reading mail: whole messages, and Gmail's tree of parts."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectory.actions.converters import FROM

MEGABYTE = 1_000_000
PLENTY_S = 10.0


def b64(data: bytes | str) -> str:
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).decode().rstrip("=")


def read(source: bytes | str) -> Any:
    return FROM["from_mime_message"](b64(source))


MULTIPART = """From: =?utf-8?q?Ann_M=C3=BCller?= <ann@e.org>
To: b@e.org,
 c@e.org
Date: Sun, 1 Mar 2026 10:30:00 +0100
Subject: =?utf-8?b?R3LDvMM=?= =?utf-8?b?n2U=?=
 there
Message-ID: <1@e.org>
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

plain =FC
--a
Content-Type: text/html

<p>html</p>
--a--
--m
Content-Type: image/png; name="=?utf-8?q?b=C3=BCld.png?="
Content-Transfer-Encoding: base64

AAEC
--m
Content-Type: text/csv
Content-Disposition: attachment; filename*=utf-8''%C3%BC.csv

a,b
--m
Content-Type: message/rfc822

Subject: inner

inner
--m--
"""


def test_a_message_is_read() -> None:
    assert read(MULTIPART) == {
        "from": "Ann Müller <ann@e.org>",
        "reply_to": None,
        "to": "b@e.org, c@e.org",
        "cc": None,
        "bcc": None,
        "date": "2026-03-01T09:30:00Z",
        "subject": "Grüße there",
        "message_id": "<1@e.org>",
        "references": None,
        "text": "plain ü",
        "attachments": [
            {"name": "büld.png", "media_type": "image/png", "size": 3},
            {"name": "ü.csv", "media_type": "text/csv", "size": 3},
            {"name": None, "media_type": "message/rfc822", "size": None},
        ],
    }


@pytest.mark.parametrize(
    ("source", "key", "said"),
    [
        ("Content-Type: text/html\n\n<p>a</p><p>b</p>", "text", "a\n\nb"),
        ("\nonly text", "text", "only text"),
        ("", "text", ""),
        ("Date: yesterday\n\n", "date", "yesterday"),
        ("Date: Sun, 1 Mar 2026 10:30:00 -0000\n\n", "date", "2026-03-01T10:30:00Z"),
        ("Date: Mon, 99 Mar 20260000 10:30:00 +9999\n\n", "date", "Mon, 99 Mar 20260000 10:30:00 +9999"),
        ("Subject: =?utf-8?b?!!!?= =?none?q?a=FC?= =?x\n\n", "subject", None),
        ("Subject: =?utf-8?q?a=0D=0AX:1?=\n\n", "subject", "a  X:1"),
        ("Subject: one\nSubject: two\n\n", "subject", "one"),
        ("From: =?utf-8?q?M=C3=BCller=2C_Ann?= <a@e.org>\n\n", "from", '"Müller, Ann" <a@e.org>'),
        ("From: =?utf-8?q?Dr=2E_M=C3=BCller?= <a@e.org>\n\n", "from", "Dr. Müller <a@e.org>"),
        ('To: "=?utf-8?q?M=C3=BCller=2C_Ann?=" <a@e.org>\n\n', "to", '"Müller, Ann" <a@e.org>'),
        ("Reply-To: =?utf-8?q?x=22=2C_eve=40e.org?= <a@e.org>\n\n", "reply_to", '"x\\", eve@e.org" <a@e.org>'),
        ("Subject: =?utf-8?q?one=2C_two?=\n\n", "subject", "one, two"),
        (b"Subject: \xc3\xbc\n\n", "subject", "ü"),
        (b"Content-Type: text/plain; charset=nonsense\n\n\xfc", "text", "\ufffd"),
        (b"Content-Type: text/plain; charset=latin-1\n\n\xfc", "text", "ü"),
        (b"Content-Type: text/plain; charset=rot13\n\n\xfc", "text", "\ufffd"),
        (b"Content-Type: text/plain; charset*=a\0b''x\n\n\xfc", "text", "\ufffd"),
        ("Content-Type: multipart/mixed; boundary=x\n\nno part at all", "text", "no part at all"),
        ("Content-Type: multipart/mixed; boundary*=a; boundary*0=b\n\nodd", "text", "odd"),
        ("Content-Transfer-Encoding: base64\n\n!!!", "attachments", []),
    ],
)
def test_broken_mail_is_read_as_far_as_it_goes(source: bytes | str, key: str, said: Any) -> None:
    seen = read(source)

    assert said is None or seen[key] == said
    assert list(seen) == [
        "from", "reply_to", "to", "cc", "bcc", "date", "subject", "message_id", "references", "text", "attachments",
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["not base64!", 5, ["a"], {"raw": "x"}])
def test_what_is_no_message_comes_back_unchanged(value: Any) -> None:
    assert FROM["from_mime_message"](value) == value


LINES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: message/rfc822",
        b"Content-Type: text/html; charset=utf-7",
        b"Content-Type: text/plain; name*0*=x''%ff; name*1=b",
        b'Content-Disposition: attachment; filename="a',
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: x-uuencode",
        b"Subject: =?utf-8?b?w7w?= =?utf-8?q?=FF?=",
        b"Date: 1 1 1 1 1",
        b"From",
        b" folded",
        b"--b",
        b"--b--",
        b"",
        b"\xff\x00 +2AA-",
        b"begin 644 x",
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(LINES | st.binary(max_size=20), max_size=20))
def test_no_message_makes_it_raise(lines: list[bytes]) -> None:
    assert isinstance(read(b"\n".join(lines))["attachments"], list)


def test_half_a_character_does_not_come_out_of_utf_7() -> None:
    text = read(b"Content-Type: text/plain; charset=utf-7\n\n\xff+2AA-")["text"]

    assert text.encode()


def nested(depth: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        b"Subject: " + b"=?utf-8?q?a?= " * (MEGABYTE // 14),
        b"Subject: " + b"=?utf-8?q?a" * (MEGABYTE // 11),
        b"Content-Type: " + b"(" * MEGABYTE,
        b"Content-Type: multipart/mixed" + b";" * MEGABYTE,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + (b"--b\nContent-Type: a/b" + b";" * 480 + b"\n\n") * 1_900,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * (MEGABYTE // 4),
        b"Content-Type: message/rfc822\n\n" * (MEGABYTE // 30),
        b"Content-Type: text/plain; charset=punycode\n\n\xff-" + b"a" * MEGABYTE,
        b"a:b\n" * (MEGABYTE // 4),
        nested(20_000),
        nested(45) + b"\n" * (3 * MEGABYTE),
    ],
    ids=[
        "words",
        "unclosed",
        "comments",
        "semicolons",
        "many",
        "parts",
        "messages",
        "punycode",
        "headers",
        "deep",
        "lines",
    ],
)
def test_a_hostile_megabyte_of_mail_is_quick(source: bytes) -> None:
    started = time.perf_counter()

    read(source)

    assert time.perf_counter() - started < PLENTY_S


def test_more_parts_than_mail_has_are_read_as_one_text() -> None:
    head, part = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: image/png\n\n"

    assert len(read(head + part * 400)["attachments"]) == 400
    assert read(head + part * 600)["attachments"] == []
    assert read(head + part * 600)["subject"] == "x"


def test_gmails_tree_is_read() -> None:
    tree = {
        "mimeType": "multipart/mixed",
        "filename": "",
        "headers": [
            {"name": "From", "value": "Ann <ann@e.org>"},
            {"name": "TO", "value": "b@e.org"},
            {"name": "Date", "value": "Sun, 1 Mar 2026 10:30:00 +0100"},
            {"name": "Subject", "value": "Hi"},
            {"name": "Message-Id", "value": "<1@e.org>"},
            {"name": "Reply-To", "value": "list@e.org"},
            {"name": "Bcc", "value": "c@e.org"},
            {"name": "References", "value": "<0@e.org>\r\n <00@e.org>"},
        ],
        "body": {"size": 0},
        "parts": [
            {
                "mimeType": "multipart/alternative",
                "parts": [
                    {"mimeType": "text/plain", "filename": "", "body": {"size": 4, "data": b64("plaün\r\n")}},
                    {"mimeType": "text/html", "filename": "", "body": {"size": 4, "data": b64("<p>html</p>")}},
                ],
            },
            {"mimeType": "application/pdf", "filename": "a.pdf", "body": {"attachmentId": "A1", "size": 1234}},
            {"mimeType": "message/rfc822", "filename": "x.eml", "parts": [{"mimeType": "text/plain"}], "body": {}},
        ],
    }

    assert FROM["from_mime_parts"](tree) == {
        "from": "Ann <ann@e.org>",
        "reply_to": "list@e.org",
        "to": "b@e.org",
        "cc": None,
        "bcc": "c@e.org",
        "date": "2026-03-01T09:30:00Z",
        "subject": "Hi",
        "message_id": "<1@e.org>",
        "references": "<0@e.org> <00@e.org>",
        "text": "plaün",
        "attachments": [
            {"name": "a.pdf", "media_type": "application/pdf", "size": 1234, "id": "A1"},
            {"name": "x.eml", "media_type": "message/rfc822", "size": 0, "id": None},
        ],
    }


def test_a_part_without_plain_text_is_read_from_its_html() -> None:
    headers = [{"name": "Content-Type", "value": 'text/html; charset="iso-8859-1"'}]
    tree = {"mimeType": "text/html", "headers": headers, "body": {"data": b64(b"<b>\xfc</b>")}}

    assert FROM["from_mime_parts"](tree)["text"] == "ü"


def test_an_attached_text_is_no_part_of_the_message() -> None:
    headers = [{"name": "Content-Disposition", "value": "ATTACHMENT"}]
    tree = {"parts": [{"mimeType": "text/plain", "headers": headers, "body": {"data": b64("no")}}]}

    seen = FROM["from_mime_parts"](tree)

    assert seen["text"] is None
    assert seen["attachments"] == [{"name": None, "media_type": "text/plain", "size": 2, "id": None}]
