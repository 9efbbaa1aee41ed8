from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from tests.auth.making import SUITE
from tests.auth.oauth.acme import ACME_YAML
from tests.web.browsing import (
    FLEET,
    Browser,
    Page,
    PostedForm,
    make_token,
    make_web,
    owner_of,
    services_of,
    sign_in,
    token_of,
)

from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import PolicyEffect, SessionStatus
from connectory.web.app import create_web_app
from connectory.web.app_owners import BY_TOKEN
from connectory.web.static_files import static_url
from connectory.wiring import Application

SECRET = "s3cret-token-value"
KINTO_YAML = """
format: 1
name: kinto
title: Kinto
description: Keep records.
category: databases
docs: https://kinto.example/docs
servers: {api: "{connection.server}/v1"}
auth:
  basic:
    method: basic
    help: Use the account of your own server.
    docs: https://kinto.example/accounts
    fields: {server: {title: Server, kind: origin, help: Where it runs., placeholder: "https://kinto.example"}}
verify: {request: {get: /}, account: {id: user.id, name: user.id}}
"""
ROBOT_YAML = """
format: 1
name: robot
title: Robot
description: Let a robot work.
category: other
docs: https://robot.example/docs
servers: {api: "https://{connection.region}.robot.example"}
auth:
  account:
    method: basic
    title: Service account
    fields:
      region: {title: Region, kind: choice, choices: {eu: Europe, us: "<America>"}, default: us}
      size: {title: Size, kind: choice, choices: {s: Small, m: Middle}, required: false}
      username: {title: Name}
      account: {title: Key file, kind: file, help: The JSON file that was made for it.}
    basic: {username: "{connection.username}", password: "{credential.account}"}
verify: {request: {get: /me}, account: {id: id, name: login}, facts: {plan: plan, seats: seats, absent: nothing}}
"""
OPEN_YAML = """
format: 1
name: open-data
title: Open Data
description: Read what is open.
category: other
docs: https://open.example/docs
servers: {api: "https://api.open.example"}
auth:
  none: {method: none}
tasks: [What is new?]
"""


class Refusing(FakeProvider):
    """Answers the verify call with an error."""

    def __init__(self, status: int, body: object = None) -> None:
        super().__init__()
        self.status, self.body = status, body

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return answers(self.status, self.body)(request)


async def link_for(application: Application, connector: str = "notes", user: str = "ann", **more: object) -> str:
    principal = await make_principal(application, user=user)
    session = await application.auth.connect(principal, connector, **more)  # type: ignore[arg-type]
    return application.auth.link_url(session)


async def test_the_page_says_who_asks_for_what_and_what_will_be_possible() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        page = await browser.open(await link_for(application, alias="work"))
    assert page.status == 200
    for words in (
        "Connect Notes",
        "assistant of ann",
        "Workspace Default",
        "notes/work",
        "Delete a note",
        "List notes",
    ):
        assert words in page.text
    read, write, destructive = (
        page.text.index(word) for word in ("Read 2", "Create and change 1", "Delete or overwrite 1")
    )
    assert read < write < destructive
    (form,) = page.forms
    (field,) = [given for name, given in form.inputs.items() if name.startswith("value.")]
    assert field["type"] == "password"
    assert field["autocomplete"] == "off"
    assert f'for="{field["id"]}"' in page.html


async def test_opening_the_page_changes_nothing_however_often() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        link = await link_for(application)
        for _ in range(3):
            await browser.open(link)
        head = await browser.client.head(f"/connect/{token_of(link)}")
        session = await application.vault.sessions.by_link(token_of(link))
        assert head.status_code == 200
        assert not browser.client.cookies
    assert session is not None
    assert session.status is SessionStatus.PENDING


async def test_a_good_key_makes_the_connection_and_says_what_to_ask() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        link = await link_for(application)
        form = (await browser.open(link)).forms[0]
        answer = await browser.send(form, token=SECRET)
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/connect/{token_of(link)}/done"
        done = await browser.open(answer.headers["location"])
        session = await application.vault.sessions.by_link(token_of(link))
        assert session is not None
        assert session.status is SessionStatus.CONNECTED
    for words in ("Notes is connected", "user-s3cre", "notes/default", "read", "write", "Ask now", "Show my notes."):
        assert words in done.text
    assert SECRET not in done.html


async def test_the_browser_is_bound_by_a_private_cookie_of_the_link() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        answer = await browser.send((await browser.open(await link_for(application))).forms[0], token=SECRET)
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("connectory-")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "samesite=lax",
        "path=/",
        "max-age=3600",
    }


