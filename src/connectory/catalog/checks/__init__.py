"""Checks that go beyond the model: whether the parts of a manifest fit each other (design 4). One module per subject.

They run when a YAML file is read, not when the compiled index is: what the index holds has passed them. Libraries that
only they need (jmespath, jsonschema, graphql-core) are imported when a check needs them.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectory.catalog.checks.actions import check_action, check_scope
from connectory.catalog.checks.answers import check_errors, check_retry
from connectory.catalog.checks.auth import check_auth
from connectory.catalog.checks.expressions import check_expression
from connectory.catalog.checks.facts import Sign, Ways
from connectory.catalog.checks.names import Names
from connectory.catalog.checks.nango import check_nango
from connectory.catalog.checks.servers import check_servers
from connectory.catalog.checks.streams import check_streams
from connectory.catalog.checks.webhooks import check_webhooks
from connectory.catalog.checks.words import check_header_name, check_headers
from connectory.catalog.manifest import Manifest
from connectory.catalog.problems import Finding
from connectory.catalog.wording import check_wording

# The tools that are always there (design 6); no connector's tool may stand in the place of one.
FIXED_TOOLS = frozenset(
    {"list_connectors", "connect", "list_connections", "disconnect", "search_actions", "call_action", "request",
     "read_result", "sync", "search_records"}
)  # fmt: skip


def check_manifest(manifest: Manifest, family: Ways | None = None) -> list[Finding]:
    """Return everything wrong with a manifest that has the right shape; an empty list is good.

    `family`: the ways to sign in of a member's family; without, what depends on them is not checked.
    """
    ways = manifest.auth if manifest.auth_family == manifest.name else family
    return list(_findings(Sign(manifest, ways)))


def _findings(sign: Sign) -> Iterator[Finding]:
    manifest = sign.manifest
    yield from _check_name(manifest.name)
    yield from check_wording(manifest)
    yield from check_servers(sign)
    yield from check_headers(("headers",), manifest.headers, Names(facts=sign.known_facts))
    yield from check_auth(sign)
    yield from check_nango(sign)
    for at, scope in enumerate(manifest.scopes):
        yield from check_scope(("scopes", at), scope, sign)
    yield from check_expression(("message",), manifest.message)
    yield from check_errors(("errors",), manifest.errors)
    if manifest.retry is not None:
        yield from check_retry(("retry",), manifest.retry)
    for name, action in manifest.actions.items():
        yield from check_action(("actions", name), action, sign)
    yield from check_streams(manifest)
    yield from check_webhooks(sign)
    yield from _check_idempotency(sign)
    yield from _check_includes(manifest)


def _check_name(name: str) -> Iterator[Finding]:
    """What a connector's tools begin with is nothing that one of our own tools is called or begins with."""
    prefix = name.replace("-", "_")
    met = next((tool for tool in sorted(FIXED_TOOLS) if f"{tool}_".startswith(f"{prefix}_")), None)
    if met is not None:
        yield Finding(
            ("name",),
            f"The tools of '{name}' would look like {met}, which is one of Connectory's own tools.",
            "Choose another name.",
        )


def _check_idempotency(sign: Sign) -> Iterator[Finding]:
    key = sign.manifest.idempotency
    if key is None:
        return
    yield from check_header_name(("idempotency", "header"), key.header)
    if not any(action.takes(key) for action in sign.manifest.actions.values()):
        why, hint = "none is a write by POST", "Remove it, or set `takes_key`."
        if key.variable is not None:
            why, hint = f"no mutation declares ${key.variable}", "Remove it, or declare the variable."
        yield Finding(("idempotency",), f"No action takes the key: {why}.", hint)


def _check_includes(manifest: Manifest) -> Iterator[Finding]:
    for at, name in enumerate(manifest.includes):
        if name == manifest.name:
            yield Finding(("includes", at), "A bundle cannot include itself.", "Remove it.")
        elif name in manifest.includes[:at]:
            yield Finding(("includes", at), f"'{name}' is included twice.", "Remove one.")
