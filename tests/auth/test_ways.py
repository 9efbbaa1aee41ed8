"""Which ways to sign in work here, in words for an agent."""

from __future__ import annotations

import pytest
from tests.auth.making import world

from connectory.auth.ways import Ways
from connectory.catalog.connector import Connector
from connectory.errors import BackendUnavailable
from connectory.testing.connectors import NOTES_YAML, make_connector

OAUTH = """
  oauth:
    method: oauth2
    title: Sign in with Notes
    authorize_url: https://notes.example/authorize
    token_url: https://notes.example/token
"""
DSN = """
  database: {method: dsn, schemes: [postgresql]}
"""
CLIENT = """
  client:
    method: client_credentials
    token_url: https://notes.example/token
    fields: {client_id: {title: Id}, client_secret: {title: Secret, kind: secret}}
"""


def notes(*more: str, token: str = "token: {method: api_key,") -> Connector:
    yaml = NOTES_YAML.replace("token: {method: api_key,", token)
    return make_connector(yaml.replace("verify: {request", f"{''.join(more).lstrip(chr(10))}verify: {{request"))


def without_token(*ways: str, name: str = "notes") -> Connector:
    """Notes with these ways alone."""
    token = '  token: {method: api_key, headers: {Authorization: "Bearer {credential.token}"}}\n'
    yaml = NOTES_YAML.replace("name: notes", f"name: {name}")
    return make_connector(yaml.replace(token, "".join(ways).lstrip("\n")))


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Bot token", "with a bot token"),
        ("API token", "with an API token"),
        ("OAuth token", "with an OAuth token"),
        ("User name and password", "with user name and password"),
        ("Credentials", "with credentials"),
        ("Sign in with Notes", "with “Sign in with Notes”"),
    ],
)
def test_a_way_is_named_as_in_a_sentence(title: str, words: str) -> None:
    connector = notes(token=f"token: {{method: api_key, title: {title},")

    assert Ways(connector, ("token",), (), ()).can == f"Notes can be connected here {words}."


def test_what_works_and_what_does_not_is_told_apart() -> None:
    connector = notes(OAUTH, CLIENT)
    ways = Ways(connector, ("token",), (), ("oauth", "client"))

    assert ways.is_possible
    assert ways.can == "Notes can be connected here with an API key."
    assert ways.cannot == "OAuth (oauth2) or OAuth client credentials (client_credentials)"
    assert Ways(connector, ("token", "oauth"), (), ()).can.endswith("with an API key or “Sign in with Notes”.")


def test_where_nothing_works_there_is_nothing_to_say() -> None:
    ways = Ways(notes(), (), (), ("token",))

    assert not ways.is_possible
    assert ways.can == ""


def test_what_needs_an_app_first_says_so() -> None:
    connector, needs = (
        notes(OAUTH),
        "once somebody has registered an OAuth app there, which the page for signing in leads through.",
    )
    only, beside = Ways(connector, (), ("oauth",), ()), Ways(connector, ("token",), ("oauth",), ())

    assert only.is_possible
    assert only.can == f"Notes can be connected here with “Sign in with Notes” {needs}"
    assert beside.can == f"Notes can be connected here with an API key; with “Sign in with Notes” {needs}"
    assert only.cannot == beside.cannot == ""


async def test_a_connector_without_a_way_that_works_here_gets_no_link_and_says_what_is_missing() -> None:
    async with world(
        connectors=[without_token(OAUTH, CLIENT), make_connector(NOTES_YAML.replace("name: notes", "name: n2"))]
    ) as w:
        with pytest.raises(BackendUnavailable) as refusal:
            await w.auth.connect(w.owner, "notes")

        assert "Notes cannot be connected here: one signs in to it by OAuth (oauth2) or OAuth client credentials" in (
            refusal.value.message
        )
        assert "direct" in refusal.value.message
        assert w.links == []
        assert await w.auth.supported_providers(w.owner) == ["n2"]


async def test_a_backend_that_was_asked_for_in_vain_is_answered_with_what_works() -> None:
    async with world(connectors=[notes(OAUTH)]) as w:
        with pytest.raises(BackendUnavailable) as refusal:
            await w.auth.connect(w.owner, "notes", backend="nango")

        assert refusal.value.hint.startswith("Notes can be connected here with an API key. Leave `backend` out")
        expected = Ways(w.catalog.connector("notes"), ("token",), (), ("oauth",))
        assert await w.auth.ways(w.owner, "notes") == expected