async def test_over_https_the_cookie_has_the_host_prefix() -> None:
    origin = "https://localhost:8765"
    async with make_web({"APP_URL": origin}) as (application, app), Browser(app, origin) as browser:
        answer = await browser.send((await browser.open(await link_for(application))).forms[0], token=SECRET)
        assert (await browser.open(answer.headers["location"])).status == 200
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-connectory-")
    assert "; secure" in cookie.lower()
    assert "domain" not in cookie.lower()


async def test_problems_come_back_beside_their_fields_without_any_secret() -> None:
    catalog = make_catalog(make_connector(KINTO_YAML))
    async with make_web(catalog=catalog) as (application, app), Browser(app) as browser:
        form = (await browser.open(await link_for(application, "kinto"))).forms[0]
        typed = {"server": "https://x.example/path", "username": "ann", "password": SECRET}
        page = Page(answer := await browser.send(form, **typed))
    assert answer.status_code == 422
    assert SECRET not in page.html
    (form,) = page.forms
    server, password = form.inputs["value.server"], form.inputs["value.password"]
    assert server["aria-invalid"] == "true"
    assert server["value"] == "https://x.example/path"
    assert form.inputs["value.username"]["value"] == "ann"
    assert password.get("value") == ""
    for described in server["aria-describedby"].split():
        assert f'id="{described}"' in page.html


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        (Refusing(401), "did not accept this"),
        (Refusing(503), "Notes"),
        (Refusing(200, "<html>login</html>"), "Notes"),
        (Refusing(429), "Notes"),
    ],
)
async def test_what_the_provider_refuses_is_shown_with_what_to_do(provider: FakeProvider, words: str) -> None:
    async with make_web(provider=provider) as (application, app), Browser(app) as browser:
        link = await link_for(application)
        page = await browser.submit((await browser.open(link)).forms[0], token=SECRET)
        assert page.status == 422
        assert words in page.text
        assert SECRET not in page.html
        session = await application.vault.sessions.by_link(token_of(link))
        assert session is not None
        assert session.status is SessionStatus.BOUND
        again = await browser.open(link)  # the same browser may go on
        assert again.status == 200


async def test_without_a_sign_in_there_is_one_button() -> None:
    mounts = {"https://api.open.example": FakeProvider()}
    catalog = make_catalog(make_connector(OPEN_YAML))
    async with make_web(catalog=catalog, mounts=mounts) as (application, app), Browser(app) as browser:
        page = await browser.open(await link_for(application, "open-data"))
        assert {name for form in page.forms for name in form.inputs} == {"method", "backend", "browser"}
        done = await browser.submit(page.forms[0])
    assert "Open Data is connected" in done.text


async def test_a_private_address_needs_a_tick_and_only_in_local_mode() -> None:
    catalog = make_catalog(make_connector(KINTO_YAML))
    typed = {"server": "http://127.0.0.1:1", "username": "ann", "password": "x"}
    async with make_web(catalog=catalog) as (application, app), Browser(app) as browser:
        form = (await browser.open(await link_for(application, "kinto"))).forms[0]
        assert "private_confirmed" not in form.inputs
        asked = await browser.submit(form, **typed)
        assert "This address is on this machine or a private network; I mean it." in asked.text
        ticked = await browser.submit(asked.forms[0], password="x", private_confirmed="yes")
        assert "could not be checked" in ticked.text  # it was asked, and nobody listens on port 1
        assert "checked" in ticked.forms[0].inputs["private_confirmed"]
    async with make_web(FLEET, catalog=catalog) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        link = await link_for(application, "kinto")
        await sign_in(browser, link, await make_token(application, await owner_of(application, link)))
        form = (await browser.open(link)).forms[-1]
        refused = await browser.submit(form, **typed, private_confirmed="yes")
        assert "private_confirmed" not in refused.forms[-1].inputs
        assert "CONNECTORY_ALLOW_HOSTS" in refused.text


