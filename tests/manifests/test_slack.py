"""Slack's manifest: errors that come with status 200, and what of a message an agent reads."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest

from connectory.actions.expressions import evaluate
from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import OAuth2Method


@pytest.fixture(scope="module")
def slack() -> Connector:
    return load_catalog([packaged_folder()], index_dir=None).connector("slack")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("token_expired", "needs_reconnect"),
        ("missing_scope", "missing_scope"),
        ("ratelimited", "rate_limited"),
        ("rate_limited", "rate_limited"),  # chat.postMessage spells it so
        ("not_in_channel", "provider_forbidden"),
        ("cant_update_message", "provider_forbidden"),
        ("users_not_found", "provider_not_found"),
        ("already_reacted", "provider_conflict"),
        ("internal_error", "provider_unavailable"),
        ("no_text", "provider_rejected"),
    ],
)
def test_an_error_means_what_its_word_says(slack: Connector, error: str, code: str) -> None:
    answer = {"ok": False, "error": error}

    assert next(one.code for one in slack.manifest.errors if jmespath.search(one.when.body or "", answer)) == code


def test_a_good_answer_is_no_error(slack: Connector) -> None:
    answer = {"ok": True, "error": "missing_scope"}

    assert not [rule for rule in slack.manifest.errors if jmespath.search(rule.when.body or "", answer)]


@pytest.mark.parametrize(
    ("message", "read"),
    [
        ({"ts": "1.5", "user": "U1", "text": "Hi"}, {"user": "U1", "name": None, "is_edited": False}),
        ({"ts": "1.5", "bot_id": "B1", "username": "build"}, {"user": "B1", "name": "build"}),
        ({"ts": "1.5", "bot_id": "B1", "bot_profile": {"name": "Build"}}, {"user": "B1", "name": "Build"}),
        ({"ts": "1.5", "edited": {"user": "U1", "ts": "2.0"}}, {"is_edited": True}),
        ({"ts": "1769817600.5"}, {"at": "2026-01-31T00:00:00.500000Z"}),
        (
            {"ts": "1.5", "attachments": [{"fallback": "A link", "from_url": "https://x.example"}]},
            {"attachments": [{"title": "A link", "text": None, "url": "https://x.example"}]},
        ),
    ],
)
def test_a_message_says_who_wrote_it_and_when(slack: Connector, message: Any, read: dict[str, Any]) -> None:
    given = evaluate(slack.actions["list_messages"].manifest.answer.item, message)

    assert {name: given[name] for name in read} == read


def test_the_app_that_a_person_makes_is_given_every_scope_that_the_sign_in_asks_for(slack: Connector) -> None:
    way = slack.auth["oauth"]
    assert isinstance(way, OAuth2Method)
    assert way.register_app is not None

    assert [scope for scope in way.scopes if f"%22{scope}%22" not in way.register_app.url] == []
