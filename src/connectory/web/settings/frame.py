"""What all settings pages have in common: their navigation, what came of a form, and forms that count once."""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connectory.errors import ConnectoryError
from connectory.web.forms import read_form, read_form_with_files
from connectory.web.links import Said, said
from connectory.web.pages import render_member
from connectory.web.services import WebServices
from connectory.web.visitors import Member, Visitors

NAV = "settings"
SECTIONS: Mapping[str, str] = {
    "": "Members",
    "tokens": "API tokens",
    "sessions": "Your sessions",
    "oauth-apps": "OAuth apps",
    "policy": "Rules",
    "connectors": "Own connectors",
    "clients": "Assistants",
}
OF_OPERATORS = "connectors"
DONE: Mapping[str, str] = {  # what a page says after it was led to by a form
    "member": "They are a member now.",  # unless their name can be said
    "role": "The role is changed. It holds from their next request on.",
    "member-removed": "They are no member any more, and what was theirs alone here is deleted.",
    "revoked": "The token is revoked. From now on it opens nothing.",
    "ended": "Signed out. What those browsers show opens nothing any more.",
    "none-ended": "Nobody was signed out: that was done already.",
    "app": "The app is kept. People can sign in by it now.",
    "app-removed": "The app is removed.",
    "rule": "The rule holds from now on.",
    "rule-removed": "The rule is removed.",
    "connector": "The connector is kept. It can be connected now.",
    "connector-removed": "The connector is removed.",
}
SEE_FIELD = Said("Nothing was done: see the marked field.", is_bad=True)
ONCE_FIELD = "once"
ONCE = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class OnceForms:
    """Forms that were taken already: sent again, as by a reload, they do nothing.

    This process alone remembers them: another one would do it again, and shows nothing of what was made before.
    """

    taken: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def new(self) -> str:
        """Return the name of one form."""
        return secrets.token_urlsafe(16)

    def take(self, form: Mapping[str, str]) -> bool:
        """Whether this form is a new one; from now on it is not."""
        name = form.get(ONCE_FIELD, "")
        if ONCE.fullmatch(name) is None or name in self.taken:
            return False
        self.taken[name] = None
        if len(self.taken) > MOST_REMEMBERED:
            self.taken.popitem(last=False)
        return True


def address_of(slug: str, section: str = "", *rest: str) -> str:
    """The address of a settings page."""
    return "/".join((f"/workspaces/{slug}/settings", *filter(None, (section, *rest))))


def done(member: Member, section: str, what: str, **more: str) -> Response:
    """Lead back to a page, which says what was done; a reload then does nothing."""
    query = urlencode({"done": what, **more})
    return RedirectResponse(f"{address_of(member.workspace.slug, section)}?{query}", status_code=303)


def said_in(request: Request) -> Said | None:
    """What the address says was done."""
    text = DONE.get(request.query_params.get("done", ""))
    return Said(text) if text is not None else None


def marked(error: ConnectoryError, origin: str, fields: Collection[str]) -> tuple[Said, Mapping[str, str]]:
    """Return what a form's page says of an error above, and what at which of these fields."""
    if error.field in fields:
        return SEE_FIELD, {error.field: error.text}
    return said(error, origin), {}


async def posted(visitors: Visitors, request: Request) -> tuple[Member, dict[str, str]]:
    """Return who sends a form of these pages, and the form. Raises `Refused` for one of another session."""
    member, form = await visitors.member(request), await read_form(request)
    visitors.require_csrf(request, form)
    return member, form


async def posted_with_files(visitors: Visitors, request: Request) -> tuple[Member, dict[str, str], dict[str, str]]:
    """The same for a form with files, whose texts come last."""
    member = await visitors.member(request)
    form, files = await read_form_with_files(request)
    visitors.require_csrf(request, form)
    return member, form, files


async def render_settings(
    services: WebServices,
    template: str,
    member: Member,
    section: str,
    status: int = 200,
    *,
    said: Said | None = None,
    warnings: Sequence[str] = (),
    **values: object,
) -> Response:
    """Fill a settings page. The server's own connectors are there for whoever runs it."""
    slug = member.workspace.slug
    hidden = set() if await services.custom_connectors.may_look(member.principal) else {OF_OPERATORS}
    sections = [
        (address_of(slug, name), title, name == section) for name, title in SECTIONS.items() if name not in hidden
    ]
    return render_member(
        template,
        member,
        NAV,
        status,
        sections=sections,
        address=address_of(slug, section),
        said=said,
        warnings=warnings,
        **values,
    )