async def test_what_is_no_secret_stands_in_the_form_that_renews_a_sign_in() -> None:
    mounts = {"https://kinto.example:8443": FakeProvider(answers(200, {"user": {"id": "ann"}}))}
    web = make_web(catalog=make_catalog(make_connector(KINTO_YAML)), mounts=mounts)
    async with web as (application, app), Browser(app) as browser:
        link = await link_for(application, "kinto")
        first = (await browser.open(link)).forms[0]
        assert first.fields["value.server"] == ""
        done = await browser.submit(first, server="kinto.example:8443", username="ann", password="s3cret")
        renewing = await application.auth.connect(await owner_of(application, link), "kinto", alias="default")
        page = await browser.open(application.auth.link_url(renewing))
        again = page.forms[0]
        wrong = await browser.submit(again, server="http://kinto.example", password="s3cret")
    assert "Kinto is connected" in done.text
    assert "Renew the sign-in of Kinto" in page.text
    assert "Where https:// is left out, it is put in front." in page.text
    assert (again.fields["value.server"], again.fields["value.username"]) == ("https://kinto.example:8443", "ann")
    assert again.fields["value.password"] == ""
    assert wrong.forms[0].fields["value.server"] == "http://kinto.example"  # what was sent goes before what was known


async def test_a_key_that_no_header_takes_is_said_so_beside_the_field() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        form = (await browser.open(await link_for(application))).forms[0]
        answer = await browser.submit(form, token="ключ-s3cret")
    assert answer.status == 422
    assert "The key holds a line break, a space or a character that no key has. Copy it again." in answer.text
    assert "header" not in answer.text.partition("What the assistant")[0]
    assert answer.forms[0].inputs["value.token"]["aria-invalid"] == "true"


@pytest.mark.parametrize("environment", [{}, FLEET])
async def test_the_session_of_a_read_only_token_goes_no_further_than_looking(environment: dict[str, str]) -> None:
    origin = environment.get("APP_URL", "http://localhost:8765")
    async with make_web(environment) as (application, app), Browser(app, origin) as browser:
        link = await link_for(application)
        person = await owner_of(application, link)
        _, only_reads = await application.tokens.create(person, "reads", read_only=True)
        await browser.post("/signin", {"token": only_reads, "next": "/"})
        form = (await browser.open(link)).forms[-1]
        for fields in ({"token": SECRET}, {"app": "oauth", "client_id": "x"}):
            refused = Page(await browser.send(form, **fields))
            assert refused.status == 403
            assert "A read-only token cannot change anything" in refused.text
        session = await application.vault.sessions.by_link(token_of(link))
        assert session is not None
        assert session.status is SessionStatus.PENDING  # nobody's yet
        await browser.post("/signin", {"token": await make_token(application, person), "next": "/"})
        done = await browser.submit((await browser.open(link)).forms[-1], token=SECRET)
        assert "Notes is connected" in done.text


async def test_an_app_is_set_up_as_who_is_signed_in_not_as_who_asked() -> None:
    catalog = make_catalog(make_connector(ACME_YAML))
    async with make_web(FLEET, catalog=catalog) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        link = await link_for(application, "acme")
        owner = await owner_of(application, link)
        narrowed, secret = await application.tokens.create(owner, "narrowed")
        await application.policies.add(owner, PolicyEffect.DENY, ["x_*"], token=narrowed.prefix)
        page = await sign_in(browser, link, secret)
        assert BY_TOKEN in page.text
        assert not any("app" in form.fields for form in page.forms)
        refused = Page(
            await browser.post(link, {"app": "oauth", "client_id": "of-an-agent", "client_secret": "s3cret"})
        )
        assert refused.status == 422
        assert "A token with policies of its own cannot set up OAuth apps" in refused.text
        assert await application.oauth_apps.all(owner) == []

        made, secret = await application.tokens.create(owner, "whole")
        await browser.post("/signin", {"token": secret, "next": "/"})
        await browser.submit((await browser.open(link)).forms[-1], client_id="an-id", client_secret="s3cret")
        assert [one.client_id for one in await application.oauth_apps.all(owner)] == ["an-id"]
        await application.audit.flush()
        lines = await application.vault.audit.list(owner.workspace_id)
        tokens = [(one.outcome, one.token_id) for one in lines if one.action == "oauth_app_set"]
        assert tokens == [("ok", made.id), ("refused", narrowed.id)]


async def test_renewing_as_another_account_asks_first() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        for token in (SECRET, "other-token"):
            session = await application.auth.connect(principal, "notes", alias="work")
            page = await browser.open(f"/connect/{session.link}")
            asked = await browser.submit(page.forms[0], token=token)
        assert "Renew the sign-in of Notes" in page.text
        assert "user-other" in asked.text
        done = await browser.submit(asked.forms[0], token=token, account_change_confirmed="yes")
        assert "Notes is connected" in done.text
        assert len(await application.auth.list_connections(principal)) == 1


