"""Nango, where one is set up: whether it answers, takes our key, and lets the key do what is needed.

Asked are things that do not exist, so that nothing there is changed: a scope is looked at before they are missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from urllib.parse import urlsplit

from connectory.auth.nango.client import NangoClient
from connectory.auth.nango.way import open_way_out
from connectory.cli.doctor.finding import Finding, from_error, note, ok, wrong
from connectory.errors import ConnectoryError, NangoRefused
from connectory.setting_forms import is_loopback
from connectory.settings import Settings

GROUP = "nango"
EACH_S = 10.0
NOWHERE = "connectory-doctor"  # no connection and no integration is called so
READS = "environment:connections:read_credentials"


async def check_nango(settings: Settings, *, each_s: float = EACH_S) -> list[Finding]:
    """Ask Nango, for at most `each_s` seconds a question; nothing where there is none."""
    if settings.nango_secret_key is None:
        return []
    out = open_way_out(settings)
    try:
        client = NangoClient(out, settings, timeout_s=each_s)
        try:
            integrations = await client.integrations()
        except ConnectoryError as error:
            return [from_error(GROUP, error), *_addresses(settings)]
        findings = [_answers(settings, len(integrations)), *await _scopes(client, settings)]
        return [*findings, *_addresses(settings)]
    finally:
        await out.aclose()


def _answers(settings: Settings, count: int) -> Finding:
    if count:
        return ok(GROUP, f"Nango at {settings.nango_host} takes the key; integrations in its environment: {count}.")
    return note(
        GROUP,
        f"Nango at {settings.nango_host} takes the key, but its environment has no integration: nothing can be signed"
        " in to there.",
        "`connectory nango sync-integrations` makes them of the OAuth apps that are known here.",
    )


async def _scopes(client: NangoClient, settings: Settings) -> list[Finding]:
    """What the key may not do of what every sign-in and call needs."""
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "begin sign-ins": lambda: client.create_session({}, [NOWHERE]),
        "find sign-ins": lambda: client.connections(connection_id=NOWHERE),
        "look at connections": lambda: client.connection(NOWHERE, NOWHERE),
        "read credentials": lambda: client.connection(NOWHERE, NOWHERE, with_refresh_token=True),
        "tag what is adopted": lambda: client.update_tags(NOWHERE, NOWHERE, {}),
        "disconnect": lambda: client.delete_connection(NOWHERE, NOWHERE),
    }
    found = await asyncio.gather(*(_missing(ask) for ask in asked.values()))
    lacking = {scope: what for what, scopes in zip(asked, found, strict=True) for scope in scopes}
    if READS in lacking and settings.nango_proxy == "always":
        del lacking[READS]  # that is what the proxy is for
    if not lacking:
        return [ok(GROUP, "The key has the scopes that sign-ins and calls need.")]
    told = "; ".join(f"{scope} (to {what})" for scope, what in lacking.items())
    cure = "Give the key these scopes in Nango's dashboard, or set NANGO_SECRET_KEY to one that has them."
    cure += " Without read_credentials alone, NANGO_PROXY=always will do." if READS in lacking else ""
    return [wrong(GROUP, f"The key lacks scopes: {told}.", cure)]


async def _missing(ask: Callable[[], Awaitable[object]]) -> tuple[str, ...]:
    """The scopes that a question was refused for; that what it names does not exist is as it should be."""
    try:
        await ask()
    except NangoRefused as error:
        return error.places if error.reason == "forbidden" else ()
    except ConnectoryError:
        return ()
    return ()


def _addresses(settings: Settings) -> Iterator[Finding]:
    if settings.nango_webhook_signing_key is None:
        yield note(
            GROUP,
            "NANGO_WEBHOOK_SIGNING_KEY is not set: webhooks are verified by NANGO_SECRET_KEY, which is another key on"
            " environments made since April 2026. Without webhooks sign-ins are found by asking.",
            "Set it to the webhook signing key of the environment, if Nango sends its webhooks here.",
        )
    elif is_loopback(urlsplit(settings.origin).hostname or ""):
        yield note(
            GROUP,
            f"Nango sends no webhooks to {settings.origin}, an address of this machine alone; sign-ins are found by"
            " asking.",
            "Nothing needs to be done. With an APP_URL that Nango can reach, they are found at once.",
        )
    nango = urlsplit(settings.nango_host)
    if nango.scheme == "http" and not is_loopback(nango.hostname or ""):
        yield note(
            GROUP,
            f"NANGO_HOST is {settings.nango_host}: the key and tokens travel to it in clear.",
            "Put TLS in front of Nango and write NANGO_HOST with https://, or keep it on a network of your own.",
        )
