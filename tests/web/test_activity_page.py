"""The activity page: lines in words, filters, pages, and files that run nothing."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from tests.web.browsing import Browser, make_web, open_signed_in, services_of

from connectory.errors import ConnectoryError, UnknownConnector
from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.vault.clock import utc_now
from connectory.vault.entities import AuditLine, Role, new_id
from connectory.wiring import Application

PAGE = "/workspaces/default/activity"


async def write(application: Application, who: Principal, action: str, **more: Any) -> None:
    values: dict[str, Any] = {
        "token_id": None,
        "connection_id": None,
        "effect": "read",
        "outcome": "ok",
        "code": None,
        "argument_names": (),
        "digest": "d",
        "duration_ms": 5,
        "at": utc_now(),
    }
    line = AuditLine(
        id=new_id("au"), workspace_id=who.workspace_id, user_id=who.user_id, action=action, **{**values, **more}
    )
    await application.vault.audit.write([line])


async def test_a_call_stands_there_in_words_and_no_value_of_it() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        connection = await connect(application, ann)
        with pytest.raises(ConnectoryError):
            await application.gateway.call_action(ann, "notes_list_notes", {"book": "s3cret-book", "state": "wrong"})
        await application.audit.flush()
        page = await open_signed_in(application, browser, ann, PAGE)
    assert page.status == 200
    assert "invalid_arguments What was given does not fit what is asked for." in page.text
    for words in ("ann", "List notes", "notes_list_notes", "invalid_arguments", "Sign in to a service", "just now"):
        assert words in page.text
    assert " UTC" in page.text
    assert connection.name in page.text
    assert any(link["href"].endswith(f"/connections/{connection.id}") for link in page.links)
    assert "s3cret-book" not in page.html


async def test_owners_see_everybody_and_members_themselves_alone() -> None:
    async with make_web() as (application, app), Browser(app) as boss, Browser(app) as other:
        ann, bob = await make_principal(application), await make_principal(application, user="bob", role=Role.VIEWER)
        await write(application, ann, "anns_doing")
        await write(application, bob, "bobs_doing")
        page = await open_signed_in(application, boss, ann, PAGE)
        assert "anns_doing" in page.text
        assert "bobs_doing" in page.text
        assert {"ann", "bob"} <= set(page.forms[1].choices["user"].values())
        own = await open_signed_in(application, other, bob, PAGE)
        assert "anns_doing" not in own.text
        assert "bobs_doing" in own.text
        assert "user" not in own.forms[1].fields
        refused = await other.open(f"{PAGE}?user={ann.user_id}")
        assert refused.status == 422
        assert "Only owners" in refused.text
        assert "anns_doing" not in refused.text
        assert "format=csv" not in refused.html


async def test_filters_choose_and_stay_chosen() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        await write(application, ann, "notes_list_notes")
        await write(application, ann, "mail_send", outcome="refused", code="policy_denied", effect="write")
        await write(application, ann, "old_doing", at=utc_now() - timedelta(days=2), outcome="previewed")
        await open_signed_in(application, browser, ann)
        for query, seen in (
            ("?outcome=previewed", {"old_doing"}),
            ("?action=mail_*", {"mail_send"}),
            ("?outcome=refused", {"mail_send"}),
            ("?since=24h", {"notes_list_notes", "mail_send"}),
            ("?since=nonsense", {"notes_list_notes", "mail_send", "old_doing"}),
            (f"?user={ann.user_id}&outcome=ok", {"notes_list_notes"}),
            ("?connection=cn_none", set[str]()),
        ):
            page = await browser.open(PAGE + query)
            told = {name for name in ("notes_list_notes", "mail_send", "old_doing") if name in page.text}
            assert told == seen, query
        assert "Nothing fits" in page.text
        page = await browser.open(f"{PAGE}?action=mail_*&outcome=refused")
        assert page.forms[1].fields == {
            "user": "",
            "action": "mail_*",
            "connection": "",
            "outcome": "refused",
            "since": "",
        }
        wrong = await browser.open(f"{PAGE}?outcome=fine")
        assert (wrong.status, "no outcome" in wrong.text) == (422, True)


async def test_what_was_asked_for_before_there_is_a_connection_names_the_service() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        accounts = services_of(application).accounts
        await accounts.ask_connect(ann, "notes")
        with pytest.raises(UnknownConnector):
            await accounts.ask_connect(ann, "s3cret-typed-here")
        await application.audit.flush()
        page = await open_signed_in(application, browser, ann, f"{PAGE}?action=connect")
    refused, asked = page.html.partition("<tbody")[2].split("<code>connect</code>")[1:]
    assert ("Notes" in refused, "Notes" in asked) == (False, True)
    assert "s3cret-typed-here" not in page.html


async def test_what_the_table_calls_a_doing_finds_it() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        await write(application, ann, "notes_list_notes")
        await write(application, ann, "rename", effect="write")
        await open_signed_in(application, browser, ann)
        by_doing = await browser.open(f"{PAGE}?action=rename+A+connection")
        by_title = await browser.open(f"{PAGE}?action=list+notes")
    rows = [page.html.partition("<tbody")[2] for page in (by_doing, by_title)]
    assert [("<code>rename</code>" in row, "notes_list_notes" in row) for row in rows] == [(True, False), (False, True)]


async def test_a_title_of_several_services_actions_is_a_question_back() -> None:
    catalog = make_catalog(make_connector(), make_connector(NOTES_YAML.replace("name: notes", "name: memos")))
    async with make_web(catalog=catalog) as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        await write(application, ann, "notes_list_notes")
        page = await open_signed_in(application, browser, ann, f"{PAGE}?action=List+notes")
    assert page.status == 422
    assert "Several actions are called that. Write one of them: memos_list_notes, notes_list_notes." in page.text


async def test_older_lines_are_a_link_away_and_stay_where_they_are() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        for number in range(60):
            await write(application, ann, f"doing_{number:02}_x", at=utc_now() - timedelta(minutes=number))
        page = await open_signed_in(application, browser, ann, f"{PAGE}?action=doing_*")
        assert "doing_00_x" in page.text
        assert "doing_50_x" not in page.text
        await write(application, ann, "doing_new_x")
        (older,) = [link["href"] for link in page.links if link.get("rel") == "next"]
        assert "offset" not in older
        second = await browser.open(older)
        assert [f"doing_{number:02}_x" in second.text for number in (49, 50, 59)] == [False, True, True]
        assert not [link for link in second.links if link.get("rel") == "next"]
        spoilt = await browser.open(f"{PAGE}?cursor=spoilt")
        assert spoilt.status == 422


async def file(browser: Browser, kind: str, query: str = "") -> httpx2.Response:
    """What the page's link to a file gives."""
    page = await browser.open(f"{PAGE}{query}")
    (address,) = [link["href"] for link in page.links if f"format={kind}" in link["href"]]
    return await browser.client.get(address)


