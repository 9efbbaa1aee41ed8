"""What policies deny is not offered by the tools that look for services and actions; in both protocol eras."""

from __future__ import annotations

import pytest
import yaml
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of

from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.vault.entities import PolicyEffect, Role

MEMOS_YAML = NOTES_YAML.replace("name: notes", "name: memos").replace("Notes", "Memos").replace("notes", "memos")
CATALOG = make_catalog(make_connector(NOTES_YAML), make_connector(MEMOS_YAML))


@BOTH_ERAS
async def test_a_service_all_of_which_is_denied_is_offered_by_no_tool(era: Era) -> None:
    async with make_application(catalog=CATALOG) as application:
        principal = await make_principal(application)
        await application.policies.add(principal, PolicyEffect.DENY, ["notes_*"])
        async with client_of(application, principal, era) as client:
            listed, _ = await call(client, "list_connectors")
            asked, _ = await call(client, "list_connectors", query="notes")
            found, _ = await call(client, "search_actions", query="list", limit=50)
            named, failed = await call(client, "search_actions", query="list", connector="notes")

    assert "name: memos" in listed
    assert "notes" not in listed
    assert "denied" in asked
    assert "Did you mean" not in asked
    assert "memos_list_memos" in found
    assert "notes_" not in found
    assert failed
    assert "Nothing of Notes is allowed here" in named


@BOTH_ERAS
async def test_a_service_that_is_connected_stays_listed_with_nothing_to_do(era: Era) -> None:
    async with make_application(catalog=CATALOG) as application:
        principal = await make_principal(application)
        await connect(application, principal)
        await application.policies.add(principal, PolicyEffect.DENY, ["notes_*"])
        async with client_of(application, principal, era) as client:
            listed, _ = await call(client, "list_connectors", connected=True)

    assert "notes/default" in listed
    assert "actions: 0" in listed


@BOTH_ERAS
async def test_an_action_that_is_denied_is_called_so_before_anybody_connects(era: Era) -> None:
    async with make_application(catalog=CATALOG) as application:
        principal = await make_principal(application)
        await application.policies.add(principal, PolicyEffect.DENY, ["notes_delete_note"])
        async with client_of(application, principal, era) as client:
            denied, _ = await call(client, "search_actions", query="delete a note", connector="notes", limit=1)
            free, _ = await call(client, "search_actions", query="create a note", connector="notes", limit=1)

    assert "notes_delete_note" in denied
    assert "not allowed by policy" in denied
    assert "not allowed" not in free


@BOTH_ERAS
@pytest.mark.parametrize("who", ["denied", "viewer", "read-only", "free"])
async def test_connecting_is_offered_to_whoever_may(era: Era, who: str) -> None:
    async with make_application(catalog=CATALOG) as application:
        owner = await make_principal(application)
        role = Role.VIEWER if who == "viewer" else Role.MEMBER
        principal = await make_principal(application, user="mia", role=role, read_only=who == "read-only")
        if who == "denied":
            await application.policies.add(owner, PolicyEffect.DENY, ["connect"])
        async with client_of(application, principal, era) as client:
            listed, _ = await call(client, "list_connectors")
            accounts, _ = await call(client, "list_connections")

    assert ("connect(connector=NAME)" in listed) == (who == "free")
    assert ("connect connects it" in accounts) == (who == "free")


@BOTH_ERAS
@pytest.mark.parametrize(
    ("who", "mended"), [("viewer", "add-member"), ("read-only", "another token"), ("denied", "`connectory policy`")]
)
async def test_a_service_that_only_writes_is_refused_with_what_would_mend_it(era: Era, who: str, mended: str) -> None:
    manifest = yaml.safe_load(NOTES_YAML)
    manifest["actions"] = {name: one for name, one in manifest["actions"].items() if one["effect"] != "read"}
    catalog = make_catalog(make_connector(yaml.safe_dump(manifest)))
    async with make_application(catalog=catalog) as application:
        owner = await make_principal(application)
        role = Role.VIEWER if who == "viewer" else Role.MEMBER
        principal = await make_principal(application, user="mia", role=role, read_only=who == "read-only")
        if who == "denied":
            await application.policies.add(owner, PolicyEffect.DENY, ["notes_*"])
        async with client_of(application, principal, era) as client:
            said, failed = await call(client, "search_actions", query="list", connector="notes")

    assert failed
    assert "Nothing of Notes is allowed here" in said
    assert mended in said
