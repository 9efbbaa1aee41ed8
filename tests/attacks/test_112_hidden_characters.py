"""Attack 112: characters that a model reads and a person does not see, wherever a provider's words stand."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.actions.calling import Caller, gives
from tests.gateway.filing import filing
from tests.gateway.filing import gives as gives_file

from connectory.actions.encoding import safe_file_name
from connectory.actions.hidden import one_line
from connectory.errors import ConnectoryError
from connectory.gateway.text import as_block, as_compact_text
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.provider import FakeProvider, answers

HIDDEN = [
    *"\u200b\u200e\u200f\u2060\u2061\u2064\u202a\u202e\u2066\u2069\ufeff\u061c\u180e\u034f\u115f\u1160\u3164\uffa0\u206a\u206f\ufff9",
    "\U000e0001", "\U000e0041\U000e0042", "\U000e0100\U000e01ef", "\xad\xad\xad",
    "\ufe00\ufe01\ufe0f", "\x1b[8m", "\x9b8m", "\u200c\u200d\u200c\u200d", "\u200d\ufe0f\u200d\ufe0f",
]  # fmt: skip
SEEN = ["👩‍👩‍👧‍👦", "❤️‍🔥", "🏳️‍🌈", "می‌خواهم", "क्‍ष", "☺️ ok", "e\u0301", "Ünïcödé 中文"]


def hidden_in(text: str) -> list[str]:
    """What of `HIDDEN` is still there as itself."""
    return [one for one in HIDDEN if one in text]


def everywhere() -> str:
    return "a" + "b".join(HIDDEN) + "c"


VALUES = {
    "text": everywhere(),
    "item": [everywhere()],
    "key": {everywhere(): 1},
    "member": {"x": everywhere()},
    "block": f"two\n{everywhere()}",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_attack_112_hidden_characters_become_visible_in_results(value: Any) -> None:
    assert hidden_in(as_compact_text(value)) == []
    assert hidden_in(as_block(value if isinstance(value, str) else everywhere())) == []
    assert hidden_in(one_line(everywhere())) == []
    assert hidden_in(safe_file_name(everywhere())) == []


@pytest.mark.parametrize("text", SEEN)
def test_attack_112_what_languages_and_emoji_need_survives(text: str) -> None:
    assert text in as_compact_text([text])
    assert text in as_block(f"{text}\nx")
    assert one_line(text) == text


@given(st.text(st.characters(categories=["Cf", "Cc", "Zl", "Zp", "Co"]), min_size=3))
def test_attack_112_nothing_invisible_but_joiners_and_line_breaks_stands_in_a_result(text: str) -> None:
    shown = as_compact_text([text, {text: text}])
    left = {one for one in shown if unicodedata.category(one) in ("Cf", "Cc", "Zl", "Zp")}
    marks = {
        "\u0600",
        "\u0601",
        "\u0602",
        "\u0603",
        "\u0604",
        "\u0605",
        "\u06dd",
        "\u070f",
        "\u0890",
        "\u0891",
        "\u08e2",
    }
    assert {one for one in left if ord(one) < 0x10000} <= {"\n", "\t", "\u200c", "\u200d", *marks}  # signs of numbers


async def test_attack_112_in_file_names_texts_and_resources() -> None:
    name = "attachment; filename*=UTF-8''" + "".join(f"%{byte:02X}" for byte in f"in{everywhere()}.txt".encode())
    file = gives_file(everywhere().encode(), "text/plain", **{"content-disposition": name})
    async with filing(file) as (app, principal, _):
        got = await app.gateway.call_action(principal, "filing_download", {"id": "1"})
        assert got.kept is not None
        read = await app.gateway.read_result(principal, got.kept, None, 0, None)
        (entry,) = await app.gateway.kept_results(principal)
    for text in (got.text, read.text, entry.file_name or ""):
        assert hidden_in(text) == []
    assert "\\u202e" in read.text  # visible, not gone


async def test_attack_112_in_a_dry_run_notes_and_errors() -> None:
    async with make_application(FakeProvider(answers(422, {"message": everywhere()}))) as app:
        principal = await make_principal(app)
        await connect(app, principal)
        arguments = {"book": "b", "title": everywhere()}
        shown = await app.gateway.call_action(principal, "notes_create_note", {**arguments, "dry_run": True})
        with pytest.raises(ConnectoryError) as refusal:
            await app.gateway.call_action(principal, "notes_create_note", arguments)
    assert hidden_in(shown.text) == []
    assert hidden_in(refusal.value.text) == []
    assert refusal.value.text.count("b") > 10  # the words between them are there

    action = 'request: {get: /things}\nanswer: {items: "@", expand: {request: {get: "/things/{each.id}"}}}'
    outcome = await Caller(
        action,
        lambda request: gives([{"id": 1}]) if request.url.path.endswith("s") else gives({"message": everywhere()}, 404),
    ).call()
    assert "could not be read" in outcome.note
    assert hidden_in(outcome.note) == []


async def test_attack_112_a_persian_message_keeps_its_joiners() -> None:
    with pytest.raises(ConnectoryError) as refusal:
        await Caller("request: {get: /things}", lambda _: gives({"message": SEEN[3]}, 400)).call()
    assert SEEN[3] in refusal.value.text
