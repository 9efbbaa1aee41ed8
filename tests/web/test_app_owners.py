"""Setting up an OAuth app is offered to whoever may, and to nobody else, wherever its steps would begin."""

from __future__ import annotations

from tests.catalog.drafts import OAUTH_YAML
from tests.web.browsing import FLEET, Browser, Page, make_web, open_signed_in

from connectory.testing.application import make_principal
from connectory.testing.connectors import make_catalog, make_connector
from connectory.vault.entities import Role
from connectory.web.app_owners import BY_TOKEN

HOME = "/workspaces/default/connectors"
SENTENCE = "An owner of the workspace sets this up: ann or Bob."


async def test_a_member_is_told_who_sets_an_app_up_and_led_through_no_step_of_it() -> None:
    catalog = make_catalog(make_connector(), make_connector(OAUTH_YAML))
    async with make_web(FLEET, catalog=catalog) as (application, app):
        ann, mia = await make_principal(application), await make_principal(application, user="mia", role=Role.MEMBER)
        await make_principal(application, user="Bob")
        async with Browser(app, FLEET["APP_URL"]) as browser:
            listed = await open_signed_in(application, browser, mia, HOME)
            about = await browser.open(f"{HOME}/board")
            session = await application.auth.connect(mia, "board")
            page = await browser.open(application.auth.link_url(session))
        async with Browser(app, FLEET["APP_URL"]) as browser:
            of_owner = await open_signed_in(application, browser, ann, HOME)
            about_it = await browser.open(f"{HOME}/board")

    assert ("Set up Board" in listed.html, "Set up Board" in of_owner.html) == (False, True)
    assert "Needs an OAuth app first" in listed.text
    for seen in (about, page):
        assert SENTENCE in seen.text
        assert [form.action for form in seen.forms if form.action != "/signout"] == []
        assert "Press New app." not in seen.text
    assert SENTENCE not in about_it.text
    assert any(form.fields.get("connector") == "board" for form in about_it.forms)


async def test_where_there_is_another_way_too_it_is_offered_and_who_sets_the_app_up_is_named() -> None:
    keyed = OAUTH_YAML.replace(
        "\nauth:\n", '\nauth:\n  key: {method: api_key, headers: {X-Key: "{credential.token}"}}\n'
    )
    async with make_web(FLEET, catalog=make_catalog(make_connector(keyed))) as (application, app):
        await make_principal(application)
        mia = await make_principal(application, user="mia", role=Role.MEMBER)
        async with Browser(app, FLEET["APP_URL"]) as browser:
            page = await open_signed_in(application, browser, mia, f"{HOME}/board")

    assert any(form.fields.get("connector") == "board" for form in page.forms)
    assert "An owner of the workspace sets this up: ann." in page.text


async def test_a_token_that_may_not_is_named_as_the_reason() -> None:
    catalog = make_catalog(make_connector(OAUTH_YAML))
    async with make_web(FLEET, catalog=catalog) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        ann = await make_principal(application)
        _, secret = await application.tokens.create(ann, "reading", read_only=True)
        await browser.post("/signin", {"token": secret, "next": "/"})
        page: Page = await browser.open("/workspaces/default/settings/oauth-apps/board")

    assert BY_TOKEN in page.text
    assert "Press New app." not in page.text
