"""The connect page: a person gives credentials to a connector here, and nowhere in a chat (design 5.6).

GET changes nothing and spends nothing. The first POST binds the browser; a good one answers 303 to a page that only
that browser sees. Whoever else opens the link learns that it is spent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.auth.backend import Confirm, DeviceCode, Elsewhere, Entry, Form, Problem, Question, Redirect
from connectory.auth.members import members_of
from connectory.errors import (
    AddressRefused,
    BadInput,
    ProviderError,
    Refused,
    SessionExpired,
    UnknownConnection,
)
from connectory.identity.principal import Principal
from connectory.identity.rights import require_writing
from connectory.vault.entities import Connection, ConnectSession, Role, SessionStatus
from connectory.web.acting import session_of
from connectory.web.app_owners import who_sets_up
from connectory.web.arrival import after_connecting
from connectory.web.binding import FORM_FIELD, BrowserBinding, is_same_browser
from connectory.web.connect_form import (
    entry_at_once,
    read_entry,
    view_accounts,
    view_actions,
    view_methods,
    view_question,
)
from connectory.web.forms import read_form_with_files
from connectory.web.pages import is_fragment, logo_source, render
from connectory.web.services import WebServices
from connectory.web.visitors import Visitor, Visitors, home_of
from connectory.web.way_back import forget_way_back, has_way_back

NEW_LINK = "Ask your assistant to connect again; it gives you a new link."
SHOWN_TASKS = 5
LOOK_AGAIN_S = 3
APP_FIELD = "app"  # the way to sign in whose OAuth app is entered


@dataclass(frozen=True, slots=True)
class _Page:
    """One of somebody else's, at which a sign-in goes on; `code` is to be typed there."""

    at: str
    url: str
    expires_in_s: float
    code: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectPages:
    """`/connect/{link}` and the pages behind it."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of these."""
        return [
            Route("/connect/{link}", self.show, methods=["GET"]),
            Route("/connect/{link}", self.submit, methods=["POST"]),
            Route("/connect/{link}/waiting", self.wait, methods=["GET"]),
            Route("/connect/{link}/done", self.done, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show who asks for what, and the form."""
        session, binding = await self._find(request)
        if session.status is SessionStatus.CONNECTED and binding.is_bound_to(session):
            return _to_done(session)
        self._check_live(session)
        if session.status is SessionStatus.BOUND and not binding.is_bound_to(session):
            raise _another_browser()
        step = await self.services.auth.sign_in.first_step(session)
        return await self._page(request, session, step, None, binding.shown(session), 200)

    async def submit(self, request: Request) -> Response:
        """Take what was entered. Problems show the form again; success leads on."""
        session, binding = await self._find(request)
        require_writing(await self._acting(request, session))
        form, files = await read_form_with_files(request)
        browser = binding.posted(session, form)
        response = await self._answer(request, session, form, files, browser)
        binding.keep(response, browser)
        return response

    async def _answer(
        self, request: Request, session: ConnectSession, form: dict[str, str], files: dict[str, str], browser: str
    ) -> Response:
        if session.status is SessionStatus.CONNECTED and is_same_browser(session, browser):
            return _to_done(session)
        if form.get(APP_FIELD):
            self._check_live(session)
            if session.status is SessionStatus.BOUND and not is_same_browser(session, browser):
                raise _another_browser()
            return await self._set_up(request, session, form, browser)
        entry = read_entry(form, files, is_local=self.visitors.is_local)
        return await self._enter(request, session, entry, browser)

    async def begin(self, request: Request, session: ConnectSession) -> Response:
        """Go on by the first way to sign in where that asks for nothing, else lead to the page."""
        entry = entry_at_once(await self.services.auth.sign_in.first_step(session))
        if entry is None:
            return _to_page(session)
        binding = BrowserBinding(request, session.link, is_https=self.visitors.is_https)
        browser = binding.posted(session, {})
        response = await self._enter(request, session, entry, browser)
        binding.keep(response, browser)
        return response

    async def _enter(self, request: Request, session: ConnectSession, entry: Entry, browser: str) -> Response:
        """Take an entry, and lead to what comes next."""
        step = await self._submit(session, browser, entry)
        if isinstance(step, Redirect):
            return self._leave(session, step.url)
        if isinstance(step, Elsewhere | DeviceCode):
            return RedirectResponse(f"/connect/{session.link}/waiting", status_code=303)
        if step is None:
            return _to_done(session)
        if isinstance(step, Question) and step.options:
            return _to_page(session)
        return await self._page(request, session, step, entry, browser, 422)

    async def _set_up(self, request: Request, session: ConnectSession, form: dict[str, str], browser: str) -> Response:
        """Keep the OAuth app that an owner has registered; then its way to sign in works."""
        by = await self._acting(request, session)
        given = form.get("client_id", ""), form.get("client_secret")
        try:
            await self.services.oauth_apps.put(by, session.connector, *given)
        except (BadInput, Refused) as error:
            step = await self.services.auth.sign_in.first_step(session)
            entry = Entry(form[APP_FIELD], {})
            again = replace(step, problems=(Problem("", error.text),)) if isinstance(step, Form) else step
            return await self._page(request, session, again, entry, browser, 422)
        return _to_page(session)

    def _leave(self, session: ConnectSession, url: str) -> Response:
        """A page with a plain link, by which the browser leaves.

        A redirect would be refused: our policy lets a form lead to no other origin (CSP `form-action`).
        """
        connector = self.services.catalog.connector(session.connector)
        logo = logo_source(connector.manifest.logo)
        return render("leaving", connector=connector.title, logo=logo, url=url, visitor=None)

    async def wait(self, request: Request) -> Response:
        """Ask what has become of a sign-in at a page that does not lead back; this one shows itself again and again."""
        session, binding = await self._find(request)
        if session.status is SessionStatus.BOUND and binding.is_bound_to(session):
            require_writing(await self._acting(request, session))  # it may be done now
            await self.services.auth.sign_in.poll(session)
            session = await self.services.auth.sign_in.find(session.link) or session
        if session.status is SessionStatus.CONNECTED and binding.is_bound_to(session):
            return _to_done(session)
        is_waiting = session.status is SessionStatus.BOUND and binding.is_bound_to(session)
        page = await self._elsewhere(session) if is_waiting else None
        if page is None:  # it has failed, asks something, or never was: the connect page says which
            return _to_page(session)
        connector = self.services.catalog.connector(session.connector)
        return render(
            "waiting",
            connector=connector.title,
            logo=logo_source(connector.manifest.logo),
            at=page.at,
            url=page.url,
            code=page.code,
            minutes=max(1, round(page.expires_in_s / 60)),
            again_s=LOOK_AGAIN_S,
            problem=session.problem,
            link=session.link,
            visitor=await self.visitors.visitor(request),
        )

    async def done(self, request: Request) -> Response:
        """Show what was connected, to the browser that did it."""
        session, binding = await self._find(request)
        if session.status is not SessionStatus.CONNECTED or not binding.is_bound_to(session):
            return RedirectResponse(f"/connect/{session.link}", status_code=303)
        made, catalog = await self._made(session), self.services.catalog
        grant = await self.services.vault.grants.get(session.workspace_id, made[0].grant_id) if made else None
        if grant is None:
            raise SessionExpired("This connection was removed again.", hint=NEW_LINK)
        connector = catalog.connector(session.connector)
        tasks = [task for row in made for task in catalog.connector(row.connector).manifest.tasks]
        visitor = await self.visitors.visitor(request)
        home, is_https = await self._home(session, visitor), self.visitors.is_https
        if home is not None and session.problem is None and has_way_back(request, session.link, is_https=is_https):
            response = RedirectResponse(after_connecting(home, made), status_code=303)
            forget_way_back(response, session.link, is_https=is_https)
            return response
        return render(
            "connected",
            connector=connector.title,
            logo=logo_source(connector.manifest.logo),
            account=grant.account_name or grant.account_id,
            connections=[row.name for row in made],
            is_shared=made[0].is_shared,
            scopes=grant.scopes,
            problem=session.problem,
            tasks=[*connector.manifest.tasks, *(tasks if connector.manifest.is_bundle else ())][:SHOWN_TASKS],
            visitor=visitor,
            home=home,
        )

    async def _home(self, session: ConnectSession, visitor: Visitor | None) -> str | None:
        """Where the connectors of whoever is signed in are: they may have come from there, and find back."""
        workspace = await self.services.vault.workspaces.get(session.workspace_id) if visitor is not None else None
        return home_of(workspace.slug) if workspace is not None else None

    async def _made(self, session: ConnectSession) -> list[Connection]:
        """The connections that stand since; none where they were removed again."""
        asker = Principal(session.workspace_id, session.user_id, Role.MEMBER)  # `_find` has let only them in
        try:
            return await self.services.auth.made_by(asker, session)
        except UnknownConnection:
            return []

    async def _find(self, request: Request) -> tuple[ConnectSession, BrowserBinding]:
        """Return the session of the link. One of another principal is as unknown as none (attacks 4, 42)."""
        visitor = await self.visitors.require(request)
        link = request.path_params["link"]
        session = await self.services.auth.sign_in.find(link)
        if session is None or not self.visitors.may_see(visitor, session.workspace_id, session.user_id):
            raise HTTPException(404)
        await self.services.catalog.settled(session.connector)
        return session, BrowserBinding(request, link, is_https=self.visitors.is_https)

    async def _acting(self, request: Request, session: ConnectSession) -> Principal:
        """Who goes on with a link: by the token of their session, or as whom the link was made for (in local mode)."""
        by = await session_of(self.visitors, request, session.workspace_id, session.user_id)
        if by is not None and by.workspace_id == session.workspace_id:
            return by
        role = await self.services.vault.workspaces.role_of(session.workspace_id, session.user_id)
        return Principal(session.workspace_id, session.user_id, role or Role.VIEWER)  # `may_see`: without a token then

    def _check_live(self, session: ConnectSession) -> None:
        if session.status is SessionStatus.CONNECTED:
            raise _is_used()
        if session.status is SessionStatus.EXPIRED or session.expires_at <= self.services.now():
            raise SessionExpired("The time of this link is over.", hint=NEW_LINK)

    async def _submit(
        self, session: ConnectSession, browser: str, entry: Entry
    ) -> Form | Question | Redirect | Elsewhere | DeviceCode | None:
        """Return what comes next, or None once the connection stands. Raises `SessionExpired`."""
        try:
            step = await self.services.auth.sign_in.submit(session, browser, entry)
        except SessionExpired:
            # The second of two clicks: the first may have finished meanwhile, from this very browser.
            now = await self.services.auth.sign_in.find(session.link)
            if now is not None and now.status is SessionStatus.CONNECTED and is_same_browser(now, browser):
                return None
            if now is not None:
                self._check_live(now)  # says which of the reasons it was
            raise
        except (ProviderError, BadInput, AddressRefused) as error:
            confirm: Confirm | None = "private_confirmed" if isinstance(error, AddressRefused) else None
            first = await self.services.auth.sign_in.first_step(session)
            return replace(first, problems=(Problem("", error.text, confirm),))
        return step if isinstance(step, Form | Question | Redirect | Elsewhere | DeviceCode) else None

    async def _page(
        self,
        request: Request,
        session: ConnectSession,
        step: Form | Question,
        entry: Entry | None,
        browser: str,
        status: int,
    ) -> Response:
        """The connect page: with the ways to sign in, or with a question about a sign-in that is done."""
        form = step if isinstance(step, Form) else Form(())
        connector = self.services.catalog.connector(session.connector)
        members = members_of(self.services.catalog, connector)
        visitor = await self.visitors.visitor(request)
        return render(
            "connect",
            status,
            has_form=True,
            connector=connector,
            logo=logo_source(connector.manifest.logo),
            asker=await self._asker(session),
            connections=[f"{one.name}/{session.alias}" for one in members],
            is_shared=session.owner == session.workspace_id,
            is_renewal=session.connection_id is not None,
            is_in_dialog=is_fragment(request),
            included=[one.title for one in members] if connector.manifest.is_bundle else [],
            groups=view_actions(members),
            accounts=view_accounts(form, entry),
            methods=view_methods(form, entry, await self._known(session), is_local=self.visitors.is_local),
            question=view_question(step, entry) if isinstance(step, Question) else None,
            problem=session.problem if entry is None else None,
            waits_at=await self._waits_at(session, browser),
            app_field=APP_FIELD,
            set_up_by=await who_sets_up(self.services, await self._acting(request, session)),
            link=session.link,
            browser_field=FORM_FIELD,
            browser=browser,
            visitor=visitor,
            home=await self._home(session, visitor),
        )

    async def _known(self, session: ConnectSession) -> Mapping[str, Mapping[str, str]]:
        """What stands in the form of a sign-in that is renewed: the facts of before, by the way that gave them."""
        made = await self._made(session)
        grant = await self.services.vault.grants.get(session.workspace_id, made[0].grant_id) if made else None
        return {grant.method: grant.facts} if grant is not None else {}

    async def _waits_at(self, session: ConnectSession, browser: str) -> str | None:
        """Where the sign-in of this very browser is under way, if it is at a page that does not lead back."""
        page = await self._elsewhere(session) if is_same_browser(session, browser) else None
        return page.at if page is not None else None

    async def _elsewhere(self, session: ConnectSession) -> _Page | None:
        """The page at which a sign-in goes on, and which leads not back: the provider's for codes, or Nango's."""
        if (code := await self.services.auth.sign_in.code_of(session)) is not None and code.expires_in_s > 0:
            at = self.services.catalog.connector(session.connector).title
            return _Page(at, code.verification_uri, code.expires_in_s, code.user_code)
        page = await self.services.auth.sign_in.page_of(session)
        return _Page(page.at, page.url, page.expires_in_s) if page is not None else None

    async def _asker(self, session: ConnectSession) -> tuple[str, str]:
        """Who asks, and for which workspace, by name."""
        workspaces = self.services.vault.workspaces
        user, workspace = await workspaces.get_user(session.user_id), await workspaces.get(session.workspace_id)
        return user.name if user else session.user_id, workspace.name if workspace else session.workspace_id


def _to_page(session: ConnectSession) -> Response:
    return RedirectResponse(f"/connect/{session.link}", status_code=303)


def _to_done(session: ConnectSession) -> Response:
    return RedirectResponse(f"/connect/{session.link}/done", status_code=303)  # never 307 (RFC 9700 section 4.12)


def _is_used() -> SessionExpired:
    return SessionExpired(
        "This link was used already.", hint=f"If it was you, the connection is made. For a further one: {NEW_LINK}"
    )


def _another_browser() -> SessionExpired:
    return SessionExpired(
        "Another browser has gone on with this link.",
        hint="Go on there. Where that is not possible: begin anew on the page of all connectors, or ask your assistant"
        " to connect under another alias.",
    )
