"""The page on which a person says yes or no to one call that a policy holds back (design 2, attack 115)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectory.catalog.manifest import Effect
from connectory.catalog.wording import hides
from connectory.errors import SessionExpired, UnknownObject
from connectory.gateway.confirmations import Confirmations, ConfirmationView
from connectory.gateway.policy import DISCONNECT
from connectory.web.acting import session_of
from connectory.web.binding import FORM_FIELD, ShownPage
from connectory.web.forms import read_form
from connectory.web.pages import render
from connectory.web.way_back import has_way_back

if TYPE_CHECKING:
    from connectory.identity.principal import Principal
    from connectory.web.visitors import Visitors

ASKED = "asked"  # in the address of the page to try an action: the question about what was typed there
MOST_CHARACTERS = 2000  # of one value; more is cut, and the page says so
MOST_FIELDS = 200
MOST_LEVELS = 6
EFFECTS = {
    Effect.READ: "Reads only: nothing is changed.",
    Effect.WRITE: "Writes: this changes something at the service.",
    Effect.DESTRUCTIVE: "Destructive: this deletes or overwrites, and may not be undone.",
}


@dataclass(frozen=True, slots=True)
class ShownArgument:
    """One value of the call: where it stands, and its text with nothing hidden in it."""

    name: str
    text: str
    left_out: int  # characters of the value that are not shown


@dataclass(frozen=True, slots=True)
class ConfirmPages:
    """`/confirm/{link}`: the question, and the answer."""

    confirmations: Confirmations
    visitors: Visitors

    def routes(self) -> list[Route]:
        """The routes of the page."""
        return [
            Route("/confirm/{link}", self.show, methods=["GET"]),
            Route("/confirm/{link}", self.decide, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the call; nothing is decided by opening the page."""
        view, by = await self._open(request)
        if not view.is_open:
            raise _is_spent()
        shown, page = list(shown_arguments(view.arguments)), self._page(request)
        value = page.value()
        response = render(
            "confirm",
            has_form=True,
            view=view,
            hindrance=await self.confirmations.hindrance(by, view),
            effect=EFFECTS[view.effect],
            arguments=shown[:MOST_FIELDS],
            arguments_left_out=max(0, len(shown) - MOST_FIELDS),
            link=request.path_params["link"],
            browser_field=FORM_FIELD,
            browser=value,
            is_by_hand=self._way_back(request, view, by) is not None,
            visitor=await self.visitors.visitor(request),
        )
        page.keep(response, value)
        return response

    async def decide(self, request: Request) -> Response:
        """Record yes or no, and say which. The guard has seen that a browser sends it from our own origin."""
        view, by = await self._open(request)
        form = await read_form(request)
        answer = form.get("answer")
        if answer not in ("yes", "no"):
            return RedirectResponse(f"/confirm/{request.path_params['link']}", status_code=303)
        if not view.is_open:
            raise _is_spent()
        if not self._page(request).was_answered(form):
            raise HTTPException(
                403, "This browser was not shown the question. Open the link where cookies are kept, and answer there."
            )
        if not await self.confirmations.decide(by, request.path_params["link"], answer == "yes"):
            raise _is_spent()
        return render(
            "decided",
            view=view,
            is_yes=answer == "yes",
            back=self._way_back(request, view, by),
            visitor=await self.visitors.visitor(request),
        )

    def _page(self, request: Request) -> ShownPage:
        return ShownPage(request, request.path_params["link"], is_https=self.visitors.is_https)

    def _way_back(self, request: Request, view: ConfirmationView, by: Principal | None) -> str | None:
        """Where whoever is signed in has asked for this by hand; None where it was their assistant."""
        link = request.path_params["link"]
        if by is None or not has_way_back(request, link, is_https=self.visitors.is_https):
            return None
        connection = f"/workspaces/{view.workspace_slug}/connections/{view.connection_id}"
        if view.action == DISCONNECT.tool:
            return f"{connection}/disconnect"
        return f"{connection}/try?{urlencode({'action': view.action, ASKED: link})}"

    async def _open(self, request: Request) -> tuple[ConfirmationView, Principal | None]:
        """Return what is asked, and by whose session it is answered; None: by the link alone, in local mode."""
        visitor = await self.visitors.require(request)
        try:
            view = await self.confirmations.open(request.path_params["link"])
        except UnknownObject:
            raise HTTPException(404) from None  # in the same words as for another's (attack 42)
        if not self.visitors.may_see(visitor, view.workspace_id, view.user_id):
            raise HTTPException(404)
        return view, visitor or await session_of(self.visitors, request, view.workspace_id, view.user_id)


def shown_arguments(arguments: Mapping[str, object]) -> Iterator[ShownArgument]:
    """Every leaf of the arguments, short ones first: a long text must not push the recipient out of sight."""
    leaves = [
        (name, value if isinstance(value, str) else json.dumps(value)) for name, value in _leaves("", arguments, 0)
    ]
    for name, text in sorted(leaves, key=lambda leaf: len(leaf[1]) > MOST_CHARACTERS):
        yield ShownArgument(visible(name), visible(text[:MOST_CHARACTERS]), max(0, len(text) - MOST_CHARACTERS))


def visible(text: str) -> str:
    """Write out what would hide or reorder the text around it, such as control and format characters (attack 112)."""
    return "".join(_spelled(character) for character in text)


def _spelled(character: str) -> str:
    if character == "\n":
        return "⏎\n"
    return f"⟨U+{ord(character):04X}⟩" if hides(character) else character


def _leaves(name: str, value: object, level: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and value and level < MOST_LEVELS:
        for key, item in value.items():
            yield from _leaves(f"{name}.{key}" if name else str(key), item, level + 1)
    elif isinstance(value, list) and value and level < MOST_LEVELS:
        for index, item in enumerate(value, start=1):
            yield from _leaves(f"{name}[{index}]", item, level + 1)
    else:
        yield name, value


def _is_spent() -> SessionExpired:
    return SessionExpired(
        "This question was answered already, or its time is over.",
        hint="Nothing more can be decided here. If the call is still wanted, try it again, or ask your assistant to.",
    )
