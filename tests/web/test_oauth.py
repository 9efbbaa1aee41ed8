"""The page where the sign-in goes on at the provider's: app set-up, scopes, leaving, coming back, choosing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.auth.oauth.acme import ACME_YAML, ORIGIN
from tests.cli.device_server import DEVICE, USER_CODE, device_server
from tests.oauth_servers.oidc import SECRET, OidcServer, confidential_client, device_client, oidc_server
from tests.oauth_servers.pages import approve_device, deny, sign_in
from tests.web.browsing import FLEET, Browser, Page, make_web, sign_out, token_of

from connectory.identity.principal import Principal
from connectory.testing.application import make_principal
from connectory.testing.connectors import make_catalog, make_connector
from connectory.vault.entities import Role
from connectory.wiring import Application

pytestmark = pytest.mark.slow
CLIENT = {"ACME_CLIENT_ID": "connectory", "ACME_CLIENT_SECRET": SECRET}


@pytest.fixture(scope="module")
def server() -> Iterator[OidcServer]:
    with oidc_server(confidential_client(f"{ORIGIN}/api/auth/callback/acme")) as running:
        yield running


@dataclass
class World:
    """A person on the connect page of Acme."""

    server: OidcServer
    application: Application
    principal: Principal
    browser: Browser
    link: str

    async def leave(self, page: Page | None = None) -> str:
        """Send the form; return the provider's address on the page that follows."""
        page = page or await self.browser.open(self.link)
        form = next(form for form in page.forms if "method" in form.fields)
        after = Page(await self.browser.send(form, server=self.server.issuer))
        assert after.status == 200, after.text
        return next(link["href"] for link in after.links if link.get("class") == "button")

    async def come_back(self, url: str, browser: Browser | None = None) -> Any:
        """Follow the provider's redirect, as far as our own answer."""
        path = url.removeprefix(ORIGIN)
        return await (browser or self.browser).client.get(path, headers={"Accept": "text/html"})


@asynccontextmanager
async def world(
    server: OidcServer, environment: Mapping[str, str], role: Role = Role.OWNER, yaml: str = ACME_YAML
) -> AsyncIterator[World]:
    """`environment` has the OAuth client, or has none."""
    allowed = {"CONNECTORY_ALLOW_HOSTS": urlsplit(server.issuer).netloc}
    async with make_web({**allowed, **environment}, catalog=make_catalog(make_connector(yaml))) as (application, app):
        await make_principal(application)  # a workspace has an owner
        principal = await make_principal(application, user="mia", role=role)
        session = await application.auth.connect(principal, "acme")
        async with Browser(app) as browser:
            yield World(server, application, principal, browser, application.auth.link_url(session))


async def test_a_person_leaves_by_a_plain_link_and_comes_back_to_an_address_without_the_code(
    server: OidcServer,
) -> None:
    async with world(server, CLIENT) as one:
        answer = await one.come_back(await sign_in(await one.leave()))
        done = await one.browser.open(answer.headers["location"])

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/connect/{token_of(one.link)}/done"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "alice@example.test" in done.text
    assert "acme/default" in done.text


async def test_only_ticked_scopes_are_asked_for(server: OidcServer) -> None:
    async with world(server, CLIENT) as one:
        page = await one.browser.open(one.link)
        form = page.forms[0]
        assert form.fields["scope.read"] == form.fields["scope.write"] == "yes"
        del form.fields["scope.write"]
        url = await one.leave(page)

    assert parse_qs(urlsplit(url).query)["scope"] == ["read openid email"]


async def test_who_declines_comes_back_to_the_form_with_the_reason(server: OidcServer) -> None:
    async with world(server, CLIENT) as one:
        answer = await one.come_back(await deny(await one.leave()))
        page = await one.browser.open(answer.headers["location"])
        again = await one.come_back(await sign_in(await one.leave(page)))

    assert "You did not allow it at Acme" in page.text
    assert again.headers["location"].endswith("/done")


