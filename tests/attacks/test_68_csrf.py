"""Attack 68: no form of another site, of another session or without its token does anything; nor does a GET."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.routing import Route
from tests.catalog.drafts import MEMOS, OAUTH_YAML
from tests.web.browsing import Browser, make_web, open_signed_in

from connectory.identity.principal import Principal, local_principal
from connectory.testing.application import connect, make_principal
from connectory.testing.connectors import make_catalog, make_connector
from connectory.testing.provider import FakeProvider
from connectory.vault.entities import PolicyEffect, Role
from connectory.vault.tables import metadata
from connectory.wiring import Application

HERE, EVIL = "http://localhost:8765", "https://evil.example"
ROOT = "/workspaces/default"
OF_LINKS = {"/connect/{link}", "/confirm/{link}"}  # theirs is the link, and the browser it was opened in (3-6, 115)
OF_STRANGERS = {"/signin", "/signin/start"}  # there is no session yet (3)
EVIL_YAML = MEMOS.replace("name: memos", "name: evil")
TRYING = {"manifest": EVIL_YAML, "action": "evil_list_notes", "method": "token", "do": "send",
          "credential.token": "theirs", "value.book": "b"}  # fmt: skip
CHANGING = {"audit", "sign_in_links"}  # tables in which a refusal may stand; a sign-in is what the attacker has
TIMES = {"last_used_at", "revision"}


@dataclass(frozen=True)
class Post:
    """One form, with which its owner changes something."""

    path: str
    fields: Mapping[str, str]


class Provider(FakeProvider):
    """Counts what verifies an account, too."""

    verified = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.verified += request.url.path == "/v1/me"
        return await super().handle_async_request(request)


@dataclass
class Target:
    """An application in which there is something to change, and the browser of who may."""

    application: Application
    app: Starlette
    browser: Browser
    principal: Principal
    provider: Provider
    folder: Path
    csrf: str
    posts: Mapping[str, Post]

    async def state(self) -> object:
        """Everything that a form could change: every table, the files, and what the provider was asked."""
        tables = [table for table in metadata.sorted_tables if table.name not in CHANGING]
        rows = {table.name: await self.application.vault.database.rows(sa.select(table)) for table in tables}
        plain = {
            name: [{key: value for key, value in row._mapping.items() if key not in TIMES} for row in found]
            for name, found in rows.items()
        }
        files = {file.name: file.read_text() for file in self.folder.glob("manifests/*")}
        return plain, files, len(self.provider.requests), self.provider.verified


@asynccontextmanager
async def target(folder: Path) -> AsyncIterator[Target]:
    provider, catalog = Provider(), make_catalog(make_connector(), make_connector(OAUTH_YAML))
    environment = {"CONNECTORY_DATA_DIR": str(folder)}
    async with make_web(environment, catalog=catalog, provider=provider) as (application, app), Browser(app) as browser:
        me = await local_principal(application.vault)
        connection = await connect(application, me)
        _, token = await application.tokens.create(me, "laptop"), await application.tokens.list(me)
        (rule,) = await application.policies.add(me, PolicyEffect.CONFIRM, ["*_delete_*"])
        await application.oauth_apps.put(me, "board", "id-1", "s3cret")
        await application.custom_connectors.put(me, MEMOS)
        await make_principal(application, user="mia", role=Role.MEMBER)
        (mia,) = [user for user, _ in await application.workspaces.members(me) if user.name == "mia"]
        for _ in range(2):
            await application.web_sessions.start_for(me.workspace_id, me.user_id, timedelta(hours=1))
        others = [one.session.id_hash for one in await application.web_sessions.list(me)]
        page = await open_signed_in(application, browser, me, f"{ROOT}/settings/tokens")
        (making,) = [form for form in page.forms if form.action.endswith("/tokens")]
        one, settings = f"{ROOT}/connections/{connection.id}", f"{ROOT}/settings"
        posts = {
            f"{ROOT}/connect": Post(f"{ROOT}/connect", {"connector": "notes", "alias": "more"}),
            "connections/{connection}/test": Post(f"{one}/test", {}),
            "connections/{connection}/reconnect": Post(f"{one}/reconnect", {}),
            "connections/{connection}/rename": Post(f"{one}/rename", {"alias": "renamed"}),
            "connections/{connection}/try": Post(
                f"{one}/try?action=notes_create_note",
                {"value.book": "b", "value.title": "t", "meant": "yes", "book": "b", "title": "t"},
            ),
            "settings": Post(settings, {"name": "evil", "role": "owner"}),
            "settings/members/{user}/role": Post(f"{settings}/members/{mia.id}/role", {"role": "owner"}),
            "settings/members/{user}/remove": Post(f"{settings}/members/{mia.id}/remove", {}),
            "settings/sessions/{id_hash}/end": Post(f"{settings}/sessions/{others[0]}/end", {}),
            "settings/sessions/end-others": Post(f"{settings}/sessions/end-others", {}),
            "settings/tokens": Post(f"{settings}/tokens", {**making.fields, "name": "evil", "lasts": "never"}),
            "settings/tokens/{token}/revoke": Post(f"{settings}/tokens/{token[0].id}/revoke", {}),
            "settings/policy": Post(f"{settings}/policy", {"effect": "allow", "patterns": "*", "for": "workspace"}),
            "settings/policy/{rule}/remove": Post(f"{settings}/policy/{rule.id}/remove", {}),
            "settings/oauth-apps/{connector}": Post(
                f"{settings}/oauth-apps/board", {"client_id": "evil", "client_secret": "evil"}
            ),
            "settings/oauth-apps/{connector}/remove": Post(f"{settings}/oauth-apps/board/remove", {"server": ""}),
            "settings/connectors": Post(f"{settings}/connectors", {"manifest": EVIL_YAML, "do": "keep"}),
            "settings/connectors/try": Post(f"{settings}/connectors/try", TRYING),
            "settings/connectors/{connector}/remove": Post(f"{settings}/connectors/memos/remove", {}),
            "connections/{connection}/disconnect": Post(f"{one}/disconnect", {}),
            "/signout": Post("/signout", {}),
        }
        csrf = making.fields["csrf"]
        yield Target(application, app, browser, me, provider, folder, csrf, posts)


def routes_of(app: Starlette) -> set[str]:
    """The path of every form of the pages, without the workspace's part."""
    pages = [one for one in app.routes if isinstance(one, Route) and "POST" in (one.methods or ())]
    return {one.path.replace("{slug}", "default").removeprefix(f"{ROOT}/") for one in pages if "/api/" not in one.path}


