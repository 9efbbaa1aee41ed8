"""A person with a browser, on the pages of an authorization server: signs in, agrees, refuses, approves a device.

The browser has a cookie jar and no JavaScript. It stays on the server: the redirect that leads away from it, which is
the callback, is handed back and not followed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html.parser import HTMLParser

import httpx2

PASSWORD = "a-password-of-this-test"  # oidc-provider takes any; JupyterHub is told this one
MOST_PAGES = 20  # a sign-in has seven steps at most


class Page(HTMLParser):
    """The first form of a page: where it goes, and the values that it holds, each name with all of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = found.get("action") or ""
        elif tag == "input" and found.get("name") and found.get("type") not in ("checkbox", "submit"):
            self.fields.setdefault(str(found["name"]), []).append(found.get("value") or "")


async def sign_in(authorize_url: str, *, login: str = "alice", client: httpx2.AsyncClient | None = None) -> str:
    """Sign in as `login`, agree to what is asked, and return the callback's whole address.

    With a `client` its cookies count: whoever has signed in and agreed before comes straight back.
    """
    async with _browser(client) as browser:
        return _callback(await _walk(browser, await browser.get(authorize_url, follow_redirects=False), _person(login)))


async def deny(authorize_url: str, *, client: httpx2.AsyncClient | None = None) -> str:
    """Go to oidc-provider's sign-in page, leave it by its link "Abort", and return the callback's whole address."""
    async with _browser(client) as browser:
        page = await _follow(browser, await browser.get(authorize_url, follow_redirects=False))
        assert page.status_code == 200, page.text
        return _callback(await _follow(browser, await browser.get(f"{page.url}/abort", follow_redirects=False)))


async def approve_device(verification_uri: str, *, user_code: str = "", login: str = "alice") -> None:
    """Type the user code, unless the address holds it, confirm it, sign in and agree (RFC 8628 section 3.3)."""
    async with _browser(None) as browser:
        typed = _person(login) | ({"user_code": user_code} if user_code else {})
        done = await _walk(browser, await browser.get(verification_uri, follow_redirects=False), typed)
        assert done.status_code == 200, done.text
        assert "Sign-in Success" in done.text, done.text


@asynccontextmanager
async def _browser(given: httpx2.AsyncClient | None) -> AsyncIterator[httpx2.AsyncClient]:
    if given is not None:
        yield given
        return
    async with httpx2.AsyncClient(trust_env=False, verify=False, timeout=30) as browser:
        yield browser


def _person(login: str) -> dict[str, str]:
    return {"login": login, "username": login, "password": PASSWORD}


async def _walk(browser: httpx2.AsyncClient, answer: httpx2.Response, typed: Mapping[str, str]) -> httpx2.Response:
    """Fill and send forms until a page has none, or a redirect leads away."""
    for _ in range(MOST_PAGES):
        answer = await _follow(browser, answer)
        page = Page(answer.text)
        if answer.is_redirect or answer.is_error or page.action is None:
            return answer
        values = {name: value for name, value in typed.items() if name in page.fields}
        answer = await browser.post(
            answer.url.join(page.action), data={**page.fields, **values}, follow_redirects=False
        )
    raise AssertionError(f"the pages come round and round: {answer.url}")


async def _follow(browser: httpx2.AsyncClient, answer: httpx2.Response) -> httpx2.Response:
    """Follow redirects while they stay on the server that gave the first one."""
    for _ in range(MOST_PAGES):
        if not answer.is_redirect:
            return answer
        target = answer.url.join(answer.headers["location"])
        if (target.scheme, target.netloc) != (answer.url.scheme, answer.url.netloc):
            return answer
        answer = await browser.get(target, follow_redirects=False)
    raise AssertionError(f"the redirects do not end: {answer.url}")


def _callback(answer: httpx2.Response) -> str:
    assert answer.is_redirect, f"no callback, but {answer.status_code}: {answer.text}"
    return str(answer.headers["location"])
