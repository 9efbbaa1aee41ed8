"""What a connector is, as data: for `--json`, for the page of `connectors show`, and for the pages in the docs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectory.catalog.connector import Action, Connector
    from connectory.catalog.manifest import AuthMethod, Stream, Webhook


def summarize(connector: Connector) -> dict[str, Any]:
    """A connector in a list, for programs."""
    manifest = connector.manifest
    return {
        "name": connector.name,
        "title": connector.title,
        "category": manifest.category.value,
        "description": manifest.description,
        "docs": manifest.docs,
        "actions": [action.tool for action in connector.actions.values()],
    }


def describe_connector(connector: Connector) -> dict[str, Any]:
    """All of a connector for programs. `tokens`: what its actions take of a tool list, if all are in it."""
    from connectory.mcp.tool_list import tool_tokens

    manifest = connector.manifest
    return {
        **summarize(connector),
        "family": manifest.auth_family,
        "includes": manifest.includes,
        "servers": manifest.servers,
        "servers_by_method": manifest.servers_by_method,
        "scopes": manifest.scopes,
        "auth": [_describe_way(name, method) for name, method in connector.auth.items()],
        "tasks": manifest.tasks,
        "actions": [describe_action(action) for action in connector.actions.values()],
        "tokens": sum(tool_tokens(action) for action in connector.actions.values()),
        "limits": manifest.limits,
        "streams": [_describe_stream(name, stream, connector) for name, stream in manifest.streams.items()],
        "webhooks": [_describe_webhook(name, webhook) for name, webhook in manifest.webhooks.items()],
    }


def describe_action(action: Action) -> dict[str, Any]:
    """An action for programs. `scopes`: all of them are needed, of a list within any one."""
    spec = action.manifest
    return {
        "action": action.tool,
        "connector": action.connector,
        "title": spec.title,
        "description": action.description,
        "effect": action.effect.value,
        "idempotent": spec.is_idempotent,
        "scopes": spec.scopes,
        "credential": spec.credential,
        "pages": spec.pages.style if spec.pages else None,
        "takes_files": [name for name, given in spec.inputs.items() if given.type == "file"],
        "answer": spec.answer.kind,
        "input_schema": dict(action.input_schema),
        "docs": spec.docs,
    }


def scopes_used(whole: Mapping[str, Any]) -> set[str]:
    """Return the scopes that the connector or one of its actions names, of the description of all of it."""
    named = [*whole["scopes"], *(scope for action in whole["actions"] for scope in action["scopes"])]
    return {one for scope in named for one in ([scope] if isinstance(scope, str) else scope)}


def scopes_shown(whole: Mapping[str, Any], way: Mapping[str, Any]) -> dict[str, str]:
    """Return the scopes of a way to sign in, what each allows; of a member of a family, those that it uses itself."""
    is_member = whole["family"] != whole["name"]
    used = scopes_used(whole)
    return {scope: allows for scope, allows in way["scopes"].items() if not is_member or scope in used}


def servers_of(connector: Connector) -> Iterator[tuple[str, str, str]]:
    """Each address with the ways to sign in whose connections are sent there."""
    manifest = connector.manifest
    for name, address in manifest.servers.items():
        users = [way for way in connector.auth if name not in manifest.servers_by_method.get(way, {})]
        if users:
            yield name, address, "all sign-ins" if len(users) == len(connector.auth) else ", ".join(users)
    for way, servers in manifest.servers_by_method.items():
        yield from ((name, address, way) for name, address in servers.items())


def _describe_way(name: str, method: AuthMethod) -> dict[str, Any]:
    from connectory.catalog.manifest import OAuth1Method, OAuth2Method

    app = method.register_app if isinstance(method, OAuth2Method | OAuth1Method) else None
    return {
        "method": name,
        "kind": method.method,
        "title": method.title,
        "help": method.help,
        "docs": method.docs,
        "fields": [
            {
                "name": field,
                "title": spec.title,
                "kind": spec.kind.value,
                "secret": spec.is_secret,
                "required": spec.required,
                "default": spec.default,
                "choices": spec.choices,
                "help": spec.help,
                "docs": spec.docs,
            }
            for field, spec in method.fields.items()
        ],
        "scopes": _scopes_of(method),
        "register": app and {"url": app.url, "steps": app.steps, "without": app.without},
    }


def _scopes_of(method: AuthMethod) -> dict[str, str]:
    from connectory.catalog.manifest import OAuth2Method, TokenRequest

    always = dict.fromkeys(method.always_scopes, "always asked for") if isinstance(method, OAuth2Method) else {}
    return {**always, **method.scopes} if isinstance(method, TokenRequest) else {}


def _describe_stream(name: str, stream: Stream, connector: Connector) -> dict[str, Any]:
    """`asks`: the inputs that a person gives when a sync is set up."""
    action = connector.actions[stream.action]
    each = stream.for_each.arguments if stream.for_each is not None else {}
    cursor = stream.cursor
    given = {*stream.arguments, *each, *([cursor.input] if cursor is not None and cursor.input is not None else [])}
    return {
        "stream": name,
        "title": stream.title,
        "action": action.tool,
        "key": stream.key,
        "for_each": stream.for_each.stream if stream.for_each is not None else None,
        "asks": [one for one, spec in action.manifest.inputs.items() if spec.required and one not in given],
        "new_by": (cursor.member or "token") if cursor is not None else None,
        "deletions": stream.deletions.by if stream.deletions is not None else None,
        "every_minutes": stream.schedule.every_minutes,
        "full_every_hours": stream.schedule.full_every_hours,
    }


def _describe_webhook(name: str, webhook: Webhook) -> dict[str, Any]:
    secret = getattr(webhook.signature, "secret", None)
    return {
        "webhook": name,
        "title": webhook.title,
        "docs": webhook.docs,
        "url": webhook.url,
        "steps": webhook.steps,
        "lasts_hours": webhook.lasts_hours,
        "signature": webhook.signature.scheme,
        "secret_from": secret.source if secret is not None else None,
        "handshake": webhook.handshake.by if webhook.handshake is not None else None,
        "of_an_app": webhook.account is not None,
        "events": {event: refreshed.stream for event, refreshed in webhook.events.items()},
    }
