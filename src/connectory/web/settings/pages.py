"""All settings pages, put together."""

from __future__ import annotations

from starlette.routing import Route

from connectory.web.services import WebServices
from connectory.web.settings.apps import AppPages
from connectory.web.settings.clients import ClientPages
from connectory.web.settings.connectors import OwnConnectorPages
from connectory.web.settings.draft import DraftPages
from connectory.web.settings.members import MemberPages
from connectory.web.settings.rules import RulePages
from connectory.web.settings.sessions import SessionPages
from connectory.web.settings.tokens import TokenPages
from connectory.web.visitors import Visitors


def settings_routes(services: WebServices, visitors: Visitors) -> list[Route]:
    """Return the routes of all of them."""
    own = OwnConnectorPages(services, visitors)
    return [
        *MemberPages(services, visitors).routes(),
        *TokenPages(services, visitors).routes(),
        *SessionPages(services, visitors).routes(),
        *AppPages(services, visitors).routes(),
        *RulePages(services, visitors).routes(),
        *own.routes(),
        *DraftPages(services, visitors, own).routes(),
        *ClientPages(services, visitors).routes(),
    ]