async def test_another_browser_and_a_used_link_get_a_clear_page() -> None:
    async with make_web() as (application, app), Browser(app) as browser, Browser(app) as other:
        link = await link_for(application)
        form, other_form = (await browser.open(link)).forms[0], (await other.open(link)).forms[0]
        await browser.send(form, token="")
        for page in (await other.open(link), await other.submit(other_form, token=SECRET)):
            assert page.status == 410
            assert "assistant to connect" in page.text
        assert "is connected" in (await browser.submit(form, token=SECRET)).text
        for page in (await other.open(link), await other.open(f"{link}/done"), await other.submit(other_form)):
            assert page.status in (303, 410)
            assert "user-" not in page.html
        assert "is connected" in (await browser.submit(form, token=SECRET)).text  # Back, and sent again


async def test_a_double_click_connects_once_and_shows_success_twice() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        link = await link_for(application)
        form = (await browser.open(link)).forms[0]
        both = await asyncio.gather(browser.send(form, token=SECRET), browser.send(form, token=SECRET))
        assert [answer.status_code for answer in both] == [303, 303]
        principal = await application.vault.sessions.by_link(token_of(link))
        assert principal is not None
        assert len(await application.vault.connections.list_all(principal.workspace_id)) == 1


async def test_a_planted_cookie_is_not_taken_up() -> None:
    """Cookies ignore ports: another local program may set ours before the person opens the link (attack 5)."""
    async with make_web() as (application, app), Browser(app) as victim, Browser(app) as attacker:
        link = await link_for(application)
        name = f"connectory-{hashlib.sha256(token_of(link).encode()).hexdigest()[:16]}"
        for browser in (victim, attacker):
            browser.client.cookies.set(name, "A" * 43, domain="localhost.local", path="/")
        form = (await victim.open(link)).forms[0]
        assert form.fields["browser"] != "A" * 43
        answer = await victim.send(form, token="")
        assert answer.headers["set-cookie"].startswith(f"{name}={form.fields['browser']}")
        assert (await attacker.open(link)).status == 410
        assert (await victim.open(link)).status == 200


async def test_a_link_whose_time_is_over_says_so() -> None:
    late = datetime.now(UTC) + timedelta(minutes=11)
    async with make_application() as application:
        link = await link_for(application)
        app = create_web_app(services_of(application, now=lambda: late))
        async with Browser(app) as browser:
            page = await browser.open(link)
    assert page.status == 410
    assert "time of this link is over" in page.text


async def test_an_unknown_link_is_not_found() -> None:
    async with make_web() as (_, app), Browser(app) as browser:
        assert (await browser.open("/connect/nothing")).status == 404
        assert (await browser.open("/connect/nothing/done")).status == 404
        assert (await browser.post("/connect/nothing", {"method": "token"})).status_code == 404


async def test_what_no_form_of_ours_sends_is_refused() -> None:
    form = "application/x-www-form-urlencoded"
    part = '--x\r\nContent-Disposition: form-data; name="{}"; filename="{}"\r\n\r\na\r\n'
    twice = part.format("file.a", "one") + part.format("file.a", "two") + "--x--\r\n"
    async with make_web() as (application, app), Browser(app) as browser:
        link = await link_for(application)
        for kind, body, status in (
            ("text/plain", "method=token&value.token=x", 415),
            ("application/json", "{}", 415),
            ("multipart/form-data", "--x--", 422),
            ("multipart/form-data; boundary=x", "no part", 422),
            ("multipart/form-data; boundary=x", twice, 422),
            (form, "method=token&method=none", 422),
            (form, "method=%ff", 422),
            (form, "&".join(f"a{number}=1" for number in range(200)), 422),
        ):
            path = f"/connect/{token_of(link)}"
            answer = await browser.client.post(path, content=body, headers={"Content-Type": kind})
            assert answer.status_code == status
        session = await application.vault.sessions.by_link(token_of(link))
    assert session is not None
    assert session.status is SessionStatus.PENDING


