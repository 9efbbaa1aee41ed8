"""Completion of prompts' arguments and templates' variables, of what this principal may see; in both protocol eras."""

from __future__ import annotations

from typing import Any

import mcp_types as t
import pytest
from mcp import Client, MCPError
from tests.auth.test_ways import DSN, without_token
from tests.gateway.filing import filing, gives
from tests.mcp.test_tools import BOTH_ERAS, Era, client_of

from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.vault.entities import PolicyEffect, Role

CONNECTION = "connectory://connections/{connector}/{alias}"
ACTION = "connectory://actions/{action}"
RESULT = "connectory://results/{id}"


def named(name: str, title: str) -> Any:
    return make_connector(NOTES_YAML.replace("name: notes", f"name: {name}").replace("title: Notes", f"title: {title}"))


async def complete(client: Client, what: str, argument: str, typed: str = "", **context: str) -> t.Completion:
    ref: t.PromptReference | t.ResourceTemplateReference = (
        t.ResourceTemplateReference(type="ref/resource", uri=what)
        if "://" in what
        else t.PromptReference(type="ref/prompt", name=what)
    )
    return (await client.complete(ref, {"name": argument, "value": typed}, context or None)).completion


@BOTH_ERAS
async def test_connectors_are_found_by_name_and_title_those_that_begin_so_first(era: Era) -> None:
    catalog = make_catalog(named("team-memos", "Team Memos"), named("memos", "Memos"), named("files", "The Memory"))
    async with make_application(catalog=catalog) as application:
        principal = await make_principal(application)
        await connect(application, principal, "team-memos")
        async with client_of(application, principal, era) as client:
            found = await complete(client, "connect_service", "connector", "Mem")
            about = await complete(client, "what_can_you_do", "connector", "Mem")
            connected = await complete(client, CONNECTION, "connector", "mem")
            none = await complete(client, "connect_service", "connector", "zzz")

    assert found.values == ["memos", "files", "team-memos"]
    assert (found.total, found.has_more) == (3, False)
    assert about.values == ["team-memos", "memos", "files"]
    assert connected.values == ["team-memos"]
    assert (none.values, none.total, none.has_more) == ([], 0, False)


@BOTH_ERAS
@pytest.mark.parametrize("what", ["connect_service", CONNECTION])
async def test_aliases_are_those_of_the_connector_that_was_filled_in(era: Era, what: str) -> None:
    async with make_application(catalog=make_catalog(make_connector(), named("memos", "Memos"))) as application:
        principal = await make_principal(application)
        for connector, alias in (("notes", "work"), ("notes", "wiki"), ("memos", "woods")):
            await connect(application, principal, connector, alias=alias)
        async with client_of(application, principal, era) as client:
            of_notes = await complete(client, what, "alias", "w", connector="notes")
            of_memos = await complete(client, what, "alias", connector="Memos")
            of_all = await complete(client, what, "alias")
            of_none = await complete(client, what, "alias", connector="nope")

    assert of_notes.values == ["wiki", "work"]
    assert of_memos.values == ["woods"]
    assert of_all.values == ["wiki", "woods", "work"]
    assert of_none.values == []


@BOTH_ERAS
async def test_at_most_a_hundred_values_are_sent_and_the_rest_is_counted(era: Era) -> None:
    catalog = make_catalog(*(named(f"notes{number:02}", "Notes") for number in range(26)))
    async with (
        make_application(catalog=catalog) as application,
        client_of(application, await make_principal(application), era) as client,
    ):
        actions = await complete(client, ACTION, "action", "notes")
        few = await complete(client, ACTION, "action", "notes07_")

    assert (len(actions.values), actions.total, actions.has_more) == (100, 104, True)
    assert (len(few.values), few.total, few.has_more) == (4, 4, False)


