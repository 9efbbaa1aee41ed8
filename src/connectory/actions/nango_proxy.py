"""The way through Nango's proxy: it puts the credential in, which never comes here (Nango 0.71.4).

What is particular to it is undone on the way: other headers than `Nango-Proxy-*` do not arrive, bodies other than JSON
are rewritten unless their type stands there too, dot segments climb out of the base, an absolute address in the path is
cut off, and it repeats writes unless told not to. Hosts are checked here first, as if we sent the request ourselves.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from pydantic import SecretStr

from connectory.actions.executor import Target
from connectory.actions.nango_answers import nango_error
from connectory.actions.request import PreparedRequest
from connectory.catalog.connector import Action, Connector
from connectory.catalog.manifest import (
    ActionManifest,
    ErrorRule,
    LinkHeaderPages,
    NextUrlHeaderPages,
    NumberedPages,
    Placement,
)
from connectory.catalog.template import parse_template
from connectory.errors import (
    BackendUnavailable,
    HeaderRefused,
    InvalidPath,
    NangoUnavailable,
    ProviderUnavailable,
    RateLimited,
)
from connectory.net.address import HostRule
from connectory.net.client import USER_AGENT, OutboundClient, OutboundRequest, OutboundResponse
from connectory.vault.credentials import NangoReference

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
JSON = "application/json"
BYTES = "application/octet-stream"
CREDENTIALS_OF_NANGO = frozenset({"authorization", "cookie", "host"})  # prefixed, they would go before its own
OF_NANGO = ("etag", "ratelimit", "x-ratelimit-", "retry-after")  # on an answer that is no error these are Nango's own
LONGEST_EXACT = 2**53 - 1  # of whole numbers: Nango parses JSON as JavaScript does
_ABSOLUTE = re.compile(r"/*[A-Za-z][A-Za-z0-9+.-]*:/")


@dataclass(slots=True)
class NangoProxy:
    """Nango's proxy at `host`; `client` is the way out to that host alone, and `key` never goes anywhere else."""

    client: OutboundClient = field(repr=False)
    host: str
    key: SecretStr
    paused_until: float = 0.0  # by the loop's clock; Nango counts all calls of an account together

    async def send(
        self,
        request: PreparedRequest,
        target: Target,
        reference: NangoReference,
        timeout_s: float,
        guard: OutboundClient,
    ) -> OutboundResponse:
        """Return the provider's answer, whatever its status, as far as the proxy lets it through.

        `guard` is the way out that connectors have: what it would refuse before sending is refused. Raises that, and
        `NangoUnavailable`, `NangoRefused`, `RateLimited`, `NeedsReconnect`, `ProviderUnavailable`, `RedirectRefused`.
        """
        url = guard.check(request.url, target.hosts)
        left_s = self.paused_until - asyncio.get_running_loop().time()
        if left_s > 0:
            raise _limited(left_s)
        wrapped = OutboundRequest(
            request.method,
            f"{self.host}/proxy{_checked(url.target)}",
            {**self._own_headers(reference, url.origin), **_prefixed(request)},
            request.body,
            (HostRule(self.host),),
            timeout_s,
            follow_redirects=False,
        )
        try:
            response = await self.client.send(wrapped)
        except ProviderUnavailable as error:
            raise NangoUnavailable(f"Nango at {self.host} cannot be reached: {error.message}") from None
        refusal = nango_error(response, target.connector.title)
        if isinstance(refusal, RateLimited):
            self.paused_until = asyncio.get_running_loop().time() + (refusal.retry_after_s or 0)
        if refusal is not None:
            raise refusal
        _keep_providers_headers(response)
        return replace(response, url=request.url)

    def _own_headers(self, reference: NangoReference, origin: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.key.get_secret_value()}",
            "Provider-Config-Key": reference.integration,
            "Connection-Id": reference.connection_id,
            "Base-Url-Override": origin,
            "Retries": "0",  # it repeats writes too; what may be repeated is repeated here
            "Forward-Headers-On-Redirect": "false",
        }


def as_carried(target: Target, action: Action | None = None) -> Target:
    """Return a connection as a call through the proxy sees it; one whose credentials are here stays as it is.

    Raises `BackendUnavailable` for an action that cannot go that way.
    """
    if not isinstance(target.credentials, NangoReference):
        return target
    if action is not None and (why := why_direct(target.connector, target.auth_method, action.manifest)):
        raise BackendUnavailable(
            f"{action.tool} cannot go through Nango's proxy: {why}.", hint="Use another action, or a raw request."
        )
    return replace(target, connector=without_credentials(target.connector, target.auth_method))


def note_on_headers(target: Target, method: str) -> str:
    """What the agent should know of an answer that has no body to speak for it."""
    is_carried = isinstance(target.credentials, NangoReference) and method == "HEAD"
    return "Sent through Nango's proxy, which keeps back most headers of an answer." if is_carried else ""


