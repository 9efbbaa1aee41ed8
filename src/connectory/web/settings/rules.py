"""Settings: the rules of what assistants may do, for all, for one person or for one token (design 2)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectory.catalog.catalog import Catalog
from connectory.errors import ConnectoryError, InvalidArguments
from connectory.gateway.rule_names import instead_of, is_idle, names_for
from connectory.identity.principal import Principal
from connectory.identity.rights import holds, is_narrowed
from connectory.vault.entities import ApiToken, PolicyEffect, PolicyRule, Role, User
from connectory.web.links import Said, said, status_of
from connectory.web.services import WebServices
from connectory.web.settings.frame import done, posted, render_settings, said_in
from connectory.web.settings.people import called
from connectory.web.visitors import Member, Visitors

SECTION = "policy"
EFFECTS: Mapping[PolicyEffect, tuple[str, str]] = {
    PolicyEffect.CONFIRM: ("Ask a person first", "each such call waits for a yes on a page"),
    PolicyEffect.DENY: ("Never", "such calls are refused"),
    PolicyEffect.READ_ONLY: ("Only look", "of these, calls that change something are refused"),
    PolicyEffect.ALLOW: ("Only these", "everything that no such rule names is refused"),
}
MOST_WARNINGS = 5
BY_TOKEN = (
    "You signed in by a token: a rule that concerns it is taken away only by an owner who signs in without one, by "
    "`connectory open` or with an account."
)
EVERYBODY, USER, TOKEN = "workspace", "user", "token"


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule, in words."""

    id: str
    effect: str
    meaning: str
    pattern: str
    fits: str  # how much of what there is
    is_idle: bool
    whom: str
    may_remove: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom a rule can be for."""

    value: str
    title: str


@dataclass(frozen=True, slots=True)
class RulePages:
    """`/workspaces/{slug}/settings/policy`."""

    services: WebServices
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of the page and its forms."""
        root = "/workspaces/{slug}/settings/policy"
        return [
            Route(root, self.show, methods=["GET"]),
            Route(root, self.add, methods=["POST"]),
            Route(f"{root}/{{rule}}/remove", self.remove, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the rules that concern who looks; an owner sees all."""
        idle = request.query_params.get("idle", "").split(",")[:MOST_WARNINGS]
        return await self._page(await self.visitors.member(request), words=said_in(request), idle=idle)

    async def add(self, request: Request) -> Response:
        """Add a rule for each pattern."""
        member, form = await posted(self.visitors, request)
        kind, _, whom = form.get("for", EVERYBODY).partition(":")
        try:
            added = await self.services.policies.add(
                member.principal,
                _effect(form.get("effect", "")),
                [part for part in re.split(r"[\s,]+", form.get("patterns", "")) if part],
                user=whom if kind == USER else None,
                token=whom if kind == TOKEN else None,
            )
        except ConnectoryError as error:
            return await self._page(
                member, status_of(error), words=said(error, self.services.settings.origin), form=form
            )
        catalog = self.services.catalog
        idle = [rule.id for rule in added if is_idle(rule.pattern, names_for(rule.effect, catalog))]
        what = "rule" if len(idle) < len(added) else "idle"
        return done(member, SECTION, what, **({"idle": ",".join(idle[:MOST_WARNINGS])} if idle else {}))

    async def remove(self, request: Request) -> Response:
        """Remove a rule."""
        member, _ = await posted(self.visitors, request)
        try:
            await self.services.policies.remove(member.principal, request.path_params["rule"])
        except ConnectoryError as error:
            return await self._page(member, status_of(error), words=said(error, self.services.settings.origin))
        return done(member, SECTION, "rule-removed")

    async def _page(
        self,
        member: Member,
        status: int = 200,
        *,
        words: Said | None = None,
        form: Mapping[str, str] | None = None,
        idle: Collection[str] = (),
    ) -> Response:
        principal = member.principal
        rules = await self.services.policies.list(principal)
        people = [user for user, _ in await self.services.workspaces.members(principal)]
        tokens = [token for token in await self.services.tokens.list(principal) if token.revoked_at is None]
        catalog, names = self.services.catalog, view_whom(people, tokens)
        may_write = principal.role is not Role.VIEWER and not principal.read_only
        narrowed = await is_narrowed(self.services.vault, principal)
        removes = principal.role is Role.OWNER and may_write and not narrowed
        return await render_settings(
            self.services,
            "settings_policy",
            member,
            SECTION,
            status,
            said=words,
            warnings=await asyncio.to_thread(warn_of, [rule for rule in rules if rule.id in idle], catalog),
            rows=[view_rule(rule, catalog, names, removes and not holds(rule, principal)) for rule in rules],
            effects={effect.value: words for effect, words in EFFECTS.items()},
            choices=view_choices(principal, people, tokens, narrowed),
            form=form or {},
            may_add=may_write,
            takes_away=who_takes_away(principal),
            is_owner=principal.role is Role.OWNER,
        )


def view_whom(people: Sequence[User], tokens: Sequence[ApiToken]) -> Mapping[str, str]:
    """Return what users and tokens are called, by id."""
    names = dict(called(people))
    return names | {
        str(one.id): f"The token “{one.name}” of {names.get(one.user_id, 'somebody who has left')}" for one in tokens
    }


def warn_of(rules: Sequence[PolicyRule], catalog: Catalog) -> Sequence[str]:
    """Return what must be said of those of these rules that fit nothing: a misspelt one forbids nothing."""
    named = [(rule.pattern, names_for(rule.effect, catalog)) for rule in rules]
    return [
        f"The rule is kept, but {pattern} fits no action at present. {instead_of(pattern, names)}".strip()
        for pattern, names in named
        if is_idle(pattern, names)
    ]


def who_takes_away(principal: Principal) -> str:
    """Return what whoever cannot take a new rule away again must know before; empty for who can."""
    if principal.role is not Role.OWNER:
        return "Only an owner of the workspace can take a rule away again."
    return BY_TOKEN if principal.token_id is not None else ""


def view_rule(rule: PolicyRule, catalog: Catalog, names: Mapping[str, str], may_remove: bool) -> RuleView:
    """Return a rule in words, and how many of the actions that there are it is about."""
    whom = "everybody here"
    if rule.token_id is not None:
        whom = names.get(rule.token_id, "a token that is revoked")
    elif rule.user_id is not None:
        whom = names.get(rule.user_id, "somebody who has left")
    count = sum(fnmatchcase(tool, rule.pattern) for tool in catalog.actions)
    others = [] if count else sorted(one for one in names_for(rule.effect, catalog) if fnmatchcase(one, rule.pattern))
    fits = f"{count} action{'' if count == 1 else 's'} at present"
    if not count:
        fits = f"about {' and '.join(others)}" if others else "fits no action at present"
    return RuleView(rule.id, *EFFECTS[rule.effect], rule.pattern, fits, not (count or others), whom, may_remove)


def view_choices(
    principal: Principal, people: Sequence[User], tokens: Sequence[ApiToken], narrowed: bool
) -> Sequence[Choice]:
    """Return whom this principal may make rules for: an owner for all, everybody else for what is theirs.

    A token with rules of its own makes them for its user and itself.
    """
    is_owner = principal.role is Role.OWNER and not narrowed
    names = view_whom(people, tokens)
    own = [user for user in people if is_owner or user.id == principal.user_id]
    return [
        *([Choice(EVERYBODY, "Everybody here")] if is_owner else []),
        *(Choice(f"{USER}:{user.id}", names[user.id]) for user in own),
        *(Choice(f"{TOKEN}:{one.id}", names[one.id]) for one in tokens if not narrowed or one.id == principal.token_id),
    ]


def _effect(text: str) -> PolicyEffect:
    try:
        return PolicyEffect(text)
    except ValueError:
        raise InvalidArguments("This is no kind of rule.", hint="Choose one of those in the form.") from None
