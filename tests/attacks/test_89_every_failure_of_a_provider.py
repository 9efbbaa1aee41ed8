"""89. A provider repeats our credentials in every kind of failure; they stand in no result, page, log, file or `ps`."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import pytest
from tests.attacks.echoing import EchoProvider, echoing
from tests.attacks.outside import Outside
from tests.attacks.planted import files_with, found_in, processes_with, spellings
from tests.e2e.programs import Forms, link_in

pytestmark = pytest.mark.slow
WAYS = ("fine", "400", "403", "404", "409", "422", "429", "500", "503", "html", "moved", "garbage", "302", "304")
METHODS = ("key", "in_query", "account")


def planted(name: str) -> str:
    """A secret with everything in it that some encoding changes."""
    return f'{name}/{secrets.token_hex(6)}+"&=%ü {secrets.token_hex(6)}'


def type_in(outside: Outside, browser: httpx2.Client, link: str, server: EchoProvider, method: str, key: str) -> str:
    """Fill the connect page; whatever it answers."""
    forms = Forms(browser.get(link).text).forms
    action, fields = next(one for one in forms if one[1]["method"] == method)
    values = {"value.server": server.url, "private_confirmed": "yes", "account_change_confirmed": "yes"}
    secret = {"value.username": "pat", "value.password": key} if method == "account" else {"value.token": key}
    return browser.post(f"{outside.install.url}{action}", data={**fields, **values, **secret}).text


def connected(outside: Outside, server: EchoProvider, method: str, alias: str, key: str, wrong: str) -> Iterator[str]:
    """Connect with a wrong key first; yields all pages and the link."""
    link = link_in(outside.call("connect", connector="echo", alias=alias).text)
    server.wrong.update(spellings(wrong))
    with httpx2.Client(trust_env=False, follow_redirects=True, timeout=60) as browser:
        refused = type_in(outside, browser, link, server, method, wrong)
        assert "Echo did not accept this" in refused
        yield refused
        page = type_in(outside, browser, link, server, method, key)
        assert "is connected" in page, page
        yield page


@pytest.mark.parametrize("method", METHODS)
def test_attack_89_no_failure_shows_what_was_sent(outside: Outside, method: str) -> None:
    key, wrong, alias = planted("key"), planted("wrong"), f"all-{method.replace('_', '-')}"
    said: list[str] = []
    with ExitStack() as stack:
        gone = stack.enter_context(echoing())
        said += connected(outside, gone, method, f"{alias}-gone", key, wrong)
        said += connected(outside, outside.echo, method, alias, key, wrong)
        heard = len(outside.echo.heard)
        for way in (*WAYS, *(["slow"] if method == "key" else [])):
            said += calls(outside, alias, way)
        assert found_in([key], "\n".join(outside.echo.heard[heard:]))  # it did hear what it repeats
        said += calls(outside, alias, "401")
        outside.echo.wrong.update(spellings(key))  # now it is withdrawn there
        said += calls(outside, alias, "fine")
    said += calls(outside, f"{alias}-gone", "fine")
    said += [outside.install.run(*words).stdout for words in (("connections",), ("audit", "--json"), ("token", "list"))]

    for name in (alias, f"{alias}-gone"):
        said.append(outside.call("disconnect", connection=f"echo/{name}").text)
    hidden = [key, wrong, outside.key, outside.token]
    assert {one for text in said for one in found_in(hidden, text)} == set()
    assert found_in(hidden, outside.log) == set()
    assert files_with(hidden, outside.install.folder / "data") == set()
    assert processes_with(hidden) == set()
    codes = {"provider_forbidden", "rate_limited", "provider_unavailable", "unexpected_response", "redirect_refused"}
    codes |= {"needs_reconnect"} | ({"provider_timeout"} if method == "key" else set())
    assert codes <= {text.partition(":")[0] for text in said}


def calls(outside: Outside, alias: str, way: str) -> Iterator[str]:
    """One call of each kind."""
    connection = {"connection": f"echo/{alias}"}
    yield outside.call("echo_get_thing", way=way, **connection).text
    if way != "slow":
        yield outside.call("echo_save_thing", way=way, **connection).text
        yield outside.call("echo_list_things", way=way, limit=5, **connection).text
        yield outside.call("request", method="POST", path=f"/things/{way}", body={"x": 1}, **connection).text
