"""The page of members: owners take people in, set roles and remove them, and hear what that does before."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.attacks.lying_issuer import door
from tests.web.browsing import FLEET, Browser, Page, forms_to, make_token, make_web, open_signed_in
from tests.web.settings import ROOT

from connectory.identity.principal import Principal, local_principal
from connectory.testing.application import connect, make_principal
from connectory.vault.entities import PolicyEffect, Role
from connectory.wiring import Application


def marked_in(page: Page) -> list[str]:
    """The fields that are said to be wrong, by name: each is described by why."""
    tags = re.findall(r"<(?:input|select)[^>]*aria-invalid[^>]*>", page.html)
    for tag in tags:
        described_by = re.search('aria-describedby="([^" ]+)', tag)
        assert described_by is not None
        assert f'id="{described_by[1]}"' in page.html
    return [name for tag in tags for name in re.findall(' name="([^"]+)', tag)]


async def roles_of(application: Application, principal: Principal) -> dict[str, Role]:
    return {user.name: role for user, role in await application.workspaces.members(principal)}


async def test_members_are_shown_with_their_roles_and_only_owners_are_offered_to_change_them() -> None:
    async with make_web(FLEET) as (application, app):
        ann = await make_principal(application)
        mia = await make_principal(application, user="mia", role=Role.MEMBER)
        vic = await make_principal(application, user="vic", role=Role.VIEWER)
        for who in (ann, mia, vic):
            async with Browser(app, FLEET["APP_URL"]) as browser:
                page = await open_signed_in(application, browser, who, ROOT)
            assert "ann (you) Owner" in page.text or who is not ann
            assert "mia Member" in page.text or who is mia
            assert ("Members are changed by owners" in page.text) is (who is not ann)
            assert ([form.action for form in page.forms] == ["/signout"]) is (who is not ann)


async def test_somebody_new_becomes_a_member_and_their_token_lets_them_in() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann = await make_principal(application)
        page = await open_signed_in(application, browser, ann, ROOT)
        (form,) = forms_to(page, "/settings")
        page = await browser.submit(form, name="Sue", email=" Sue@Example.com ", role="viewer")
        assert "Sue is a member now." in page.text
        assert "sue@example.com" in page.text
        assert (await roles_of(application, ann))["Sue"] is Role.VIEWER
        page = await browser.open(f"{ROOT}/tokens")
        (making,) = forms_to(page, "/tokens")
        (sue,) = [one for one, name in making.choices["user"].items() if name == "Sue"]
        assert (await browser.send(making, name="for Sue", user=sue)).status_code == 200


async def test_two_of_one_name_are_told_apart_by_their_addresses_wherever_one_is_chosen() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann = await make_principal(application)
        first = await application.workspaces.create_user(ann, "Alice")
        page = await open_signed_in(application, browser, ann, ROOT)
        assert str(first.id) not in page.text
        page = await browser.submit(forms_to(page, "/settings")[0], name="alice", email="al@example.com")
        assert "alice (al@example.com) is a member now. There is another member of this name" in page.text
        assert "Remove alice (al@example.com)" in page.text
        assert f"Remove Alice ({first.id})" in page.text
        (second,) = [user for user, _ in await application.workspaces.members(ann) if user.email]
        told = {str(first.id): f"Alice ({first.id})", str(second.id): "alice (al@example.com)", str(ann.user_id): "ann"}
        page = await browser.open(f"{ROOT}/tokens")
        (making,) = forms_to(page, "/tokens")
        made = Page(await browser.send(making, name="hers", user=str(second.id)))
        assert "Whoever has it acts here as alice (al@example.com) ." in made.text
        page = await browser.open(f"{ROOT}/tokens")
        assert forms_to(page, "/tokens")[0].choices["user"] == told
        assert "Works alice (al@example.com)" in page.text
        await application.policies.add(ann, PolicyEffect.DENY, ["notes_*"], user=first.id)
        page = await browser.open(f"{ROOT}/policy")
        assert f"4 actions at present Alice ({first.id})" in page.text
        offered = forms_to(page, "/policy")[0].choices["for"]
        assert {f"user:{key}": name for key, name in told.items()}.items() <= offered.items()
        assert "The token “hers” of alice (al@example.com)" in offered.values()


async def test_what_cannot_be_is_said_and_what_was_typed_stays() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann = await make_principal(application)
        await application.workspaces.create_user(ann, "Sue", "sue@example.com")
        page = await open_signed_in(application, browser, ann, ROOT)
        (form,) = forms_to(page, "/settings")
        before = await roles_of(application, ann)
        for typed, words, field in (
            ({"name": " ", "email": ""}, "This cannot be a name.", "name"),
            ({"name": "Ron", "email": "ron"}, "This cannot be an email address.", "email"),
            ({"name": "Susan", "email": "sue@example.com"}, "Sue is a member already", "email"),
            ({"name": "Ron", "email": "", "role": "emperor"}, "This is no role.", None),
            ({"user": "us_nobody"}, "us_nobody", None),
        ):
            page = await browser.submit(form, **typed)
            assert page.status in (404, 409, 422), typed
            assert words in page.text
            assert marked_in(page) == ([field] if field else [])
            assert forms_to(page, "/settings")[0].fields["name"] == typed.get("name", "")
        assert await roles_of(application, ann) == before


async def test_whoever_runs_the_server_takes_in_its_users_and_nobody_else_is_shown_them() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        me = await local_principal(application.vault)
        eve = await make_principal(application, "beta", "eve")
        page = await open_signed_in(application, browser, me, ROOT)
        _, known = forms_to(page, "/settings")
        assert known.choices["user"] == {str(eve.user_id): "eve"}
        page = await browser.submit(known, role="viewer")
        assert "eve is a member now." in page.text
        assert (await roles_of(application, me))["eve"] is Role.VIEWER
        assert len(forms_to(page, "/settings")) == 1
        async with Browser(app, FLEET["APP_URL"]) as other:
            page = await open_signed_in(application, other, eve, "/workspaces/beta/settings")
            assert len(forms_to(page, "/settings")) == 1
            assert "local" not in page.text
            (form,) = forms_to(page, "/settings")
            assert (await other.send(form, user=str(me.user_id))).status_code == 404


async def test_a_role_is_changed_but_the_last_owner_stays_one() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann = await make_principal(application)
        mia = await make_principal(application, user="mia", role=Role.MEMBER)
        page = await open_signed_in(application, browser, ann, ROOT)
        (of_mia,) = forms_to(page, f"/members/{mia.user_id}/role")
        assert of_mia.fields["role"] == "member"
        page = await browser.submit(of_mia, role="owner")
        assert "The role is changed." in page.text
        assert (await roles_of(application, ann))["mia"] is Role.OWNER
        (of_ann,) = forms_to(page, f"/members/{ann.user_id}/role")
        (leaving,) = forms_to(page, f"/members/{ann.user_id}/remove")
        await browser.submit(of_mia, role="member")
        for form in (replace(of_ann, fields={**of_ann.fields, "role": "member"}), leaving):  # of the page from before
            refused = await browser.submit(form)
            assert refused.status == 422
            assert "without an owner. Make another member an owner first." in refused.text
        await browser.submit(of_mia, role="owner")
        page = await browser.submit(of_ann, role="viewer")  # now there is another one
        assert [form.action for form in page.forms] == ["/signout"]


async def test_the_only_owner_is_offered_nothing_that_would_be_refused() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann = await make_principal(application)
        mia = await make_principal(application, user="mia", role=Role.MEMBER)
        page = await open_signed_in(application, browser, ann, ROOT)
        assert "ann (you) Owner may do everything here the only owner: make another one an owner first" in page.text
        assert not forms_to(page, f"/members/{ann.user_id}/role") + forms_to(page, f"/members/{ann.user_id}/remove")
        page = await browser.submit(forms_to(page, f"/members/{mia.user_id}/role")[0], role="owner")
        assert "the only owner" not in page.text
        assert forms_to(page, f"/members/{ann.user_id}/role")
        assert forms_to(page, f"/members/{ann.user_id}/remove")


async def test_who_is_removed_loses_what_was_theirs_alone_as_the_page_says_before() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann = await make_principal(application)
        mia = await make_principal(application, user="mia", role=Role.MEMBER)
        private = await connect(application, mia)
        shared = await connect(application, ann, alias="team", shared=True)
        token = await make_token(application, mia)
        async with Browser(app, FLEET["APP_URL"]) as theirs:
            assert (await open_signed_in(application, theirs, mia, ROOT)).status == 200
            page = await open_signed_in(application, browser, ann, ROOT)
            for words in ("Accounts that nobody else here can use are withdrawn", "What is shared stays"):
                assert words in page.text
            page = await browser.submit(forms_to(page, f"/members/{mia.user_id}/remove")[0])
            assert "They are no member any more" in page.text
            assert "mia" not in await roles_of(application, ann)
            assert (await theirs.open(ROOT)).status == 401
        assert await application.tokens.verify(token) is None
        left = [one.id for one in await application.vault.connections.list_all(ann.workspace_id)]
        assert (private.id in left, shared.id in left) == (False, True)


async def test_who_leaves_is_led_away_from_the_pages() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann = await make_principal(application)
        await make_principal(application, user="bob")
        page = await open_signed_in(application, browser, ann, ROOT)
        answer = await browser.send(forms_to(page, f"/members/{ann.user_id}/remove")[0])
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await browser.open(ROOT)).status == 401


@pytest.mark.parametrize("kind", ["member", "read-only", "narrowed"])
async def test_who_may_not_change_members_does_not_by_a_form_of_their_own_making_either(kind: str) -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann = await make_principal(application)
        mia = await make_principal(application, user="mia", role=Role.MEMBER)
        made, secret = await application.tokens.create(
            mia if kind == "member" else ann, "agent", read_only=kind == "read-only"
        )
        if kind == "narrowed":
            await application.policies.add(ann, PolicyEffect.DENY, ["x_*"], token=made.id)
        await browser.post("/signin", {"token": secret, "next": "/"})
        page = await browser.open(ROOT)
        assert [form.action for form in page.forms] == ["/signout"]
        csrf, before = page.forms[0].fields["csrf"], await roles_of(application, ann)
        for path, fields in (
            ("", {"name": "evil", "role": "owner"}),
            (f"/members/{mia.user_id}/role", {"role": "owner"}),
            (f"/members/{ann.user_id}/remove", {}),
        ):
            assert (await browser.post(f"{ROOT}{path}", {"csrf": csrf, **fields})).status_code == 403, path
        assert await roles_of(application, ann) == before


async def test_on_ones_own_machine_the_page_says_what_members_are_for_and_whom_the_machine_needs() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        me = await local_principal(application.vault)
        page = await open_signed_in(application, browser, me, ROOT)
        assert "A further member is of use for an assistant" in page.text
        assert "Without this owner, the command line" not in page.text  # who is the only one stays
        await application.workspaces.create_user(me, "Sue", role=Role.OWNER)
        page = await browser.open(ROOT)
        told = "Without this owner, the command line and the assistants of this machine need an API token."
        assert page.text.count(told) == 2  # before the role is changed, and before they leave
        made = await application.workspaces.create(me, "sales")
        await make_principal(application, "sales", "local2")
        page = await browser.open("/workspaces/sales/settings")
        assert "Without this owner" not in page.text
        assert (await roles_of(application, replace(me, workspace_id=made.id)))["local"] is Role.OWNER


async def test_where_people_sign_in_at_an_issuer_the_page_says_whose_roles_come_back() -> None:
    async with door() as d, d.browser() as browser:
        ann = await make_principal(d.application, "acme", "boss")
        page = await open_signed_in(d.application, browser, ann, "/workspaces/acme/settings")
        assert "Who signs in at login.example with the email address is this member." in page.text
        assert "who is removed here and stays in a group comes back" in page.text
