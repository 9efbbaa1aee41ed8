"""20. Scope creep: what the person has ticked is what is asked for, and nothing widens by itself."""

from __future__ import annotations

from datetime import timedelta

from tests.attacks.lying_server import query_of
from tests.attacks.signing_in import LINK, Scene, address_on, oauth_form, scene
from tests.web.browsing import Browser, Page


async def _ticking(s: Scene, browser: Browser, link: str, *scopes: str) -> str:
    """Leave with these scopes ticked; return the provider's address."""
    form = oauth_form(await browser.open(link))
    left = {name: value for name, value in form.fields.items() if not name.startswith("scope.")}
    return address_on(Page(await browser.post(form.action, {**left, **{f"scope.{one}": "yes" for one in scopes}})))


async def _connected_with(s: Scene, browser: Browser, *scopes: str, granted: str) -> None:
    s.server.token["scope"] = granted
    address = await _ticking(s, browser, await s.link(), *scopes)
    assert query_of(address)["scope"] == " ".join(scopes)
    done = await s.follow(browser, await s.server.sign_in(address))
    assert done.headers["location"].endswith("/done")


async def test_attack_20_only_what_was_ticked_is_asked_for_and_the_error_carries_the_link_that_adds_more() -> None:
    async with scene() as s, s.browser() as browser:
        await _connected_with(s, browser, "read", granted="read")
        assert not (await s.face.call(s.token, "p_list_things")).failed
        said = await s.face.call(s.token, "p_make_thing")
        assert said.failed
        assert "needs the permission write" in said.text
        link = LINK.search(said.text)
        assert link
        assert [one for one in s.server.asked("/things") if one.method == "POST"] == []

        s.server.token["scope"] = "read write"
        address = await _ticking(s, browser, link[0], "read", "write")
        assert query_of(address)["scope"] == "read write"
        await s.follow(browser, await s.server.sign_in(address))
        assert not (await s.face.call(s.token, "p_make_thing")).failed
        assert len(await s.connections()) == 1


async def test_attack_20_a_scope_that_is_not_offered_cannot_be_ticked() -> None:
    async with scene() as s, s.browser() as browser:
        address = await _ticking(s, browser, await s.link(), "read", "admin", "read write admin", "*")
        assert query_of(address)["scope"] == "read"


async def test_attack_20_the_agent_cannot_ask_for_one_either() -> None:
    async with scene() as s:
        said = await s.face.call(s.token, "connect", connector="p", scopes=["read", "admin"])
        assert said.failed
        assert "admin" in said.text


async def test_attack_20_more_than_was_asked_for_is_told_and_never_asked_for() -> None:
    """The provider gives what nobody ticked: the page says so, and asking again asks for what was ticked."""
    async with scene() as s, s.browser() as browser:
        link = await s.link()
        s.server.token["scope"] = "read write admin"
        address = await _ticking(s, browser, link, "read")
        assert query_of(address)["scope"] == "read"
        done = await s.follow(browser, await s.server.sign_in(address))
        page = await browser.open(done.headers["location"])
        assert "admin" in page.text
        [(_, grant)] = await s.connections()
        assert grant.scopes == ("read", "write", "admin")


async def test_attack_20_a_renewed_token_that_may_more_than_the_person_allowed_widens_nothing() -> None:
    """RFC 6749 section 6: a refresh gives no scope that was not granted by the person."""
    async with scene() as s, s.browser() as browser:
        await _connected_with(s, browser, "read", granted="read")
        s.server.token["scope"] = "read write admin"
        s.clock.ahead = timedelta(hours=2)
        assert not (await s.face.call(s.token, "p_list_things")).failed
        assert s.server.token_requests[-1].form["grant_type"] == "refresh_token"
        assert "scope" not in s.server.token_requests[-1].form
        [(_, grant)] = await s.connections()
        assert grant.scopes == ("read",)
        assert (await s.face.call(s.token, "p_make_thing")).failed


async def test_attack_20_one_that_may_less_narrows() -> None:
    async with scene() as s, s.browser() as browser:
        await _connected_with(s, browser, "read", "write", granted="read write")
        s.server.token["scope"] = "read"
        s.clock.ahead = timedelta(hours=2)
        await s.face.call(s.token, "p_list_things")
        [(_, grant)] = await s.connections()
        assert grant.scopes == ("read",)