@BOTH_ERAS
async def test_kept_results_are_completed_for_their_principal_alone(era: Era) -> None:
    answer = gives(b"x", "text/csv", **{"content-disposition": 'attachment; filename="Report.csv"'})
    async with filing(answer) as (application, principal, _):
        kept = (await application.gateway.call_action(principal, "filing_download", {"id": "1"})).kept
        other = await make_principal(application, user="bob")
        async with client_of(application, principal, era) as client:
            assert (await complete(client, RESULT, "id")).values == [kept]
            assert (await complete(client, RESULT, "id", "report")).values == [kept]
            assert (await complete(client, RESULT, "id", "rs_zzz")).values == []
        async with client_of(application, other, era) as client:
            assert (await complete(client, RESULT, "id")).values == []


@BOTH_ERAS
async def test_what_is_another_s_is_never_completed_but_what_is_shared_is(era: Era) -> None:
    async with make_application() as application:
        owner = await make_principal(application, user="uma")
        vic = await make_principal(application, user="vic", role=Role.MEMBER)
        eve = await make_principal(application, "other", "eve")
        await connect(application, vic, alias="private")
        await connect(application, owner, alias="team", shared=True)
        seen = {}
        for name, principal in (("owner", owner), ("vic", vic), ("eve", eve)):
            async with client_of(application, principal, era) as client:
                aliases = await complete(client, CONNECTION, "alias", connector="notes")
                seen[name] = aliases.values, (await complete(client, CONNECTION, "connector")).values

    assert seen == {
        "owner": (["team"], ["notes"]), "vic": (["private", "team"], ["notes"]), "eve": ([], [])
    }  # fmt: skip


@BOTH_ERAS
async def test_what_policies_deny_is_not_completed(era: Era) -> None:
    async with make_application(catalog=make_catalog(make_connector(), named("memos", "Memos"))) as application:
        owner = await make_principal(application)
        viewer = await make_principal(application, user="vic", role=Role.VIEWER)
        await application.policies.add(owner, PolicyEffect.DENY, ["memos_*", "notes_delete_*"])
        async with client_of(application, owner, era) as client:
            assert (await complete(client, "connect_service", "connector")).values == ["notes"]
            assert (await complete(client, "what_can_you_do", "connector")).values == ["notes"]
            assert (await complete(client, ACTION, "action")).values == [
                "notes_create_note", "notes_list_notes", "notes_read_file"
            ]  # fmt: skip
        async with client_of(application, viewer, era) as client:
            assert (await complete(client, "connect_service", "connector")).values == []
            assert (await complete(client, ACTION, "action")).values == ["notes_list_notes", "notes_read_file"]


@BOTH_ERAS
async def test_what_nobody_can_sign_in_to_here_is_not_completed(era: Era) -> None:
    catalog = make_catalog(without_token(DSN), named("memos", "Memos"))
    async with (
        make_application(catalog=catalog) as application,
        client_of(application, await make_principal(application), era) as client,
    ):
        for prompt in ("connect_service", "what_can_you_do"):
            assert (await complete(client, prompt, "connector")).values == ["memos"]


@BOTH_ERAS
@pytest.mark.parametrize(
    ("what", "argument", "words"),
    [
        ("connect_servise", "connector", "Did you mean 'connect_service'"),
        ("connect_service", "nickname", "It takes: connector, alias."),
        ("what_can_you_do", "alias", "It takes: connector."),
        ("connectory://nothing/{id}", "id", "There is no template"),
        ("connectory://results/rs_1", "id", "There is no template"),
        (CONNECTION, "id", "It takes: connector, alias."),
    ],
)
async def test_what_nothing_asks_for_is_an_error_that_names_what_does(
    era: Era, what: str, argument: str, words: str
) -> None:
    async with (
        make_application() as application,
        client_of(application, await make_principal(application), era) as client,
    ):
        with pytest.raises(MCPError) as refusal:
            await complete(client, what, argument)
    assert words in str(refusal.value)
    assert refusal.value.error.code == t.INVALID_PARAMS
