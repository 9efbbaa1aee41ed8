"""What an authorization server says in words of its own, as far as it may be shown: without secrets, cut, in a line.

A careless or hostile one repeats what it was sent (attack 91), and its words reach a page and the agent.
"""

from __future__ import annotations

import base64
from collections.abc import Collection

from connectory.settings import OAuthClient
from connectory.vault.spellings import without

MESSAGE_CHARACTERS = 300


def shown(said: str, hidden: Collection[str] = ()) -> str:
    """Return the words without the secrets; those go before the cut, which could leave half of one."""
    cut = without(said, hidden)[:MESSAGE_CHARACTERS]
    return " ".join("".join(one if one.isprintable() else " " for one in cut).split())


def secrets_of(client: OAuthClient) -> tuple[str, ...]:
    """Return what of a client is secret: also with its id, as HTTP Basic sends it (RFC 6749 section 2.3.1)."""
    if client.client_secret is None:
        return ()
    secret = client.client_secret.get_secret_value()
    return secret, base64.b64encode(f"{client.client_id}:{secret}".encode()).decode().rstrip("=")
