"""Writing mail: what is put in comes out, and no value can begin a line of its own (attack 62)."""

from __future__ import annotations

import base64
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectory.actions.converters import FROM, TO
from connectory.actions.files import File
from connectory.errors import InvalidArguments

BREAKS = ["\r\n", "\n", "\r", "\0", "\x0b", "\x85", "\u2028"]
FORGED = "X-Evil: 1"
ONE_LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=120)
BODY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=300)


def write(message: dict[str, Any]) -> bytes:
    data = TO["mime_message"](message)
    assert isinstance(data, bytes)
    return data


def read(message: dict[str, Any]) -> Any:
    return FROM["from_mime_message"](TO["base64url"](write(message)))


def parsed(message: dict[str, Any]) -> EmailMessage:
    result = message_from_bytes(write(message), policy=policy.default)
    assert isinstance(result, EmailMessage)
    return result


def test_a_plain_message_to_the_letter() -> None:
    message = {"from": "Ann <ann@e.org>", "to": ["b@e.org", "c@e.org"], "subject": "Hi", "text": "one\ntwo"}

    assert write(message) == (
        b"From: Ann <ann@e.org>\r\nTo: b@e.org,\r\n c@e.org\r\nSubject: Hi\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\nMIME-Version: 1.0\r\n'
        b"\r\none\r\ntwo\r\n"
    )


def test_the_same_mapping_gives_the_same_bytes() -> None:
    message = {"text": "a", "html": "<p>a</p>", "attachments": [File(b"x", "text/csv", "a.csv")]}

    assert write(message) == write(message)


def test_all_parts_of_a_message() -> None:
    message = parsed(
        {
            "from": '"Müller, Ann" <ann@e.org>',
            "to": "Bob O'Neil <b@e.org>, c@bücher.example",
            "cc": ["d@e.org"],
            "bcc": "f@e.org",
            "reply_to": "g@e.org",
            "subject": "Grüße",
            "text": "plain",
            "html": "<p>ü</p>",
            "in_reply_to": "1@e.org",
            "references": ["<0@e.org> <1@e.org>", "<2@e.org>"],
            "attachments": [
                File(b"\0\1", "image/png", "übung.png"),
                {"file": File(b"x"), "name": "a.txt", "media_type": "text/plain"},
            ],
        }
    )

    assert message["From"].addresses[0].display_name == "Müller, Ann"
    assert [one.addr_spec for one in message["To"].addresses] == ["b@e.org", "c@xn--bcher-kva.example"]
    assert (message["Cc"], message["Bcc"], message["Reply-To"]) == ("d@e.org", "f@e.org", "g@e.org")
    assert message["Subject"] == "Grüße"
    assert (message["In-Reply-To"], message["References"]) == ("<1@e.org>", "<0@e.org> <1@e.org> <2@e.org>")
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "image/png", "text/plain"]
    assert [(one.get_filename(), one.get_payload(decode=True)) for one in message.iter_attachments()] == [
        ("übung.png", b"\0\1"),
        ("a.txt", b"x"),
    ]


@settings(max_examples=60, deadline=None)
@given(ONE_LINE, ONE_LINE, BODY)
def test_what_was_put_in_comes_out(subject: str, name: str, body: str) -> None:
    message = {"from": f'"{name.translate({34: 39, 92: 47})}" <a@e.org>', "subject": subject, "text": body}

    seen = read(message)

    assert seen["subject"] == subject.strip()
    assert seen["text"].split("\n") == body.strip().split("\n")
    assert all(len(line) < 998 for line in write(message).split(b"\r\n"))


@settings(max_examples=40, deadline=None)
@given(ONE_LINE, st.binary(max_size=300))
def test_a_file_comes_out_under_a_safe_name(name: str, data: bytes) -> None:
    (attachment,) = parsed({"text": "", "attachments": [File(data, "application/pdf", name)]}).iter_attachments()

    assert attachment.get_payload(decode=True) == data
    assert attachment.get_content_type() == "application/pdf"
    assert not set(attachment.get_filename() or "/") & set('/\\:*?"<>|')


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\a.txt", "C__a.txt"),
        ("...", "attachment"),
        ("", "attachment"),
        (None, "attachment"),
        ("=?utf-8?q?a=0D=0AX-Evil:1?=", "=_utf-8_q_a=0D=0AX-Evil_1_="),
        ("é" * 300 + ".pdf", "é" * 118 + ".pdf"),
    ],
)
def test_a_file_name_names_no_other_place(name: str | None, safe: str) -> None:
    (attachment,) = parsed({"attachments": [File(b"x", name=name)]}).iter_attachments()

    assert attachment.get_filename() == safe


@pytest.mark.parametrize(
    "media_type", ["nonsense", "message/rfc822", "multipart/mixed", "a/b c", "text/html;charset=x"]
)
def test_a_media_type_is_one_that_base64_may_carry(media_type: str) -> None:
    (attachment,) = parsed({"attachments": [File(b"x", media_type)]}).iter_attachments()

    expected = "text/html" if media_type.startswith("text") else "application/octet-stream"
    assert attachment.get_content_type() == expected


