"""The page of rules: what is said of one before and after it is added."""

from __future__ import annotations

from tests.web.browsing import FLEET, Browser, form_to, make_token, make_web, open_signed_in
from tests.web.settings import ROOT

from connectory.testing.application import make_principal
from connectory.vault.entities import PolicyEffect, Role


async def test_a_pattern_that_fits_nothing_is_kept_with_a_warning_and_what_was_meant() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        page = await open_signed_in(application, browser, await make_principal(application), f"{ROOT}/policy")
        form = page.forms[form_to(page, "/policy")]
        page = await browser.submit(form, effect="deny", patterns="notes_delte_*")
        warned = "The rule is kept, but notes_delte_* fits no action at present. Did you mean 'notes_delete_*'"
        assert warned in page.text
        assert "The rule holds" not in page.text
        assert "Never such calls are refused notes_delte_* fits no action at present" in page.text
        page = await browser.submit(form, effect="deny", patterns="notes_* zzz_1 connect notes_request")
        assert "The rule holds from now on. The rule is kept, but zzz_1 fits no action at present." in page.text
        assert "connect about connect" in page.text
        assert page.html.count('class="warning"') == 1
        assert 'class="warning"' not in (await browser.open(f"{ROOT}/policy")).html


async def test_a_rule_that_is_there_is_not_added_twice_and_a_pattern_that_is_too_long_is_told_so() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        ann = await make_principal(application)
        page = await open_signed_in(application, browser, ann, f"{ROOT}/policy")
        form = page.forms[form_to(page, "/policy")]
        await browser.submit(form, effect="deny", patterns="notes_*")
        page = await browser.submit(form, effect="deny", patterns="notes_*")
        assert "This rule is there already." in page.text
        assert len(await application.policies.list(ann)) == 1
        page = await browser.submit(form, effect="deny", patterns="x" * 65)
        assert "This pattern is too long: 65 characters." in page.text


async def test_who_cannot_take_a_rule_away_again_is_told_so_before() -> None:
    async with make_web(FLEET) as (application, app):
        ann, mia = await make_principal(application), await make_principal(application, user="mia", role=Role.MEMBER)
        seen = []
        for who, token in ((ann, None), (mia, None), (ann, await make_token(application, ann))):
            async with Browser(app, FLEET["APP_URL"]) as browser:
                if token is None:
                    page = await open_signed_in(application, browser, who, f"{ROOT}/policy")
                else:
                    await browser.post("/signin", {"token": token, "next": "/"})
                    page = await browser.open(f"{ROOT}/policy")
                before = page.text[: page.text.index("Add the rule")]
                seen.append(
                    ("Only an owner of the workspace can take a rule" in before, "You signed in by a" in before)
                )
    assert seen == [(False, False), (True, False), (False, True)]


async def test_who_is_denied_to_connect_by_a_rule_is_told_so_and_not_to_ask_for_a_shared_account() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        await make_principal(application)
        mia = await make_principal(application, user="mia", role=Role.MEMBER)
        page = await open_signed_in(application, browser, mia, "/workspaces/default/connectors")
        told = "A rule of this workspace does not let you connect services."
        assert told not in page.text
        await application.policies.add(mia, PolicyEffect.DENY, ["*"], user=mia.user_id)
        for path in ("", "/notes"):
            page = await browser.open(f"/workspaces/default/connectors{path}")
            assert page.text.count(told) == 1, path
            assert "can share a service with you" not in page.text
        vic = await make_principal(application, user="vic", role=Role.VIEWER)
        async with Browser(app, FLEET["APP_URL"]) as theirs:
            page = await open_signed_in(application, theirs, vic, "/workspaces/default/connectors")
        assert told not in page.text
        assert "can share a service with you" in page.text
