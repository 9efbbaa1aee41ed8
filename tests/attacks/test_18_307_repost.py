"""18. 307 re-post: no answer to a form makes a browser post it again elsewhere (RFC 9700 section 4.12)."""

from __future__ import annotations

import pytest
from tests.attacks.face import FLEET, make_face
from tests.attacks.signing_in import LINK, oauth_form, scene
from tests.web.browsing import Browser, Page, sign_in, sign_out

from connectory.identity.principal import local_principal

KEY = "s3cret-direct-key"


@pytest.mark.parametrize("environment", [{}, FLEET], ids=["local", "fleet"])
async def test_attack_18_a_direct_key_is_answered_by_303(environment: dict[str, str]) -> None:
    async with make_face(environment=environment) as face:
        token = await face.token_of(await local_principal(face.application.vault))
        found = LINK.search((await face.call(token, "connect", connector="notes")).text)
        assert found
        async with Browser(face.app, face.application.settings.origin) as browser:
            page = await (sign_in(browser, found[0], token) if environment else browser.open(found[0]))
            form = next(form for form in page.forms if form.fields.get("method") == "token")
            answers = [await browser.send(form, token=KEY), await browser.send(form, token=KEY)]  # and a second click
    assert [one.status_code for one in answers] == [303, 303]
    assert {one.headers["location"].partition("?")[0].rpartition("/")[2] for one in answers} == {"done"}


async def test_attack_18_signing_in_and_out_are_answered_by_303() -> None:
    async with scene(environment=FLEET) as s, s.browser() as browser:
        into = await browser.post("/signin", {"token": s.token, "next": "/"})
        out = await sign_out(browser)
        assert (into.status_code, out.status_code) == (303, 303)


async def test_attack_18_whoever_leaves_for_the_provider_takes_no_form_along() -> None:
    """A page with a link stands between: what was typed is gone before the browser goes on."""
    async with scene() as s, s.browser() as browser:
        page = await browser.open(await s.link())
        answer = await browser.send(oauth_form(page))
        assert answer.status_code == 200
        assert "location" not in answer.headers
        assert Page(answer).forms == []


@pytest.mark.parametrize("name", ["127.0.0.1:8765", "[::1]:8765"])
async def test_attack_18_a_post_under_another_name_of_this_machine_is_not_moved_on(name: str) -> None:
    """GETs are moved to the one origin by 307; a form would be posted there again."""
    async with scene() as s, s.browser() as browser:
        link = await s.link()
        form = oauth_form(await browser.open(link))
        browser.client.headers["Host"] = name
        answer = await browser.send(form)
        assert answer.status_code not in (301, 302, 307, 308)
        assert "location" not in answer.headers