def with_break(field: str, forged: str) -> dict[str, Any]:
    address, identity = f"a@e.org{forged}", f"<1@e.org{forged}>"
    named = {"from": address, "to": [address], "cc": f"Ann{forged} <a@e.org>", "bcc": address, "reply_to": address}
    attached = {
        "file.name": File(b"x", name=f"a{forged}.txt"),
        "file.media_type": File(b"x", f"text/plain{forged}"),
        "name": {"file": File(b"x"), "name": f"a{forged}"},
        "media_type": {"file": File(b"x"), "media_type": f"text/plain{forged}"},
    }
    if field in attached:
        return {"attachments": [attached[field]]}
    return {field: {**named, "subject": f"Hi{forged}", "in_reply_to": identity, "references": [identity]}[field]}


HEADER_FIELDS = ["from", "to", "cc", "bcc", "reply_to", "subject", "in_reply_to", "references"]
FILE_FIELDS = ["file.name", "file.media_type", "name", "media_type"]


@pytest.mark.parametrize("line_break", BREAKS)
@pytest.mark.parametrize("field", HEADER_FIELDS + FILE_FIELDS)
def test_attack_62_a_line_break_in_any_field_is_refused(field: str, line_break: str) -> None:
    with pytest.raises(InvalidArguments, match="forge a header") as refusal:
        write(with_break(field, f"{line_break}{FORGED}"))

    assert FORGED not in refusal.value.text
    assert refusal.value.hint


@pytest.mark.parametrize("word", ["=?utf-8?q?=0D=0AX-Evil:_1?=", "=?utf-8?b?DQpYLUV2aWw6IDE=?="])
@pytest.mark.parametrize("field", HEADER_FIELDS + FILE_FIELDS)
def test_attack_62_an_encoded_line_break_stays_words_or_is_refused(field: str, word: str) -> None:
    try:
        data = write(with_break(field, word))
    except InvalidArguments:
        return

    assert not any(line.lower().startswith(b"x-evil") for line in data.splitlines())
    for policy_ in (policy.default, policy.compat32):
        assert all(part["X-Evil"] is None for part in message_from_bytes(data, policy=policy_).walk())


def test_attack_62_an_encoded_subject_is_shown_as_it_was_written() -> None:
    assert read({"subject": "=?utf-8?q?=0D=0AX-Evil:_1?="})["subject"] == "=?utf-8?q?=0D=0AX-Evil:_1?="


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(HEADER_FIELDS), st.text(st.sampled_from('a@.<>"(),:;=?q \\é\r\n'), max_size=60)))
def test_attack_62_any_fields_give_only_the_headers_that_were_named(fields: dict[str, str]) -> None:
    try:
        head = write(fields).partition(b"\r\n\r\n")[0].decode("ascii")
    except InvalidArguments:
        return

    names = {line.partition(":")[0] for line in head.split("\r\n") if not line.startswith(" ")}
    allowed = {field.replace("_", "-").title() for field in fields}
    assert names <= allowed | {"Content-Type", "Content-Transfer-Encoding", "Mime-Version", "MIME-Version"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "nobody"},
        {"to": "a@e.org, nobody"},
        {"to": ["Smith, Ann <a@e.org>"]},
        {"to": "é@e.org"},
        {"to": "a@-e.org"},
        {"to": "(" * 1_000},
        {"to": "a:" * 1_000},
        {"to": [f"a{n}@e.org" for n in range(501)]},
        {"to": 5},
        {"to": [None]},
        {"subject": "x" * 2_001},
        {"subject": ["a"]},
        {"in_reply_to": "two words"},
        {"text": 5},
        {"attachments": "a.txt"},
        {"attachments": ["/etc/passwd"]},
        {"attachments": [{"path": "/etc/passwd"}]},
        {"attachments": [{"file": File(b"x"), "path": "x"}]},
        {"Subject": "x"},
    ],
)
def test_what_is_no_message_is_refused_with_a_cure(wrong: Any) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        write(wrong)

    assert refusal.value.hint
    assert len(refusal.value.text) < 300


@pytest.mark.parametrize("text", ["é" * 5_000, "a" * 5_000, "a\0b", ".\r\nFrom here", "--=_x\n"])
def test_any_body_fits_the_lines_of_mail(text: str) -> None:
    data = write({"text": text})

    assert max(map(len, data.split(b"\r\n"))) < 998
    assert data.isascii()
    assert read({"text": text})["text"].split() == text.split()


def test_absent_keys_leave_no_header() -> None:
    assert write({"to": None, "cc": [], "subject": None}).startswith(b"Content-Type: text/plain")


def test_it_goes_through_base64url_as_gmail_wants_it() -> None:
    raw = TO["base64url"](write({"subject": "Hi", "text": "ü"}))

    assert b"Subject: Hi" in base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
