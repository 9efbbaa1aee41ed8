"""A raw request is judged as what it amounts to, by whatever spelling (design 2 and 8)."""

from __future__ import annotations

import re
import time
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectory.actions.filling import Values
from connectory.actions.matching import match_actions
from connectory.actions.raw import RawRequest, check_raw
from connectory.catalog.catalog import compile_connector
from connectory.catalog.connector import Connector
from connectory.errors import ConnectoryError
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import PolicyEffect

TRIGGER = """
  trigger:
    title: Run the trigger
    description: Run the trigger of Notes; it sends mail.
    effect: write
    request: {get: "/trigger"}
    docs: https://notes.example/docs/trigger
  search_notes:
    title: Search notes
    description: Search the notes of Notes.
    effect: read
    inputs: {words: {type: string, required: true}}
    request: {post: "/search", body: {words: "{words}"}}
    docs: https://notes.example/docs/search
"""
WITH_ROOT = NOTES_YAML.replace(
    'servers: {api: "https://api.notes.example/v1"}',
    'servers: {api: "https://api.notes.example/v1", root: "https://api.notes.example"}',
)


async def outcome_of(raw: RawRequest, effect: PolicyEffect, pattern: str) -> tuple[str, FakeProvider]:
    """Send `raw` under one policy rule of the workspace; return "sent" or the error's code, and the provider."""
    provider = FakeProvider(answers(200, {}))
    catalog = make_catalog(make_connector(WITH_ROOT + TRIGGER))
    async with make_application(provider, catalog=catalog) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        await application.vault.policies.add(
            workspace_id=principal.workspace_id, user_id=None, token_id=None, effect=effect, pattern=pattern
        )
        try:
            await application.gateway.request(principal, "notes/default", raw)
        except ConnectoryError as error:
            return error.code, provider
        return "sent", provider


@pytest.mark.parametrize(
    "raw",
    [
        RawRequest("POST", "/books/b/notes"),
        RawRequest("DELETE", "/books/b/notes/1"),
        RawRequest("PUT", "/else"),
        RawRequest("post", "/x"),
        RawRequest("POST", "/Search"),
        RawRequest("POST", "/search/"),
        RawRequest("GET", "/trigger"),
        RawRequest("HEAD", "/trigger"),
        RawRequest("GET", "/trigger/"),
        RawRequest("GET", "/trigger;a"),
        RawRequest("GET", "/trigger%2F"),
        RawRequest("GET", "/%74rigger"),
        RawRequest("GET", "/trigger.json"),
        RawRequest("GET", "/trigger."),
        RawRequest("GET", "/trigger%20"),
        RawRequest("GET", "/trigger%5C"),
        RawRequest("GET", "/%5Ctrigger"),
        RawRequest("GET", "/trigger%3F"),
        RawRequest("GET", "/trigger%23x"),
        RawRequest("GET", "/trigger%253Bx"),
        RawRequest("GET", "/v1%5Ctrigger", server="root"),
        RawRequest("POST", "/search"),  # the action only reads; what the agent puts into the body may not
        RawRequest("GET", "/TRIGGER"),
        RawRequest("GET", "/v1/trigger", server="root"),
        RawRequest("GET", "/v1//trigger/", server="root"),
    ],
    ids=lambda raw: f"{raw.method} {raw.path} {raw.server or ''}",
)
async def test_a_read_only_policy_lets_no_spelling_of_a_write_pass(raw: RawRequest) -> None:
    outcome, provider = await outcome_of(raw, PolicyEffect.READ_ONLY, "*")

    assert outcome == "policy_denied"
    assert not provider.requests


@pytest.mark.parametrize(
    "raw",
    [
        RawRequest("GET", "/books/b/notes"),
        RawRequest("HEAD", "/books/b/notes"),
        RawRequest("GET", "/else"),
    ],
    ids=lambda raw: f"{raw.method} {raw.path}",
)
async def test_a_read_only_policy_lets_reads_pass(raw: RawRequest) -> None:
    outcome, _ = await outcome_of(raw, PolicyEffect.READ_ONLY, "*")

    assert outcome == "sent"


@pytest.mark.parametrize(
    ("path", "server"),
    [
        ("/books/b/notes/1", None),
        ("/books/b/notes/1/", None),
        ("/books//b/notes/1", None),
        ("/Books/b/Notes/1", None),
        ("/books/a%2Fb/notes/1", None),
        ("/books/b/notes/1;v=2", None),
        ("/books/b%2Fnotes/1", None),
        ("/v1/books/b/notes/1", "root"),
    ],
)
@pytest.mark.parametrize(
    ("effect", "code"), [(PolicyEffect.DENY, "policy_denied"), (PolicyEffect.CONFIRM, "confirmation_needed")]
)
async def test_a_rule_about_an_action_holds_for_its_raw_spellings(
    path: str, server: str | None, effect: PolicyEffect, code: str
) -> None:
    outcome, provider = await outcome_of(RawRequest("DELETE", path, server=server), effect, "notes_delete_*")

    assert outcome == code
    assert not provider.requests