async def test_hostile_manifest_text_stays_text_and_links_are_http_only() -> None:
    hostile = NOTES_YAML.replace("title: Notes", 'title: "<img src=x onerror=alert(1)>{{7*7}}"').replace(
        "token: {method: api_key,",
        'token: {method: api_key, help: "</p><script>alert(1)</script>", '
        "fields: {token: {title: '\"><b>', kind: secret, placeholder: '\" autofocus onfocus=alert(1) x=\"'}},",
    )
    logo = 'logo: \'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>\'\n'
    catalog = make_catalog(make_connector(hostile + logo))
    async with make_web(catalog=catalog) as (application, app), Browser(app) as browser:
        page = await browser.open(await link_for(application))
    assert "script" not in page.tags
    assert "<script>" not in page.html
    assert "b" not in page.tags
    assert "svg" not in page.tags
    assert not [name for name in page.attributes if name.startswith("on") or name in ("style", "autofocus")]
    assert "{{7*7}}" in page.text
    for link in page.links:
        assert link["href"].startswith(("http://", "https://", "/"))
        if link["href"] != "/":
            assert link["rel"] == "noopener noreferrer"


async def test_the_page_needs_no_script_no_inline_style_and_nothing_from_elsewhere() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        page = await browser.open(await link_for(application))
        sheet = await browser.client.get("/static/style.css")
    assert re.findall("<script[^>]*>[^<]*</script>", page.html) == [
        f'<script src="{static_url(name)}" defer></script>'
        for name in ("member.js", "connect.js")  # which show a secret that is being typed, and keep it in its field
    ]
    assert re.search("<button[^>]* data-shows=[^>]* hidden>", page.html)  # until the script is there
    assert "style" not in page.tags
    assert "style" not in page.attributes
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert "http" not in sheet.text
    assert "@import" not in sheet.text


@asynccontextmanager
async def robot_page() -> AsyncIterator[tuple[Application, Browser, PostedForm, FakeProvider]]:
    """The page of a connector with all kinds of fields."""
    told = {"id": 7, "login": "robot-7", "plan": "gold", "seats": 3}
    provider = FakeProvider(answers(200, told))
    catalog = make_catalog(make_connector(ROBOT_YAML))
    mounts = {"https://eu.robot.example": provider}
    async with make_web(catalog=catalog, mounts=mounts) as (application, app), Browser(app) as browser:
        page = await browser.open(await link_for(application, "robot"))
        yield application, browser, page.forms[0], provider


async def test_every_kind_of_field_has_its_own_input_with_a_label() -> None:
    async with robot_page() as (_, browser, form, _):
        assert form.encoding == "multipart/form-data"
        assert form.choices["value.region"] == {"eu": "Europe", "us": "<America>"}
        assert form.choices["value.size"] == {"": "None", "s": "Small", "m": "Middle"}
        assert (form.fields["value.region"], form.fields["value.size"]) == ("us", "")
        assert form.inputs["file.account"]["type"] == "file"
        assert "aria-label" in form.inputs["file.account"]
        assert form.fields["value.account"] == ""
        for words in ("Region", "Size (optional)", "Key file", "The JSON file that was made for it."):
            assert words in Page(await browser.send(form)).text


@pytest.mark.parametrize("how", ["pasted", "uploaded", "both", "urlencoded"])
async def test_a_file_is_uploaded_or_pasted_and_never_shown_again(how: str) -> None:
    key = '{\n "private_key": "s3cret"\n}'
    files = {"file.account": ("key.json", key.encode())} if how in ("uploaded", "both") else {"file.account": ("", b"")}
    pasted = {"pasted": key.replace("\n", "\r\n"), "both": "something else", "urlencoded": key}.get(how, "")
    typed = {"value.region": "eu", "value.username": "robot", "value.account": pasted}
    async with robot_page() as (application, browser, form, provider):
        answer = await browser.post(form.action, {**form.fields, **typed}, None if how == "urlencoded" else files)
        assert answer.status_code == 303, answer.text
        [sent] = provider.requests
        assert base64.b64decode(sent.headers["authorization"].removeprefix("Basic ")).decode() == f"robot:{key}"
        done = await browser.open(answer.headers["location"])
        assert "s3cret" not in done.html
        principal = await owner_of(application, form.action)
        [(_, grant)] = await application.auth.list_connections(principal)
    assert grant.facts == {"region": "eu", "username": "robot", "plan": "gold", "seats": "3"}