def encoded(fields: Mapping[str, str], kind: str) -> tuple[bytes, str]:
    """A form in each of the ways that a page of another site can send one without being asked first."""
    if kind == "multipart/form-data":
        part = "".join(f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
        return f"{part}--x--\r\n".encode(), "multipart/form-data; boundary=x"
    if kind == "text/plain":
        return "\r\n".join(f"{k}={v}" for k, v in fields.items()).encode(), kind
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


async def test_every_form_of_the_pages_is_in_the_table(tmp_path: Path) -> None:
    async with target(tmp_path) as here:
        listed = {name.removeprefix(f"{ROOT}/") for name in here.posts}
        assert routes_of(here.app) - OF_LINKS - OF_STRANGERS == listed


async def test_their_owner_changes_something_with_each(tmp_path: Path) -> None:
    async with target(tmp_path) as here:
        for name, post in here.posts.items():
            before = await here.state()
            answer = await here.browser.post(post.path, {**post.fields, "csrf": here.csrf})
            assert answer.status_code in (200, 303), (name, answer.status_code, answer.text[-2000:])
            assert await here.state() != before, name


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
async def test_attack_68_a_form_of_another_site_does_nothing_even_with_the_right_token(
    tmp_path: Path, kind: str
) -> None:
    async with target(tmp_path) as here:
        before = await here.state()
        others = [Post("/signin", {"token": "x"}), Post(f"/connect/{'x' * 43}", {}), Post(f"/confirm/{'x' * 43}", {})]
        for post in [*here.posts.values(), *others]:
            body, content_type = encoded({**post.fields, "csrf": here.csrf}, kind)
            for origin, site in (
                (EVIL, "cross-site"),
                ("null", "cross-site"),
                (f"{HERE[:-1]}6", "same-site"),
                (None, "cross-site"),
            ):
                headers = {"Content-Type": content_type, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
                headers |= {"Sec-Fetch-Dest": "document", **({"Origin": origin} if origin else {})}
                answer = await here.browser.client.post(post.path, content=body, headers=headers)
                assert answer.status_code == 403, (post.path, origin)
        assert await here.state() == before


async def test_attack_68_the_token_of_another_session_or_none_does_nothing(tmp_path: Path) -> None:
    async with target(tmp_path) as here, Browser(here.app) as other:
        mallory = await make_principal(here.application, user="mallory")
        page = await open_signed_in(here.application, other, mallory, f"{ROOT}/settings/tokens")
        theirs = page.forms[0].fields["csrf"]
        secret = await here.application.web_sessions.make_link(here.principal, timedelta(minutes=1))
        async with Browser(here.app) as second:  # of the same person
            await second.client.get(f"/open/{secret}")
            own_other = (await second.open(f"{ROOT}/settings/tokens")).forms[0].fields["csrf"]
        before = await here.state()
        for name, post in here.posts.items():
            for csrf in (theirs, own_other, "", here.csrf[:-1], here.csrf.upper(), "é", None):
                fields = {**post.fields, **({"csrf": csrf} if csrf is not None else {})}
                fields = fields if csrf is not None else {key: value for key, value in fields.items() if key != "csrf"}
                for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
                    body, content_type = encoded(fields, kind)
                    for sent in ({"Origin": HERE, "Sec-Fetch-Site": "same-origin"}, {}):  # {}: an old browser
                        headers = {"Content-Type": content_type, **sent}
                        answer = await here.browser.client.post(post.path, content=body, headers=headers)
                        assert answer.status_code in (403, 415), (name, csrf, kind)
                        assert kind != "application/x-www-form-urlencoded" or answer.status_code == 403, name
        assert await here.state() == before


async def test_attack_68_a_get_and_a_method_in_a_field_do_nothing(tmp_path: Path) -> None:
    async with target(tmp_path) as here:
        before = await here.state()
        for name, post in here.posts.items():
            fields = {**post.fields, "csrf": here.csrf}
            for more in ({}, {"_method": "DELETE"}, {"_method": "POST"}):
                answer = await here.browser.client.get(post.path, params={**fields, **more})
                assert answer.status_code in (200, 303, 404, 405, 422), name
                assert not re.search(r"cny_[A-Za-z0-9_-]{43}", answer.text)
            sent = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
            for method in ("DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"):
                answer = await here.browser.client.request(method, post.path, params=fields, headers=sent)
                assert answer.status_code in (200, 303, 403, 404, 405, 422), (name, method)
            override = {**sent, "X-HTTP-Method-Override": "POST", "X-HTTP-Method": "DELETE"}
            await here.browser.client.get(post.path, params=fields, headers=override)
            answer = await here.browser.post(post.path, {"_method": "DELETE", **post.fields, "csrf": "x"})
            assert answer.status_code == 403, name
        assert await here.state() == before