@pytest.mark.parametrize(
    "raw",
    [
        RawRequest("POST", "/search", query={"_method": "DELETE"}),
        RawRequest("POST", "/search", body={"_METHOD": "DELETE"}),
        RawRequest("POST", "/search", body="x=1&_method=DELETE"),
        RawRequest("POST", "/search", body="_metho%64=DELETE"),
        RawRequest("POST", "/search", body="a=1;%5fmethod=DELETE"),
        RawRequest("POST", "/search", body='{"_metho\\u0064": "DELETE"}'),
        RawRequest("POST", "/search", body=[{"_method": "DELETE"}]),
        RawRequest("POST", "/search", body="name='_method'\r\n\r\nDELETE"),
        RawRequest("POST", "/search", query={".method": "x"}),
        RawRequest("POST", "/search", query={" _method": "x"}),
        RawRequest("POST", "/search", query={"X-HTTP-Method": "delete"}),
        RawRequest("POST", "/search", query={"method": "delete"}),
        RawRequest("POST", "/search", body='x=1; name="_method"\r\n\r\nDELETE'),
    ],
)
async def test_a_field_that_changes_the_method_is_refused(raw: RawRequest) -> None:
    outcome, provider = await outcome_of(raw, PolicyEffect.READ_ONLY, "*")

    assert outcome == "invalid_arguments"
    assert not provider.requests


@pytest.mark.parametrize("path", ["/books" + "/notes" * 20_000, "/%" + "25" * 15_000, "/" + "x" * 2000])
async def test_a_path_that_would_take_long_to_judge_is_refused_at_once(path: str) -> None:
    outcome, provider = await outcome_of(RawRequest("DELETE", path), PolicyEffect.DENY, "notes_delete_*")

    assert outcome == "invalid_path"
    assert not provider.requests


FOUR_PLACES = "/a/{s}/{t}/{u}/{v}/end"


def connector_at(path: str) -> Connector:
    """Notes with the one action `create_note` at a path."""
    manifest = make_connector().manifest
    spec = manifest.actions["create_note"]
    request = spec.request.model_copy(update={"post": path})
    actions = {"create_note": spec.model_copy(update={"request": request})}
    return compile_connector(manifest.model_copy(update={"actions": actions}))


@pytest.mark.parametrize("path", ["/a" + "/x" * 900, "/a/" + "x%2F" * 400 + "q", "/a" + "%2Fend%2Fx" * 180])
@pytest.mark.parametrize("declared", [FOUR_PLACES, "/{+a}/{+b}/end/{+c}", "/x{a}-{b}-{c}"])
def test_the_longest_path_that_passes_is_compared_at_once(path: str, declared: str) -> None:
    github, raw = connector_at(declared), RawRequest("POST", path)
    check_raw(raw, github)

    began = time.thread_time()
    match_actions(github, raw, Values({}, {}))

    assert time.thread_time() - began < 0.5  # 30 ms measured; a regular expression took minutes


@settings(deadline=None)  # the time is measured above; here a busy machine would decide
@given(
    st.lists(st.sampled_from(["a", "b", "{x}", "a{x}", "{x}b", "{x}a{y}", "{+z}"]), min_size=1, max_size=4),
    st.lists(st.sampled_from(["a", "b", "ab", "a%2Fb", "B", "aab", "a%252Fa"]), min_size=1, max_size=5),
)
def test_a_loose_reading_is_what_shares_out_the_path_in_some_way(template: list[str], asked: list[str]) -> None:
    declared = "/" + "/".join(f"{part[:-1]}{at}}}" if part.endswith("}") else part for at, part in enumerate(template))
    line = unquote(unquote("/v1/" + "/".join(asked))).casefold()
    inside = "".join(".+" if "{" in part else re.escape(part) for part in re.split(r"({[^}]*})", "/v1" + declared))

    found = match_actions(connector_at(declared), RawRequest("POST", "/" + "/".join(asked)), Values({}, {}))

    assert bool(found.exact or found.alike) == bool(re.fullmatch(inside, line, re.DOTALL))


async def test_a_parameter_of_the_providers_own_called_method_is_sent() -> None:
    outcome, _ = await outcome_of(
        RawRequest("GET", "/rest", query={"method": "photos.search"}), PolicyEffect.ALLOW, "*"
    )

    assert outcome == "sent"


async def test_a_denial_and_a_question_name_the_action_that_the_rule_is_about() -> None:
    twice = WITH_ROOT + TRIGGER.replace("trigger:", "purge:").replace(
        '{get: "/trigger"}', '{delete: "/books/x/notes/1"}'
    )
    provider = FakeProvider(answers(200, {}))
    async with make_application(provider, catalog=make_catalog(make_connector(twice))) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        await application.vault.policies.add(
            workspace_id=principal.workspace_id,
            user_id=None,
            token_id=None,
            effect=PolicyEffect.CONFIRM,
            pattern="notes_delete_*",
        )

        with pytest.raises(ConnectoryError) as asked:
            await application.gateway.request(principal, "notes/default", RawRequest("DELETE", "/books/x/notes/1"))

        assert "notes_delete_note" in asked.value.message
        link = asked.value.hint.partition("/confirm/")[2].split()[0]
        assert (await application.confirmations.open(link)).effect == "destructive"


async def test_a_header_replaces_the_manifests_whatever_its_case() -> None:
    _, provider = await outcome_of(
        RawRequest("GET", "/else", headers={"accept": "text/plain"}), PolicyEffect.ALLOW, "*"
    )

    assert provider.requests[0].headers.get_list("accept") == ["text/plain"]


async def test_the_audit_names_what_was_given_and_nothing_else() -> None:
    async with make_application(FakeProvider(answers(200, {}))) as application:
        principal = await make_principal(application)
        await connect(application, principal)

        await application.gateway.request(principal, "notes/default", RawRequest("GET", "/x", query={"q": "v"}))
        await application.audit.flush()

        [line] = await application.vault.audit.list(principal.workspace_id, action="request")
        assert line.argument_names == ("method", "path", "query")


async def test_a_body_as_deep_as_json_is_read_is_sent_as_it_is() -> None:
    body: object = "leaf"
    for _ in range(700):
        body = [body]
    code, provider = await outcome_of(RawRequest("POST", "/search", body=body), PolicyEffect.ALLOW, "*")
    assert code == "sent"
    assert len(provider.requests) == 1
