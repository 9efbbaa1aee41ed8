"""Trying a manifest that is not kept, on the settings page, against a real server: what is shown, and what stays."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.catalog.drafts import OAUTH_YAML
from tests.cli.provider import KEY, MANIFEST, Provider, provider
from tests.gateway.windows import early_in_a_minute
from tests.web.browsing import FLEET, Browser, Page, form_to, has_form, make_web, open_signed_in
from tests.web.settings import DRAFT, ROOT

from connectory.auth.backend import Connected, Entry
from connectory.identity.principal import Principal, local_principal
from connectory.testing.application import make_principal
from connectory.vault.entities import PolicyEffect, Role
from connectory.vault.tables import metadata
from connectory.wiring import Application

TRY = f"{ROOT}/connectors/try"
OF_A_TRY = {"audit", "web_sessions", "sign_in_links"}  # tables that a page or a call writes to
TWO_WAYS = DRAFT.replace(
    "auth:\n",
    """auth:
  browser:
    method: oauth2
    title: Sign in with Acme
    fields: {server: {title: Server, kind: origin}}
    authorize_url: https://acme.example/authorize
    token_url: https://acme.example/token
    headers: {Authorization: "Bearer {credential.access_token}"}
""",
)


@pytest.fixture
def acme() -> Iterator[Provider]:
    with provider() as found:
        yield found


@dataclass
class Scene:
    """Somebody on the page, and what could be changed behind it."""

    application: Application
    browser: Browser
    principal: Principal
    page: Page
    folder: Path

    async def post(self, manifest: str = DRAFT, *, csrf: str = "", at: str = "default", **fields: str) -> Page:
        """Send a form of the page; a name's two underscores stand for its dot."""
        sent = {name.replace("__", "."): one for name, one in fields.items()}
        sent |= {"csrf": csrf or self.page.forms[0].fields["csrf"], "manifest": manifest}
        return Page(await self.browser.post(TRY.replace("default", at), sent))

    async def kept(self) -> object:
        """All that a try must leave alone: the rows, the files, the catalog."""
        tables = [one for one in metadata.sorted_tables if one.name not in OF_A_TRY]
        database = self.application.vault.database
        rows = {one.name: [tuple(row) for row in await database.rows(sa.select(one))] for one in tables}
        return (
            rows,
            files_in(self.folder),
            self.application.catalog.with_manifest,
            list(self.application.catalog.connectors),
        )

    async def audited(self) -> list[tuple[str, str]]:
        """What is on record since the person has come, the newest first; none of it names a connection."""
        await self.application.audit.flush()
        lines = await self.application.vault.audit.list(self.principal.workspace_id)
        assert {line.connection_id for line in lines} == {None}
        return [(line.action, line.outcome) for line in lines if line.action != "web_sign_in"]


