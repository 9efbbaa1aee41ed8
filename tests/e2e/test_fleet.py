"""Fleet mode, real process: the page first takes an API token, and serves only the principal who asked."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.e2e.programs import ERAS, Era, Forms, Install, Kinto, link_in, say


def sign_in(browser: httpx2.Client, link: str, token: str) -> httpx2.Response:
    """Open a link, paste a token into the form that stands before it, and return the page that follows."""
    page = browser.get(link)
    assert "API token" in page.text
    action, fields = Forms(page.text).forms[0]
    return browser.post(str(page.url.join(action)), data={**fields, "token": token})


@pytest.mark.parametrize("era", ERAS)
async def test_the_page_takes_a_token_first_and_serves_only_who_asked(install: Install, kinto: Kinto, era: Era) -> None:
    name, password = f"u{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    kinto.create_account(name, password)
    # The name is not loopback to us, so this is fleet mode; it reaches the same port all the same.
    origin = f"http://fleet.localhost:{install.port}"
    fleet = Install(
        install.folder,
        install.port,
        {"APP_URL": origin, "CONNECTORY_HOST": "127.0.0.1", "CONNECTORY_ALLOW_HOSTS": urlsplit(kinto.url).netloc},
    )
    mine = fleet.token()
    assert fleet.run("user", "create", "eve").returncode == 0
    assert fleet.run("workspace", "add-member", "default", "eve", "--role", "member").returncode == 0
    hers = fleet.token("hers", "--user", "eve")
    with fleet.serving():
        headers = {"Authorization": f"Bearer {mine}", "Host": urlsplit(origin).netloc}
        async with fleet.over_http(era, mine, headers=headers) as client:
            link = link_in(await say(client, "connect", connector="kinto"))
            assert link.startswith(origin)
            reachable = link.replace(origin, f"http://127.0.0.1:{fleet.port}")
            host = {"Host": urlsplit(origin).netloc}
            with httpx2.Client(trust_env=False, headers=host, follow_redirects=False, timeout=60) as eve:
                assert sign_in(eve, reachable, hers).status_code == 303
                assert eve.get(reachable).status_code == 404
            with httpx2.Client(trust_env=False, headers=host, follow_redirects=False, timeout=60) as browser:
                assert sign_in(browser, reachable, "cny_" + "x" * 43).status_code == 422
                assert sign_in(browser, reachable, mine).status_code == 303
                page = browser.get(reachable)
                assert page.status_code == 200
                action, fields = Forms(page.text).forms[-1]
                entered = {"value.server": kinto.url, "value.username": name, "value.password": password}
                done = browser.post(str(page.url.join(action)), data={**fields, **entered})
                assert done.status_code == 303, done.text
            assert "Connected" in await say(client, "connect", connector="kinto")
            assert "kinto/default" in await say(client, "list_connections")
