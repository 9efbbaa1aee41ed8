"""What no answer may repeat to an agent, though Nango's proxy has sent it: the credentials that Nango gives out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from connectory.auth.nango import kinds
from connectory.auth.nango.models import NangoConnection

_TOKEN = re.compile(r"token|secret|key|password|passphrase|authorization|jwt|session", re.IGNORECASE)
_NO_TOKEN = re.compile(r"type|expire|scope|url|_id$|_at$|_in$", re.IGNORECASE)


def secrets_of(connection: NangoConnection) -> tuple[SecretStr, ...]:
    """Return the secrets of a connection, each once; none where the key may not read credentials.

    A user name is one only where it stands without a password: some providers take a key there.
    """
    found = connection.credentials
    texts = set(_of_kind(found))
    if isinstance(found, kinds.Basic):
        pair = f"{found.username.get_secret_value()}:{found.password.get_secret_value()}"
        texts.add(base64.b64encode(pair.encode()).decode())  # as it is sent (RFC 7617)
    texts |= set(_named(found.raw)) | set(_named(connection.connection_config))
    return tuple(SecretStr(text) for text in sorted(texts - {""}))


def _of_kind(found: kinds.NangoCredentials) -> Iterator[str]:
    has_password = bool(getattr(found, "password", SecretStr("")).get_secret_value())
    for name in type(found).model_fields:
        if name == "username" and has_password:
            continue
        yield from _opened(getattr(found, name))


def _opened(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, kinds.OAuth2 | kinds.GitHubApp):
        yield from _of_kind(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _opened(inner)


def _named(value: Any) -> Iterator[str]:
    """The texts that stand under a secret's name, at any depth: tokens of a token answer beside the first."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, str) and _TOKEN.search(str(name)) and not _NO_TOKEN.search(str(name)):
                yield inner
            else:
                yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)