def files_in(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@asynccontextmanager
async def scene(folder: Path, **environment: str) -> AsyncIterator[Scene]:
    settings = {"CONNECTORY_DATA_DIR": str(folder), **environment}
    origin = environment.get("APP_URL", "http://localhost:8765")
    async with make_web(settings) as (application, app), Browser(app, origin) as browser:
        me = await local_principal(application.vault)
        page = await open_signed_in(application, browser, me, f"{ROOT}/connectors")
        yield Scene(application, browser, me, page, folder)


def filled(acme: Provider, **more: str) -> dict[str, str]:
    given = {"credential__server": acme.origin, "credential__token": KEY, "private_confirmed": "yes"}
    return {"action": "draft_list_things", "method": "key", "do": "send", **given, **more}


def parts_of(page: Page) -> list[str]:
    return [one.partition("</pre>")[0].partition(">\n")[2] for one in page.html.split('<pre class="result"')[1:]]


async def test_a_checked_manifest_is_tried_with_what_is_typed_for_it(tmp_path: Path, acme: Provider) -> None:
    async with scene(tmp_path) as here:
        checking = here.page.forms[form_to(here.page, "/connectors")]
        checked = await here.browser.submit(checking, manifest=DRAFT, do="check")
        page = await here.browser.submit(checked.forms[form_to(checked, "/try")])
        assert page.status == 200
        form = page.forms[-1]
        assert list(form.choices["next_action"]) == ["draft_list_things", "draft_delete_thing"]
        assert form.inputs["credential.token"]["type"] == "password"
        before = await here.kept()

        typed = {"credential.server": acme.origin, "credential.token": KEY, "value.count": "2"}
        unconfirmed = await here.browser.submit(form, **typed, do="send")
        assert (unconfirmed.status, acme.requests) == (422, [])
        assert "Confirm that it is meant" in unconfirmed.text
        form = unconfirmed.forms[-1]
        assert form.fields["credential.server"] == acme.origin
        assert form.fields["credential.token"] == ""
        tried = await here.browser.submit(form, **typed, private_confirmed="yes", do="send")

        assert tried.status == 200, tried.text
        request, answer, outcome = parts_of(tried)
        assert f"GET {acme.origin}/things?count=2" in request
        assert "Authorization" not in request
        assert answer.startswith("200, 22 bytes\ncontent-type: application/json")
        assert "From Acme (draft/default, 2 items)" in outcome
        assert acme.requests == ["/me", "/things?count=2"]
        other = {"next_action": "draft_delete_thing", "credential.token": KEY}
        again = await here.browser.submit(tried.forms[-1], **other, do="choose")
        form = again.forms[-1]
        assert (form.fields["action"], form.fields["credential.server"]) == ("draft_delete_thing", acme.origin)
        assert (form.fields["private_confirmed"], form.fields["credential.token"]) == ("yes", "")
        assert KEY not in again.html
        assert await here.kept() == before
        assert await here.audited() == [("draft_list_things", "ok"), ("sign_in", "ok"), ("sign_in", "refused")]


async def test_no_page_and_no_log_has_the_secret(
    tmp_path: Path, acme: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with scene(tmp_path) as here:
        good = await here.post(**filled(acme))
        wrong = await here.post(**filled(acme, credential__token="wrong-key-77aa"))
        shown = await here.post(**filled(acme, do="preview"))
        unread = await here.post(**filled(acme, action="draft_delete_thing"))

    assert [one.status for one in (good, wrong, shown, unread)] == [200, 422, 200, 422]
    assert "did not accept" in wrong.text
    (answer,) = parts_of(wrong)  # to the sign-in's call, which repeats the key
    assert answer.startswith("401, ")
    for page in (good, wrong, shown, unread):
        assert KEY not in page.html
        assert "wrong-key-77aa" not in page.html
    assert KEY not in caplog.text
    assert not any(KEY.encode() in content for content in files_in(tmp_path).values())


async def test_only_showing_sends_nothing_and_needs_no_secret(tmp_path: Path, acme: Provider) -> None:
    async with scene(tmp_path) as here:
        before = await here.kept()
        page = await here.post(
            **filled(acme, action="draft_delete_thing", value__id="7", credential__token="", do="preview")
        )
        assert await here.kept() == before
        assert await here.audited() == [("draft_delete_thing", "previewed")]

    assert page.status == 200, page.text
    (request,) = parts_of(page)
    assert f"DELETE {acme.origin}/things/7" in request
    assert acme.requests == []


async def test_what_changes_something_needs_the_tick(tmp_path: Path, acme: Provider) -> None:
    deleting = filled(acme, action="draft_delete_thing", value__id="7")
    async with scene(tmp_path) as here:
        unticked = await here.post(**deleting)
        sent_by_then = list(acme.requests)
        ticked = await here.post(**deleting, meant="yes")

    assert (unticked.status, "tick the box" in unticked.text, sent_by_then) == (422, True, [])
    assert (ticked.status, acme.requests) == (200, ["/me", "/things/7"])


async def test_what_is_called_is_what_is_shown_and_not_what_is_being_chosen(tmp_path: Path, acme: Provider) -> None:
    async with scene(tmp_path) as here:
        shown = await here.post(**filled(acme, next_action="draft_delete_thing", meant="yes", value__id="7"))

    assert shown.forms[-1].fields["action"] == "draft_list_things"
    assert acme.requests == ["/me", "/things"]


async def test_an_error_is_shown_with_what_the_agent_is_told(tmp_path: Path, acme: Provider) -> None:
    acme.things = [{"id": 1}, {"id": 2}, {"id": 3}]
    rule = "errors: [{when: {body: 'length(@) == `3`'}, code: rate_limited, hint: Wait.}]\nactions:"
    async with scene(tmp_path) as here:
        page = await here.post(DRAFT.replace("actions:", rule), **filled(acme))

    _, answer, outcome = parts_of(page)[:3]
    assert page.status == 200
    assert "&#34;id&#34;: 2" in answer
    assert "It is an error by the file&#39;s errors[0] (rate_limited)." in outcome
    assert "rate_limited: " in outcome
    assert "Wait." in outcome


async def test_one_in_use_keeps_its_connection_and_its_key(tmp_path: Path, acme: Provider) -> None:
    other = MANIFEST.replace("server: {title: Server, kind: origin}\n", "").replace(
        "{connection.server}", "https://elsewhere.example"
    )
    async with scene(tmp_path) as here:
        await here.application.custom_connectors.put(here.principal, MANIFEST)
        session = await here.application.auth.connect(here.principal, "acme")
        entry = Entry("key", {"server": acme.origin, "token": KEY}, private_confirmed=True)
        assert isinstance(await here.application.auth.sign_in.submit(session, "browser", entry), Connected)
        acme.requests.clear()
        before, serving = await here.kept(), here.application.catalog.connector("acme")

        newer = MANIFEST.replace("/things", "/others")
        unsigned = await here.post(newer, **filled(acme, action="acme_list_things", credential__token="another"))
        assert (unsigned.status, acme.requests) == (422, [])
        signed = await here.post(newer, **filled(acme, action="acme_list_things"))
        shown = await here.post(other, **filled(acme, action="acme_list_things", do="preview"))

        assert (signed.status, acme.requests) == (200, ["/me", "/others"])
        assert "GET https://elsewhere.example/things" in shown.text
        assert await here.kept() == before
        assert here.application.catalog.connector("acme") is serving


async def test_the_rules_hold(tmp_path: Path, acme: Provider) -> None:
    async with scene(tmp_path) as here:
        me = here.principal
        await here.application.policies.add(me, PolicyEffect.DENY, ["draft_delete_*"])
        await here.application.policies.add(me, PolicyEffect.CONFIRM, ["draft_list_*"])
        denied = await here.post(**filled(acme, action="draft_delete_thing", value__id="7", meant="yes"))
        unshown = await here.post(**filled(acme, action="draft_delete_thing", value__id="7", do="preview"))
        asked = await here.post(**filled(acme))
        await here.application.policies.add(me, PolicyEffect.DENY, ["connect"])
        apart = await here.post(**filled(acme))

        assert [denied.status, unshown.status, apart.status] == [403, 403, 403]
        assert "confirmation_needed" in parts_of(asked)[2]
        assert "no page knows it" in asked.text
        assert set(acme.requests) == {"/me"}
        audited = await here.audited()
        assert audited[0] == ("connect", "refused")
        assert audited.count(("draft_delete_thing", "refused")) == 2


async def test_calls_count_against_the_allowance_and_no_link_does(tmp_path: Path, acme: Provider) -> None:
    async with scene(tmp_path, CONNECTORY_CALLS_PER_MINUTE="4", CONNECTORY_LINKS_PER_HOUR="1") as here:
        await early_in_a_minute()
        first = await here.post(**filled(acme))
        second = await here.post(**filled(acme))

    assert first.status == 200
    assert "used up 4 calls per minute" in second.text


@pytest.mark.parametrize(
    ("workspace", "role"), [("default", Role.VIEWER), ("default", Role.MEMBER), ("beta", Role.OWNER)]
)
async def test_who_does_not_run_the_server_may_not_try_one(
    tmp_path: Path, acme: Provider, workspace: str, role: Role
) -> None:
    async with scene(tmp_path) as here:
        other = await make_principal(here.application, workspace, "uma", role)
        page = await open_signed_in(here.application, here.browser, other, f"/workspaces/{workspace}/settings/tokens")
        for do in ("choose", "preview", "send"):
            refused = await here.post(csrf=page.forms[0].fields["csrf"], at=workspace, **filled(acme, do=do))
            assert refused.status == 403, refused.text
            assert "Only owners of the workspace 'default'" in refused.text

    assert acme.requests == []


@pytest.mark.parametrize("is_reading", [True, False])
async def test_a_read_only_token_and_one_under_a_rule_may_not_try_one(
    tmp_path: Path, acme: Provider, *, is_reading: bool
) -> None:
    async with scene(tmp_path, CONNECTORY_ALLOW_HOSTS=f"127.0.0.1:{acme.port}", **FLEET) as here:
        record, secret = await here.application.tokens.create(here.principal, "laptop", read_only=is_reading)
        if not is_reading:
            await here.application.policies.add(here.principal, PolicyEffect.CONFIRM, ["*"], token=record.id)
        assert (await here.browser.post("/signin", {"token": secret, "next": "/"})).status_code == 303
        listed = await here.browser.open(f"{ROOT}/connectors")
        csrf = listed.forms[0].fields["csrf"]
        checked = Page(await here.browser.post(f"{ROOT}/connectors", {"csrf": csrf, "manifest": DRAFT, "do": "check"}))
        refused = [await here.post(csrf=csrf, **filled(acme, do=do)) for do in ("choose", "preview", "send")]

    assert checked.status == (403 if is_reading else 200)
    assert not has_form(checked, "/try")
    assert [page.status for page in refused] == [403, 403, 403]
    assert acme.requests == []


async def test_in_fleet_mode_nobody_opens_the_servers_own_network(tmp_path: Path, acme: Provider) -> None:
    async with scene(tmp_path, **FLEET) as here:
        page = await here.post(**filled(acme))

    assert (page.status, acme.requests) == (422, [])
    assert "CONNECTORY_ALLOW_HOSTS" in page.text
    assert "private_confirmed" not in page.html


async def test_a_browser_s_way_is_named_and_shows_what_would_be_sent(tmp_path: Path, acme: Provider) -> None:
    allowed = f"127.0.0.1:{acme.port}"
    async with scene(tmp_path, CONNECTORY_ALLOW_HOSTS=allowed) as here:
        both = await here.post(TWO_WAYS)
        only = await here.post(OAUTH_YAML)
        shown = await here.post(OAUTH_YAML, action="board_list_cards", do="preview")
        sent = await here.post(OAUTH_YAML, action="board_list_cards", do="send", method="oauth")
        forced = await here.post(TWO_WAYS, **filled(acme, method="browser"))

    assert "Sign in with Acme goes on in the browser" in both.text
    assert list(both.forms[-1].choices["next_method"]) == ["key"]
    assert "keep it and connect it" in only.text
    assert "GET https://api.board.example/cards" in parts_of(shown)[0]
    assert (sent.status, "Keep it and connect it" in sent.text) == (422, True)
    assert forced.status == 200  # by the way that is typed
    assert acme.requests == ["/me", "/things"]


async def test_a_manifest_that_is_not_good_goes_back_to_be_mended(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        page = await here.post("format: 1\nname: x\noops: 1\n")
        empty = await here.post("")

    assert page.status == empty.status == 422
    assert "Line 3 oops" in page.text


async def test_a_manifest_near_the_limit_is_tried(tmp_path: Path, acme: Provider) -> None:
    long = f"{DRAFT}# {'x' * (1_000_000 - len(DRAFT) - 2)}"
    fields = {name.replace("__", "."): one for name, one in filled(acme).items()}
    async with scene(tmp_path) as here:
        sent = {"csrf": here.page.forms[0].fields["csrf"], "manifest": long, **fields}
        tried = Page(await here.browser.post(TRY, sent, {"file.none": ("", b"")}))
        larger = await here.browser.post(TRY, {**sent, "more": "x" * 320_000}, {"file.none": ("", b"")})

    assert (tried.status, len(parts_of(tried))) == (200, 3), tried.text[:500]
    assert len(tried.html) < len(long) + 50_000  # it travels once
    assert larger.status_code == 413
