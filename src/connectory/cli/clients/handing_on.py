"""What a client is handed beside its entry: the settings of this shell, and an API token of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectory.cli.acting import act
from connectory.cli.output import note
from connectory.cli.setup import is_secret
from connectory.errors import ConnectoryError
from connectory.settings import Settings, read_variables

if TYPE_CHECKING:
    from connectory.cli.clients.catalogue import Client
    from connectory.identity.principal import Principal
    from connectory.wiring import Application


def environment_for_client(settings: Settings) -> tuple[dict[str, str], list[str]]:
    """Return the settings that a client must hand on, since it does not have this shell's; and those it should not."""
    given: dict[str, str] = {}
    unseen = []
    for name, field in Settings.model_fields.items():
        if name not in settings.model_fields_set or field.alias is None:
            continue
        if is_secret(field):
            unseen.append(field.alias)
        elif name == "data_dir":
            given[field.alias] = str(settings.data_dir.absolute())
        elif name == "manifests":
            given[field.alias] = ",".join(str(path.absolute()) for path in settings.manifests)
        else:
            given |= {alias: value.get_secret_value() for alias, value in read_variables([field.alias]).items()}
    return given, unseen


def token_for(client: Client, present: str | None) -> tuple[str, bool]:
    """Return the token for the client's file, and whether it is new: one there that still opens stays."""

    async def find(application: Application, principal: Principal) -> tuple[str, bool]:
        if present is not None and await application.tokens.verify(present) is not None:
            return present, False
        _, secret = await application.tokens.create(principal, client.name)
        return secret, True

    return act(find)


def revoke_token(client: Client, token: str | None) -> list[str]:
    """Revoke a token that was made for this client; return its prefix. One by another name may be used elsewhere."""
    if token is None:
        return []

    async def revoke(application: Application, _: Principal) -> list[str]:
        holder = await application.tokens.verify(token)
        if holder is None:
            return []
        found = next(one for one in await application.tokens.list(holder) if one.id == holder.token_id)
        if found.name != client.name:
            return []
        await application.tokens.revoke(holder, found.id)
        return [found.prefix]

    try:
        return act(revoke)
    except ConnectoryError as error:
        note(f"The token that it used may still be valid: {error.text}")
        return []
