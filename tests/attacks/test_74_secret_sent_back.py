"""Attack 74: a stored secret is on no page, not even by its length; what is being typed comes back on none either."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route
from tests.web.browsing import Browser, Page, make_web, open_signed_in

from connectory.testing.application import connect, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider

SECRETS = ("shh-1", "shh-2-that-is-very-much-longer-than-the-other-one-" + "x" * 100)
TWO_FIELDS = NOTES_YAML.replace(
    'token: {method: api_key, headers: {Authorization: "Bearer {credential.token}"}}',
    "token: {method: fields, fields: {token: {title: Key, kind: secret}, pin: {title: Pin, kind: secret}}, "
    'headers: {Authorization: "Bearer {credential.token}", X-Pin: "{credential.pin}"}}',
)
OF_A_CONNECTION = ("", "/disconnect", "/try", "/try?action=notes_create_note")
LEADS_BACK = {"/test", "/rename", "/reconnect"}  # show nothing
OTHERS = ("connectors", "connectors?query=notes", "connectors/notes", "activity", "settings")


async def pages_of(secret: str) -> dict[str, Page]:
    """Every page about a connection that was made with this secret; ids written as ID."""
    catalog = make_catalog(make_connector(TWO_FIELDS))
    async with make_web(catalog=catalog, provider=FakeProvider()) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        made = await connect(application, principal, values={"token": secret, "pin": secret[::-1]})
        await open_signed_in(application, browser, principal)
        await application.audit.flush()  # its lines stand on the pages
        root = f"/workspaces/default/connections/{made.id}"
        paths = {f"connection{below}": f"{root}{below}" for below in OF_A_CONNECTION}
        paths |= {name: f"/workspaces/default/{name}" for name in OTHERS}
        found = {name: await browser.open(path) for name, path in paths.items()}
        csrf = found["connection"].forms[0].fields["csrf"]
        for below in ("/reconnect", "/test"):
            answer = await browser.post(f"{root}{below}", {"csrf": csrf})
            await application.audit.flush()
            is_moved = answer.status_code == 303
            found[below] = await browser.open(answer.headers["location"]) if is_moved else Page(answer)
        return found


async def test_attack_74_no_page_holds_the_secret_of_a_connection() -> None:
    pages = await pages_of(SECRETS[1])
    assert {name for name, page in pages.items() if page.status != 200} <= {"activity", "settings"}
    for name, page in pages.items():
        for secret in (SECRETS[1], SECRETS[1][::-1], SECRETS[1][:8]):
            assert secret not in page.html.replace("user-shh-2", "").replace("id-of-shh-2", ""), name


async def test_attack_74_a_renewal_s_form_is_empty_and_not_filled_by_the_browser() -> None:
    form = (await pages_of(SECRETS[1]))["/reconnect"].forms[-1]
    secret = [form.inputs[name] for name in ("value.token", "value.pin")]
    assert {one["type"] for one in secret} == {"password"}
    assert {one["value"] for one in secret} == {""}
    assert {one["autocomplete"] for one in secret} == {"off"}


async def test_attack_74_nothing_tells_how_long_the_secret_is() -> None:
    short, long = [
        {name: len(neutral(page.html)) for name, page in (await pages_of(secret)).items()} for secret in SECRETS
    ]
    assert short == long


def neutral(html: str) -> str:
    """A page without what differs from one installation and one second to the next."""
    html = re.sub(r"user-shh-[12]|id-of-shh-[12]", "ACCOUNT", html)
    html = re.sub(r"(cn|gr|us|ws)_[a-z0-9]{26}|[0-9a-f]{64}|/connect/[\w-]{43}|value=\"[\w-]{43}\"", "ID", html)
    return re.sub(r"<time.*?</time>|\d+ ms|not used yet|last used", "", html)


@pytest.mark.parametrize("secret", SECRETS)
async def test_attack_74_a_secret_that_was_refused_is_to_be_typed_again(secret: str) -> None:
    async with make_web(provider=FakeProvider(is_revoked=True)) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        session = await application.auth.connect(principal, "notes")
        page = await open_signed_in(application, browser, principal, f"/connect/{session.link}")
        answer = await browser.submit(page.forms[-1], token=secret)
        again = await browser.open(f"/connect/{session.link}")
    assert answer.status == 422
    for one in (answer, again):
        assert secret not in one.html
        assert one.forms[-1].inputs["value.token"]["value"] == ""


async def test_attack_74_every_page_about_connections_is_looked_at() -> None:
    async with make_web() as (_, app):
        below = "/workspaces/{slug}/connections/{connection}"
        routes = [one for one in app.routes if isinstance(one, Route) and "GET" in (one.methods or ())]
        found = {one.path.removeprefix(below) for one in routes if one.path.startswith(below)}
    assert found == {path.partition("?")[0] for path in OF_A_CONNECTION} | LEADS_BACK
