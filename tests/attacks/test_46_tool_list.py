"""46. Tool list: nothing that one workspace, or one user of it, connects is seen by another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.attacks.face import Face, make_face

from connectory.catalog.catalog import Catalog
from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider
from connectory.vault.entities import PolicyEffect, Role

NAMES = ("notes", "memos", "files")
COMPLETED = [
    *(({"type": "ref/prompt", "name": "connect_service"}, argument) for argument in ("connector", "alias")),
    ({"type": "ref/prompt", "name": "what_can_you_do"}, "connector"),
    ({"type": "ref/resource", "uri": "connectory://connections/{connector}/{alias}"}, "connector"),
    ({"type": "ref/resource", "uri": "connectory://connections/{connector}/{alias}"}, "alias"),
    ({"type": "ref/resource", "uri": "connectory://results/{id}"}, "id"),
    ({"type": "ref/resource", "uri": "connectory://actions/{action}"}, "action"),
]


def catalog() -> Catalog:
    yamls = [NOTES_YAML.replace("name: notes", f"name: {name}").replace("Notes", name.title()) for name in NAMES]
    return make_catalog(*(make_connector(yaml) for yaml in yamls))


async def everything_seen_by(face: Face, token: str) -> Mapping[str, object]:
    """All that can be listed, searched or read without an id."""
    calls: list[tuple[str, dict[str, Any]]] = [
        ("list_connectors", {}),
        ("list_connectors", {"connected": True}),
        ("list_connectors", {"query": "planted"}),
        ("list_connections", {}),
        *(("list_connections", {"connector": name}) for name in NAMES),
        ("search_actions", {"query": "note"}),
        ("search_actions", {"query": "planted"}),
        ("search_actions", {"query": "note", "connector": "memos", "limit": 50}),
        ("disconnect", {"connection": "notes/plantd"}),  # "did you mean" must know nothing either
        ("notes_list_notes", {"book": "b", "connection": "plantd"}),
        ("request", {"connection": "memos/plantd", "method": "GET", "path": "/x"}),
    ]
    said = {f"{tool} {arguments}": await face.call(token, tool, **arguments) for tool, arguments in calls}
    others = {
        method: (await face.post(token, method)).text
        for method in ("resources/list", "resources/templates/list", "prompts/list", "server/discover")
    }
    for ref, argument in COMPLETED:
        params = {"ref": ref, "argument": {"name": argument, "value": ""}}
        others[f"{ref} {argument}"] = (await face.post(token, "completion/complete", **params)).text
    for name in ("", *NAMES):
        arguments = {"connector": name} if name else {}
        for prompt in ("connect_service", "what_can_you_do"):
            answer = await face.post(token, "prompts/get", name=prompt, arguments=arguments)
            others[f"{prompt} {name}"] = answer.text
    return {"tools": await face.tools(token), **said, **others}


async def connect_three(face: Face, principal: Principal, *, shared: bool = False) -> None:
    for name in NAMES:
        made = {"token": f"planted-{name}", "alias": "planted", "shared": shared}
        await connect(face.application, principal, name, **made)  # type: ignore[arg-type] # kinds are mixed in `made`
    await face.application.policies.add(principal, PolicyEffect.DENY, ["memos_*"])
    await face.call(await face.token_of(principal), "notes_create_note", book="planted", title="planted")


async def test_attack_46_what_one_workspace_connects_changes_nothing_for_another() -> None:
    async with make_face(FakeProvider(), catalog=catalog()) as face:
        stranger = await make_principal(face.application, "beta", "eve")
        await connect(face.application, stranger, "notes")
        token = await face.token_of(stranger)
        before = await everything_seen_by(face, token)

        await connect_three(face, await make_principal(face.application, "alpha", "vic"), shared=True)

        after = await everything_seen_by(face, token)
        assert after == before
        assert "planted-" not in repr(after)
        assert "user-plant" not in repr(after)


async def test_attack_46_what_one_user_connects_for_themselves_changes_nothing_for_another() -> None:
    async with make_face(FakeProvider(), catalog=catalog()) as face:
        owner = await make_principal(face.application, "alpha", "uma")
        member = await make_principal(face.application, "alpha", "vic", Role.MEMBER)
        await connect(face.application, owner, "files")
        token = await face.token_of(owner)
        before = await everything_seen_by(face, token)

        for name in NAMES:
            await connect(face.application, member, name, token=f"planted-{name}", alias="planted")
        await face.call(await face.token_of(member), "notes_create_note", book="planted", title="planted")

        assert await everything_seen_by(face, token) == before


async def test_attack_46_the_tables_above_do_see_what_is_one_s_own() -> None:
    async with make_face(FakeProvider(), catalog=catalog()) as face:
        stranger = await make_principal(face.application, "beta", "eve")
        token = await face.token_of(stranger)
        before = await everything_seen_by(face, token)
        await connect_three(face, stranger)
        after = await everything_seen_by(face, token)
        assert {name for name in before if before[name] != after[name]} >= {
            "tools", "list_connectors {'connected': True}", "list_connections {}", "search_actions {'query': 'note'}",
            "disconnect {'connection': 'notes/plantd'}", "resources/list", "what_can_you_do ",
            "what_can_you_do notes", *(f"{ref} {argument}" for ref, argument in COMPLETED[1:5]),
        }  # fmt: skip