async def test_an_owner_sets_the_app_up_on_the_page_and_goes_on(server: OidcServer) -> None:
    async with world(server, {}) as one:
        page = await one.browser.open(one.link)
        assert "http://localhost:8765/api/auth/callback/acme" in page.text
        guide = next(link["href"] for link in page.links if "acme.example/apps" in link["href"])
        form = page.forms[0]
        assert form.fields["app"] == "oauth"
        ready = await one.browser.submit(form, client_id="connectory", client_secret=SECRET)
        answer = await one.come_back(await sign_in(await one.leave(ready)))
        apps = await one.application.oauth_apps.all(one.principal)

    assert "callback=http%3A%2F%2Flocalhost%3A8765%2Fapi%2Fauth%2Fcallback%2Facme" in guide
    assert SECRET not in ready.html
    assert answer.headers["location"].endswith("/done")
    assert [(app.family, app.source) for app in apps] == [("acme", "entered")]


async def test_a_member_sets_no_app_up(server: OidcServer) -> None:
    async with world(server, {}, Role.MEMBER) as one:
        page = await one.browser.open(one.link)
        made_up = {"app": "oauth", "client_id": "connectory", "client_secret": SECRET}
        refused = Page(await one.browser.post(one.link, made_up))
        stored = await one.application.vault.oauth_clients.list(one.principal.workspace_id)

    assert "An owner of the workspace sets this up" in page.text
    assert not page.forms
    assert "callback/acme" not in page.text  # no step of what only owners do
    assert refused.status == 422
    assert "Only owners of the workspace set up OAuth apps" in refused.text
    assert not stored


async def test_another_account_is_asked_about_on_the_page(server: OidcServer) -> None:
    async with world(server, CLIENT) as one:
        await one.come_back(await sign_in(await one.leave()))
        session = await one.application.auth.connect(one.principal, "acme", alias="default")
        one.link = one.application.auth.link_url(session)
        answer = await one.come_back(await sign_in(await one.leave(), login="bob"))
        question = await one.browser.open(answer.headers["location"])
        still = Page(await one.browser.send(question.forms[0]))
        done = await one.browser.submit(question.forms[0], account_change_confirmed="yes")

    assert answer.headers["location"] == f"/connect/{token_of(one.link)}"
    assert "bob@example.test" in question.text
    assert "Is that meant?" in question.text
    assert still.status == 422
    assert "bob@example.test" in done.text
    assert "is connected" in done.text


@pytest.mark.parametrize("query", ["", "?state=", "?state=null&code=x", "?state=a&state=b&code=x", "?code=x"])
async def test_a_callback_that_nobody_left_for_is_refused(server: OidcServer, query: str) -> None:
    async with world(server, CLIENT) as one:
        answer = await one.come_back(f"/api/auth/callback/acme{query}")

    assert answer.status_code == 410
    assert "No such sign-in is under way" in answer.text


async def test_a_callback_with_too_many_parameters_is_none(server: OidcServer) -> None:
    async with world(server, CLIENT) as one:
        back = await sign_in(await one.leave())
        answer = await one.come_back(f"{back}&{'a=1&' * 60}")

    assert "No such sign-in is under way" in answer.text


async def test_another_browser_cannot_come_back_and_spends_nothing(server: OidcServer) -> None:
    async with world(server, CLIENT) as one:
        back = await sign_in(await one.leave())
        before = server.counts().authorization_code
        async with Browser(one.browser.client._transport.app) as other:  # type: ignore[attr-defined]
            refused = await one.come_back(back, other)
            assert server.counts().authorization_code == before
        answer = await one.come_back(back)

    assert "No such sign-in is under way" in refused.text
    assert answer.headers["location"].endswith("/done")


async def test_the_session_of_a_read_only_token_finishes_no_sign_in(server: OidcServer) -> None:
    async with world(server, CLIENT) as one:
        url = await sign_in(await one.leave())
        _, only_reads = await one.application.tokens.create(one.principal, "reads", read_only=True)
        await one.browser.post("/signin", {"token": only_reads, "next": "/"})
        refused = await one.come_back(url)
        assert refused.status_code == 403
        assert "A read-only token" in refused.text
        assert await one.application.auth.list_connections(one.principal) == []
        await sign_out(one.browser)
        assert (await one.come_back(url)).headers["location"].endswith("/done")


