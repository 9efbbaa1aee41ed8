"""How an agent wants its answer: `fields`, `raw` and `dry_run`, which every action takes (design 4.5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from connectory.errors import ConnectoryError, InvalidArguments, PolicyDenied
from connectory.gateway.fields import field_names, projected_names
from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_connector
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import PolicyEffect
from connectory.wiring import Application

NOTES = [{"id": 1, "title": "one", "body": "long"}, {"id": 2, "title": "two", "body": "longer"}]
NEW: dict[str, Any] = {"book": "b", "title": "A title"}
Place = tuple[Application, Principal, FakeProvider]


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    provider = FakeProvider(answers(200, NOTES))
    async with make_application(provider) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        yield application, principal, provider


async def call(place: Place, tool: str = "notes_list_notes", **arguments: Any) -> Any:
    application, principal, _ = place
    return await application.gateway.call_action(principal, tool, {"book": "b", **arguments})


async def test_fields_keep_only_those_of_each_item(place: Place) -> None:
    assert (await call(place, fields=["title"])).value == [{"title": "one"}, {"title": "two"}]


async def test_raw_gives_the_providers_own_items(place: Place) -> None:
    assert (await call(place, raw=True)).value == NOTES
    assert (await call(place, raw=False)).value == [{"id": 1, "title": "one"}, {"id": 2, "title": "two"}]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"fields": ["titel"]}, "no field 'titel' (did you mean title?)"),
        ({"fields": "title"}, "must be a list of names"),
        ({"fields": []}, "must be a list of names"),
        ({"fields": [1]}, "must be a list of names"),
        ({"raw": "yes"}, "must be true or false"),
        ({"dry_run": 1}, "must be true or false"),
        ({"raw": True, "fields": ["id"]}, "Use one of them"),
    ],
)
async def test_a_way_that_cannot_be_had_is_told_before_anything_is_sent(
    place: Place, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        await call(place, **arguments)

    assert says in refusal.value.text
    assert not place[2].requests


async def test_an_action_that_projects_nothing_has_no_fields(place: Place) -> None:
    with pytest.raises(InvalidArguments, match="gives its answer as it comes"):
        await call(place, "notes_read_file", path="a.txt", fields=["id"])


async def test_null_stands_for_not_given(place: Place) -> None:
    assert (await call(place, fields=None, raw=None, dry_run=None)).value == [
        {"id": 1, "title": "one"},
        {"id": 2, "title": "two"},
    ]


async def test_a_dry_run_shows_the_exact_request_and_sends_nothing(place: Place) -> None:
    shown = await call(place, "notes_create_note", **NEW, priority=3, dry_run=True)

    assert not place[2].requests
    assert shown.value["method"] == "POST"
    assert shown.value["url"] == "https://api.notes.example/v1/books/b/notes"
    assert shown.value["body"] == {"title": "A title", "meta": {"priority": 3}}
    assert "s3cret" not in shown.text
    assert "authorization" not in shown.text.lower()


async def test_a_dry_run_is_a_read_for_rules_and_record(place: Place) -> None:
    application, principal, _ = place
    reader = Principal(principal.workspace_id, principal.user_id, principal.role, read_only=True)
    await application.vault.policies.add(
        workspace_id=principal.workspace_id,
        user_id=None,
        token_id=None,
        effect=PolicyEffect.CONFIRM,
        pattern="notes_create_note",
    )

    shown = await application.gateway.call_action(reader, "notes_create_note", {**NEW, "dry_run": True})
    with pytest.raises(PolicyDenied):
        await application.gateway.call_action(reader, "notes_create_note", NEW)
    await application.audit.flush()
    lines = await application.vault.audit.list(principal.workspace_id)

    assert shown.value["method"] == "POST"
    assert [line.effect for line in lines if line.action == "notes_create_note"].count("read") == 1


async def test_a_dry_run_is_no_use_of_the_connection_and_its_line_says_so(place: Place) -> None:
    application, principal, _ = place

    async def last_used() -> list[datetime]:
        await application.audit.flush()
        return list((await application.activity.last_used(principal)).values())

    await call(place, "notes_create_note", **NEW, dry_run=True)
    before = await last_used()
    lines = await application.activity.list(principal, outcome="previewed")
    await call(place)

    assert before == []
    assert [(one.line.action, one.line.code) for one in lines.lines] == [("notes_create_note", None)]
    assert len(await last_used()) == 1


async def test_what_is_denied_is_not_even_shown(place: Place) -> None:
    application, principal, _ = place
    await application.vault.policies.add(
        workspace_id=principal.workspace_id,
        user_id=None,
        token_id=None,
        effect=PolicyEffect.DENY,
        pattern="notes_create_note",
    )

    with pytest.raises(ConnectoryError) as refusal:
        await call(place, "notes_create_note", **NEW, dry_run=True)

    assert refusal.value.code == "policy_denied"


@pytest.mark.parametrize(
    ("expand", "names"),
    [
        ("", ("id", "title")),
        ("expand: {request: {get: '/n/{each.id}'}, item: '{text: text}'}", ("text",)),
        ("expand: {request: {get: '/n/{each.id}'}, item: '{text: text}', into: more}", ("id", "title", "more")),
    ],
)
def test_what_an_item_is_expanded_with_can_be_chosen(expand: str, names: tuple[str, ...]) -> None:
    yaml = NOTES_YAML.replace(
        'answer: {items: "@", item: "{id: id, title: title}"}',
        f'answer: {{items: "@", item: "{{id: id, title: title}}", {expand}}}',
    )

    assert field_names(make_connector(yaml).actions["list_notes"]) == names


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("{id: id, title: title}", ("id", "title")),
        ("data.{id: id}", ("id",)),
        ("merge(@, {a: b})", ()),
        ("@", ()),
        ("data | {x: y}", ("x",)),
        ("items[*].{id: id}", ("id",)),
        ("items[?a].{id: id}", ("id",)),
    ],
)
def test_the_names_of_a_projection_are_read_from_it(expression: str, names: tuple[str, ...]) -> None:
    assert projected_names(expression) == names
