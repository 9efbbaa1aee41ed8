"""6. Link reuse and race: of two browsers with one link one connects; to look at the link changes nothing."""

from __future__ import annotations

import asyncio

import pytest
from tests.attacks.face import make_face
from tests.attacks.in_chromium import SIGN_IN, browsers
from tests.attacks.lying_server import says
from tests.attacks.signing_in import LINK, address_on, oauth_form, scene
from tests.web.browsing import Browser, Page
from tests.web.chromium import needs_chromium

from connectory.identity.principal import local_principal

ROUNDS = 50
LONG = {"CONNECTORY_CALLS_PER_MINUTE": "100000", "CONNECTORY_LINKS_PER_HOUR": "100000"}
PREVIEWS = ["Slackbot-LinkExpanding 1.0", "WhatsApp/2.0", "Mozilla/5.0 (compatible; Barracuda Sentinel)", "curl/8"]


async def test_attack_06_of_two_who_submit_a_key_at_once_one_connects() -> None:
    async with make_face(environment=LONG) as face:
        principal = await local_principal(face.application.vault)
        token = await face.token_of(principal)
        for number in range(ROUNDS):
            found = LINK.search((await face.call(token, "connect", connector="notes", alias=f"a{number}")).text)
            assert found
            async with Browser(face.app) as one, Browser(face.app) as other:
                pages = await asyncio.gather(one.open(found[0]), other.open(found[0]))
                posts = [
                    one.send(pages[0].forms[0], token="key-of-one"),
                    other.send(pages[1].forms[0], token="key-two"),
                ]
                answers = await asyncio.gather(*posts)
                assert sorted(answer.status_code for answer in answers) == [303, 410]
                lost = next(answer for answer in answers if answer.status_code == 410)
                assert "was used" in lost.text
                late = await asyncio.gather(one.open(found[0]), other.open(found[0]))  # and each looks again
                assert sorted(page.status for page in late) in ([303, 410], [200, 410])
            made = await face.application.auth.list_connections(principal)
            assert len(made) == number + 1
        lines = [line for line in await face.audit(principal) if line.action == "sign_in"]
        assert sorted({line.outcome for line in lines}) == ["ok", "refused"]
        assert len([line for line in lines if line.outcome == "refused"]) == ROUNDS


async def test_attack_06_of_two_who_leave_at_once_one_connects() -> None:
    async with scene() as s:
        for number in range(ROUNDS):
            link = await s.link(alias=f"a{number}")
            async with s.browser() as one, s.browser() as other:
                pages = await asyncio.gather(one.open(link), other.open(link))
                posts = [one.send(oauth_form(pages[0])), other.send(oauth_form(pages[1]))]
                answers = await asyncio.gather(*posts)
                assert sorted(answer.status_code for answer in answers) == [200, 410]
                won = next(answer for answer in answers if answer.status_code == 200)
                back = await s.server.sign_in(address_on(Page(won)))
                ends = await asyncio.gather(s.follow(one, back), s.follow(other, back))
                assert sorted(end.status_code for end in ends) == [303, 410]
            assert len(await s.connections()) == number + 1
        assert len(s.server.token_requests) == ROUNDS


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("agent", PREVIEWS)
async def test_attack_06_looking_at_the_link_uses_nothing_and_makes_nothing(method: str, agent: str) -> None:
    async with scene() as s, s.browser() as browser:
        link = await s.link()
        rows, heard = await s.face.rows(), len(s.server.heard)
        async with s.browser() as preview:
            for _ in range(5):
                answer = await preview.client.request(
                    method, link, headers={"User-Agent": agent, "Purpose": "prefetch"}
                )
                assert answer.status_code == 200
                assert "set-cookie" not in answer.headers
        assert await s.face.rows() == rows
        assert len(s.server.heard) == heard
        await s.leave(browser, link)  # it is still good


async def test_attack_06_a_used_link_says_so_to_every_other_browser() -> None:
    async with scene() as s, s.browser() as own, s.browser() as other:
        link = await s.link()
        form = oauth_form(await other.open(link))
        await s.follow(own, await s.back_from(own, link))
        looked = await other.open(link)
        assert (looked.status, "was used already" in looked.text) == (410, True)
        async with s.refused():
            posted = await other.send(form)
        assert (posted.status_code, "was used already" in posted.text) == (410, True)
        assert (await other.client.get(f"{link}/done")).headers["location"] == link.removeprefix(own.origin)
        assert len(await s.connections()) == 1


async def test_attack_06_another_browser_cannot_change_the_app_of_a_link_that_is_taken() -> None:
    async with scene() as s, s.browser() as own, s.browser() as other:
        link = await s.link()
        form = oauth_form(await other.open(link))
        await s.leave(own, link)
        rows = await s.face.rows()
        theirs = {"app": "oauth", "client_id": "evil", "client_secret": "evil", "browser": form.fields["browser"]}
        answer = await other.post(form.action, theirs)
        assert answer.status_code == 410
        assert await s.face.rows() == rows


@pytest.mark.slow
@needs_chromium
async def test_attack_06_two_windows_click_at_once_and_previews_of_a_page_click_nothing() -> None:
    async with browsers() as b:
        s, one, other = b.scene, await b.person(), await b.person()
        link = await s.link()
        rows = await s.face.rows()
        s.evil.answers["/bait"] = says(
            f"<link rel=prefetch href='{link}'><link rel=prerender href='{link}'><img src='{link}'>"
            f"<iframe src='{link}'></iframe><script>fetch('{link}',{{mode:'no-cors'}}); window.open('{link}')</script>"
        )
        await one.goto(f"{s.evil.origin}/bait")
        await one.wait_for_load_state("networkidle")
        assert await s.face.rows() == rows
        for page in (one, other):
            await page.goto(link)
            await page.get_by_label("Server").fill(s.server.origin)
        await asyncio.gather(*(page.get_by_role("button", name=SIGN_IN).click() for page in (one, other)))
        for page in (one, other):  # on their way each goes over pages of its own accord
            await page.get_by_text("was used").or_(page.get_by_text("is connected")).first.wait_for()
        ends = [page.url for page in (one, other)]
        assert sorted(url == f"{link}/done" for url in ends) == [False, True]
        lost = one if ends[1] == f"{link}/done" else other
        assert "was used" in await lost.inner_text("main")
        assert len(await s.connections()) == 1