async def test_the_document_that_is_our_client_id_stands_at_its_own_https_address() -> None:
    catalog = make_catalog(make_connector(ACME_YAML))
    async with make_web(FLEET, catalog=catalog) as (_, app), Browser(app, FLEET["APP_URL"]) as browser:
        found = await browser.client.get("/oauth/client/acme")
        unknown = await browser.client.get("/oauth/client/nobody")

    assert found.json()["client_id"] == "https://connect.example.com/oauth/client/acme"
    assert found.json()["redirect_uris"] == ["https://connect.example.com/api/auth/callback/acme"]
    assert found.json()["token_endpoint_auth_method"] == "none"
    assert unknown.status_code == 404


@pytest.fixture
def devices() -> Iterator[OidcServer]:
    with oidc_server(device_client(client_id="device")) as running:
        yield running


async def test_a_code_is_shown_on_a_page_that_waits_until_it_was_typed(devices: OidcServer) -> None:
    typed = ACME_YAML.replace('issuer: "{connection.server}"', 'device_url: "{connection.server}/device/auth"')
    typed = typed.replace("    scopes: {read", '    token_url: "{connection.server}/token"\n    scopes: {read')
    async with world(devices, {"ACME_CLIENT_ID": "device"}, yaml=typed) as one:
        page = await one.browser.open(one.link)
        waiting = await one.browser.submit(page.forms[0], server=devices.issuer)

        assert "Type this code on their own page" in waiting.text
        assert '<meta http-equiv="refresh" content="3">' in waiting.html
        [there] = [link for link in waiting.links if link["href"].startswith(f"{devices.issuer}/device")]
        assert (there["target"], there["rel"]) == ("_blank", "noopener noreferrer")
        assert "A sign-in is under way at Acme" in (await one.browser.open(one.link)).text
        await due(one.application, token_of(one.link))
        code = waiting.html.partition("<code>")[2].partition("</code>")[0]
        assert code in (await one.browser.open(f"/connect/{token_of(one.link)}/waiting")).text  # not typed yet

        await approve_device(there["href"], user_code=code)
        await due(one.application, token_of(one.link))
        answer = await one.browser.client.get(f"/connect/{token_of(one.link)}/waiting")
        assert answer.headers["location"] == f"/connect/{token_of(one.link)}/done"
        assert "alice@example.test" in (await one.browser.open(answer.headers["location"])).text


@pytest.mark.parametrize(
    ("said", "told"), [("access_denied", "You did not allow it at Acme"), ("expired_token", "has expired")]
)
async def test_a_code_that_comes_to_nothing_leads_back_to_the_form_with_the_reason(said: str, told: str) -> None:
    yaml = f"{ACME_YAML.partition('  oauth:')[0]}{DEVICE}{ACME_YAML[ACME_YAML.index('verify:') :]}"
    with device_server() as server:
        server.answers = [said]
        environment = {"CONNECTORY_ALLOW_HOSTS": urlsplit(server.origin).netloc, "ACME_CLIENT_ID": "device"}
        catalog = make_catalog(make_connector(yaml))
        async with make_web(environment, catalog=catalog) as (application, app), Browser(app) as browser:
            session = await application.auth.connect(await make_principal(application), "acme")
            page = await browser.open(f"/connect/{session.link}")
            waiting = await browser.submit(page.forms[0], server=server.origin)
            assert USER_CODE in waiting.text
            async with Browser(app) as other:
                answer = await other.client.get(f"/connect/{session.link}/waiting", follow_redirects=True)
                assert USER_CODE not in answer.text
            await due(application, session.link)
            answer = await browser.client.get(f"/connect/{session.link}/waiting")
            assert answer.headers["location"] == f"/connect/{session.link}"
            page = await browser.open(answer.headers["location"])
            assert told in page.text
            assert "under way" not in page.text


async def due(application: Application, link: str) -> None:
    """Let the provider be asked at once."""
    session = await application.vault.sessions.by_link(link)
    flow = await application.vault.oauth_flows.of_session(session) if session is not None else None
    assert flow is not None
    await application.vault.oauth_flows.hurry(flow)
