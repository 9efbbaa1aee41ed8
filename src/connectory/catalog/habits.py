"""What people write who know another format (OpenAPI, JSON Schema, curl), and what it is called here.

A word that only resembles another is no help to them: `required` on an action is not a misspelt `request`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from connectory.catalog.manifest import METHODS

if TYPE_CHECKING:
    from connectory.catalog.yaml_document import KeyPath

_BEARER = 'Write `method: api_key`, `headers: {Authorization: "Bearer {credential.token}"}`.'
_PATH = "Write the method as the key and the path as its value: `get: /path`."
_ADDRESS = 'Write `servers: {api: "https://..."}`.'
_SECRET = "No secret stands in a manifest: the person enters it, and {credential.token} stands for what was entered."
_SERVERS = {"servers server base_url": "Write `servers_by_method: {METHOD: {NAME: ADDRESS}}` on top of the file."}
_IN_BODY = {"path field token cursor next": "Write `body:`, where it is in the answer."}
_TYPED_IN = {"token key secret value api_key apikey password username": _SECRET}

# By the model (`catalog/manifest/`), the keys that it does not know.
_KEYS: Mapping[str, Mapping[str, str]] = {
    "ActionManifest": {
        "required": "Write `required: true` on the input.",
        "name": "The name is the key above; what people read is `title`.",
        "input parameters params arguments args": "Write `inputs:`, and under it each input by its name.",
        f"{' '.join(METHODS)} query body headers server graphql": "It stands under `request`.",
        "method path url endpoint": f"{_PATH} It stands under `request`.",
        "items item expand": "It stands under `answer`.",
        "response responses output result": "Write `answer:`.",
        "pagination paging paginate": "Write `pages:`.",
    },
    "Request": {
        f"method path url endpoint uri {' '.join(METHODS).upper()}": _PATH,
        "json data payload content": "Write it under `body`.",
        "form": "Write it under `body`, with `encoding: form`.",
        "files": "Write it under `body`, with `encoding: multipart`.",
        "params parameters qs queries": "Write it under `query`.",
        "auth authorization": "Where credentials go is said under `auth`.",
        "inputs answer pages": "It stands beside `request`, in the action.",
    },
    "Input": {
        "name": "The name is the key above.",
        "values options choices one_of oneOf allowed": "Write `enum: [...]`.",
        "optional": "Leave it out: what is not `required: true` is optional.",
        "anyOf allOf": "Write one `type`; `nullable: true` allows null.",
        "example": "Write `examples: [...]`.",
        "min": "Write `minimum` of a number, `minLength` of a text.",
        "max length": "Write `maximum` of a number, `maxLength` of a text.",
        "in location": "Where it goes is said in `request`, by {NAME}.",
        "regex match": "Write `pattern`.",
    },
    "Manifest": {
        "server base_url baseUrl url host endpoint api": _ADDRESS,
        "version manifest_version openapi": "Write `format: 1`.",
        "tools operations endpoints paths functions": "Write `actions:`.",
        "security authentication credentials sign_in": "Write `auth:`.",
        "icon image": "Write `logo:`, with an SVG.",
        "label": "Write `title:`.",
    },
    "Answer": {
        "list data path root results": "Write `items:`, where the list is.",
        "fields projection map select object": "Write `item:`.",
        "type": "Write `as:`.",
    },
    "Verify": {" ".join(METHODS): "It stands under `request`.", "id name": "It stands under `account`."},
    "Condition": {"code codes statuses http_status": "Write `status: [...]`."},
    "CredentialField": {
        "type": "Write `kind:`.",
        "secret": "Write `kind: secret`.",
        "description": "Write `help:`.",
        "label": "Write `title:`.",
        "enum options values": "Write `choices:`.",
    },
    "Stream": {
        "name": "The name is the key above; what people read is `title`.",
        "list endpoint request source": "Write `action:`, the name of a list action.",
        "inputs parameters params query": "Write `arguments:`, the action's inputs that never change.",
        "primary_key id keys": "Write `key: [id]`.",
        "incremental cursor_field updated_at since": "Write `cursor: {member: updated_at, input: updated_after}`.",
        "interval every cron every_minutes frequency": "Write `schedule: {every_minutes: 15}`.",
        "get single row": "Write `one: {action: get_order, arguments: {order: id}}`.",
        "parent for each partition": "Write `for_each: {stream: OTHER, arguments: {INPUT: ITS_MEMBER}}`.",
        "deleted tombstone": "Write `deletions:`.",
    },
    "WebhookEvent": {
        "name": "The name is the key above.",
        "key id record updated created": "Write `changed: data.id`, which gives the key of the row.",
        "removed": "Write `deleted: data.id`, which gives the key of the row.",
    },
    "StreamCursor": {
        "field key": "Write `member:`, a member of the projected item.",
        "argument parameter": "Write `input:`, the action's input that takes it.",
    },
    "Webhook": {
        "name": "The name is the key above; what people read is `title`.",
        "secret scheme algorithm header hmac token": "It stands under `signature`.",
        "challenge": "It stands under `handshake`.",
        "id delivery_id dedupe": "Write `delivery: {header: X-Delivery-Id}`, or where it is in the body.",
        "topic topics type event_name": "Write `event:`, where the name stands, and `events:`, what each refreshes.",
        "stream streams": "It stands under `events`, by the event's name.",
    },
    "HmacSignature": {
        "hash digest": "Write `algorithm: sha256`.",
        "key": "Write `secret: {from: chosen}`.",
        "payload content template message": "Write `signed:`, as `{timestamp}.{body}`.",
        "tolerance tolerance_seconds": "It stands under `timestamp`.",
    },
    "NextUrlPages": _IN_BODY,
    "CursorPages": _IN_BODY,
    "ApiKeyMethod": _TYPED_IN | _SERVERS,
    "BasicMethod": _TYPED_IN | _SERVERS,
    "FieldsMethod": _TYPED_IN | _SERVERS,
    "OAuth2Method": _SERVERS,
}
# By the key, the words that it does not take.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "method": {
        "bearer token http_bearer header pat api_token": _BEARER,
        "oauth oauth2.0 openid oidc authorization_code": "Write `method: oauth2`.",
        "password http_basic username_password http": "Write `method: basic`.",
    },
    "type": {
        "int long int32 int64": "Write `type: integer`.",
        "str text char uuid url email": "Write `type: string`.",
        "float double decimal": "Write `type: number`.",
        "bool flag": "Write `type: boolean`.",
        "list set": "Write `type: array`, and `items: {type: ...}`.",
        "dict map mapping json": "Write `type: object`.",
        "date day": "Write `type: string` with `format: date`.",
        "datetime date-time timestamp": "Write `type: string` with `format: date-time`.",
        "enum choice": "Write `enum: [...]` without a type.",
        "null": "Write the type it has otherwise, with `nullable: true`.",
    },
    "effect": {
        "get list readonly read_only none safe": "Write `effect: read`.",
        "create update post put patch send": "Write `effect: write`.",
        "delete remove destroy danger": "Write `effect: destructive`.",
    },
    "scheme": {
        "sha256 sha1 hmac-sha256 hmac_sha256 hmac-sha1": "Write `scheme: hmac`, and its `algorithm`.",
        "shared shared_secret secret bearer": "Write `scheme: token`.",
        "ed25519 ecdsa": "Write `scheme: public_key`, and its `algorithm`.",
        "standard svix": "Write `scheme: hmac`: docs/manifests.md shows Standard Webhooks.",
    },
    "encoding": {
        "urlencoded application/x-www-form-urlencoded": "Write `encoding: form`.",
        "multipart/form-data form-data files": "Write `encoding: multipart`.",
        "application/json": "Leave it out: json is the usual one.",
        "text xml binary text/plain": "Write `encoding: raw` with a `content_type`.",
    },
}


def _by_word(table: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], str]:
    return {(at, word): hint for at, hints in table.items() for words, hint in hints.items() for word in words.split()}


KEYS = _by_word(_KEYS)
WORDS = _by_word(_WORDS)

# What a mapping looks like, where something else stands: by the last key of its place.
MAPPINGS: Mapping[str, str] = {
    "answer": "Write `answer: {items: WHERE_THE_LIST_IS}`.",
    "servers": _ADDRESS,
    "auth": "Name the way to sign in, and say what it is: `auth: {token: {method: api_key, headers: ...}}`.",
    "inputs": "Write each input by its name: `inputs: {state: {type: string}}`.",
    "actions": "Write each action by its name: `actions: {list_orders: {title: ...}}`.",
    "fields": "Write each by its name: `fields: {token: {title: API key, kind: secret}}`.",
    "properties": "Write each by its name: `properties: {city: {type: string}}`.",
    "query": 'Write each by its name: `query: {state: "{state}"}`.',
    "headers": 'Write each by its name: `headers: {Accept: "application/json"}`.',
    "request": "Write the method as a key: `request: {get: /path}`.",
    "verify": "Write `verify: {request: {get: /me}, account: {id: id, name: name}}`.",
    "account": "Write `account: {id: id, name: name}`, each by where it is in the answer.",
    "when": "Write `when: {status: [403]}`.",
    "items": "Write `items: {type: string}`.",
    "pages": "Write a style, like `pages: link_header`, or `pages: {style: cursor, ...}`.",
    "idempotency": "Write `idempotency: {header: Idempotency-Key}`.",
    "streams": "Write each by its name: `streams: {orders: {title: Orders, action: list_orders, key: [id]}}`.",
    "cursor": "Write `cursor: {member: updated_at, input: updated_after}`.",
    "deletions": "Write `deletions: full_read`, or `{by: mark, when: deleted}`.",
    "schedule": "Write `schedule: {every_minutes: 15}`.",
    "signature": "Write `signature: {scheme: hmac, header: X-Signature, secret: {from: chosen}}`.",
    "secret": "Write `secret: {from: chosen}`, or client_secret, entered, answer, handshake.",
    "handshake": "Write `handshake: {by: echo, challenge: {body: challenge}, answer: json}`.",
    "delivery": "Write where it stands: `{header: X-Delivery-Id}` or `{body: id}`.",
    "event": "Write where it stands: `{header: X-Event}` or `{body: type}`.",
    "timestamp": "Write `timestamp: {header: X-Timestamp}`.",
}
# What a member of such a mapping looks like.
MEMBERS: Mapping[str, str] = {
    "auth": "Name the way to sign in above it: `auth: {token: {method: api_key, ...}}`.",
    "inputs": "Write what it is: `{type: string}`.",
    "properties": "Write what it is: `{type: string}`.",
    "actions": "Write `title`, `description`, `effect`, `request` and `docs` below its name.",
    "fields": "Write what it is: `{title: API key, kind: secret}`.",
}
_TRUTHS = {
    **dict.fromkeys(("yes", "on", "true", "1", "y"), "Write true, without quotes."),
    **dict.fromkeys(("no", "off", "false", "0", "n"), "Write false, without quotes."),
}
EMPTY = "It is empty: write a value, or leave the key out."
_REQUEST = re.compile(rf"({'|'.join(METHODS)})\s+(/\S*)", re.I)
_NO_WORD = re.compile(r"[^A-Za-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LOOKS_LIKE_WORDS = re.compile(r"[\w:./*-]+(?:[ ,]+[\w:./*-]+)*")


def instead_of_key(models: Sequence[str], key: str) -> str:
    """Return what to write in place of a key that none of the models knows, or nothing."""
    return next((KEYS[model, key] for model in models if (model, key) in KEYS), "")


def instead_of_word(key: str, word: object) -> str:
    """Return what to write in place of a word that the key does not take, or nothing."""
    if key == "type" and isinstance(word, list):
        return "Write one type; `nullable: true` allows null beside it."
    return WORDS.get((key, word.lower()), "") if isinstance(word, str) else ""


def as_word(name: str, joined: str = "_") -> str:
    """Write a name as the format has names: `orderState` as `order_state`; empty where nothing is left."""
    words = _NO_WORD.split(_HUMP.sub(" ", name))
    return joined.join(word.lower() for word in words if word).lstrip("0123456789_-")


def as_list(key: str, given: object) -> str:
    """Say how a list is written of what stands there alone, or nothing."""
    is_words = key in ("scopes", "enum", "status") and isinstance(given, str) and _LOOKS_LIKE_WORDS.fullmatch(given)
    if is_words:
        return f"Write [{', '.join(re.split('[ ,]+', str(given)))}]."[:200]
    if given is None:
        return EMPTY
    if isinstance(given, str | int | float) and not isinstance(given, bool):
        text = json.dumps(given, ensure_ascii=False)
        return f"Write [{text}]." if len(text) < 80 else "Write it in [ ]."
    return "Write it as a list: a line with `- ` for each."


def as_mapping(path: KeyPath, given: object) -> str:
    """Say what the mapping at this place looks like, or nothing."""
    *_, around, key = ("", *path)
    if key == "request" and isinstance(given, str) and (parts := _REQUEST.fullmatch(given)):
        return f"Write `request: {{{parts[1].lower()}: {parts[2]}}}`."
    hint = MEMBERS.get(str(around)) or MAPPINGS.get(str(key), "")
    return hint or (EMPTY if given is None else "")


def as_scalar(kind: str, given: object) -> str:
    """Say how a text, a number or a truth is written, of what stands in its place."""
    if isinstance(given, Mapping) and len(given) == 1 and next(iter(given.values())) is None:
        return f'Write it in quotes: "{{{next(iter(given))}}}".'
    if given is None:
        return EMPTY
    if kind == "text" and isinstance(given, bool | int | float):
        return "Put it into quotes."
    if kind == "true or false":
        return _TRUTHS.get(str(given).lower(), "")
    if isinstance(given, float) and given.is_integer():
        return f"Write {int(given)}."
    if kind.endswith("number") and isinstance(given, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", given):
        return f"Write {given[:40]}, without quotes."
    return ""


def as_path(text: str, addresses: Sequence[str]) -> tuple[str, str]:
    """Say what is wrong with what should be a path, and how it is written."""
    path, mark, query = text.partition("?")
    for address in addresses:
        if text.startswith(address):
            return "This is an address, not a path.", f"Write {text.removeprefix(address) or '/'}."
    if re.match(r"https?://", text):
        return "This is an address, not a path.", "Write the path alone; the server stands in `servers`."
    if mark and path.startswith("/"):
        return "A path holds no query.", f"Move `{mark}{query}`"[:120] + " to `query`."
    if text and not text.startswith("/"):
        return "A path begins with a slash.", f"Write /{text}."
    return "This is no path.", "Write it like /items/{id}: from a slash, without host, query or dot segments."


def as_expression(text: str) -> str:
    """Say how JMESPath spells what JSONPath or a template spells otherwise, or nothing."""
    if text.startswith("$"):
        return f"JMESPath has no `$`: write {text.removeprefix('$').removeprefix('.') or '@'}."
    if re.fullmatch(r"\{+[\w.]+\}+", text):
        return f"It takes no braces: write {text.strip('{}')}."
    if ".." in text:
        return "JMESPath has no `..`: write every step from the top."
    return ""