async def test_a_bad_file_and_a_bad_choice_come_back_beside_their_fields_without_what_was_sent() -> None:
    typed = {"value.region": "nowhere.evil.example/", "value.username": "robot"}
    files = {"file.account": ("key.der", b"s3cret\xff\x00")}
    async with robot_page() as (_, browser, form, provider):
        page = Page(answer := await browser.post(form.action, {**form.fields, **typed}, files))
        assert not provider.requests
    assert answer.status_code == 422
    assert "Choose one of these: Europe, <America>." in page.text
    assert "This is no text file" in page.text
    assert "evil" not in page.html
    assert "s3cret" not in page.html
    [again] = page.forms
    assert again.inputs["value.region"]["aria-invalid"] == "true"
    assert again.choices["value.region"][""] == "Choose one"
    assert again.fields["value.username"] == "robot"
    described = again.inputs["file.account"]["aria-describedby"].split()
    assert described == ["method-account-account-problem", "method-account-account-help"]


async def test_a_file_of_64_kb_passes_and_a_larger_one_is_told_by_its_size() -> None:
    typed = {"value.region": "eu", "value.username": "robot"}
    async with robot_page() as (_, browser, form, _):
        large = await browser.post(form.action, {**form.fields, **typed}, {"file.account": ("k", b"+" * 65_537)})
        assert "64 KB" in Page(large).text
        fits = await browser.post(form.action, {**form.fields, **typed, "value.account": "+" * 65_536})
        assert fits.status_code == 303  # three bytes each, as a form without files escapes them


SUITE_MOUNTS = ("https://mail.suite.example", "https://files.suite.example")
ANN = {"id": "1", "name": "ann@example.com"}


@asynccontextmanager
async def suite_page(connector: str, **refusing: int) -> AsyncIterator[tuple[Application, Browser, str, Principal]]:
    """A link for a connector of the suite; `refusing` are those of its services that answer with a status."""
    mounts = {
        origin: FakeProvider(answers(refusing.get(origin.split("/")[2].split(".")[0], 200), ANN))
        for origin in SUITE_MOUNTS
    }
    async with make_web(catalog=make_catalog(*SUITE), mounts=mounts) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        session = await application.auth.connect(principal, connector)
        yield application, browser, application.auth.link_url(session), principal


async def test_an_account_of_the_family_is_used_by_one_click_without_a_key() -> None:
    async with suite_page("files") as (application, browser, link, principal):
        assert len((await browser.open(link)).forms) == 1
        mail = await connect(application, principal, "mail", token=SECRET)
        page = await browser.open(link)
        assert "Use an account that is connected already" in page.text
        assert "ann@example.com is signed in for Mail." in page.text
        used, typed = page.forms
        assert set(used.inputs) == {"account", "browser"}
        assert "value.token" in typed.inputs
        assert SECRET not in page.html

        done = await browser.submit(used)

        assert "Files is connected" in done.text
        assert "files/default" in done.text
        found = await application.auth.list_connections(principal)
        assert {grant.id for _, grant in found} == {mail.grant_id}


async def test_a_made_up_account_is_refused_and_changes_nothing() -> None:
    async with suite_page("files") as (application, browser, link, principal):
        form = (await browser.open(link)).forms[0]
        fields = {"browser": form.fields["browser"], "account": "gr_madeup"}
        page = Page(answer := await browser.post(form.action, fields))
        assert answer.status_code == 422
        assert "cannot be used here any more" in page.text
        assert await application.auth.list_connections(principal) == []


async def test_why_an_account_cannot_be_used_stands_beside_it() -> None:
    async with suite_page("files", files=403) as (application, browser, link, principal):
        await connect(application, principal, "mail")
        page = await browser.submit((await browser.open(link)).forms[0])
        assert page.status == 422
        assert page.html.index("could not be checked with Files") < page.html.index("<h2>API token</h2>")
        assert "method-token-problem" not in page.html


async def test_a_bundle_shows_what_it_connects_and_then_what_it_connected() -> None:
    async with suite_page("suite") as (_, browser, link, _):
        page = await browser.open(link)
        assert "One sign-in connects Mail Files" in page.text
        assert "Connections mail/default files/default" in page.text
        assert "Files: List files Mail: List mails" in page.text
        done = await browser.submit(page.forms[0], token=SECRET)
    for words in ("Suite is connected", "ann@example.com", "mail/default files/default", "What is new in my mail?"):
        assert words in done.text


async def test_a_bundle_says_which_of_its_connectors_was_left_out_and_why() -> None:
    async with suite_page("suite", files=403) as (_, browser, link, _):
        done = await browser.submit((await browser.open(link)).forms[0], token=SECRET)
        again = await browser.open(f"{link}/done")
    for page in (done, again):
        assert "mail/default" in page.text
        assert "Files was not connected" in page.text
        assert "files/default" not in page.text
