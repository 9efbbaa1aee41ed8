"""A connected client before a provider of raw sockets, whose requests are read by parsers that are none of ours.

urllib, email and json find a value where it stayed in its place, and everything else as it is for a harmless one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import HTTP, SMTP
from typing import Any, cast
from urllib.parse import parse_qsl

from mcp import Client
from tests.mcp.test_tools import Era, client_of
from tests.net.provider import Provider, Received, reply, serving

from connectory.auth.backend import Connected, Entry
from connectory.identity.principal import Principal
from connectory.testing.application import make_application, make_principal, make_settings
from connectory.testing.connectors import make_catalog, make_connector
from connectory.wiring import Application

KEY = "places-key-0001"
TOP = """
format: 1
name: places
title: Places
description: Every place there is.
category: other
docs: https://places.example/docs
servers: {api: "{connection.server}/base"}
auth:
  key:
    method: api_key
    title: Key
    help: Any key.
    fields: {server: {title: Server, kind: origin}, token: {title: Key, kind: secret}}
    headers: {Authorization: "Bearer {credential.token}"}
verify: {request: {get: /me}, account: {id: id, name: name}}
actions:
"""


def manifest(actions: Mapping[str, str], top: str = TOP) -> str:
    """A manifest of these actions, each given by its own lines."""
    said = []
    for name, lines in actions.items():
        effect = "" if "effect:" in lines else f"effect: {'read' if '{get:' in lines else 'write'}\n"
        usual = f"title: {name}\ndescription: Do it at Places.\n{effect}docs: https://places.example/docs\n"
        said.append(f"  {name}:\n" + "".join(f"    {line}\n" for line in (usual + lines).splitlines()))
    return top + "".join(said)


def pairs_of(text: str) -> list[tuple[str, str]]:
    """The pairs of a query or form, read strictly."""
    return parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict") if text else []


def parts_of(received: Received) -> list[EmailMessage]:
    """The parts of a multipart body."""
    head = f"Content-Type: {received.headers['content-type']}\r\n\r\n".encode()
    whole = message_from_bytes(head + received.body, policy=HTTP)
    assert whole.is_multipart()
    assert not whole.defects
    return cast("list[EmailMessage]", whole.get_payload())


def _leaves(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if children is None else 1 + sum(map(_leaves, children))


def _shape_of_message(message: EmailMessage) -> Any:
    children = message.get_payload()
    inner = [_shape_of_message(cast("EmailMessage", one)) for one in children] if message.is_multipart() else ()
    return sorted(name.lower() for name in message), tuple(inner)


def shape(received: Received) -> Any:
    """All of a request but the value itself: what a value that left its place would change."""
    path, _, query = received.target.partition("?")
    media_type = received.headers.get("content-type", "").partition(";")[0].partition("/")[0 if received.body else 2]
    body: Any = None
    if media_type == "multipart":
        body = [sorted(name.lower() for name in part) for part in parts_of(received)]
    elif media_type == "application" and "form" in received.headers["content-type"]:
        body = len(pairs_of(received.body.decode("ascii")))
    elif media_type == "application":
        body = _leaves(json.loads(received.body))
        if b'{"raw":' in received.body[:8]:
            mail = mail_of(received)
            body = _shape_of_message(mail)
            assert not mail.defects
    segments = path.split("/")
    return received.method, segments[:3], len(segments), len(pairs_of(query)), sorted(received.headers), body


def mail_of(received: Received) -> EmailMessage:
    """The mail in a JSON body, as Gmail takes it."""
    raw = base64.urlsafe_b64decode(json.loads(received.body)["raw"] + "==")
    return message_from_bytes(raw, policy=SMTP)


def says(value: Any) -> bytes:
    """A JSON answer."""
    return reply(200, json.dumps(value).encode(), content_type="application/json")


@dataclass
class Scene:
    """A connected client before a provider of raw sockets, whose verify call gives more of an `account`."""

    application: Application
    principal: Principal
    provider: Provider
    account: Callable[[], Mapping[str, Any]] = dict
    client: Client = field(init=False)

    async def connect(self, alias: str, values: Mapping[str, str] | None = None) -> bool:
        """Connect once more, and return whether what was typed was taken."""
        typed = {"server": self.provider.origin, "token": KEY, **(values or {})}
        session = await self.application.auth.connect(self.principal, "places", alias=alias)
        return isinstance(
            await self.application.auth.sign_in.submit(session, "browser", Entry("key", typed)), Connected
        )

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> tuple[list[Received], str, bool]:
        """Call a tool; return what the provider received meanwhile, and what the agent was told."""
        before = len(self.provider.requests)
        result = await self.client.call_tool(tool, dict(arguments))
        text = "\n".join(block.text for block in result.content if block.type == "text")
        return self.provider.requests[before:], text, bool(result.is_error)


@asynccontextmanager
async def scene(
    era: Era,
    actions: Mapping[str, str],
    answer: Callable[[Received], bytes] = lambda _: says({}),
    top: str = TOP,
    values: Mapping[str, str] | None = None,
) -> AsyncIterator[Scene]:
    """Connect the places to a provider that answers like this."""
    catalog = make_catalog(make_connector(manifest(actions, top)))
    more = {"CONNECTORY_CALLS_PER_MINUTE": "100000", "CONNECTORY_LINKS_PER_HOUR": "100000"}
    async with serving() as provider:
        settings = make_settings(CONNECTORY_ALLOW_HOSTS=provider.host_port, **more)
        async with make_application(catalog=catalog, settings=settings) as application:
            at = Scene(application, await make_principal(application), provider)
            provider.answer = lambda received: (
                says({"id": 7, "name": "pat", **at.account()}) if received.target == "/base/me" else answer(received)
            )
            assert await at.connect("default", values)
            provider.requests.clear()
            async with client_of(application, at.principal, era) as at.client:
                yield at
