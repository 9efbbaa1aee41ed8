"""Somebody who is signed in to the pages, with one connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from tests.web.browsing import Browser, Page, PostedForm, make_web, open_signed_in

from connectory.identity.principal import Principal
from connectory.testing.application import connect, make_principal
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import Connection
from connectory.wiring import Application


@dataclass
class Scene:
    """Somebody who is signed in, with one connection."""

    application: Application
    browser: Browser
    provider: FakeProvider
    principal: Principal
    connection: Connection

    @property
    def path(self) -> str:
        return f"/workspaces/default/connections/{self.connection.id}"

    async def open(self, below: str = "") -> Page:
        return await self.browser.open(f"{self.path}{below}")

    async def form(self, below: str) -> PostedForm:
        """The connection's form that posts there, or a button of it."""
        page = await self.open()
        found = next(form for form in page.forms if form.action.startswith(self.path))
        return next((form for form in page.forms if form.action == f"{self.path}{below}"), found)

    async def press(self, below: str, **typed: str) -> Page:
        return await self.browser.submit(replace(await self.form(below), action=f"{self.path}{below}"), **typed)

    async def try_form(self, action: str) -> PostedForm:
        page = await self.open(f"/try?action={action}")
        return next(form for form in page.forms if "csrf" in form.fields and "/try" in form.action)


def filled(page: Page) -> PostedForm:
    """The form of an action."""
    return next(form for form in page.forms if "value.book" in form.fields)


@asynccontextmanager
async def scene(**of_connection: object) -> AsyncIterator[Scene]:
    provider = FakeProvider(answers(200, [{"id": 1, "title": "<b>First</b>"}]))
    async with make_web(provider=provider) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        connection = await connect(application, principal, **of_connection)  # type: ignore[arg-type] # as there
        await open_signed_in(application, browser, principal)
        yield Scene(application, browser, provider, principal, connection)
