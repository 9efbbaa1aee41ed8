"""The whole web app over a real application in memory, and a browser without scripts that fills its forms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import httpx2
from starlette.applications import Starlette

from connectory.identity.principal import Principal
from connectory.testing.application import make_application, make_settings
from connectory.web.app import create_web_app
from connectory.web.services import WebServices
from connectory.wiring import Application

FLEET = {"APP_URL": "https://connect.example.com", "CONNECTORY_HOST": "0.0.0.0"}


def services_of(application: Application, **more: Any) -> WebServices:
    return WebServices(
        settings=application.settings,
        catalog=application.catalog,
        vault=application.vault,
        auth=application.auth,
        gateway=application.gateway,
        tokens=application.tokens,
        web_sessions=application.web_sessions,
        workspaces=application.workspaces,
        policies=application.policies,
        audit=application.audit,
        activity=application.activity,
        custom_connectors=application.custom_connectors,
        drafts=application.drafts,
        confirmations=application.confirmations,
        oauth_apps=application.oauth_apps,
        clients=application.clients,
        nango=application.nango.webhooks if application.nango is not None else None,
        openid=application.openid,
        **more,
    )


@asynccontextmanager
async def make_web(
    environment: Mapping[str, str] | None = None, **more: Any
) -> AsyncIterator[tuple[Application, Starlette]]:
    """An application and its web app."""
    async with make_application(settings=make_settings(**(environment or {})), **more) as application:
        yield application, create_web_app(services_of(application))


@dataclass
class PostedForm:
    """One form of a page."""

    action: str = ""
    encoding: str = "application/x-www-form-urlencoded"
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)


class Page(HTMLParser):
    """What of a page a test looks at."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__()
        self.status = answer.status_code
        self.html = answer.text
        self.forms: list[PostedForm] = []
        self.links: list[dict[str, str]] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.words: list[str] = []
        self.feed(answer.text)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and given.get("src", "").startswith("/static/"):
            return  # one of ours: what a test looks for is none
        self.tags.append(tag)
        self.attributes += given
        if tag == "form":
            self.forms.append(PostedForm(given["action"], given.get("enctype", PostedForm.encoding)))
        elif tag in ("select", "textarea"):
            self._name = given["name"]
            self.forms[-1].inputs[self._name] = given
            self.forms[-1].fields[self._name] = ""
            self.forms[-1].choices[self._name] = {}
        elif tag == "option" and self._is_in_select():
            options = self.forms[-1].choices[self._name]
            if "selected" in given or not options:
                self.forms[-1].fields[self._name] = given["value"]
            options[given["value"]] = ""
        elif tag == "input":
            self.forms[-1].inputs[given["name"]] = given
            if given["type"] != "file" and (given["type"] != "checkbox" or "checked" in given):
                self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "a":
            self.links.append(given)

    def _is_in_select(self) -> bool:
        """Whether an option is one to choose, and none that is only proposed for a field."""
        return next(tag for tag in reversed(self.tags) if tag in ("select", "datalist")) == "select"

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] != "title":
            self.words.append(data)
        if self.tags and self.tags[-1] == "option" and data.strip():
            options = self.forms[-1].choices[self._name]
            options[next(reversed(options))] = data


def form_to(page: Page, action: str) -> int:
    """Where among the forms of a page the one stands that posts there."""
    (found,) = [at for at, form in enumerate(page.forms) if form.action.endswith(action)]
    return found


def forms_to(page: Page, action: str) -> list[PostedForm]:
    """All the forms of a page that post there."""
    return [form for form in page.forms if form.action.endswith(action)]


def has_form(page: Page, action: str) -> bool:
    return any(form.action.endswith(action) for form in page.forms)


class Browser:
    """Keeps cookies and says where its posts come from, as browsers do."""

    def __init__(self, app: Starlette, origin: str = "http://localhost:8765") -> None:
        self.origin = origin
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=origin)

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def open(self, path: str) -> Page:
        return Page(await self.client.get(path.removeprefix(self.origin), headers={"Accept": "text/html"}))

    async def post(
        self, action: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]] | None = None
    ) -> httpx2.Response:
        """Post fields, as multipart/form-data where there are files."""
        headers = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        return await self.client.post(action, data=dict(fields), files=files, headers=headers)

    async def send(self, form: PostedForm, **typed: str) -> httpx2.Response:
        """Post a form with values typed into it, named without their prefix."""
        values = {f"value.{name}" if f"value.{name}" in form.inputs else name: text for name, text in typed.items()}
        return await self.post(form.action, {**form.fields, **values})

    async def submit(self, form: PostedForm, **typed: str) -> Page:
        """Post a form and follow where it leads."""
        answer = await self.send(form, **typed)
        while answer.status_code == 303:
            answer = await self.client.get(answer.headers["location"], headers={"Accept": "text/html"})
        return Page(answer)


def token_of(link: str) -> str:
    """The secret part of a link."""
    return link.rsplit("/", 1)[1]


async def owner_of(application: Application, link: str) -> Principal:
    """Who asked for a connect link."""
    session = await application.vault.sessions.by_link(token_of(link))
    assert session is not None
    role = await application.vault.workspaces.role_of(session.workspace_id, session.user_id)
    assert role is not None
    return Principal(session.workspace_id, session.user_id, role)


async def make_token(application: Application, principal: Principal) -> str:
    """An API token of the principal."""
    return (await application.tokens.create(principal, "browser"))[1]


async def sign_out(browser: Browser) -> httpx2.Response:
    """Press the button in the head of the first page."""
    home = (await browser.client.get("/")).headers["location"]
    return await browser.send((await browser.open(home)).forms[0])


async def open_signed_in(application: Application, browser: Browser, principal: Principal, path: str = "/") -> Page:
    """Come in by a link of this machine, and open a page."""
    secret = await application.web_sessions.make_link(principal, timedelta(minutes=1))
    assert (await browser.client.get(f"/open/{secret}")).status_code == 303
    return await browser.open(path)


async def sign_in(browser: Browser, link: str, token: str) -> Page:
    """Paste a token into the form that stands in the link's place, and come to the link's own page."""
    page = await browser.open(link)
    assert page.status == 401
    return await browser.submit(page.forms[0], token=token)
