"""Settings: API tokens. A new one stands in the answer to its form and nowhere else (attack 71)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.errors import ConnectoryError
from connectory.identity.principal import Principal
from connectory.identity.rights import may_change
from connectory.vault.entities import ApiToken, Role, User, UserId
from connectory.web.links import Said, said, status_of
from connectory.web.services import WebServices
from connectory.web.settings.frame import (
    ONCE_FIELD,
    OnceForms,
    address_of,
    done,
    marked,
    posted,
    render_settings,
    said_in,
)
from connectory.web.settings.people import called
from connectory.web.signin import REVOKED
from connectory.web.states import Moment, Word, moment_of
from connectory.web.visitors import Member, Visitors

SECTION = "tokens"
LASTS: Mapping[str, tuple[str, timedelta | None]] = {
    "30": ("30 days", timedelta(days=30)),
    "90": ("90 days", timedelta(days=90)),
    "365": ("a year", timedelta(days=365)),
    "never": ("until it is revoked", None),
}
USUAL = "90"
OF_VIEWER = "look at what shared accounts hold, as a viewer"


@dataclass(frozen=True, slots=True)
class TokenView:
    """One token, of which only the beginning is known."""

    id: str
    name: str
    prefix: str
    whose: str
    may: str
    state: Word
    made: Moment | None
    used: Moment | None
    ends: Moment | None
    is_of_session: bool
    may_revoke: bool


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, and the only time that it is shown."""

    name: str
    user_id: UserId
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenPages:
    """`/workspaces/{slug}/settings/tokens`."""

    services: WebServices
    visitors: Visitors
    once: OnceForms = field(default_factory=OnceForms)

    def routes(self) -> list[Route]:
        """The routes of the page and its forms."""
        root = "/workspaces/{slug}/settings/tokens"
        return [
            Route(root, self.show, methods=["GET"]),
            Route(root, self.create, methods=["POST"]),
            Route(f"{root}/{{token}}/revoke", self.revoke, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the tokens, none of them whole."""
        return await self._page(await self.visitors.member(request), words=said_in(request))

    async def create(self, request: Request) -> Response:
        """Make a token and show it in this very answer: no address leads to it, and sending the form again does not."""
        member, form = await posted(self.visitors, request)
        if not self.once.take(form):
            return RedirectResponse(address_of(member.workspace.slug, SECTION), status_code=303)
        lasts = LASTS.get(form.get("lasts", ""), LASTS[USUAL])[1]
        try:
            made, secret = await self.services.tokens.create(
                member.principal,
                form.get("name", ""),
                user=form.get("user") or None,
                read_only=form.get("read_only") == "yes",
                expires_in=lasts,
            )
        except ConnectoryError as error:
            words, problems = marked(error, self.services.settings.origin, ("name",))
            return await self._page(member, status_of(error), words=words, form=form, problems=problems)
        return await self._page(member, new=NewToken(made.name, made.user_id, secret))

    async def revoke(self, request: Request) -> Response:
        """End a token."""
        member, _ = await posted(self.visitors, request)
        try:
            revoked = await self.services.tokens.revoke(member.principal, request.path_params["token"])
        except ConnectoryError as error:
            return await self._page(member, status_of(error), words=said(error, self.services.settings.origin))
        if revoked.id == member.principal.token_id:  # nobody is signed in any more
            return RedirectResponse(f"/signin?because={REVOKED}", status_code=303)
        return done(member, SECTION, "revoked")

    async def _page(
        self,
        member: Member,
        status: int = 200,
        *,
        words: Said | None = None,
        new: NewToken | None = None,
        form: Mapping[str, str] | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> Response:
        principal, now = member.principal, self.services.now()
        people = await self.services.workspaces.members(principal)
        names = called([user for user, _ in people])
        letting_in = [
            user for user, _ in people if principal.role is Role.OWNER and self._may_be_let_in(user, principal)
        ]
        tokens = await self.services.tokens.list(principal)
        is_free = await may_change(self.services.vault, principal)
        lookers = {user.id for user, role in people if role is Role.VIEWER}
        rows = [view_token(one, names, lookers, principal, now, is_free) for one in tokens]
        return await render_settings(
            self.services,
            "settings_tokens",
            member,
            SECTION,
            status,
            said=words,
            new=new,
            form=form or {},
            problems=problems or {},
            rows=[row for row in rows if row.state.tone != "off"],
            over=[row for row in rows if row.state.tone == "off"],
            people={user.id: names[user.id] for user in letting_in} if len(letting_in) > 1 else {},
            may_make=is_free and principal.role is not Role.VIEWER,
            lasts=LASTS,
            usual=USUAL,
            once_field=ONCE_FIELD,
            once=self.once.new(),
        )

    def _may_be_let_in(self, user: User, principal: Principal) -> bool:
        """Whether to offer a token for them: whoever signs in at the issuer makes their own."""
        return self.services.openid is None or user.email is None or user.id == principal.user_id


def view_token(
    token: ApiToken,
    names: Mapping[str, str],
    lookers: Collection[UserId],
    principal: Principal,
    now: datetime,
    may_revoke: bool,
) -> TokenView:
    """Return a token as a person sees it; `may_revoke`: others than the one that they came in by."""
    is_over = token.expires_at is not None and token.expires_at <= now
    state = Word("Works", "good")
    if token.revoked_at is not None or is_over:
        state = Word("Revoked" if token.revoked_at is not None else "Over", "off")
    is_own = token.id == principal.token_id
    return TokenView(
        id=token.id,
        name=token.name,
        prefix=token.prefix,
        whose=names.get(token.user_id, ""),
        may=OF_VIEWER if token.user_id in lookers else "look only" if token.read_only else "look and change",
        state=state,
        made=moment_of(token.created_at, now),
        used=moment_of(token.last_used_at, now),
        ends=moment_of(token.expires_at, now),
        is_of_session=is_own,
        may_revoke=token.revoked_at is None and not is_over and (is_own or may_revoke),
    )
