"""4. Binding the victim's account: a link serves whoever asked for it, says what it is for, and takes one browser."""

from __future__ import annotations

import pytest
from tests.attacks.in_chromium import FLEET, another, browsers
from tests.attacks.signing_in import scene
from tests.web.browsing import sign_in
from tests.web.chromium import needs_chromium

SAID = (
    "the assistant of",
    "local",
    "Workspace",
    "Default",
    "p/default",
    "What the assistant will be able to do",
    "Pea",
)


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("workspace", ["default", "hers"])
async def test_attack_04_the_page_serves_only_who_asked(workspace: str) -> None:
    async with browsers(environment=FLEET) as b:
        s, victims = b.scene, await b.person()
        link = await s.link()
        victim, token = await another(s, "victoria", workspace)
        answer = await victims.goto(link)
        assert answer.status == 401
        assert "Pea" not in await victims.inner_text("main")  # who is not signed in does not learn what it is for
        rows = await s.face.rows()
        await b.paste_token(victims, token)
        assert victims.url == link
        assert "There is no such page" in await victims.inner_text("main")
        answer = await victims.goto(f"{link}/done")
        assert answer.status == 404
        changed = {name for name, kept in (await s.face.rows()).items() if kept != rows[name]}
        assert changed <= {"web_sessions"}
        assert await s.face.application.auth.list_connections(victim) == []
        assert await s.connections() == []
        assert s.server.heard == []


@pytest.mark.slow
@needs_chromium
async def test_attack_04_the_provider_s_page_sent_to_the_victim_ends_in_their_browser() -> None:
    """The attacker leaves, and lets the victim go on at the provider: the victim agrees there, as with any sign-in."""
    async with browsers(environment=FLEET) as b:
        s, attackers, victims = b.scene, await b.person(), await b.person()
        link = await s.link()
        await attackers.goto(link)
        await b.paste_token(attackers, s.token)
        s.server.page = "<title>held</title>"
        await b.fill(attackers, link)
        await attackers.wait_for_url(f"{s.server.origin}/authorize**")
        leading, s.server.page = attackers.url, None

        _, token = await another(s, "victoria", "hers")
        await victims.goto(f"http://localhost:{b.port}/signin")
        await b.paste_token(victims, token)
        answer = await victims.goto(leading)  # the provider sends them back at once
        assert answer.status == 410
        assert "No such sign-in is under way in this browser" in await victims.inner_text("main")
        assert s.server.token_requests == []
        assert await s.connections() == []


@pytest.mark.slow
@needs_chromium
async def test_attack_04_in_local_mode_the_callback_checks_the_browser_too() -> None:
    async with browsers() as b:
        s, attackers, victims = b.scene, await b.person(), await b.person()
        s.server.page = "<title>held</title>"
        await b.fill(attackers, await s.link())
        await attackers.wait_for_url(f"{s.server.origin}/authorize**")
        leading, s.server.page = attackers.url, None
        async with s.refused(may_ask=1):
            answer = await victims.goto(leading)
        assert answer.status == 410
        assert s.server.token_requests == []


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("environment", [{}, FLEET], ids=["local", "fleet"])
async def test_attack_04_the_page_says_who_asks_and_what_will_be_able_to_act(environment: dict[str, str]) -> None:
    async with browsers(environment=environment) as b:
        page = await b.person()
        await page.goto(await b.scene.link())
        if environment:
            await b.paste_token(page, b.scene.token)
        for group in await page.locator("summary").all():
            await group.click()
        shown = await page.inner_text("main")
        assert [
            one for one in (*SAID, "List things", "Make a thing", "Read things", "Change things") if one not in shown
        ] == []


async def test_attack_04_a_post_of_somebody_else_finds_nothing_and_binds_nothing() -> None:
    async with scene(environment={"CONNECTORY_TRUSTED_HOSTS": "connect.example"}) as s:
        link = await s.link()
        async with s.browser() as own, s.browser() as theirs:
            page = await sign_in(own, link, s.token)
            _, token = await another(s, "victoria", "default")
            await theirs.post("/signin", {"token": token, "next": "/"})
            rows = await s.face.rows()
            form = next(form for form in page.forms if form.fields.get("method") == "oauth")
            answer = await theirs.send(form)
            assert answer.status_code == 404
            assert await s.face.rows() == rows
            assert s.server.heard == []
            await s.leave(own, link)  # it is still the owner's