def without_credentials(connector: Connector, auth_method: str) -> Connector:
    """Return the connector as it is where somebody else puts the credential in: what holds none stays."""
    source = connector.family or connector.manifest
    method = source.auth[auth_method]
    bare: dict[str, Any] = {
        **_bare(method),
        "by_server": {name: place.model_copy(update=_bare(place)) for name, place in method.by_server.items()},
    }
    auth = {**source.auth, auth_method: method.model_copy(update=bare)}
    changed = source.model_copy(update={"auth": auth})
    return replace(connector, manifest=changed) if connector.family is None else replace(connector, family=changed)


def why_direct(connector: Connector, auth_method: str, action: ActionManifest) -> str:
    """Say why an action cannot go through Nango's proxy; empty: it can."""
    pages, method = action.pages, connector.auth[auth_method]
    if isinstance(pages, LinkHeaderPages | NextUrlHeaderPages):
        return "its further pages are named in a header, which the proxy keeps back"
    if isinstance(pages, NumberedPages) and (pages.next_header or pages.total_header):
        return "its last page is told by a header, which the proxy keeps back"
    if action.credential is not None:
        return f"it uses the credential '{action.credential}', which Nango does not put in"
    if any(server in method.by_server for server in _servers(connector, action)):
        return "its server wants the credential in another place than Nango puts it"
    if any(map(_need_headers, (action.errors, *(rules for _, rules in connector.errors)))):
        return "its errors are told by a header, which the proxy keeps back"
    return ""


def _bare(place: Placement) -> dict[str, Any]:
    return {
        "headers": {name: text for name, text in place.headers.items() if not _holds_secret(text)},
        "query": {name: text for name, text in place.query.items() if not _holds_secret(text)},
        "basic": None,
    }


def _holds_secret(text: str) -> bool:
    return any(item.scope == "credential" for item in parse_template(text).placeholders)


def _servers(connector: Connector, action: ActionManifest) -> set[str]:
    usual = next(iter(connector.manifest.servers))
    return {request.server or usual for request in action.requests}


def _need_headers(rules: Sequence[ErrorRule]) -> bool:
    """Whether a rule makes an error of an answer that has a good status by its headers; those of others arrive."""
    return any(rule.when.headers and _may_be_good(rule) and not _has_a_twin(rule, rules) for rule in rules)


def _may_be_good(rule: ErrorRule) -> bool:
    return rule.when.status is None or any(one < 400 for one in rule.when.status)


def _has_a_twin(rule: ErrorRule, rules: Sequence[ErrorRule]) -> bool:
    """Whether the same error is told without the header; then only its time to wait may be lost."""
    bare = rule.when.model_copy(update={"headers": {}})
    return any(one.code == rule.code and one.when == bare for one in rules)


def _checked(target: str) -> str:
    """Path and query as they stand. Dot segments are refused where addresses are read."""
    path = target.partition("?")[0]
    if _ABSOLUTE.match(unquote(path)) or path.startswith("//"):
        raise InvalidPath("A path that begins as an address does cannot go through Nango.", hint="Give the path alone.")
    return target


def _prefixed(request: PreparedRequest) -> dict[str, str]:
    """The headers by which the provider gets what it would get from us, and those that keep the body as it is."""
    given = {name.lower(): value for name, value in request.headers.items()}
    if refused := CREDENTIALS_OF_NANGO & given.keys():
        raise HeaderRefused(f"Header '{min(refused)}' cannot go through Nango's proxy.", hint="Leave it out.")
    content_type = given.pop("content-type", None)
    found = {
        f"Nango-Proxy-{name}": value for name, value in {"accept": "*/*", "user-agent": USER_AGENT, **given}.items()
    }
    if request.body is None or content_type is None:
        return found
    carried = _carried(content_type, request.body)
    return {**found, "Content-Type": carried, "Nango-Proxy-Content-Type": content_type}


def _carried(content_type: str, body: bytes) -> str:
    """The type under which Nango takes a body; what it does not read itself, it leaves as it is."""
    kind = content_type.partition(";")[0].strip().lower()
    return content_type if kind in (FORM, MULTIPART) or (kind == JSON and _survives(body)) else BYTES


def _survives(body: bytes) -> bool:
    """Whether JSON is the same after JavaScript has read and written it; Nango takes objects and lists alone."""
    is_exact = True

    def whole(text: str) -> int:
        nonlocal is_exact
        number = int(text) if len(text) < 20 else LONGEST_EXACT + 1
        is_exact = is_exact and abs(number) <= LONGEST_EXACT
        return number

    try:
        value = json.loads(body, parse_int=whole)
    except ValueError:
        return False
    return is_exact and isinstance(value, dict | list)


def _keep_providers_headers(response: OutboundResponse) -> None:
    """Take out what is Nango's own on an answer that is no error: there it has the names that providers use."""
    if response.status < 400:
        for name in [name for name in response.headers if name.lower().startswith(OF_NANGO)]:
            del response.headers[name]


def _limited(left_s: float) -> RateLimited:
    return RateLimited(
        "Nango's rate limit is reached (429).", hint="Try again after the wait.", retry_after_s=max(1.0, left_s)
    )