async def test_the_csv_runs_nothing_in_a_spreadsheet() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application, user='=cmd|"/c calc"!A1')
        for action in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", 'a,"b"\nc', "x;=1+1"):
            await write(application, ann, action, argument_names=("=evil",))
        await open_signed_in(application, browser, ann)
        answer = await file(browser, "csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == 9
    cells = [str(cell) for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r")) or ";=" in cell]
    assert 'a,"b"\nc' in [row["action"] for row in rows]


async def test_a_file_has_a_line_each_of_what_the_filters_choose() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        for number in range(600):  # more than one look into the database
            await write(application, ann, f"doing_{number}")
        await write(application, ann, "doing_old", at=utc_now() - timedelta(days=2))
        await write(application, ann, "another")
        await open_signed_in(application, browser, ann)
        answer = await file(browser, "ndjson", "?action=doing_*&since=24h&outcome=ok")
        lines = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-default.ndjson"'
    assert len({line["id"] for line in lines}) == 600
    assert {line["user"] for line in lines} == {"ann"}


async def test_texts_of_others_are_shown_and_do_nothing() -> None:
    evil = '<img src=x onerror=alert(1)>"\u202e'
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application, user="<b>ann</b>")
        await write(application, ann, evil, code="<i>")
        page = await open_signed_in(application, browser, ann, f"{PAGE}?action=%22%3E%3Cscript%3E*")
        assert "script" not in page.tags
        page = await browser.open(PAGE)
    assert "img" not in page.tags[page.tags.index("main") :]
    assert "⟨U+202E⟩" in page.text
    assert "onerror" not in page.attributes


async def test_the_first_line_is_one_s_own_coming_and_another_workspaces_record_is_not_there() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        await make_principal(application, "other", "eve")
        ann = await make_principal(application)
        page = await open_signed_in(application, browser, ann, PAGE)
        assert "Sign in to these pages" in page.text
        for path in ("/workspaces/other/activity", "/api/workspace/other/audit?format=csv"):
            assert (await browser.open(path)).status == 404
