"""The settings pages: what each role sees and may do, and that no secret is shown twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.catalog.drafts import MEMOS, OAUTH_YAML
from tests.catalog.making import changed
from tests.web.browsing import (
    FLEET,
    Browser,
    Page,
    form_to,
    has_form,
    make_token,
    make_web,
    open_signed_in,
    services_of,
    sign_out,
)
from tests.web.settings import ROOT

from connectory.identity.principal import local_principal
from connectory.testing.application import connect, make_application, make_principal, make_settings
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.vault.entities import PolicyEffect, Role
from connectory.web.app import create_web_app

SECTIONS = ("", "/tokens", "/sessions", "/oauth-apps", "/policy", "/connectors", "/clients")
SECRET = re.compile(r"cny_[A-Za-z0-9_-]{43}")
SHOP = json.dumps(changed(("name", "my-shop")), indent=1)


async def test_every_section_opens_for_every_role_and_offers_viewers_no_button() -> None:
    async with make_web() as (application, app):
        for name, role in (("ann", Role.OWNER), ("mia", Role.MEMBER), ("vic", Role.VIEWER)):
            async with Browser(app) as browser:
                who = await make_principal(application, user=name, role=role)
                await open_signed_in(application, browser, who)
                for section in SECTIONS:
                    page = await browser.open(ROOT + section)
                    is_for_them = section != "/connectors" or role is Role.OWNER
                    assert page.status == (200 if is_for_them else 403), (name, section)
                    posts = [form.action for form in page.forms if form.action != "/signout"]
                    assert (posts == []) or role is not Role.VIEWER, (section, posts)


async def test_who_is_signed_in_by_a_token_sees_what_the_token_may_do_alone() -> None:
    async with make_web(FLEET) as (application, app):
        ann = await make_principal(application)
        _, reading = await application.tokens.create(ann, "reading", read_only=True)
        narrow, narrowed = await application.tokens.create(ann, "narrowed")
        await application.policies.add(ann, PolicyEffect.DENY, ["notes_delete_*"], token=narrow.id)
        seen = {}
        for token in (reading, narrowed):
            async with Browser(app, FLEET["APP_URL"]) as browser:
                await browser.post("/signin", {"token": token, "next": "/"})
                pages = [await browser.open(ROOT + section) for section in SECTIONS]
                seen[token] = [form.action.rsplit("/", 1)[1] for page in pages for form in page.forms]
    assert [name for name in seen[reading] if name != "signout"] == ["revoke"]  # itself
    assert "tokens" not in seen[narrowed]
    assert "remove" not in seen[narrowed]
    assert "policy" in seen[narrowed]


async def test_a_token_is_made_shown_once_used_and_revoked() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        page = await open_signed_in(application, browser, ann, f"{ROOT}/tokens")
        form = page.forms[form_to(page, "/tokens")]
        answer = await browser.send(form, name="laptop", read_only="yes", lasts="30")
        assert answer.status_code == 200  # the answer itself: no address leads to the token
        assert answer.headers["cache-control"] == "no-store"
        (secret,) = set(SECRET.findall(answer.text))
        assert Page(answer).text.count(secret) == 1
        acting = await application.tokens.verify(secret)
        assert acting is not None
        assert acting.read_only
        again = await browser.send(form, name="laptop", read_only="yes", lasts="30")  # a reload
        assert again.status_code == 303
        page = await browser.open(f"{ROOT}/tokens")
        assert not SECRET.search(page.html)
        assert "laptop" in page.text
        assert "look only" in page.text
        (token,) = await application.tokens.list(ann)
        assert token.expires_at is not None
        page = await browser.submit(page.forms[form_to(page, "/revoke")])
        assert "The token is revoked" in page.text
        assert await application.tokens.verify(secret) is None
        assert not has_form(page, "/revoke")


async def test_what_a_token_may_is_what_the_role_of_its_user_lets_it() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann, mia = await make_principal(application), await make_principal(application, user="mia", role=Role.MEMBER)
        await application.tokens.create(mia, "mias")
        page = await open_signed_in(application, browser, ann, f"{ROOT}/tokens")
        assert "Works mia look and change" in page.text
        await application.workspaces.set_role(ann, mia.user_id, Role.VIEWER)
        page = await browser.open(f"{ROOT}/tokens")
        assert "Works mia look at what shared accounts hold, as a viewer" in page.text


async def test_who_revokes_the_token_they_came_in_by_is_told_before_and_after() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann = await make_principal(application)
        other, _ = await application.tokens.create(ann, "other")
        await browser.post("/signin", {"token": await make_token(application, ann), "next": "/"})
        page = await browser.open(f"{ROOT}/tokens")
        assert page.text.count("You are signed in by this token: that signs this browser out.") == 1
        page = await browser.submit(page.forms[form_to(page, f"{other.id}/revoke")])
        assert "The token is revoked." in page.text
        page = await browser.submit(page.forms[form_to(page, "/revoke")])
        assert page.status == 200
        assert "The token was revoked; you are signed out." in page.text
        assert page.forms[0].action == "/signin"
        assert "signed out" not in (await browser.open("/signin")).text


async def test_a_token_without_a_name_says_so_and_keeps_what_was_typed() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        page = await open_signed_in(application, browser, await make_principal(application), f"{ROOT}/tokens")
        page = await browser.submit(page.forms[form_to(page, "/tokens")], name=" ", lasts="365", read_only="yes")
        assert page.status == 422
        assert "A token needs a name" in page.text
        assert 'aria-describedby="name-problem name-help"' in page.html
        assert page.forms[form_to(page, "/tokens")].fields["lasts"] == "365"


async def test_an_owner_makes_a_token_for_another_and_a_member_does_not() -> None:
    async with make_web() as (application, app), Browser(app) as boss, Browser(app) as other:
        ann, mia = await make_principal(application), await make_principal(application, user="mia", role=Role.MEMBER)
        page = await open_signed_in(application, boss, ann, f"{ROOT}/tokens")
        answer = await boss.send(page.forms[form_to(page, "/tokens")], name="for mia", user=mia.user_id)
        acting = await application.tokens.verify(SECRET.findall(answer.text)[0])
        assert acting is not None
        assert acting.user_id == mia.user_id
        page = await open_signed_in(application, other, mia, f"{ROOT}/tokens")
        form = page.forms[form_to(page, "/tokens")]
        assert "user" not in form.fields
        answer = await other.send(form, name="for ann", user=ann.user_id)
        assert answer.status_code == 403
        assert not SECRET.search(answer.text)
        (annsown,) = [await make_token(application, ann)]
        token = next(one for one in await application.tokens.list(ann) if annsown.startswith(one.prefix))
        revoke = await other.post(f"{ROOT}/tokens/{token.id}/revoke", {"csrf": form.fields["csrf"]})
        assert revoke.status_code == 404
        assert await application.tokens.verify(annsown) is not None


async def test_an_app_is_set_up_seen_without_its_secret_and_removed() -> None:
    catalog = make_catalog(make_connector(), make_connector(OAUTH_YAML))
    async with make_web(catalog=catalog) as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        page = await open_signed_in(application, browser, ann, f"{ROOT}/oauth-apps")
        assert "Board" in page.text
        assert "Not set up" in page.text
        assert "Notes" not in page.text
        page = await browser.open(f"{ROOT}/oauth-apps/board")
        for words in ("Press New app.", "http://localhost:8765/api/auth/callback/board", "read"):
            assert words in page.text
        form = page.forms[form_to(page, "/board")]
        wrong = await browser.submit(form, client_id="two words", client_secret="s3cret-of-the-app")
        assert wrong.status == 422
        assert "s3cret" not in wrong.html
        page = await browser.submit(form, client_id="id-1", client_secret="s3cret-of-the-app")
        assert "The app is kept" in page.text
        assert "Set up here" in page.text
        page = await browser.open(f"{ROOT}/oauth-apps/board")
        assert "id-1" in page.text
        assert "s3cret" not in page.html
        assert page.forms[form_to(page, "/board")].fields["client_secret"] == ""
        page = await browser.submit(page.forms[form_to(page, "/remove")])
        assert "The app is removed" in page.text
        assert await application.oauth_apps.all(ann) == []
        for name in ("notes", "nowhere"):
            assert (await browser.open(f"{ROOT}/oauth-apps/{name}")).status == 404


async def test_apps_are_for_owners() -> None:
    catalog = make_catalog(make_connector(OAUTH_YAML))
    async with make_web(catalog=catalog) as (application, app), Browser(app) as browser:
        ann, mia = await make_principal(application), await make_principal(application, user="mia", role=Role.MEMBER)
        await application.oauth_apps.put(ann, "board", "id-1", "s3cret")
        page = await open_signed_in(application, browser, mia, f"{ROOT}/oauth-apps")
        assert "Only owners of the workspace see its apps. An owner of the workspace sets this up: ann." in page.text
        page = await browser.open(f"{ROOT}/oauth-apps/board")
        assert "An owner of the workspace sets this up: ann." in page.text
        assert "Press New app." not in page.text
        assert "id-1" not in page.html
        csrf = page.forms[0].fields["csrf"]
        for path, fields in (("", {"client_id": "evil"}), ("/remove", {})):
            assert (await browser.post(f"{ROOT}/oauth-apps/board{path}", {"csrf": csrf, **fields})).status_code == 403
        assert [one.client_id for one in await application.oauth_apps.all(ann)] == ["id-1"]


async def test_no_form_for_an_app_is_offered_where_the_token_has_rules() -> None:
    catalog = make_catalog(make_connector(OAUTH_YAML))
    async with make_web(catalog=catalog) as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        made, secret = await application.tokens.create(ann, "agent")
        await application.policies.add(ann, PolicyEffect.DENY, ["x_*"], token=made.prefix)
        await browser.post("/signin", {"token": secret, "next": "/"})
        page = await browser.open(f"{ROOT}/oauth-apps/board")
        assert page.status == 200
        assert [form.action for form in page.forms] == ["/signout"]
        posted = await browser.post(
            f"{ROOT}/oauth-apps/board", {"csrf": page.forms[0].fields["csrf"], "client_id": "evil"}
        )
        assert "A token with policies of its own cannot set up OAuth apps" in posted.text
        assert await application.oauth_apps.all(ann) == []


async def test_rules_are_added_shown_in_words_and_removed() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann, mia = await make_principal(application), await make_principal(application, user="mia", role=Role.MEMBER)
        page = await open_signed_in(application, browser, ann, f"{ROOT}/policy")
        form = page.forms[form_to(page, "/policy")]
        page = await browser.submit(
            form, effect="deny", patterns="notes_delete_*, notes_create_note", **{"for": "workspace"}
        )
        assert "The rule holds" in page.text
        assert "Never such calls are refused notes_delete_* 1 action at present everybody here" in page.text
        page = await browser.submit(form, effect="read_only", patterns="*", **{"for": f"user:{mia.user_id}"})
        assert "4 actions at present mia" in page.text
        assert [(rule.effect, rule.pattern) for rule in await application.policies.list(ann)][-1] == (
            PolicyEffect.READ_ONLY,
            "*",
        )
        page = await browser.submit(next(form for form in page.forms if form.action.endswith("/remove")))
        assert "The rule is removed" in page.text
        assert len(await application.policies.list(ann)) == 2
        for effect, patterns in (("deny", "Not A Pattern!"), ("nonsense", "*"), ("deny", " ")):
            page = await browser.submit(form, effect=effect, patterns=patterns)
            assert page.status == 422


async def test_a_member_narrows_what_is_theirs_alone_and_removes_nothing() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann, mia = await make_principal(application), await make_principal(application, user="mia", role=Role.MEMBER)
        await application.policies.add(ann, PolicyEffect.DENY, ["notes_*"])
        page = await open_signed_in(application, browser, mia, f"{ROOT}/policy")
        assert not has_form(page, "/remove")
        form = page.forms[form_to(page, "/policy")]
        assert set(form.choices["for"]) == {f"user:{mia.user_id}"}
        page = await browser.submit(form, effect="confirm", patterns="*")
        assert "The rule holds" in page.text
        for whom in ("workspace", f"user:{ann.user_id}"):
            answer = await browser.send(form, effect="deny", patterns="*", **{"for": whom})
            assert answer.status_code == 403
        (rule,) = [rule for rule in await application.policies.list(ann) if rule.user_id is None]
        answer = await browser.post(f"{ROOT}/policy/{rule.id}/remove", {"csrf": form.fields["csrf"]})
        assert answer.status_code == 403
        assert len(await application.policies.list(ann)) == 2


async def test_who_signed_in_by_a_token_is_offered_to_remove_only_rules_that_do_not_concern_it() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann, mia = await make_principal(application), await make_principal(application, user="mia", role=Role.MEMBER)
        (everywhere,) = await application.policies.add(ann, PolicyEffect.DENY, ["notes_*"])
        (of_mia,) = await application.policies.add(ann, PolicyEffect.DENY, ["notes_*"], user=mia.user_id)
        await browser.post("/signin", {"token": await make_token(application, ann), "next": "/"})
        page = await browser.open(f"{ROOT}/policy")
        assert has_form(page, f"{of_mia.id}/remove")
        assert not has_form(page, f"{everywhere.id}/remove")
        assert "You signed in with a token" in page.text
        csrf = page.forms[form_to(page, "/policy")].fields["csrf"]
        refused = Page(await browser.post(f"{ROOT}/policy/{everywhere.id}/remove", {"csrf": csrf}))
        assert refused.status == 403
        assert "connectory open" in refused.text
        assert len(await application.policies.list(ann)) == 2


async def test_a_manifest_is_checked_kept_changed_and_removed(tmp_path: Path) -> None:
    settings = make_settings(CONNECTORY_DATA_DIR=str(tmp_path))
    async with make_application(settings=settings) as application:
        app = create_web_app(services_of(application))
        async with Browser(app) as browser:
            me = await local_principal(application.vault)
            page = await open_signed_in(application, browser, me, f"{ROOT}/connectors")
            form = page.forms[form_to(page, "/connectors")]
            assert form.encoding == "multipart/form-data"
            fields = {"csrf": form.fields["csrf"], "manifest": "", "do": "keep"}
            broken = Page(
                await browser.post(form.action, fields, {"file": ("a.yaml", b"format: 1\nname: x\noops: 1\n")})
            )
            assert broken.status == 422
            assert "Line 3 oops" in broken.text
            assert "oops: 1" in broken.text  # stays, to be mended
            garbage = Page(await browser.post(form.action, fields, {"file": ("a.yaml", b"name: \xff\xfe")}))
            assert (garbage.status, "not UTF-8" in garbage.text) == (422, True)
            taken = Page(await browser.post(form.action, {**fields, "manifest": NOTES_YAML}, {"file": ("", b"")}))
            assert "There is a connector 'notes' already" in taken.text
            good = Page(
                await browser.post(form.action, {**fields, "manifest": MEMOS, "do": "check"}, {"file": ("", b"")})
            )
            assert good.status == 200
            for words in ("Memos is good", "https://api.notes.example/v1", "List notes"):
                assert words in good.text
            assert "memos" not in application.catalog.connectors
            kept = await browser.post(form.action, {**fields, "manifest": MEMOS}, {"file": ("", b"")})
            assert kept.status_code == 303
            page = await browser.open(kept.headers["location"])
            assert "It can be connected now" in page.text
            assert (await browser.open("/workspaces/default/connectors/memos")).status == 200
            page = await browser.open(f"{ROOT}/connectors/memos")
            assert "name: memos" in page.text
            connection = await connect(application, me, "memos")
            used = await browser.submit(page.forms[form_to(page, "/memos/remove")])
            assert (used.status, "a connection uses it" in used.text) == (422, True)
            await application.auth.disconnect(me, connection.id)
            page = await browser.submit(page.forms[form_to(page, "/memos/remove")])
            assert "The connector is removed" in page.text
            assert (await browser.open(f"{ROOT}/connectors/memos")).status == 404


async def test_who_does_not_run_the_server_is_shown_no_own_connectors(tmp_path: Path) -> None:
    async with make_web({"CONNECTORY_DATA_DIR": str(tmp_path)}) as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        mia = await make_principal(application, user="mia", role=Role.MEMBER)
        page = await open_signed_in(application, browser, mia, f"{ROOT}/tokens")
        assert "Own connectors" not in page.text
        csrf = page.forms[0].fields["csrf"]
        for path in ("", "/memos"):
            page = await browser.open(f"{ROOT}/connectors{path}")
            assert page.status == 403
            assert "Only owners of the workspace 'default'" in page.text
        for do in ("check", "keep"):
            answer = await browser.post(f"{ROOT}/connectors", {"csrf": csrf, "manifest": MEMOS, "do": do})
            assert answer.status_code == 403
        assert (await browser.post(f"{ROOT}/connectors/memos/remove", {"csrf": csrf})).status_code == 403
        assert set(application.catalog.connectors) == {"notes"}
        assert not (tmp_path / "manifests").exists()
        await sign_out(browser)
        assert "Own connectors" in (await open_signed_in(application, browser, ann, f"{ROOT}/tokens")).text


async def test_a_manifest_of_anothers_is_shown_and_does_nothing() -> None:
    evil = SHOP.replace("Orders at Acme.", "</textarea><script>alert(1)</script>").replace('"Acme"', '"<b>Acme</b>"')
    async with make_web() as (application, app), Browser(app) as browser:
        page = await open_signed_in(application, browser, await make_principal(application), f"{ROOT}/connectors")
        scripts = page.tags.count("script")
        csrf = page.forms[0].fields["csrf"]
        page = Page(await browser.post(f"{ROOT}/connectors", {"csrf": csrf, "manifest": evil, "do": "check"}))
        assert page.tags.count("script") == scripts
        assert "b" not in page.tags


@pytest.mark.parametrize("environment", [{}, FLEET])
async def test_what_registers_an_assistant_is_there_to_copy(environment: dict[str, str]) -> None:
    async with make_application(settings=make_settings(**environment)) as application:
        app = create_web_app(services_of(application, command="/opt/my tools/connectory"))
        async with Browser(app, environment.get("APP_URL", "http://localhost:8765")) as browser:
            ann = await make_principal(application)
            page = await open_signed_in(application, browser, ann, f"{ROOT}/clients")
    is_local = not environment
    assert ("claude mcp add connectory -- '/opt/my tools/connectory' stdio" in page.text) is is_local
    assert ('"stdio", "--max-tools", "15"' in page.text) is is_local
    address = "http://localhost:8765/mcp" if is_local else "https://connect.example.com/mcp"
    for words in (
        f'"url": "{address}"',
        f"--transport http connectory {address}",
        "Bearer YOUR_TOKEN",
        "${input:connectory}",
    ):
        assert words in page.text
    assert not SECRET.search(page.html)
