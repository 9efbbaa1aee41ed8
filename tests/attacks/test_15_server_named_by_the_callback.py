"""15. Server named by the callback (Zoho): code and secret go to one of the manifest's own servers, or nowhere."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from tests.attacks.lying_server import LyingServer, query_of, says
from tests.attacks.signing_in import ORIGIN, Scene, oauth_form, scene
from tests.web.browsing import Browser

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.manifest import OAuth2Method

ZOHO = (Path(__file__).parents[2] / "manifests/zoho.yaml").read_text()
OURS = {"ZOHO_CLIENT_ID": "our-client", "ZOHO_CLIENT_SECRET": "zoho-client-secret"}
BAD = [
    "https://evil.example", "http://accounts.zoho.eu", "https://accounts.zoho.eu.evil.example",
    "https://accounts.zoho.eu@evil.example", "https://evil.example/?https://accounts.zoho.eu",
    "https://evil.example#https://accounts.zoho.eu", "https://accounts.zoho.eu/evil", "https://accounts.zoho.eu:8443",
    "https://accounts.zoho.eu\n", "https://accounts\\zoho.eu", "https://accountsxzoho.eu", "//accounts.zoho.eu",
    "https://127.0.0.1", "http://169.254.169.254", "evil", "",
]  # fmt: skip


async def _callback(s: Scene, browser: Browser) -> str:
    page = await browser.open(await s.link("zoho"))
    form = oauth_form(page)
    answer = await browser.send(form)
    address = next(part for part in answer.text.split('"') if "/oauth/v2/auth" in part).replace("&amp;", "&")
    return f"{ORIGIN}/api/auth/callback/zoho?state={query_of(address)['state']}&code=the-code"


def _zoho(origin: str) -> LyingServer:
    server = LyingServer(origin)
    server.answers["/oauth/v2/token"] = says({"error": "invalid_code"})
    return server


@pytest.mark.parametrize("told", BAD)
@pytest.mark.parametrize("location", ["us", "evil"])
async def test_attack_15_another_server_is_not_asked(told: str, location: str) -> None:
    async with scene(ZOHO, client=OURS, server=_zoho("https://accounts.zoho.com")) as s, s.browser() as browser:
        back = await _callback(s, browser)
        async with s.refused("the-code", OURS["ZOHO_CLIENT_SECRET"], spends=True):
            answer = await s.follow(browser, f"{back}&location={location}&accounts-server={quote(told, safe='')}")
            await s.problem(browser, answer)
        assert s.server.heard == []


@pytest.mark.parametrize("more", ["", "&location=evil", "&location=https://evil.example"])
async def test_attack_15_without_a_server_nothing_is_guessed_from_the_rest(more: str) -> None:
    async with scene(ZOHO, client=OURS, server=_zoho("https://accounts.zoho.com")) as s, s.browser() as browser:
        back = await _callback(s, browser)
        async with s.refused("the-code", spends=True):
            await s.problem(browser, await s.follow(browser, f"{back}{more}"))
        assert s.server.heard == []


async def test_attack_15_two_servers_are_none() -> None:
    async with scene(ZOHO, client=OURS, server=_zoho("https://accounts.zoho.eu")) as s, s.browser() as browser:
        back = await _callback(s, browser)
        both = "&accounts-server=https%3A%2F%2Faccounts.zoho.eu&accounts-server=https%3A%2F%2Fevil.example"
        async with s.refused("the-code", spends=True):
            await s.problem(browser, await s.follow(browser, f"{back}{both}"))


async def test_attack_15_one_of_the_manifest_s_list_is() -> None:
    async with scene(ZOHO, client=OURS, server=_zoho("https://accounts.zoho.eu")) as s, s.browser() as browser:
        back = await _callback(s, browser)
        await s.follow(browser, f"{back}&location=evil&accounts-server=https%3A%2F%2Faccounts.zoho.eu")
        [asked] = s.server.asked("/oauth/v2/token")
        assert asked.form["code"] == "the-code"
        assert s.evil.heard == []


def test_attack_15_every_manifest_lists_what_a_callback_may_name(tmp_path: Path) -> None:
    """A fact that could be anything must never be part of where a code goes."""
    catalog = load_catalog([packaged_folder()], index_dir=tmp_path)
    told = {
        f"{connector.name}.{name}": fact
        for connector in catalog.connectors.values()
        for method in connector.auth.values()
        if isinstance(method, OAuth2Method)
        for name, fact in method.facts.items()
        if fact.callback is not None
    }
    assert told
    assert {name for name, fact in told.items() if not fact.pattern and not fact.choices} == set()
